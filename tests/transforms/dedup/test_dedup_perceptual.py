"""Two hashes: near, far, or too empty to say."""

from __future__ import annotations

import pytest

from tests.transforms.dedup.media_rows import phash
from transforms.dedup.perceptual import distance, informative, near, near_between, packed, words_of
from transforms.dedup.settings_media import PerceptualSettings


def test_near_within_the_radius_and_no_further() -> None:
    assert near(phash(1), phash(1, flips=6), "image")
    assert not near(phash(1), phash(1, flips=7), "image")
    assert near(phash(1), phash(1, flips=7), "image", PerceptualSettings(image_radius=7))
    assert distance(phash(1), phash(1, flips=7), "image") == 7
    assert near(phash(1, 3), phash(1, 3, flips=22), "video")
    assert not near(phash(1, 3), phash(1, 3, flips=23), "video")


def test_a_hash_of_another_length_or_none_is_near_nothing() -> None:
    for bad in (None, "", phash(1)[:-1], "x" * 16, phash(1, 3)):
        assert words_of(bad, "image") is None
        assert not near(bad, phash(1), "image")
        assert distance(phash(1), bad, "image") is None
    assert words_of(phash(1), "text") is None


def test_blank_hashes_are_near_nothing_not_even_themselves() -> None:
    blank, full, few = "0" * 16, "f" * 16, "8000000000000fff"
    for phash_of in (blank, full, few):
        assert not informative(phash_of, "image")
        assert not near(phash_of, phash_of, "image")
    assert informative("000000000000ffff", "image")
    assert informative("00000000000000ff", "audio")
    assert informative(phash(1, 2) + blank, "video")
    assert not informative(phash(1) + blank + few, "video")
    assert not informative("0" * 80, "mesh")


def test_all_near_pairs_of_two_lists() -> None:
    rows = [phash(1), None, phash(2), "0" * 16, phash(3)]
    known = ["0" * 16, phash(3, flips=5), None, phash(9), phash(1, flips=2), phash(3, flips=6)]
    found = near_between(rows, known, "image")
    triples = zip(
        found.later.tolist(), found.earlier.tolist(), found.distance.tolist(), strict=True
    )
    assert list(triples) == [(0, 4, 2), (4, 1, 5), (4, 5, 6)]
    assert len(near_between([], known, "image")) == len(near_between(rows, [], "image")) == 0
    shape, colour, other = phash(4, 4), phash(5), phash(6)
    models = near_between([shape + colour], [shape + other, shape + colour], "mesh")
    assert models.earlier.tolist() == [1]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("image_radius", 32, "image_radius: 32"),
        ("video_radius", -1, "video_radius: -1"),
        ("min_bits", 33, "min_bits: 33"),
        ("min_frames", 4, "min_frames: 4"),
        ("edits", "always", "none of digest, hash"),
        ("max_links", 0, "max_links: 0"),
    ],
)
def test_settings_say_what_is_wrong(field: str, value: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        PerceptualSettings(**{field: value})  # type: ignore[arg-type]


def test_packed_hashes_are_those_of_single_ones() -> None:
    hashes = ["00000000000000ff", None, "", "zz000000000000ff", "ff", "8000000000000000"]
    words, there = packed(hashes, "image")
    assert there.tolist() == [True, False, False, False, False, True]
    assert words[:, 0].tolist() == [255, 0, 0, 0, 0, 1 << 63]
    whole, _ = packed([hashes[0], hashes[5]], "image")
    assert whole[:, 0].tolist() == [255, 1 << 63]
