"""Sounds by other people, odd and broken ones among them: each is taken or refused as it must."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from transforms.media import audio
from transforms.media.errors import MediaError
from transforms.media.judge_views import JudgeView
from transforms.media.settings import AudioPolicy

REAL = Path(__file__).parents[4] / "shared" / "realdata"

pytestmark = pytest.mark.skipif(
    not REAL.is_dir(), reason=f"the real files are not there: no folder {REAL}"
)

POLICY = AudioPolicy()


def expected() -> dict[str, str]:
    told: dict[str, str] = {}
    if (REAL / "EXPECTED.jsonl").is_file():
        lines = (REAL / "EXPECTED.jsonl").read_text(encoding="utf-8").splitlines()
        records: list[dict[str, Any]] = [json.loads(line) for line in lines]
        told = {one["file"]: one["expected"] for one in records if one["modality"] == "audio"}
        ordinary = sorted((REAL / "media" / "audio").iterdir())
        told |= {f"media/audio/{path.name}": "decode" for path in ordinary}
    return told


#: Cases that are up to us: see the docstring of `transforms.media.audio`.
POLICY_CASES = {"hard/audio/faulty_04_-_wrong_number_of_channels.flac": "audio_undecodable"}


@pytest.mark.parametrize(("file", "fate"), expected().items())
def test_a_real_sound_is_taken_or_refused(file: str, fate: str) -> None:
    data = (REAL / file).read_bytes()
    if fate in ("reject", "policy"):
        with pytest.raises(MediaError) as error:
            audio.validate(data, POLICY)
        reasons = (
            (POLICY_CASES[file],) if fate == "policy" else ("audio_undecodable", "audio_empty")
        )
        assert error.value.reason in reasons
        return
    product = audio.normalise(audio.validate(data, POLICY), POLICY)
    published = product.data or data
    assert audio.normalise(audio.validate(published, POLICY), POLICY).data is None
    facts = audio.probe(published, POLICY)
    assert facts["format"] in POLICY.keep
    assert facts["rate_hz"] in POLICY.rates
    assert facts["channels"] <= 2
    (picture,) = audio.render_for_judge(published, POLICY, JudgeView(spectrogram_width=256))
    assert picture.caption.startswith("mel spectrogram")


def test_an_encrypted_clip_is_named() -> None:
    with pytest.raises(MediaError) as error:
        audio.validate((REAL / "hard" / "video" / "short-cenc.mp4").read_bytes(), POLICY)
    assert error.value.reason == "audio_encrypted"
