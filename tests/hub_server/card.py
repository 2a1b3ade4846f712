"""The card of a dataset: the YAML at the head of its README.md."""

from __future__ import annotations

from typing import Any

import yaml

from tests.hub_server.content import Blob

README = "README.md"
_FENCE = "---\n"


def default_files(licence: str | None) -> dict[str, bytes | None]:
    """What a new repo holds."""
    attributes = b"*.parquet filter=lfs diff=lfs merge=lfs -text\n"
    files: dict[str, bytes | None] = {".gitattributes": attributes}
    if licence is not None:
        head = yaml.safe_dump({"license": licence})
        files[README] = f"{_FENCE}{head}{_FENCE}\n# Dataset\n".encode()
    return files


def card_data(readme: Blob | None) -> dict[str, Any] | None:
    """The fields of a card, or nothing if there is no readable one."""
    if readme is None:
        return None
    text = readme.content.read().decode("utf-8", "replace").replace("\r\n", "\n") + "\n"
    if not text.startswith(_FENCE):
        return None
    head, fence, _ = text.removeprefix(_FENCE).partition(f"\n{_FENCE}")
    if not fence:
        return None
    try:
        fields = yaml.safe_load(head)
    except yaml.YAMLError:
        return None
    return fields if isinstance(fields, dict) else None


def card_tags(card: dict[str, Any] | None) -> list[str]:
    """The tags the Hub derives from a card."""
    card = card or {}
    tags: list[str] = []
    for key, value in card.items():
        values = value if isinstance(value, list) else [value]
        if key in ("license", "language", "size_categories"):
            tags += [f"{key}:{one}" for one in values]
        elif key == "tags":
            tags += [str(one) for one in values]
    return [*tags, "region:us"]
