"""Sounds as some programs leave them: tags around them, no index, two in one, many channels."""

from __future__ import annotations

import io
import struct
from functools import cache

import numpy as np
import pytest
import soundfile

from tests.transforms.media.audio_made import libav, music, sndfile
from transforms.media import audio
from transforms.media.audio import mpeg
from transforms.media.errors import MediaError
from transforms.media.modality import Product
from transforms.media.settings import AudioPolicy

POLICY = AudioPolicy()
STEREO = music(1.0)


def produced(data: bytes) -> Product:
    return audio.normalise(audio.validate(data, POLICY), POLICY)


def ape(flags: int) -> bytes:
    """The header or footer of an APE tag without entries."""
    return b"APETAGEX" + struct.pack("<4I", 2000, 32, 0, flags) + bytes(8)


ID3V1 = b"TAG" + bytes(125)
HEADED = ape(0xA000_0000) + ape(0x8000_0000)


@pytest.mark.parametrize("tags", [ID3V1, ape(0), HEADED, HEADED + ID3V1])
def test_a_flac_before_tags_is_taken_out_of_them(tags: bytes) -> None:
    plain = sndfile(STEREO, "FLAC")
    product = produced(plain + tags)
    assert product.changes == ("header",)
    assert product.data == plain


@cache
def of_variable_rate() -> bytes:
    """An MP3 of three seconds without an index: music, and then silence in small frames."""
    sink = io.BytesIO()
    sound = np.concatenate([STEREO, np.zeros((2 * 44_100, 2))])
    with soundfile.SoundFile(
        sink, "w", 44_100, 2, "MPEG_LAYER_III", format="MP3", bitrate_mode="VARIABLE"
    ) as file:
        file.write(sound)
    data = sink.getvalue()
    index = mpeg.frame_at(data, 0)
    assert index is not None
    assert data[index.index_at : index.index_at + 4] == b"Xing"
    return data[index.length :]


LYRICS = b"LYRICSBEGIN" + bytes(90) + b"LYRICS200"


@pytest.mark.parametrize("behind", [b"", ID3V1, LYRICS, bytes(5_000), b"no sound" * 40])
def test_an_mp3_of_variable_rate_without_an_index_is_heard_to_its_end(behind: bytes) -> None:
    data = of_variable_rate() + behind
    product = produced(data)
    assert product.data is None
    assert product.changes == ()
    assert product.facts["duration_s"] == pytest.approx(3.0, abs=0.06)
    assert product.facts["frames"] == mpeg.walk(data).samples  # type: ignore[union-attr]


def test_a_moment_may_be_lost_of_an_mp3_without_an_index() -> None:
    data = bytearray(of_variable_rate())
    data[20_000:20_200] = b"\x55" * 200
    assert produced(bytes(data)).facts["duration_s"] == pytest.approx(3.0, abs=0.1)


def test_two_mp3_end_to_end_are_heard_both() -> None:
    data = sndfile(STEREO, "MP3", "MPEG_LAYER_III") * 2
    assert produced(data).facts["duration_s"] == pytest.approx(2.0, abs=0.1)


def test_eight_channels_in_planes_are_read() -> None:
    sound = np.zeros((4_410, 8))
    sound[:, 2] = music(0.1, channels=1)[:, 0]  # the centre
    decoded = audio.validate(libav(sound, "mov", "aac"), POLICY)
    assert decoded.samples is not None
    assert decoded.source_channels == 8
    left, right = decoded.samples.T
    assert np.array_equal(left, right)
    assert np.abs(left).max() == pytest.approx(0.354, abs=0.02)


def test_an_mp3_without_an_index_that_goes_on_at_another_rate_is_refused() -> None:
    data = of_variable_rate() + libav(STEREO, "mp3", "libmp3lame", 22_050)
    with pytest.raises(MediaError) as error:
        audio.validate(data, POLICY)
    assert error.value.reason == "audio_changes"


def test_a_flac_whose_frames_are_of_another_rate_than_it_says_is_refused() -> None:
    data = sndfile(STEREO, "FLAC")
    packed = int.from_bytes(data[18:26], "big")
    lying = packed - (44_100 << 44) + (48_000 << 44)
    with pytest.raises(MediaError, match="says 48,000 samples a second, a frame 44,100") as error:
        audio.validate(data[:18] + lying.to_bytes(8, "big") + data[26:], POLICY)
    assert error.value.reason == "audio_undecodable"
    assert produced(sndfile(STEREO, "FLAC", rate=37_800)).changes == ("rate",)
