"""Reading Arrow columns by row, identity over sliced tables, and bounded dead letters."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.columns import ListColumn, StringColumn
from schemas.dead_letter import (
    DEAD_FLIGHT_SCHEMA,
    DEAD_LETTER_SCHEMA,
    SEEN_LIMIT,
    DeadLetter,
    dead_letter_table,
    excerpt,
)
from schemas.flight import DRAFT_SCHEMA
from schemas.ids import (
    content_key,
    first_is_a,
    identify,
    pair_digest,
    prompt_digest,
    response_digest,
    row_id,
)

TEXT = st.text("aé\0中", max_size=3)
CUTS = st.tuples(st.integers(0, 3), st.integers(0, 8))


def cut(table: pa.Table, skipped: int, at: int) -> pa.Table:
    """The table without its first rows, in two chunks that are slices."""
    rest = table.slice(skipped)
    return pa.concat_tables([rest.slice(0, at), rest.slice(at)])


@given(st.lists(st.none() | TEXT, max_size=8), CUTS)
def test_strings_are_read_as_bytes_by_row(texts: list[str | None], cuts: tuple[int, int]) -> None:
    table = pa.table({"x": pa.array(["skipped"] * cuts[0] + texts, pa.string())})
    given_column = cut(table, *cuts)["x"]
    for column in (given_column, given_column.combine_chunks(), table["x"].slice(cuts[0])):
        found = StringColumn(column)
        assert len(found) == len(texts)
        rows = [found[row] for row in range(len(texts))]
        assert [None if row is None else bytes(row).decode() for row in rows] == texts


@given(st.lists(st.none() | st.lists(st.integers(0, 9), max_size=3), max_size=8), CUTS)
def test_lists_are_read_as_spans(lists: list[list[int] | None], cuts: tuple[int, int]) -> None:
    table = pa.table({"x": pa.array([[99]] * cuts[0] + lists, pa.list_(pa.int64()))})
    found = ListColumn(cut(table, *cuts)["x"])
    assert found.total == sum(len(one or []) for one in lists)
    spans = [found.span(row) for row in range(len(lists))]
    assert [[found.values[at].as_py() for at in span] for span in spans] == [
        one or [] for one in lists
    ]


def test_other_types_are_refused() -> None:
    with pytest.raises(TypeError, match="reads string columns, not int64"):
        StringColumn(pa.array([1]))


REFS = st.lists(st.tuples(st.sampled_from(["image", "frames"]), st.sampled_from("xyz")), max_size=2)
ROW = st.tuples(
    st.lists(st.tuples(st.sampled_from(["user", "system"]), TEXT), max_size=2),
    REFS, st.none() | TEXT, REFS, st.none() | TEXT, REFS, st.none() | TEXT,
)  # fmt: skip


def _bytes(refs: list[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(slot.encode(), digest.encode()) for slot, digest in refs]


def _refs(refs: list[tuple[str, str]]) -> list[dict[str, Any]]:
    return [
        {"slot": s, "container": "c", "member": "m", "info": {"digest": d, "bytes": 1}}
        for s, d in refs
    ]


def _scalar(row: tuple[Any, ...]) -> tuple[str, str, bool, bool]:
    """Identity by the scalar functions alone."""
    turns, media, x, x_media, y, y_media, criterion = row
    prompt = prompt_digest([(r.encode(), c.encode()) for r, c in turns], _bytes(media))
    first = response_digest(None if x is None else x.encode(), _bytes(x_media))
    second = response_digest(None if y is None else y.encode(), _bytes(y_media))
    pair = pair_digest(b"ti2t", prompt, first, second)
    pair_id = pair.hex()[:32]
    side = first_is_a(pair, first, second)
    return pair_id, row_id("S", pair_id, criterion), side, first == second


def _table(rows: list[tuple[Any, ...]]) -> pa.Table:
    base: dict[str, Any] = dict.fromkeys(DRAFT_SCHEMA.names)
    made = [
        {**base, "prompt": [{"role": r, "content": c} for r, c in turns],
         "prompt_media": _refs(media), "first_text": x, "first_media": _refs(x_media),
         "second_text": y, "second_media": _refs(y_media), "criterion": criterion}
        for turns, media, x, x_media, y, y_media, criterion in rows
    ]  # fmt: skip
    return pa.Table.from_pylist(made, schema=DRAFT_SCHEMA)


SKIPPED = ([("user", "skipped")], [("image", "q")], "s", [("frames", "r")], None, [], "c")


@given(st.lists(ROW, max_size=8), CUTS)
def test_identity_over_slices_and_chunks_is_the_scalar_one(
    rows: list[tuple[Any, ...]], cuts: tuple[int, int]
) -> None:
    found = identify(cut(_table([SKIPPED] * cuts[0] + rows), *cuts), "ti2t", "S")
    expected = [_scalar(row) for row in rows]
    assert found.pair_ids == [one[0] for one in expected]
    assert found.row_ids == [one[1] for one in expected]
    assert found.first_is_a == [one[2] for one in expected]
    assert found.identical == [number for number, one in enumerate(expected) if one[3]]


@given(st.lists(st.tuples(TEXT, TEXT), max_size=3), st.lists(st.tuples(TEXT, TEXT), max_size=3))
def test_only_equal_prompts_have_equal_digests(
    one: list[tuple[str, str]], other: list[tuple[str, str]]
) -> None:
    digests = [prompt_digest([(r.encode(), c.encode()) for r, c in t], ()) for t in (one, other)]
    assert (digests[0] == digests[1]) == (one == other)


@given(st.lists(st.none() | TEXT, max_size=4), st.lists(st.none() | TEXT, max_size=4))
def test_only_equal_content_has_equal_keys(one: list[str | None], other: list[str | None]) -> None:
    assert (content_key(*one) == content_key(*other)) == (one == other)


def test_about_half_of_the_pairs_stand_as_they_came() -> None:
    rows = [([("user", f"p{n}")], [], f"x{n}", [], f"y{n}", [], None) for n in range(2_000)]
    sides = identify(_table(rows), "t2t", "S").first_is_a
    assert 900 < sum(sides) < 1_100


@given(st.text(st.characters() | st.sampled_from("\ud800\udfff"), max_size=30), st.integers(1, 20))
def test_an_excerpt_is_valid_text_within_its_bound(text: str, limit: int) -> None:
    found = excerpt(text, limit)
    assert len(found) <= limit
    assert found.encode("utf-8").decode("utf-8") == found
    whole = text.encode("utf-8", "backslashreplace").decode()
    assert found == whole if len(whole) <= limit else found == whole[: limit - 1] + "…"


def test_dead_letters_are_a_table_of_their_schema() -> None:
    letter = DeadLetter("sources", "S", "c", "k", "r", "m", "\ud800" * 900, "f row 1")
    table = dead_letter_table([letter, letter])
    assert table.schema.equals(DEAD_FLIGHT_SCHEMA)
    assert DEAD_FLIGHT_SCHEMA.names == [*DEAD_LETTER_SCHEMA.names, "where"]
    assert len(table["seen"][1].as_py()) == SEEN_LIMIT
    assert dead_letter_table([]).schema.equals(DEAD_FLIGHT_SCHEMA)
    assert dead_letter_table([]).num_rows == 0


def test_no_text_of_a_dead_letter_stops_its_table() -> None:
    half, escape = "é\ud800", "é\\ud800"
    letter = DeadLetter("relabel", half, half, half, "r", half, half, half)
    assert dead_letter_table([letter]).to_pylist() == [
        {"stage": "relabel", "reason": "r"}
        | dict.fromkeys(("subset", "corpus", "key", "message", "seen", "where"), escape)
    ]
