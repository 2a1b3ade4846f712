"""Which name that is there is likely the one that is missing, under a new name."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import Final

#: Names that corpora use for one thing.
_SYNONYMS: Final = (
    frozenset({"prompt", "question", "instruction", "query", "caption", "input", "text_prompt"}),
    frozenset({"chosen", "preferred", "winner", "accepted", "better", "positive", "win", "answer"}),
    frozenset({"rejected", "dispreferred", "loser", "worse", "negative", "lose"}),
    frozenset({"completions", "responses", "answers", "outputs", "generations"}),
    frozenset({"response", "answer", "output", "completion", "generation", "text"}),
    frozenset({"content", "value", "text"}),
    frozenset({"role", "from", "speaker"}),
    frozenset({"image", "img", "picture", "img_path", "image_path", "file_path", "path"}),
    frozenset({"standard_answer", "answer", "label", "preference", "human_preference"}),
    frozenset({"bytes", "data", "binary"}),
)
_ALIKE: Final = 0.6


def likely(missing: tuple[str, ...], family: str, free: Mapping[str, str]) -> str | None:
    """The free name (name -> family) that a missing one most likely goes by now, if any does.

    Only names of the same family are thought of: like-sounding ones, known synonyms, and at last
    the only one that is left.
    """
    fitting = [name for name, kind in free.items() if family in ("any", "words") or kind == family]
    ranked = sorted(fitting, key=lambda name: -_likeness(missing, name))
    if ranked and _likeness(missing, ranked[0]) >= _ALIKE:
        return ranked[0]
    return fitting[0] if len(fitting) == 1 and family not in ("any", "words") else None


def _likeness(missing: tuple[str, ...], name: str) -> float:
    return max((_alike(_plain(one), _plain(name)) for one in missing), default=0.0)


def _alike(one: str, other: str) -> float:
    if one == other:
        return 1.0
    if any(one in names and other in names for names in _SYNONYMS):
        return 0.9
    if one and other and (one in other or other in one):
        return 0.8
    return SequenceMatcher(None, one, other).ratio()


def _plain(name: str) -> str:
    return name.strip().lower().replace("-", "_").replace(" ", "_")
