"""The card of a dataset: the YAML at the head of its README.md."""

from __future__ import annotations

import re
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


def complaints(fields: dict[str, Any]) -> list[str]:
    """What the Hub has against the fields of a card."""
    return [*_wrong_languages(fields.get("language")), *_wrong_configs(fields)]


def _wrong_languages(languages: Any) -> list[str]:
    """Languages that are no codes of two or three letters, and no word that stands for several."""
    given = languages if isinstance(languages, list) else [languages] if languages else []
    names = [
        (f"language[{at}]" if isinstance(languages, list) else "language", one)
        for at, one in enumerate(given)
    ]
    return [
        f'"{name}" with value "{one}" is not valid. It must be an ISO 639-1, 639-2 or 639-3 code '
        '(two/three letters), or a special value like "code", "multilingual".'
        for name, one in names
        if not re.fullmatch("[a-z]{2,3}|code|multilingual", str(one))
    ]


def _wrong_configs(fields: dict[str, Any]) -> list[str]:
    configs = fields.get("configs") or []
    names = [config.get("config_name") for config in configs]
    wrong = [
        f'"configs[{at}].config_name" is required' for at, name in enumerate(names) if not name
    ]
    if len(set(names)) != len(names):
        wrong.append('"configs" must have unique config_name')
    return wrong


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
