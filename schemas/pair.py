"""The published row: one Arrow schema for all nine tasks, with Hugging Face feature types.

Flat at the top, so that the Hub's viewer shows pictures and players. Written in plain pyarrow;
`datasets` takes seconds to import and workers do without it. A golden file pins the schema, and a
test holds it against ``datasets.Features(...).arrow_schema``.
"""

from __future__ import annotations

import json
from typing import Final

import pyarrow as pa

from schemas.media import INFO_STRUCT, MEDIUM_STRUCT

#: Major: a reader of the former version breaks. Minor: columns were added.
SCHEMA_VERSION: Final = "1.1"

TURN_STRUCT: Final = pa.struct([("role", pa.string()), ("content", pa.string())])

SOURCE_STRUCT: Final = pa.struct(
    [
        ("corpus", pa.string()),
        ("revision", pa.string()),
        ("key", pa.string()),
        ("licence", pa.string()),
        ("url", pa.string()),
    ]
)

#: Media columns and their Hugging Face feature; a list of media is marked by ``List``.
MEDIA_FEATURES: Final[dict[str, str]] = {
    "image": "Image",
    "frames": "List:Image",
    "video": "Video",
    "audio": "Audio",
    "mesh": "Mesh",
    "views": "List:Image",
    "prompt_images": "List:Image",
    "prompt_videos": "List:Video",
    "prompt_audios": "List:Audio",
    "prompt_meshes": "List:Mesh",
    "prompt_frames": "List:Image",
}

PROMPT_MEDIA_COLUMNS: Final = tuple(name for name in MEDIA_FEATURES if name.startswith("prompt_"))
RESPONSE_MEDIA: Final = tuple(name for name in MEDIA_FEATURES if not name.startswith("prompt_"))


def _media_field(column: str, medium: str) -> pa.Field:
    plural = MEDIA_FEATURES[medium].startswith("List:")
    return pa.field(column, pa.list_(MEDIUM_STRUCT) if plural else MEDIUM_STRUCT)


def _response_fields(side: str) -> list[pa.Field]:
    prefix = f"response_{side}_"
    return [
        pa.field(prefix + "text", pa.string()),
        *(_media_field(prefix + medium, medium) for medium in RESPONSE_MEDIA),
        pa.field(prefix + "frames_fps", pa.float32()),
        pa.field(prefix + "model", pa.string()),
        pa.field(prefix + "score", pa.float32()),
        pa.field(prefix + "info", pa.list_(INFO_STRUCT)),
    ]


_FIELDS: Final[list[pa.Field]] = [
    pa.field("row_id", pa.string()),
    pa.field("pair_id", pa.string()),
    pa.field("task", pa.string()),
    pa.field("subset", pa.string()),
    pa.field("kind", pa.string()),
    pa.field("prompt_group", pa.string()),
    pa.field("media_group", pa.string()),
    pa.field("prompt", pa.list_(TURN_STRUCT)),
    *(_media_field(column, column) for column in PROMPT_MEDIA_COLUMNS),
    pa.field("prompt_info", pa.list_(INFO_STRUCT)),
    *_response_fields("a"),
    *_response_fields("b"),
    pa.field("preference", pa.string()),
    pa.field("source_preference", pa.string()),
    pa.field("margin", pa.float32()),
    pa.field("annotator", pa.string()),
    pa.field("criterion", pa.string()),
    pa.field("criterion_origin", pa.string()),
    pa.field("flipped", pa.bool_()),
    pa.field("agreement", pa.float32()),
    pa.field("n_votes", pa.int32()),
    pa.field("source", SOURCE_STRUCT),
    pa.field("nc", pa.bool_()),
]

_DTYPES: Final[dict[pa.DataType, str]] = {
    pa.string(): "string",
    pa.bool_(): "bool",
    pa.int32(): "int32",
    pa.int64(): "int64",
    pa.float32(): "float32",
    pa.uint64(): "uint64",
}


def _feature(data_type: pa.DataType, media: str | None = None) -> object:
    """The Hugging Face feature of an Arrow type; `media` names it for a media column."""
    if media is not None:
        inner = {"_type": media.removeprefix("List:")}
        return {"feature": inner, "_type": "List"} if media.startswith("List:") else inner
    if pa.types.is_list(data_type):
        return {"feature": _feature(data_type.value_type), "_type": "List"}
    if pa.types.is_struct(data_type):
        return {field.name: _feature(field.type) for field in data_type}
    return {"dtype": _DTYPES[data_type], "_type": "Value"}


def _media_of(column: str) -> str | None:
    medium = column.removeprefix("response_a_").removeprefix("response_b_")
    return MEDIA_FEATURES.get(medium)


def with_features(fields: list[pa.Field], extra: dict[str, str] | None = None) -> pa.Schema:
    """A schema over `fields` with the ``huggingface`` metadata that `datasets` reads."""
    features = {field.name: _feature(field.type, _media_of(field.name)) for field in fields}
    metadata = {"huggingface": json.dumps({"info": {"features": features}}), **(extra or {})}
    return pa.schema(fields, metadata=metadata)


#: The schema of every Parquet shard of a published dataset.
PAIR_SCHEMA: Final = with_features(_FIELDS, {"omni_reward_schema": SCHEMA_VERSION})
