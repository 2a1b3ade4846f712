"""Odd and broken clips by other people: what becomes of each.

The files lie beside the checkout on machines that have them (`../shared/realdata`); elsewhere these
tests are skipped. One may go either way by policy: `fixture-null.webm`, a screen recording whose
last frame ends where the file says, is whole for all its missing frames (see `video.decode`).
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from transforms.media.errors import MediaError
from transforms.media.modality import Product
from transforms.media.settings import VideoPolicy
from transforms.media.video import normalise, validate

REAL = Path(__file__).parents[3].parent / "shared" / "realdata"
POLICY = VideoPolicy()

pytestmark = pytest.mark.skipif(
    not REAL.is_dir(), reason=f"the real files are not there: no folder {REAL}"
)

#: file -> changes, width, height, frames; or the reason of a refusal.
FOUND: dict[str, tuple[tuple[str, ...], int, int, int] | str] = {
    "video_90.mov": (("orientation", "container"), 320, 568, 3),
    "video_0.mov": (("container",), 568, 320, 3),
    "corrupted.mp4": "video_undecodable",
    "av1_video.mkv": (("codec", "container"), 640, 360, 125),
    "h264_10bits.mp4": (("pixel_format", "faststart"), 200, 200, 30),
    "nasa_13013.mp4": (("faststart", "streams"), 320, 180, 325),
    "no_duration.webm": (("codec", "container", "sound"), 1280, 720, 74),
    "video_with_failing_audio.mp4": (("faststart",), 640, 360, 280),
    "result.webm": "video_empty",
    "fixture-null.webm": (("codec", "container"), 1920, 1080, 36),
    "fixture-dash.mp4": "video_undecodable",
    "fixture.flv": (("codec", "container"), 268, 156, 25),
    "fixture2.3gp": (("codec", "aspect", "container", "sound"), 192, 144, 97),
    "bbb_sunflower_QCIF_30fps_mp4v_noaudio_1f.mp4": (
        ("codec", "aspect", "faststart"),
        256,
        144,
        1,
    ),
    "chunk_out_of_range.mp4": "video_undecodable",
    "short-cenc.mp4": "video_encrypted",
    "test_video_66x50.mov": (("edit_list", "container"), 66, 50, 82),
    "newtonscradle.gif": (("codec", "pixel_format", "container"), 200, 150, 36),
}

#: Files whose second look takes seconds.
SLOW = (
    *("fixture-null.webm", "no_duration.webm", "av1_video.mkv", "video_with_failing_audio.mp4"),
    *("cockatoo.mp4", "big_buck_bunny_432_433.webm", "sample_msrvtt.mp4"),
)


def normalised(data: bytes) -> Product:
    return normalise(validate(data, POLICY), POLICY)


def slow(names: list[str]) -> list[object]:
    return [
        pytest.param(name, marks=pytest.mark.full if name in SLOW else ()) for name in sorted(names)
    ]


@pytest.mark.parametrize("name", slow(list(FOUND)))
def test_a_hard_file(name: str) -> None:
    data = (REAL / "hard" / "video" / name).read_bytes()
    expected = FOUND[name]
    if isinstance(expected, str):
        with pytest.raises(MediaError) as error:
            normalised(data)
        assert error.value.reason == expected
        return
    product = normalised(data)
    facts = product.facts
    assert (product.changes, facts["width"], facts["height"], facts["frames"]) == expected
    if product.data is not None:
        assert normalised(product.data) == Product(facts)


def test_what_is_found_is_what_is_expected() -> None:
    lines = (REAL / "EXPECTED.jsonl").read_text(encoding="utf-8").splitlines()
    wanted = {
        Path(row["file"]).name: row["expected"]
        for row in map(json.loads, lines)
        if row["modality"] == "video"
    }
    assert wanted.keys() == FOUND.keys()
    for name, expected in wanted.items():
        is_refused = isinstance(FOUND[name], str)
        assert expected == "policy" or is_refused == (expected == "reject"), name


@pytest.mark.parametrize(
    "name", slow(["big_buck_bunny_432_433.webm", "cockatoo.mp4", "sample_msrvtt.mp4"])
)
def test_an_ordinary_file_is_accepted(name: str) -> None:
    data = (REAL / "media" / "video" / name).read_bytes()
    product = normalised(data)
    assert product.facts["format"] == "mp4"
    assert product.facts["duration_s"] == pytest.approx(validate(data, POLICY).duration_s, abs=0.05)
