"""From drafts to prepared pairs: sides by hash, labels that follow, media that can't be used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.flight import DRAFT_SCHEMA, PREPARED_SCHEMA
from schemas.ids import identify
from schemas.text import canonical_text
from transforms.media.locate import INDEX_SCHEMA, MediaIndex, wanted_media
from transforms.media.prepare import prepare
from transforms.media.text.canonical import normalise_texts

MakeTable = Callable[[list[dict[str, Any]]], pa.Table]
TEXT = st.text(st.sampled_from("ae\u0301\r\n \u1100\u1161"), max_size=6)


def draft(number: int, preferred: str = "first", **more: Any) -> dict[str, Any]:
    return {
        "key": f"k{number}", "rank": number, "where": f"f row {number}", "preferred": preferred,
        "prompt": [{"role": "user", "content": f"prompt {number}"}],
        "first_text": f"first {number}", "second_text": f"second {number}",
        "first_model": f"M{number}", "second_model": None,
        "first_score": 1.0, "second_score": 2.0, **more,
    }  # fmt: skip


def ref(slot: str, member: str) -> dict[str, Any]:
    return {"slot": slot, "container": "c.tar", "member": member, "info": None}


def index(**found: int | str) -> MediaIndex:
    """Members by name: a size for a good one, a reason for a bad one."""
    rows = []
    for member, what in found.items():
        row: dict[str, Any] = {"container": "c.tar", "member": member}
        if isinstance(what, int):
            row["info"] = {"digest": f"digest of {member}", "bytes": what}
        else:
            row |= {"reason": what, "message": f"{member}: bad"}
        rows.append(row)
    return MediaIndex([pa.Table.from_pylist(rows, schema=INDEX_SCHEMA)])


def test_labels_and_facts_follow_the_responses(draft_rows: MakeTable) -> None:
    labels = ["first", "second", "tie"]
    rows = [draft(n, labels[n % 3]) for n in range(300)]
    prepared, dead = prepare(draft_rows(rows), None, "t2t", "S", "c")
    assert prepared.schema.equals(PREPARED_SCHEMA)
    assert dead.num_rows == 0
    for given_row, row in zip(rows, prepared.to_pylist(), strict=True):
        first, second = ("a", "b") if row["a_text"] == given_row["first_text"] else ("b", "a")
        wanted = {"first": first, "second": second, "tie": "tie"}[given_row["preferred"]]
        assert row["preference"] == wanted
        for side, name in ((first, "first"), (second, "second")):
            for field in ("text", "model", "score"):
                assert row[f"{side}_{field}"] == given_row[f"{name}_{field}"]
        assert (row["key"], row["rank"]) == (given_row["key"], given_row["rank"])
    share = sum(text.startswith("first") for text in prepared["a_text"].to_pylist()) / 300
    assert 0.4 < share < 0.6


def test_the_order_of_the_corpus_changes_nothing(draft_rows: MakeTable) -> None:
    rows = [draft(n) for n in range(50)]
    swapped = [
        {
            **row,
            "preferred": "second",
            **{f"first_{f}": row[f"second_{f}"] for f in ("text", "model", "score")},
            **{f"second_{f}": row[f"first_{f}"] for f in ("text", "model", "score")},
        }
        for row in rows
    ]
    one, _ = prepare(draft_rows(rows), None, "t2t", "S", "c")
    other, _ = prepare(draft_rows(swapped), None, "t2t", "S", "c")
    assert one.equals(other)


def test_ids_and_payload_are_those_of_the_canonical_text(draft_rows: MakeTable) -> None:
    raw = draft(1, prompt=[{"role": "user", "content": "e\u0301\r\n"}], first_text="a\rb  ")
    done = draft(1, prompt=[{"role": "user", "content": "é\n"}], first_text="a\nb  ")
    (row,) = prepare(draft_rows([raw]), None, "t2t", "S", "c")[0].to_pylist()
    expected = identify(draft_rows([done]), "t2t", "S")
    assert (row["pair_id"], row["row_id"]) == (expected.pair_ids[0], expected.row_ids[0])
    assert row["prompt"][0]["content"] == "é\n"
    assert {row["a_text"], row["b_text"]} == {"a\nb  ", "second 1"}
    assert row["payload_bytes"] == len("é\n".encode()) + len("a\nb  ") + len("second 1")


def test_identical_responses_are_dead_and_cost_nobody_else(draft_rows: MakeTable) -> None:
    same = draft(1, first_text="e\u0301", second_text="é")
    rows = [draft(0), same, draft(2), draft(3, first_text=None, second_text=None)]
    prepared, dead = prepare(draft_rows(rows), None, "t2t", "S", "corpus")
    assert prepared["key"].to_pylist() == ["k0", "k2"]
    assert [(d["key"], d["reason"], d["where"]) for d in dead.to_pylist()] == [
        ("k1", "identical_responses", "f row 1"),
        ("k3", "identical_responses", "f row 3"),
    ]
    assert {(d["stage"], d["subset"], d["corpus"]) for d in dead.to_pylist()} == {
        ("media", "S", "corpus")
    }


def test_media_are_located_placed_and_weighed(draft_rows: MakeTable) -> None:
    media = {
        "prompt_media": [ref("prompt_images", "p")],
        "first_media": [ref("image", "x")],
        "second_media": [ref("image", "y"), ref("image", "z")],
    }
    rows = [
        draft(n, "second", first_text=None, second_text=None, **media, criterion=f"c{n}")
        for n in range(2)
    ]
    rows[1]["prompt"] = [{"role": "user", "content": "é"}, {"role": "assistant", "content": "ab"}]
    found = index(p=1_000, x=200, y=30, z=4)
    prepared, dead = prepare(draft_rows(rows), found, "ti2i", "S", "c")
    assert dead.num_rows == 0
    assert prepared["payload_bytes"].to_pylist() == [1_234 + len("prompt 0"), 1_234 + 4]
    for row in prepared.to_pylist():
        better, worse = ("a", "b") if row["preference"] == "a" else ("b", "a")
        digests = {s: [m["info"]["digest"] for m in row[f"{s}_media"]] for s in "ab"}
        assert digests[better] == ["digest of y", "digest of z"]
        assert digests[worse] == ["digest of x"]


@pytest.mark.parametrize("column", ["prompt_media", "first_media", "second_media"])
def test_a_medium_that_can_not_be_used_costs_its_rows_only(
    draft_rows: MakeTable, column: str
) -> None:
    good = {"first_media": [ref("image", "x")], "second_media": [ref("image", "y")]}
    slot = "prompt_images" if column == "prompt_media" else "image"
    rows = [
        draft(0, **good),
        draft(1, **{**good, column: [ref(slot, "bad")]}),
        draft(2, **good),
    ]
    found = index(x=1, y=1, bad="image_undecodable")
    prepared, dead = prepare(draft_rows(rows), found, "t2i", "S", "c")
    assert prepared["key"].to_pylist() == ["k0", "k2"]
    (letter,) = dead.to_pylist()
    assert (letter["key"], letter["reason"], letter["message"]) == (
        "k1",
        "image_undecodable",
        "bad: bad",
    )
    assert "prompt 1" in letter["seen"]


def test_a_table_of_nothing_but_the_dead(draft_rows: MakeTable) -> None:
    rows = [draft(n, first_media=[ref("image", "bad")]) for n in range(3)]
    prepared, dead = prepare(draft_rows(rows), index(bad="image_format"), "t2i", "S", "c")
    assert (prepared.num_rows, dead.num_rows) == (0, 3)
    assert prepared.schema.equals(PREPARED_SCHEMA)
    prepared, dead = prepare(draft_rows([]), None, "t2t", "S", "c")
    assert (prepared.num_rows, dead.num_rows) == (0, 0)


def test_wanted_media_are_named_once(draft_rows: MakeTable) -> None:
    cell = {"slot": "prompt_images", "container": "f.parquet", "info": None}
    rows = [
        draft(0, first_media=[ref("image", "x")], second_media=[ref("image", "y")]),
        draft(1, first_media=[ref("image", "y")], second_media=[ref("image", "x")]),
        draft(2, prompt_media=[{**cell, "member": "image/0/1"}, {**cell, "member": "image/3/2"}]),
    ]
    assert dict(wanted_media(draft_rows(rows))) == {
        ("c.tar", "", "image"): ["x", "y"],
        ("f.parquet", "image/0", "image"): ["image/0/1"],
        ("f.parquet", "image/3", "image"): ["image/3/2"],
    }


@given(
    st.lists(st.tuples(st.lists(TEXT, max_size=3), st.none() | TEXT, st.none() | TEXT), max_size=6),
    st.integers(0, 3),
)
def test_all_texts_of_a_sliced_or_chunked_table_are_normalised(
    rows: list[tuple[list[str], str | None, str | None]], skipped: int
) -> None:
    base: dict[str, Any] = dict.fromkeys(DRAFT_SCHEMA.names)
    made = [
        {**base, "prompt": [{"role": "user", "content": c} for c in prompt], "first_text": first,
         "second_text": second, "criterion": second}
        for prompt, first, second in [([TEXT_SKIPPED], "e\u0301", "\r")] * skipped + rows
    ]  # fmt: skip
    table = pa.Table.from_pylist(made, schema=DRAFT_SCHEMA).slice(skipped)
    half = len(rows) // 2
    for given_table in (table, pa.concat_tables([table.slice(0, half), table.slice(half)])):
        found = normalise_texts(given_table).to_pylist()
        assert [
            ([t["content"] for t in row["prompt"]], row["first_text"], row["second_text"])
            for row in found
        ] == [
            ([canonical_text(c) for c in prompt], *(t and canonical_text(t) for t in texts))
            for prompt, *texts in rows
        ]
        assert [row["criterion"] for row in found] == [row["second_text"] for row in found]
        assert {t["role"] for row in found for t in row["prompt"]} <= {"user"}


TEXT_SKIPPED = "x\r\ne\u0301"
