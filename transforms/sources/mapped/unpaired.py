"""Files of single responses: recognised, so that their refusal says what they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from transforms.sources.mapped.values import is_turns

_TWO_SIDES = ("chosen", "rejected", "response", "output", "answer", "completion", "generation")


def why_unpaired(record: Mapping[str, Any]) -> str | None:
    """Why no preference pair can come of a record like this; None if one might."""
    conversations = [name for name, value in record.items() if is_turns(value)]
    sides = [
        name
        for name, value in record.items()
        if name not in conversations and any(word in name.lower() for word in _TWO_SIDES)
    ]
    if len(conversations) > 1 or len(sides) > 1 or any(_is_list(record[name]) for name in sides):
        return None
    if not conversations and not sides:
        return None
    held = conversations[0] if conversations else sides[0]
    verdict = next((name for name, value in record.items() if isinstance(value, bool)), None)
    if verdict is not None:
        return (
            f"its records are single responses ({held!r}) with a verdict of their own "
            f"({verdict!r}), as for KTO; a preference needs two responses to one prompt"
        )
    if conversations:
        return (
            f"its records are single conversations ({held!r}) with nothing to compare; "
            "a preference needs two responses to one prompt"
        )
    return None


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and len(value) > 1
