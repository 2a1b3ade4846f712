"""Ids of whole columns are those that the rows have one by one."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.flight import DRAFT_SCHEMA
from schemas.ids import identify
from transforms.media import identity
from transforms.media.identity import identities, of_plain_text

TEXT = st.text("aé\0中\U0001f600", max_size=4)
PLAIN = st.tuples(st.sampled_from(["user", "system"]), TEXT, TEXT, TEXT)
INFO = {"digest": "ab", "bytes": 1}
REF = {"slot": "image", "container": "c", "member": "m", "info": INFO}


def draft(role: str, asked: str, first: str | None, second: str, **more: Any) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(DRAFT_SCHEMA.names)
    return row | {
        "prompt": [{"role": role, "content": asked}],
        "prompt_media": [], "first_media": [], "second_media": [],
        "first_text": first, "second_text": second, "preferred": "first", **more,
    }  # fmt: skip


def cut(rows: list[dict[str, Any]], skipped: int, at: int) -> pa.Table:
    """The rows in two chunks, which are slices of a longer table."""
    before = [draft("user", "skipped", "x", "y")] * skipped
    table = pa.Table.from_pylist([*before, *rows], schema=DRAFT_SCHEMA).slice(skipped)
    return pa.concat_tables([table.slice(0, at), table.slice(at)])


def check(table: pa.Table, task: str, subset: str) -> None:
    """Hold the columns against the rows one by one."""
    found, wanted = identities(table, task, subset), identify(table, task, subset)
    assert found.pair_ids.to_pylist() == wanted.pair_ids
    assert found.row_ids.to_pylist() == wanted.row_ids
    assert found.first_is_a.to_pylist() == wanted.first_is_a
    assert found.identical == wanted.identical


@given(st.lists(PLAIN, max_size=9), st.integers(0, 3), st.integers(0, 9))
def test_plain_text(rows: list[tuple[str, str, str, str]], skipped: int, at: int) -> None:
    check(cut([draft(*row) for row in rows], skipped, at), "t2t", "Sübset")


def test_both_sides_and_both_orders_occur(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []
    monkeypatch.setattr(
        identity, "of_plain_text", lambda *given: taken.append(1) or of_plain_text(*given)
    )
    table = cut([draft("user", f"p{n}", f"x{n % 7}", f"y{n % 5}") for n in range(400)], 1, 90)
    check(table, "t2t", "S")
    assert taken == [1]
    sides = identities(table, "t2t", "S").first_is_a.to_pylist()
    assert 150 < sum(sides) < 250


@pytest.mark.parametrize(
    "odd",
    [
        draft("user", "p", None, "y"),
        draft("user", "p", "x", "y", criterion="polite"),
        draft("user", "p", "x", "y", first_media=[REF]),
        draft("user", "p", "x", "y", prompt_media=[REF]),
        draft("user", "p", "x", "y", prompt=[]),
        draft("user", "p", "x", "y", prompt=[{"role": "user", "content": "p"}] * 2),
    ],
)
def test_a_row_that_is_not_plain_has_the_table_go_row_by_row(
    odd: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "of_plain_text", None)
    check(cut([draft("user", "p", "x", "y"), odd], 1, 1), "t2t", "S")


def test_text_of_more_than_an_array_holds_goes_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "_MOST_BYTES", 10)
    monkeypatch.setattr(identity, "of_plain_text", None)
    check(cut([draft("user", "p", "x", "y")], 0, 1), "t2t", "S")
