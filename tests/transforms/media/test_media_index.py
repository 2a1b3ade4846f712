"""The index of a subset's media: facts and reasons come back as they went in."""

from __future__ import annotations

import pyarrow as pa
import pytest

from schemas.media import INFO_STRUCT
from transforms.media.errors import MediaError
from transforms.media.locate import INDEX_SCHEMA, MediaIndex

ROWS = [
    {"container": "a.zip", "member": "1.jpg", "info": {"digest": "d1", "width": 64}},
    {"container": "b.zip", "member": "1.jpg", "info": {"digest": "d2"}},
    {"container": "b.zip", "member": "2.jpg", "reason": "media_missing", "message": "2.jpg: no"},
    {"container": "b.zip", "member": "3.jpg", "info": {}},
]
NOTHING = dict.fromkeys(field.name for field in INFO_STRUCT)


def test_entries_of_whole_cut_and_empty_tables() -> None:
    whole = pa.Table.from_pylist(ROWS, schema=INDEX_SCHEMA)
    index = MediaIndex([INDEX_SCHEMA.empty_table(), whole.slice(0, 1), whole.slice(1)])
    assert index.info("a.zip", "1.jpg") == NOTHING | {"digest": "d1", "width": 64}
    assert index.info("b.zip", "1.jpg") == NOTHING | {"digest": "d2"}
    assert index.info("b.zip", "3.jpg") == NOTHING
    with pytest.raises(MediaError, match=r"2\.jpg: no") as error:
        index.info("b.zip", "2.jpg")
    assert error.value.reason == "media_missing"


def test_what_a_caller_does_to_facts_stays_with_the_caller() -> None:
    index = MediaIndex([pa.Table.from_pylist(ROWS, schema=INDEX_SCHEMA)])
    index.info("a.zip", "1.jpg")["digest"] = "changed"
    assert index.info("a.zip", "1.jpg")["digest"] == "d1"
