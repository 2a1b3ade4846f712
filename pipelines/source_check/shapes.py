"""What the adapters read inside their columns, and what values and Parquet types hold there.

A path names keys one below the other, with bars between spellings of one. Lists are left out of
it: a list of objects and one object of lists are alike here, as they are to the adapters that take
both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import pyarrow as pa

from transforms.sources.columns import family_of
from transforms.sources.ultrafeedback import ASPECTS as ULTRAFEEDBACK
from transforms.sources.visionreward_train import DIMENSIONS
from transforms.sources.vlfeedback import ASPECTS as VLFEEDBACK

_TURNS: Final = {
    f"{side}.{key}": "text" for side in ("chosen", "rejected") for key in ("role", "content")
}
_COMPARED: Final = {
    "images": "text",
    "conversations|messages.from|role": "text",
    "conversations|messages.value|content": "text",
}


def _rated(aspects: Iterable[str]) -> dict[str, str]:
    ratings = {f"completions.annotations.{aspect}.Rating": "any" for aspect in aspects}
    return {"completions.response": "text", "completions.model": "text", **ratings}


#: Adapter -> path -> family of the values there (`any` where several are read).
EXPECTED: Final[dict[str, dict[str, str]]] = {
    "skywork": _TURNS,
    "ultrafeedback_binarized": _TURNS,
    "ultrafeedback": _rated(ULTRAFEEDBACK),
    "vlfeedback": _rated(VLFEEDBACK),
    "rlaif_v": {"image.bytes": "any"},
    "hpdv2": {"image_path|file_path": "text", "human_preference": "number"},
    "evalmuse": {"total_score": "any"},
    "evalmuse_pairwise": _COMPARED,
    "videodpo": _COMPARED,
    "open_image_preferences": {"chosen.bytes": "any", "rejected.bytes": "any"},
    "open_image_preferences_results": {
        f"images.{key}": "text" for key in ("image_1", "image_2", "prompt")
    },
    "visionreward_train": {f"annotation.{name}": "number" for name in DIMENSIONS},
}

#: Values of a list, and keys of an object, that are looked at.
_MOST: Final = 64
_DEEPEST: Final = 8

#: Path -> families that were met there, null among them.
Shape = dict[str, set[str]]


def family_of_value(value: object) -> str:
    """The family of a JSON value, in the words of `Column`; ``null`` for none."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    for kind, family in (
        (str, "text"),
        (int | float, "number"),
        (list, "list"),
        (Mapping, "struct"),
    ):
        if isinstance(value, kind):
            return family
    return type(value).__name__


def shape_of_records(records: Iterable[Any]) -> Shape:
    """The shape of records of a file without a schema."""
    shape: Shape = {}
    for record in records:
        if isinstance(record, Mapping):
            _note(shape, _of_value("", record, 0))
    return shape


def shape_of_schema(schema: pa.Schema) -> Shape:
    """The shape that a Parquet schema promises."""
    shape: Shape = {}
    for field in schema:
        _note(shape, _of_type(field.name, field.type))
    return shape


def _note(shape: Shape, met: Iterator[tuple[str, str]]) -> None:
    for path, family in met:
        shape.setdefault(path, set()).add(family)


def _of_value(path: str, value: Any, depth: int) -> Iterator[tuple[str, str]]:
    if depth > _DEEPEST:
        return
    if isinstance(value, Mapping):
        if path:
            yield path, "struct"
        for key in list(value)[:_MOST]:
            yield from _of_value(f"{path}.{key}" if path else str(key), value[key], depth + 1)
    elif isinstance(value, list):
        for item in value[:_MOST]:
            yield from _of_value(path, item, depth + 1)
    else:
        yield path, family_of_value(value)


def _of_type(path: str, kind: pa.DataType) -> Iterator[tuple[str, str]]:
    if pa.types.is_struct(kind):
        yield path, "struct"
        for at in range(kind.num_fields):
            yield from _of_type(f"{path}.{kind.field(at).name}", kind.field(at).type)
    elif family_of(kind) == "list":
        yield from _of_type(path, kind.value_type)
    else:
        yield path, family_of(kind)


def spellings(path: str) -> list[str]:
    """The paths that a path with bars stands for."""
    paths = [""]
    for part in path.split("."):
        paths = [f"{head}.{name}" if head else name for head in paths for name in part.split("|")]
    return paths
