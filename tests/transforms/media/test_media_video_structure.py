"""Containers by their structure: kinds, order of boxes, cuts, turns."""

from __future__ import annotations

import struct

import pytest

from tests.transforms.media.video_cases import FAST, X264, conforming, pictures, rewrapped, silent
from transforms.media.video.boxes import boxes_of
from transforms.media.video.container import container_of, is_cut
from transforms.media.video.matroska import doctype
from transforms.media.video.turn import UPRIGHT, turn_of

ONE = 1 << 16


@pytest.mark.parametrize(
    ("end", "codec", "name"),
    [
        ("mp4", X264, "mp4"),
        ("mov", X264, "mp4"),
        ("3gp", ("-c:v", "mpeg4"), "mp4"),
        ("mkv", X264, "mkv"),
        ("webm", ("-c:v", "libvpx"), "webm"),
        ("avi", ("-c:v", "mpeg4"), "avi"),
        ("gif", (), "gif"),
        ("ts", X264, "ts"),
        ("m2ts", X264, "ts"),
        ("flv", X264, "flv"),
        ("mpg", ("-r", "25"), "mpg"),
        ("ogv", ("-c:v", "libtheora"), "ogg"),
        ("wmv", ("-c:v", "wmv2"), "wmv"),
    ],
)
def test_a_container_is_known_by_its_content(end: str, codec: tuple[str, ...], name: str) -> None:
    data = pictures(*codec, end=end)
    assert container_of(data) == name
    assert not is_cut(data, name)


def test_what_boxes_say() -> None:
    fast = boxes_of(silent())
    assert (fast.brand, fast.is_plain, fast.is_faststart) == ("isom", True, True)
    assert not fast.is_fragmented
    assert not fast.is_encrypted
    slow = boxes_of(pictures(*X264))
    assert (slow.is_plain, slow.is_faststart) == (True, False)
    quicktime = boxes_of(pictures(*X264, *FAST, end="mov"))
    assert (quicktime.brand, quicktime.is_plain) == ("qt", False)
    parts = boxes_of(pictures(*X264, "-movflags", "frag_keyframe+empty_moov"))
    assert parts.is_fragmented
    turned = boxes_of(rewrapped(silent(), first=("-display_rotation", "-90")))
    assert turned.matrices[1][:5] == (0, ONE, 0, -ONE, 0)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0\0\1ftyp",
        b"\0\0\0\1ftyp\0\0\0\0\0\0\0\1",
        b"\0\0\0\0moov\0\0\0\4trak",
        struct.pack(">I4sI4s", 16, b"moov", 8, b"tkhd"),
        struct.pack(">I4sI4s", 16, b"moov", 800, b"stsd"),
        b"\0\0\0\x08moov" * 1_000,
    ],
)
def test_boxes_of_nonsense_say_nothing(data: bytes) -> None:
    found = boxes_of(data)
    assert (found.matrices, found.is_encrypted, found.is_faststart) == ({}, False, False)


@pytest.mark.parametrize("data", [b"", b"\x1a\x45\xdf\xa3", b"\x1a\x45\xdf\xa3\xff", bytes(99)])
def test_elements_of_nonsense_say_nothing(data: bytes) -> None:
    assert doctype(data) == ""
    assert not is_cut(data, "mkv")


def test_what_stands_behind_the_last_block_may_be_lost() -> None:
    data = rewrapped(conforming(), end="mkv")
    cues = data.rindex(b"\x1c\x53\xbb\x6b")
    assert not is_cut(data[: cues + 8], "mkv")
    assert is_cut(data[: cues - 20], "mkv")


@pytest.mark.parametrize(
    ("matrix", "filters", "swaps"),
    [
        (None, (), False),
        ((ONE, 0, 0, 0, ONE, 0, 0, 0, 1 << 30), (), False),
        ((0, 0, 0, 0, 0, 0, 0, 0, 0), (), False),
        ((0, ONE, 0, -ONE, 0, 0, 480, 0, 1 << 30), ("transpose=clock",), True),
        ((0, 2 * ONE, 0, -2 * ONE, 9, 0, 0, 0, 1 << 30), ("transpose=clock",), True),
        ((-ONE, 0, 0, 0, -ONE, 0, 0, 0, 1 << 30), ("hflip", "vflip"), False),
        ((0, -ONE, 0, -ONE, 0, 0, 0, 0, 1 << 30), ("transpose=clock_flip",), True),
    ],
)
def test_a_matrix_is_a_turn(
    matrix: tuple[int, ...] | None, filters: tuple[str, ...], swaps: bool
) -> None:
    turn = turn_of(matrix)
    assert turn is not None
    assert (turn.filters, turn.swaps) == (filters, swaps)
    assert turn.of_size(4, 3) == ((3, 4) if swaps else (4, 3))
    assert (turn == UPRIGHT) == (not filters)


def test_an_angle_between_quarter_turns_is_none() -> None:
    slant = round(ONE * 0.7071)
    assert turn_of((slant, slant, 0, -slant, slant, 0, 0, 0, 1 << 30)) is None
    assert turn_of((ONE, ONE, 0, ONE, ONE, 0, 0, 0, 1 << 30)) is None
