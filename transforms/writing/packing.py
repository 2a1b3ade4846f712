"""Which columns of a shard are compressed: those that its task fills.

Most of the schema's columns are about media of other tasks and always null; for each of them the
writer would set up a compressor in every row group, to make a few bytes longer.
"""

from __future__ import annotations

from functools import lru_cache

import pyarrow as pa

from schemas.pair import PAIR_SCHEMA, PROMPT_MEDIA_COLUMNS, RESPONSE_MEDIA
from schemas.tasks import PROMPT_SLOTS, RESPONSE_SLOTS, TASKS


@lru_cache
def compressed_columns(task: str) -> tuple[str, ...]:
    """Parquet paths of the columns of `PAIR_SCHEMA` that a subset of this task has compressed."""
    absent = _absent(task)
    return tuple(
        path for field in PAIR_SCHEMA if field.name not in absent for path in leaf_paths(field)
    )


def leaf_paths(field: pa.Field) -> list[str]:
    """The Parquet columns under a field: ``prompt.list.element.role``."""
    kind = field.type
    if pa.types.is_list(kind):
        element = kind.value_field.with_name("element")
        return [f"{field.name}.list.{path}" for path in leaf_paths(element)]
    if pa.types.is_struct(kind):
        return [f"{field.name}.{path}" for child in kind for path in leaf_paths(child)]
    return [field.name]


def _absent(task: str) -> set[str]:
    """Columns about media that the task doesn't have."""
    given = TASKS[task]
    slots = {slot for modality in given.prompt for slot in PROMPT_SLOTS[modality]}
    absent = set(PROMPT_MEDIA_COLUMNS) - slots
    if not slots:
        absent.add("prompt_info")
    there = RESPONSE_SLOTS[given.response]
    of_response = set(RESPONSE_MEDIA) - set(there)
    if "frames" not in there:
        of_response.add("frames_fps")
    if given.response == "text":
        of_response.add("info")
    return absent | {f"response_{side}_{name}" for side in "ab" for name in of_response}
