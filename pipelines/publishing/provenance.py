"""The record of a build as it is published: without clocks, and without places on a machine.

Two runs that built the same are then recorded alike, and nobody learns where somebody's files lie.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import yaml

from transforms.beamkit.errors import BuildError

#: What differs between two runs that made the same.
_OF_ONE_RUN: Final = frozenset({"seconds", "resumed", "run", "checked", "sheet"})
#: A path on a machine: from the root, a home or a drive.
_PLACE: Final = re.compile(r"(/|~|[A-Za-z]:[\\/])")
_NOWHERE: Final = "http://localhost/v1"


def published_record(record: Mapping[str, Any]) -> bytes:
    """The run record as JSON."""
    kept = {key: value for key, value in record.items() if key not in _OF_ONE_RUN}
    kept["subsets"] = {
        name: {key: value for key, value in entry.items() if key not in _OF_ONE_RUN}
        for name, entry in record["subsets"].items()
    }
    kept["recipe"] = _without_places(record["recipe"])
    return _json(kept)


def recipe_yaml(recipe: Mapping[str, Any]) -> bytes:
    """The recipe with all its values, defaults included, as YAML."""
    plain = json.loads(json.dumps(_without_places(recipe)))
    text = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=100)
    return b"# The recipe that this version was built from, with all its values.\n" + text.encode()


def published_json(file: Path) -> bytes:
    """What was checked of a build, as JSON.

    Raises:
        BuildError: the file is not JSON.
    """
    try:
        value = json.loads(file.read_bytes())
    except ValueError as error:
        raise BuildError(f"{file}: not JSON ({error}); check again: omnireward validate") from None
    if isinstance(value, dict):
        value = {key: one for key, one in value.items() if key not in _OF_ONE_RUN}
    return _json(value)


def _without_places(value: object) -> object:
    """Paths from a root become null; an endpoint that only its owner reaches becomes a stand-in."""
    if isinstance(value, Mapping):
        return {
            key: None
            if key == "path"
            else _public(one)
            if key == "base_url" and isinstance(one, str)
            else _without_places(one)
            for key, one in value.items()
        }
    if isinstance(value, list | tuple):
        return [_without_places(one) for one in value]
    return None if isinstance(value, str) and _PLACE.match(value) else value


def _public(url: str) -> str:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        host = ""
    named = "." in host and not re.fullmatch(r"[\d.]+|.*\.(local|internal|lan)", host)
    return url if named and "@" not in url else _NOWHERE


def _json(value: object) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False).encode() + b"\n"
