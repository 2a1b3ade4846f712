"""The picture of a sound: its size and caption, and whether what sounds can be seen."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from tests.transforms.media.audio_made import Samples, music, sndfile, tone
from transforms.media import audio
from transforms.media.audio.mel import mel_spectrogram, to_mel
from transforms.media.judge_views import JudgeView
from transforms.media.settings import AudioPolicy

VIEW = JudgeView(spectrogram_width=400, spectrogram_height=160)


def drawn(samples: Samples, rate: int = 44_100) -> tuple[npt.NDArray[np.int64], str]:
    (picture,) = audio.render_for_judge(sndfile(samples, rate=rate), AudioPolicy(), VIEW)
    image = Image.open(io.BytesIO(picture.data))
    assert image.format == "JPEG"
    return np.asarray(image.convert("L"), np.int64), picture.caption


def field(picture: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The spectrogram inside its frame."""
    return picture[18:170, 70:460]


def test_size_and_caption() -> None:
    picture, caption = drawn(music(2.0))
    assert caption == "mel spectrogram, 2.0 s, 44.1 kHz, stereo"
    assert picture.shape == (160 + 62, 400 + 170)
    assert drawn(music(0.25, 8_000, 1), 8_000)[1] == "mel spectrogram, 0.25 s, 8 kHz, mono"


def test_silence_is_dark_and_said() -> None:
    picture, caption = drawn(np.zeros((16_000, 1)), 16_000)
    assert caption == "mel spectrogram, 1.0 s, 16 kHz, mono, silent"
    assert field(picture).max() < 20


def test_a_tone_is_a_line_at_its_pitch() -> None:
    picture = field(drawn(tone(1.0, 44_100, 2_000, 0.5))[0])
    line = int(np.argmax(picture.mean(axis=1)))
    assert line == pytest.approx(160 * (1 - to_mel(2_000) / to_mel(16_000)) - 4, abs=4)
    assert picture[line].min() > 150
    assert picture[line + 40, 20:-20].max() < 60


def test_beats_are_columns_at_their_times() -> None:
    rng = np.random.default_rng(3)
    beats = rng.normal(0, 0.2, (44_100 * 2, 1))
    beats[(np.arange(len(beats)) // 4_410) % 5 > 0] = 0  # 0.1 s in every half second
    columns = field(drawn(beats)[0]).mean(axis=0)
    bright = columns > columns.max() / 2
    assert np.count_nonzero(np.diff(bright.astype(int)) == 1) in (3, 4)
    assert bright.mean() == pytest.approx(0.2, abs=0.06)


@pytest.mark.parametrize("count", [1, 100, 5_000, 3_000_000])
def test_any_length_fills_the_picture(count: int) -> None:
    rng = np.random.default_rng(4)
    noise = rng.normal(0, 0.1, (count, 1)).astype(np.float32)
    found = mel_spectrogram([noise], 16_000, 1, None, 300)
    assert found.decibels.shape == (128, 300)
    assert (found.seconds, found.hertz) == (count / 16_000, 8_000)
    assert np.isfinite(found.decibels).all()


def test_a_full_scale_tone_is_0_db() -> None:
    found = mel_spectrogram([tone(1.0, 44_100, 1_000).astype(np.float32)], 44_100, 1, None, 50)
    assert found.decibels[:, 10:40].max() == pytest.approx(0, abs=0.5)


def test_high_rates_are_shown_as_far_as_anybody_hears() -> None:
    found = mel_spectrogram([tone(1.0, 192_000).astype(np.float32)], 192_000, 1, None, 50)
    assert (found.hertz, found.seconds) == (16_000, 1.0)
