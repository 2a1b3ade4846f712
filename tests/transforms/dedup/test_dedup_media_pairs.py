"""Pairs whose media are near-equal: straight, swapped, or not; candidates miss none of them."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transforms.dedup.media_rows import Medium, marks, phash, prepared
from transforms.dedup.media_pairs import (
    MediaOfRows,
    media_edges,
    near_pairs_media,
    response_candidates,
)
from transforms.dedup.media_prints import MARKS_SCHEMA, mark, media_prints
from transforms.dedup.settings_media import PerceptualSettings

SETTINGS = PerceptualSettings()
Row = tuple[list[Medium] | None, list[Medium] | None, list[Medium] | None]


def image(seed: int, flips: int = 0, name: str | None = None) -> list[Medium]:
    return [("image", name or f"{seed}-{flips}", phash(seed, flips=flips))]


def rows_of(*rows: Row, settings: PerceptualSettings = SETTINGS) -> MediaOfRows:
    return MediaOfRows.of(marks(*rows), settings)


def verdict(one: Row, other: Row, edits: bool = False) -> tuple[bool, bool, float]:
    rows = rows_of(one, other)
    first, second = np.array([0, 1]), np.array([1, 0])
    found = near_pairs_media(rows, first, second, SETTINGS, edits)
    assert found.equal[0] == found.equal[1]
    assert found.swapped[0] == found.swapped[1]
    return bool(found.equal[0]), bool(found.swapped[0]), round(float(found.strength[0]), 4)


def test_marks_hold_modality_digest_and_hash() -> None:
    table = marks((None, image(1), [("mesh", "m", None)]))
    assert table.schema == MARKS_SCHEMA
    prompt, a, b = (table[name][0].as_py() for name in MARKS_SCHEMA.names)
    assert prompt == []
    assert a[0][0] == 1
    assert (len(a[0]), a[0][-8:].hex()) == (41, phash(1))
    assert (b[0][0], len(b[0])) == (4, 33)
    assert mark("video", "ab" * 32, "00" * 8) == mark("video", "ab" * 32, None)
    with pytest.raises(ValueError, match="3 bytes"):
        mark("image", "abcdef", None)


def test_a_medium_that_was_not_located_is_refused() -> None:
    row = {"a_media": [{"slot": "image", "container": "x", "member": "y", "info": None}]}
    table = pa.Table.from_pylist([row], schema=prepared().schema)
    with pytest.raises(ValueError, match="no digest"):
        media_prints(table)


def test_what_is_no_mark_is_refused() -> None:
    good = mark("image", "ab" * 32, phash(1))
    for bad in (good[:-1], b"\x09" + good[1:], b""):
        table = pa.table({name: [[bad]] for name in MARKS_SCHEMA.names}, schema=MARKS_SCHEMA)
        with pytest.raises(ValueError, match="not one of this version"):
            MediaOfRows.of(table, SETTINGS)


def test_marks_are_read_from_slices_chunks_and_polars_alike() -> None:
    whole = marks(*((image(n), image(n + 50), None) for n in range(9)))
    forms = [
        whole.slice(4),
        pa.concat_tables([whole.slice(4, 2), whole.slice(6)]),
        pl.DataFrame(pl.from_arrow(whole))[4:],
        pl.concat(
            [pl.DataFrame(pl.from_arrow(whole))[4:6], pl.DataFrame(pl.from_arrow(whole))[6:]]
        ),
    ]
    wanted = MediaOfRows.of(
        marks(*((image(n), image(n + 50), None) for n in range(4, 9))), SETTINGS
    )
    for form in forms:
        read = MediaOfRows.of(form, SETTINGS)
        for side in ("prompt", "a", "b"):
            for name in ("start", "code", "digest", "words", "known"):
                one, other = (
                    getattr(getattr(read, side), name),
                    getattr(getattr(wanted, side), name),
                )
                assert np.array_equal(one, other), (side, name)


def test_straight_swapped_and_neither() -> None:
    x, y, z = image(1), image(2), image(3)
    x_copy, y_copy = image(1, flips=4), image(2, flips=6)
    assert verdict((None, x, y), (None, x_copy, y_copy)) == (True, False, round(1 - 6 / 64, 4))
    assert verdict((None, x, y), (None, y_copy, x_copy)) == (True, True, round(1 - 6 / 64, 4))
    assert verdict((None, x, y), (None, x, y)) == (True, False, 1)
    assert verdict((None, x, y), (None, x, z)) == (False, False, 0)
    assert verdict((None, x, y), (None, x, image(2, flips=7))) == (False, False, 0)
    # both ways match: the better one counts, straight where they are even
    assert verdict((None, x, image(1, 2)), (None, image(1, 2), x)) == (True, True, 1)
    assert verdict((None, x, x), (None, x, x)) == (True, False, 1)


@pytest.mark.parametrize(
    ("copy", "unclear"),
    [
        ((image(1, 3), image(2)), False),
        ((image(1, 2), image(1, 4)), True),
        ((image(1), image(1, 2)), False),
        ((image(1, 2), image(1)), False),
    ],
)
def test_sides_are_unclear_where_both_ways_match(
    copy: tuple[list[Medium], list[Medium]], unclear: bool
) -> None:
    mine = (image(1), image(2)) if copy[1] == image(2) else (image(1), image(1, 2))
    rows = rows_of((None, *mine), (None, *copy))
    found = near_pairs_media(rows, np.array([1]), np.array([0]), SETTINGS)
    assert found.equal.tolist() == [True]
    assert found.unclear.tolist() == [unclear]


def test_media_of_prompts_must_match_one_by_one() -> None:
    def asked(*prompt: list[Medium]) -> Row:
        return [medium for media in prompt for medium in media], None, None

    x, y = image(1), image(2)
    assert verdict((None, None, None), ([], [], [])) == (True, False, 1)
    assert verdict(asked(x, y), asked(image(1, 3), y))[0]
    assert not verdict(asked(x, y), asked(y, x))[0]
    assert not verdict(asked(x, y), asked(x))[0]
    assert not verdict(asked(x), (None, None, None))[0]


def test_modalities_and_their_radii() -> None:
    def answer(slot: str, words: int, flips: int, name: str) -> Row:
        return None, [(slot, name, phash(7, words, flips))], None

    for slot, words, most in (
        ("video", 3, 22),
        ("audio", 1, 7),
        ("image", 1, 6),
    ):
        base = answer(slot, words, 0, "x")
        assert verdict(base, answer(slot, words, most, "y"))[0], slot
        assert not verdict(base, answer(slot, words, most + 1, "y"))[0], slot
    assert not verdict(answer("image", 1, 0, "x"), answer("audio", 1, 0, "y"))[0]
    assert not verdict(answer("image", 1, 0, "x"), answer("audio", 1, 0, "x"))[0]
    views = [[("views", f"{n}{k}", phash(k, flips=n * 3)) for k in range(4)] for n in range(3)]
    assert verdict((None, views[0], None), (None, views[2], None))[0]
    assert not verdict((None, views[0], None), (None, views[0][:3], None))[0]
    assert not verdict((None, views[0], None), (None, views[0][::-1], None))[0]


def test_a_model_is_near_in_shape_and_in_colour() -> None:
    def model(name: str, shape: int = 0, colour: str = phash(9)) -> Row:
        return None, [("mesh", name, phash(8, 4, shape) + colour)], None

    assert verdict(model("x"), model("y", SETTINGS.mesh_radius))[0]
    assert not verdict(model("x"), model("y", SETTINGS.mesh_radius + 1))[0]
    assert verdict(model("x"), model("y", colour=phash(9, flips=SETTINGS.mesh_colour_radius)))[0]
    assert not verdict(model("x"), model("y", colour=phash(10)))[0]
    assert verdict(model("x"), model("y", colour="0" * 16))[0]
    strict = PerceptualSettings(mesh_colour_may_lack=False)
    rows = rows_of(model("x"), model("y", colour="0" * 16), settings=strict)
    assert not near_pairs_media(rows, np.array([0]), np.array([1]), strict).equal[0]


def test_blank_media_are_equal_by_digest_alone() -> None:
    blank: Row = (None, [("image", "white", "80" + "0" * 14)], image(1))
    other: Row = (None, [("image", "black", "0" * 16)], image(1))
    assert verdict(blank, blank)[0]
    assert not verdict(blank, other)[0]
    many = [
        (None, [("image", f"blank {n}", "0" * 16)], [("image", f"pale {n}", "8" + "0" * 15)])
        for n in range(50)
    ]
    rows = rows_of(*many, *many[:2])
    assert [list(map(int, pair)) for pair in zip(*response_candidates(rows), strict=True)] == [
        [50, 0],
        [51, 1],
    ]
    assert sorted(zip(*(side.tolist() for side in media_edges(rows)), strict=True)) == [
        (50, 0),
        (51, 1),
    ]


def test_edits_of_one_picture_are_equal_by_digest_alone() -> None:
    source = image(5)
    one: Row = (source, image(5, 1, "red hat"), image(5, 2, "blue hat"))
    other: Row = (source, image(5, 1, "green hat"), image(5, 2, "no hat"))
    assert verdict(one, other)[0]
    assert not verdict(one, other, edits=True)[0]
    again = (image(5, 3), one[2], one[1])
    assert verdict(one, again, edits=True) == (True, True, round(1 - 3 / 64, 4))
    rows = rows_of(one, other, again)
    pairs = zip(*(side.tolist() for side in response_candidates(rows, edits=True)), strict=True)
    assert list(pairs) == [(2, 0)]


def test_a_picture_that_many_prompts_share_is_a_group_and_no_candidate() -> None:
    rows = rows_of(*((image(1, n % 3), None, None) for n in range(200)), (image(2), None, None))
    assert [len(side) for side in response_candidates(rows)] == [0, 0]
    later, earlier = media_edges(rows)
    seen = {0}
    for one, other in sorted(zip(later.tolist(), earlier.tolist(), strict=True)):
        assert one > other
        seen |= {one} if other in seen else set()
    assert seen == set(range(200))
    assert len(later) < 210


medium = st.tuples(
    st.integers(0, 3), st.integers(0, 8), st.sampled_from(["image", "video", "views"])
)
row = st.tuples(
    st.lists(medium, max_size=1), st.lists(medium, max_size=2), st.lists(medium, max_size=2)
)


def _made(drawn: list[tuple[int, int, str]]) -> list[Medium]:
    widths = {"image": 1, "video": 3, "views": 1}
    return [(slot, f"{s} {f}", phash(s, widths[slot], f)) for s, f, slot in drawn]


@given(st.lists(row, min_size=2, max_size=14), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_candidates_and_edges_miss_nothing_whatever_the_order(drawn, random) -> None:  # type: ignore[no-untyped-def]
    made = [tuple(_made(side) for side in one) for one in drawn]
    rows = rows_of(*made)
    one, other = (side.ravel() for side in np.tril_indices(len(made), -1))
    found = near_pairs_media(rows, one, other)
    with_media = (rows.a.count > 0) & (rows.b.count > 0)
    wanted = {
        (int(i), int(j))
        for i, j in zip(one[found.equal], other[found.equal], strict=True)
        if with_media[i]
    }
    candidates = set(zip(*(side.tolist() for side in response_candidates(rows)), strict=True))
    assert wanted <= candidates
    first = len(made) // 2
    later = set(zip(*(side.tolist() for side in response_candidates(rows, first)), strict=True))
    assert later == {pair for pair in candidates if pair[0] >= first}

    order = random.sample(range(len(made)), len(made))
    moved = rows_of(*(made[at] for at in order))
    again = set(zip(*(side.tolist() for side in response_candidates(moved)), strict=True))
    assert {tuple(sorted((order[i], order[j]))) for i, j in again} == {
        tuple(sorted(pair)) for pair in candidates
    }


def test_a_group_narrows_the_candidates_down() -> None:
    pair: Row = (None, image(1), image(2))
    swapped: Row = (None, image(2), image(1))
    rows = rows_of(*[pair] * 40, pair, swapped)
    group = np.array([*range(40), 7, 9])
    few = PerceptualSettings(max_links=2)
    found = zip(*(x.tolist() for x in response_candidates(rows, 0, few, group=group)), strict=True)
    assert list(found) == [(40, 7), (41, 9)]
