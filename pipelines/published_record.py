"""The record of a build as it is published: without clocks, and without places on a machine.

Two runs that built the same are then recorded alike. The digest of these bytes names the build in
all that is published of it: who has ``provenance/run_record.json`` can compute it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from pipelines.machine_places import places_of, recipe_without_places, told_without_places

#: What differs between two runs that made the same.
OF_ONE_RUN: Final = frozenset({"seconds", "resumed", "run", "checked", "sheet"})


def published_record(record: Mapping[str, Any]) -> bytes:
    """The run record as JSON."""
    kept = {key: value for key, value in record.items() if key not in OF_ONE_RUN}
    kept["subsets"] = {
        name: {key: value for key, value in entry.items() if key not in OF_ONE_RUN}
        for name, entry in record["subsets"].items()
    }
    known = places_of(kept.get("recipe"))
    told = {
        key: recipe_without_places(value) if key == "recipe" else told_without_places(value, known)
        for key, value in kept.items()
    }
    return as_json(told)


def build_digest(record: Mapping[str, Any]) -> str:
    """SHA-256 of the record as it is published, hex."""
    return hashlib.sha256(published_record(record)).hexdigest()


def as_json(value: object) -> bytes:
    """JSON as it is published."""
    return json.dumps(value, indent=1, ensure_ascii=False).encode() + b"\n"
