"""Identity: what changes an id, what does not, and ids that are pinned for good."""

from __future__ import annotations

import random
import unicodedata

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.flight import DRAFT_SCHEMA
from schemas.ids import (
    PairIdentities,
    content_key,
    first_is_a,
    identify,
    pair_digest,
    prompt_digest,
    response_digest,
    row_id,
)
from schemas.text import canonical_text

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


def draft(prompt: str, first: str | None, second: str | None, **more: object) -> dict[str, object]:
    row: dict[str, object] = dict.fromkeys(DRAFT_SCHEMA.names)
    return row | {
        "key": "k",
        "prompt": [{"role": "user", "content": prompt}],
        "prompt_media": [], "first_media": [], "second_media": [],
        "first_text": first, "second_text": second, "preferred": "first",
        **more,
    }  # fmt: skip


def picture(digest: str) -> dict[str, object]:
    info = {"digest": digest}
    return {"slot": "image", "container": "c", "member": "m", "info": info}


def identify_rows(rows: list[dict[str, object]], task: str = "t2t") -> PairIdentities:
    return identify(pa.Table.from_pylist(rows, schema=DRAFT_SCHEMA), task, "S")


def test_ids_are_pinned() -> None:
    found = identify_rows([draft("What is a tide?", "The sea's rise and fall.", "A detergent.")])
    assert found.pair_ids == ["cf8975147450b4cc5d86da4fbced8f6b"]
    assert found.row_ids == ["7e05533dda70b7085a0fe0597236164c"]
    assert content_key("a", None, b"b") == "sha256:b0391fb6b3e40dc4e67517374bf76f5b"


@given(TEXT, TEXT, TEXT)
def test_the_order_of_responses_changes_no_id_and_no_side(p: str, x: str, y: str) -> None:
    one, other = identify_rows([draft(p, x, y)]), identify_rows([draft(p, y, x)])
    assert one.pair_ids == other.pair_ids
    assert one.row_ids == other.row_ids
    if x != y:
        assert one.first_is_a[0] != other.first_is_a[0]
        assert one.identical == []
    else:
        assert one.identical == [0]


@given(st.lists(st.tuples(TEXT, TEXT, TEXT), max_size=8), st.integers(0, 5))
def test_columns_give_what_the_scalar_functions_give(
    rows: list[tuple[str, str, str]], skipped: int
) -> None:
    table = pa.Table.from_pylist(
        [draft("x", "y", "z")] * skipped + [draft(*row) for row in rows], schema=DRAFT_SCHEMA
    )
    halves = [table.slice(skipped, len(rows) // 2), table.slice(skipped + len(rows) // 2)]
    found = identify(pa.concat_tables(halves), "t2t", "S")
    expected = []
    for p, x, y in rows:
        digests = [response_digest(text.encode(), ()) for text in (x, y)]
        prompt = prompt_digest([(b"user", p.encode())], ())
        expected.append(pair_digest(b"t2t", prompt, *digests).hex()[:32])
    assert found.pair_ids == expected


def test_what_belongs_to_identity_changes_it() -> None:
    base = draft("p", "x", "y")
    variants = [
        base,
        draft("p ", "x", "y"),
        draft("px", "", "y"),
        draft("p", "x\n", "y"),
        draft("p", "X", "y"),
        draft("p", "  x", "y"),
        draft("p", "x\t", "y"),
        draft("p", None, "y"),
        {**base, "prompt": [{"role": "system", "content": "p"}]},
        {**base, "prompt": [{"role": "user", "content": "p"}] * 2},
        {**base, "first_media": [picture("aa")]},
        {**base, "first_media": [picture("ab")]},
        {**base, "prompt_media": [picture("aa")]},
        {**base, "prompt_media": [picture("aa"), picture("ab")]},
        {**base, "prompt_media": [picture("ab"), picture("aa")]},
    ]
    ids = identify_rows(variants).pair_ids
    assert len(set(ids)) == len(variants)
    assert identify_rows([base], "ti2t").pair_ids[0] not in ids


def test_what_does_not_belong_to_identity_changes_nothing() -> None:
    rows = [
        draft("p", "x", "y"),
        draft("p", "x", "y", key="other", preferred="second", where="elsewhere", margin=2.0),
        draft("p", "x", "y", first_model="m", second_score=0.5, url="u", rank=7),
    ]
    assert len(set(identify_rows(rows).row_ids)) == 1


def test_row_ids_tell_subset_and_criterion_apart() -> None:
    ids = {row_id(s, "p", c) for s in ("S", "T") for c in (None, "", "polite", "Polite")}
    assert len(ids) == 8


def test_position_carries_no_label() -> None:
    rng = random.Random(4)
    sides = []
    for _ in range(4_000):
        first, second, pair = (rng.randbytes(32) for _ in range(3))
        assert first_is_a(pair, first, second) != first_is_a(pair, second, first)
        sides.append(first_is_a(pair, first, second))
    assert 0.47 < sum(sides) / len(sides) < 0.53


@given(TEXT)
def test_canonical_text_is_idempotent_and_touches_only_composition_and_line_ends(text: str) -> None:
    done = canonical_text(text)
    assert canonical_text(done) == done
    assert "\r" not in done
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    assert done == unicodedata.normalize("NFC", lines)


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb"])
def test_a_lone_surrogate_has_no_canonical_form(text: str) -> None:
    with pytest.raises(ValueError, match="lone surrogate at character"):
        canonical_text(text)
