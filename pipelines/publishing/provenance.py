"""What was asked for and what was checked of a build, as it is published beside its record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from pipelines.machine_places import places_of, recipe_without_places, told_without_places
from pipelines.published_record import OF_ONE_RUN, as_json, build_digest
from transforms.beamkit.errors import BuildError


def recipe_yaml(recipe: Mapping[str, Any]) -> bytes:
    """The recipe with all its values, defaults included, as YAML."""
    plain = json.loads(json.dumps(recipe_without_places(recipe)))
    text = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=100)
    return b"# The recipe that this version was built from, with all its values.\n" + text.encode()


def published_json(file: Path, record: Mapping[str, Any]) -> bytes:
    """What was checked of a build, as JSON. Its `run` is the digest of the published run record.

    Raises:
        BuildError: the file is not JSON.
    """
    value = _read(file, "check again: omnireward validate")
    value = told_without_places(value, places_of(record.get("recipe")))
    if isinstance(value, dict):
        value = {key: one for key, one in value.items() if key not in OF_ONE_RUN}
        value["run"] = build_digest(record)
    return as_json(value)


def published_lock(file: Path) -> bytes:
    """The lock as it lies in the output folder, but for patterns that are places on a machine.

    Raises:
        BuildError: the file is not JSON.
    """
    value = _read(file, "lock again: omnireward sources lock")
    told = told_without_places(value, places_of(value))
    return file.read_bytes() if told == value else as_json(told)


def _read(file: Path, remedy: str) -> object:
    try:
        value: object = json.loads(file.read_bytes())
    except ValueError as error:
        raise BuildError(f"{file}: not JSON ({error}); {remedy}") from None
    return value
