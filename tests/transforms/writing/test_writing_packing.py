"""Which columns of a shard are compressed."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.pair import PAIR_SCHEMA
from schemas.tasks import PROMPT_SLOTS, RESPONSE_SLOTS, TASKS
from transforms.writing.packing import compressed_columns, leaf_paths


def test_leaf_paths_are_those_of_the_parquet_file() -> None:
    stream = io.BytesIO()
    pq.write_table(PAIR_SCHEMA.empty_table(), stream)
    schema = pq.ParquetFile(stream).schema
    there = [schema.column(number).path for number in range(len(schema))]
    assert [path for field in PAIR_SCHEMA for path in leaf_paths(field)] == there


def test_a_list_of_structs_has_a_path_for_each_of_their_fields() -> None:
    turns = pa.list_(pa.struct([("role", pa.string()), ("scores", pa.list_(pa.int32()))]))
    assert leaf_paths(pa.field("prompt", turns)) == [
        "prompt.list.element.role",
        "prompt.list.element.scores.list.element",
    ]


@pytest.mark.parametrize("task", TASKS)
def test_all_that_a_task_can_fill_is_compressed(task: str) -> None:
    given = TASKS[task]
    columns = {path.split(".")[0] for path in compressed_columns(task)}
    media = {slot for modality in given.prompt for slot in PROMPT_SLOTS[modality]}
    filled = {slot for slot in RESPONSE_SLOTS[given.response] if slot != "text"}
    expected = media | {f"response_{side}_{slot}" for side in "ab" for slot in filled}
    if media:
        expected.add("prompt_info")
    if filled:
        expected |= {"response_a_info", "response_b_info"}
    if "frames" in filled:
        expected |= {"response_a_frames_fps", "response_b_frames_fps"}
    of_media = {
        name
        for name in PAIR_SCHEMA.names
        if name.endswith(("_info", "_fps"))
        or pa.types.is_struct(PAIR_SCHEMA.field(name).type)
        or pa.types.is_list(PAIR_SCHEMA.field(name).type)
    } - {"prompt", "source"}
    assert columns & of_media == expected
    assert columns >= set(PAIR_SCHEMA.names) - of_media


def test_media_of_other_tasks_are_not_compressed() -> None:
    assert len(compressed_columns("t2t")) == 30
    assert not [path for path in compressed_columns("t2i") if "audio" in path or "mesh" in path]
