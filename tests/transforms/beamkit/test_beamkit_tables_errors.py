"""The coder of Arrow tables, and the message behind a runner's exception."""

from __future__ import annotations

import traceback

import apache_beam as beam
import pyarrow as pa
from apache_beam import coders
from apache_beam.testing.util import assert_that, equal_to

from schemas.pair import PAIR_SCHEMA
from transforms.beamkit.coder import ArrowTableCoder
from transforms.beamkit.errors import BuildError, find_build_error


def test_a_table_comes_back_as_it_was() -> None:
    table = pa.table(
        {"text": ["é", None, ""], "list": [[{"a": 1}], [], None]},
        schema=pa.schema(
            [("text", pa.string()), ("list", pa.list_(pa.struct([("a", pa.int64())])))],
            metadata={"k": "v"},
        ),
    )
    coder = ArrowTableCoder()
    for given in (table, table.slice(1), pa.concat_tables([table, table]), table.slice(0, 0)):
        back = coder.decode(coder.encode(given))
        assert back.equals(given)
        assert back.schema.equals(given.schema, check_metadata=True)
    empty = coder.decode(coder.encode(PAIR_SCHEMA.empty_table()))
    assert empty.schema.equals(PAIR_SCHEMA, check_metadata=True)


def test_a_slice_is_encoded_without_its_parent() -> None:
    table = pa.table({"text": [f"{n:032x}" * 8 for n in range(5_000)]})
    coder = ArrowTableCoder()
    whole, one = len(coder.encode(table)), len(coder.encode(table.slice(2_000, 1)))
    assert one < 2_000 < whole
    assert coder.decode(coder.encode(table.slice(2_000, 1))).to_pylist() == [
        {"text": f"{2_000:032x}" * 8}
    ]


def test_the_coder_is_registered_and_never_a_key_coder() -> None:
    assert isinstance(coders.registry.get_coder(pa.Table), ArrowTableCoder)
    assert ArrowTableCoder().is_deterministic() is False


def test_tables_travel_through_a_runner() -> None:
    table = pa.table({"n": list(range(10))})
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        numbers = (
            pipeline
            | beam.Create([table.slice(0, 3), table.slice(3)]).with_output_types(pa.Table)
            | beam.Reshuffle()
            | beam.FlatMap(lambda part: part["n"].to_pylist())
        )
        assert_that(numbers, equal_to(list(range(10))))


def _raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    try:
        raise error from cause
    except BaseException as caught:
        return caught


def test_a_build_error_is_found_as_itself_as_a_cause_and_as_a_context() -> None:
    error = BuildError("f.parquet: the file is empty")
    assert find_build_error(error) == "f.parquet: the file is empty"
    assert find_build_error(_raised(RuntimeError("x"), _raised(KeyError("y"), error))) == str(error)
    outer = RuntimeError("while cleaning up")
    outer.__context__ = error
    assert find_build_error(outer) == "f.parquet: the file is empty"


def test_the_step_that_a_runner_adds_is_taken_off() -> None:
    named = BuildError("a [b] c [while running 'Read/Units-ptransform-12']")
    assert find_build_error(named) == "a [b] c"


def test_a_build_error_is_found_in_the_text_of_a_traceback() -> None:
    caught = _raised(BuildError("x.json: cut after 2 records; download it again"))
    text = "".join(traceback.format_exception(caught))
    assert find_build_error(RuntimeError(f"worker failed:\n{text}\nand more")) == str(caught)
    line = "transforms.beamkit.errors.BuildError: a: b [while running 'S'] \n"
    assert find_build_error(RuntimeError(line.replace("] \n", "]\nNote"))) == "a: b"


def test_other_errors_hold_none() -> None:
    assert find_build_error(_raised(RuntimeError("BuildError"), ValueError("y"))) is None
