"""What models are shown of media: the bytes that a rendering names."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

from pipelines.judge_pictures import JudgePictures, _heard
from tests.transforms.media.audio_made import music, sndfile
from transforms.media.judge_views import JudgeView
from transforms.media.settings import AudioPolicy, MediaPolicy
from transforms.relabel.llm.question import Keys, Media, Message, Question
from transforms.relabel.llm.wire import request_body
from transforms.relabel.protocol.material import Shown, material
from transforms.relabel.settings import Views
from transforms.relabel.settings_models import ModelSettings


class Store:
    """A media store of one medium."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def published(self, info: Mapping[str, Any]) -> bytes:
        """See `MediaStore`."""
        return self.data


def shown(
    slot: str, data: bytes, how: Shown | None = None, policy: MediaPolicy | None = None
) -> list[bytes]:
    """What a model is sent of a medium in this slot of the prompt."""
    info = {"digest": f"{len(data):064x}", "width": None, "height": None, "duration_s": None,
            "format": None}  # fmt: skip
    row = {"pair_id": "0" * 32, "prompt": [], "prompt_media": [{"slot": slot, "info": info}],
           "a_text": "", "a_media": [], "b_text": "", "b_media": []}  # fmt: skip
    render = JudgePictures(Store(data), policy or MediaPolicy())  # type: ignore[arg-type]
    parts = [part for part in material(row, "ab", how or Shown()) if isinstance(part, Media)]
    return [render(part, {info["digest"]: info}) for part in parts]


def _noise() -> bytes:
    sink = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(sink, "PNG")
    return sink.getvalue()


def test_pictures_have_the_quality_that_the_recipe_says() -> None:
    (plain,) = shown("prompt_images", _noise())
    (same,) = shown("prompt_images", _noise(), Shown(jpeg_quality=90))
    (coarse,) = shown("prompt_images", _noise(), Shown(jpeg_quality=40))
    assert plain == same
    assert len(coarse) < 0.7 * len(plain)
    assert Views().jpeg_quality == JudgeView().jpeg_quality == Shown().jpeg_quality == 90


@pytest.mark.parametrize("side", [16, 40])
def test_pictures_are_scaled_down_to_the_side_that_the_recipe_says(side: int) -> None:
    (data,) = shown("prompt_images", _noise(), Shown(image_side=side))
    assert max(Image.open(io.BytesIO(data)).size) == side


HEARS = Shown(hears=True)


def _sound(form: str, subtype: str) -> bytes:
    rate = 48_000
    return sndfile(music(0.5, rate), form, subtype, rate)


def test_sounds_that_models_take_are_sent_as_they_are() -> None:
    for data in (_sound("WAV", "PCM_16"), _sound("WAV", "PCM_24"), _sound("MP3", "MPEG_LAYER_III")):
        assert shown("prompt_audios", data, HEARS) == [data]


@pytest.mark.parametrize(
    ("form", "subtype", "off"),
    [("FLAC", "PCM_16", 0), ("FLAC", "PCM_24", 1), ("OGG", "VORBIS", 1), ("OGG", "OPUS", 1),
     ("RF64", "PCM_16", 0)],
)  # fmt: skip
def test_other_sounds_are_sent_as_wav_of_16_bits(form: str, subtype: str, off: int) -> None:
    """`off`: steps of 16 bits by which samples may differ; those of a 16-bit source stay."""
    source = _sound(form, subtype)
    (sent,) = shown("prompt_audios", source, HEARS)
    with soundfile.SoundFile(io.BytesIO(sent)) as file:
        assert (file.format, file.subtype, file.samplerate, file.channels) == (
            "WAV", "PCM_16", 48_000, 2
        )  # fmt: skip
        heard = file.read(dtype="int16")
    steps = soundfile.read(io.BytesIO(source))[0] * 32_768
    assert heard.shape == steps.shape
    assert np.abs(heard - steps).max() <= off
    # What is sent of it is a matter of the bytes alone.
    _heard.cache_clear()
    assert shown("prompt_audios", source, HEARS) == [sent]
    asked = Question("m", (Message("user", (Media("audio", "0" * 64),)),), {})
    settings = ModelSettings("http://127.0.0.1:9/v1", modalities=("text", "audio"))
    body = request_body(asked, settings, Keys("m", settings), lambda _: sent)
    assert body["messages"][0]["content"][0]["input_audio"]["format"] == "wav"


def test_what_cannot_be_rendered_is_an_error_that_costs_one_question() -> None:
    """Of a kind that the client takes for the medium's fault, not for the end of the run."""
    with pytest.raises(ValueError, match="audio_undecodable: "):
        shown("prompt_audios", _sound("FLAC", "PCM_16")[:3000], HEARS)
    with pytest.raises(ValueError, match="image_undecodable: "):
        shown("prompt_images", b"no picture")
    long = AudioPolicy(max_seconds=0.1)
    with pytest.raises(ValueError, match="audio_too_large: "):
        shown("prompt_audios", _sound("FLAC", "PCM_16"), HEARS, policy=MediaPolicy(audio=long))
