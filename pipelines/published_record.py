"""The record of a build as it is published: without clocks, and without places on a machine.

Two runs that built the same are then recorded alike, byte for byte. The digest of these bytes names
the build in all that is said of it, from the gate to the published version: who has
``provenance/run_record.json`` can compute it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from pipelines.layout import Layout
from pipelines.machine_places import places_of, recipe_without_places, told_without_places
from pipelines.run_record import read_record

#: What differs between two runs that made the same.
OF_ONE_RUN: Final = frozenset({"seconds", "resumed", "run", "checked", "sheet"})

#: Mappings whose order is the recipe's.
_ORDERED: Final = frozenset({"subsets", "inputs"})


def published_record(record: Mapping[str, Any]) -> bytes:
    """The run record as JSON: subsets and inputs in the order of the recipe, other keys sorted.

    A run that takes work over tells what it counted in another order than the one that did it.
    """
    kept = {key: value for key, value in record.items() if key not in OF_ONE_RUN}
    kept["subsets"] = {
        name: {key: value for key, value in entry.items() if key not in OF_ONE_RUN}
        for name, entry in record.get("subsets", {}).items()
    }
    known = places_of(kept.get("recipe"))
    told = {
        key: recipe_without_places(value) if key == "recipe" else told_without_places(value, known)
        for key, value in kept.items()
    }
    return as_json(_sorted(told))


def build_digest(record: Mapping[str, Any]) -> str:
    """SHA-256 of the record as it is published, hex."""
    return hashlib.sha256(published_record(record)).hexdigest()


def digest_of_build(layout: Layout) -> str:
    """The digest of the build in an output folder, hex; empty where there is none."""
    record = read_record(layout)
    return "" if record is None else build_digest(record)


def as_json(value: object) -> bytes:
    """JSON as it is published."""
    return json.dumps(value, indent=1, ensure_ascii=False).encode() + b"\n"


def _sorted(value: Any, *, ordered: bool = False) -> Any:
    if isinstance(value, Mapping):
        keys = value if ordered else sorted(value, key=str)
        return {key: _sorted(value[key], ordered=key in _ORDERED) for key in keys}
    return [_sorted(one) for one in value] if isinstance(value, list | tuple) else value
