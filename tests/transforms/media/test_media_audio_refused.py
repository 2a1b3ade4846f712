"""Sounds that are refused: damaged, cut, beyond a limit, or none at all; and for which reason."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.transforms.media.audio_made import libav, music, sndfile, tone, wav, with_id3
from transforms.media import audio
from transforms.media.errors import MediaError
from transforms.media.judge_views import JudgeView
from transforms.media.settings import AudioPolicy

POLICY = AudioPolicy()
SOUND = music(2.0)
PCM = np.arange(16_000, dtype="<i2").tobytes()


#: Whole files of two seconds.
MAKERS: dict[str, Callable[[], bytes]] = {
    "wav": lambda: sndfile(SOUND),
    "wav float": lambda: sndfile(SOUND, subtype="FLOAT"),
    "wav ms": lambda: sndfile(SOUND, subtype="MS_ADPCM"),
    "wav mp3": lambda: libav(SOUND, "wav", "mp3"),
    "rf64": lambda: sndfile(SOUND, "RF64"),
    "aiff": lambda: sndfile(SOUND, "AIFF"),
    "au": lambda: sndfile(SOUND, "AU"),
    "flac": lambda: sndfile(SOUND, "FLAC"),
    "mp3": lambda: sndfile(SOUND, "MP3", "MPEG_LAYER_III"),
    "mp3 lame": lambda: libav(SOUND, "mp3", "libmp3lame"),
    "ogg": lambda: sndfile(SOUND, "OGG", "VORBIS"),
    "opus": lambda: sndfile(SOUND, "OGG", "OPUS", 48_000),
    "m4a": lambda: libav(SOUND, "mp4", "aac"),
    "m4a first": lambda: libav(SOUND, "mp4", "aac", fast=True),
    "alac": lambda: libav(SOUND, "ipod", "alac", fast=True, sample="s16p"),
    "adts": lambda: libav(SOUND, "adts", "aac"),
    "webm": lambda: libav(SOUND, "webm", "libopus", 48_000),
}


@cache
def made(name: str) -> bytes:
    return MAKERS[name]()


def refused(data: bytes, policy: AudioPolicy = POLICY) -> tuple[str, str]:
    with pytest.raises(MediaError) as error:
        audio.validate(data, policy)
    with pytest.raises(MediaError):
        audio.render_for_judge(data, policy, JudgeView(spectrogram_width=64))
    return error.value.reason, error.value.message


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("name", MAKERS)
def test_a_sound_that_is_cut_is_refused(name: str, share: float) -> None:
    data = made(name)
    reason, message = refused(data[: int(len(data) * share)])
    assert reason == "audio_undecodable"
    assert "0x" not in message


@pytest.mark.parametrize("name", ["ogg", "opus", "flac", "m4a", "alac", "webm"])
def test_a_sound_whose_middle_is_lost_is_refused(name: str) -> None:
    data = bytearray(made(name))
    middle = slice(len(data) // 3, len(data) // 2)
    data[middle] = bytes(middle.stop - middle.start)
    assert refused(bytes(data))[0] == "audio_undecodable"


def test_a_stream_of_frames_may_lose_a_moment_but_not_more() -> None:
    data = made("mp3")
    at = len(data) // 2
    little = data[:at] + bytes(300) + data[at + 300 :]
    assert audio.validate(little, POLICY).changes == ()
    much = data[:at] + bytes(10_000) + data[at + 10_000 :]
    assert refused(much)[1].startswith("mp3: damaged or cut short")
    gone = data[:at] + data[at + 12_000 :]
    assert refused(gone)[0] == "audio_undecodable"


def test_a_bit_that_turned_is_noticed_where_there_are_checksums() -> None:
    for name in ("ogg", "opus", "flac"):
        data = bytearray(made(name))
        data[len(data) // 2] ^= 4
        assert refused(bytes(data))[0] == "audio_undecodable"


def test_a_flac_with_another_checksum_is_refused() -> None:
    data = bytearray(made("flac"))
    data[30] ^= 1
    assert "checksum (MD5)" in refused(bytes(data))[1]


def test_pages_of_ogg_that_are_missing_are_noticed() -> None:
    data = sndfile(music(8.0, 16_000), "OGG", "VORBIS", 16_000)
    pages = [b"OggS" + page for page in data.split(b"OggS")[1:]]
    assert len(pages) > 5
    del pages[4]
    assert "pages are missing" in refused(b"".join(pages))[1]


def test_a_recording_of_a_broadcast_may_begin_late() -> None:
    data = sndfile(music(8.0, 16_000), "OGG", "VORBIS", 16_000)
    pages = [b"OggS" + page for page in data.split(b"OggS")[1:]]
    headers = next(n for n, page in enumerate(pages) if struct.unpack_from("<q", page, 6)[0] > 0)
    late = b"".join(pages[:headers] + pages[headers + 2 :])
    assert audio.validate(late, POLICY).heard.frames < 8 * 16_000


@pytest.mark.parametrize(
    ("data", "policy", "reason", "says"),
    [
        (b"", POLICY, "audio_undecodable", "not a sound but empty"),
        (b"<!doctype html><html>", POLICY, "audio_undecodable", "not a sound but html page"),
        (b"\x89PNG\r\n\x1a\n" * 9, POLICY, "audio_undecodable", "not a known sound but png"),
        (bytes(4_000), POLICY, "audio_undecodable", "not a known sound"),
        (PCM, POLICY, "audio_undecodable", "not a known sound"),
        (b"ID3\x03\0\0\x7f\x7f\x7f\x7f", POLICY, "audio_undecodable", "not a known sound"),
        (b"fLaC" + bytes(50), POLICY, "audio_undecodable", "channels of 0 samples"),
        (b"RIFF\0\0\0\0WAVE", POLICY, "audio_undecodable", "lacks the format"),
        (wav(b""), POLICY, "audio_empty", "without a sample"),
        (wav(b"\7"), POLICY, "audio_empty", "without a sample"),
        (wav(PCM, rate=0), POLICY, "audio_undecodable", "wav"),
        (wav(PCM, rate=40), POLICY, "audio_undecodable", "of 40 samples a second"),
        (wav(PCM, tag=0x1234), POLICY, "audio_undecodable", "wav"),
        (b"MThd" + bytes(60), POLICY, "audio_format", "midi is not among"),
        (wav(PCM), AudioPolicy(formats=("flac",), keep=("flac",)), "audio_format", "wav"),
        (wav(PCM), AudioPolicy(max_bytes=999), "audio_too_large", "the limit is 999"),
        (wav(PCM), AudioPolicy(max_seconds=0.9), "audio_too_large", "1.0 seconds"),
        (wav(PCM, channels=4), AudioPolicy(max_channels=3), "audio_too_large", "4 channels"),
        (wav(PCM, rate=1_000_000), POLICY, "audio_too_large", "1,000,000 Hz"),
        (wav(PCM, channels=4), AudioPolicy(max_samples=15_999), "audio_too_large", "16,000 sam"),
    ],
)
def test_what_is_no_good_sound_is_refused(
    data: bytes, policy: AudioPolicy, reason: str, says: str
) -> None:
    found, message = refused(data, policy)
    assert (found, says in message) == (reason, True), message


@pytest.mark.parametrize("name", ["mp3", "ogg", "m4a", "webm", "flac", "adts"])
def test_a_sound_that_is_too_long_is_refused_whatever_its_header_tells(name: str) -> None:
    reason, message = refused(made(name), AudioPolicy(max_seconds=1.5))
    assert (reason, "the limit is 1.5" in message) == ("audio_too_large", True)


def test_a_length_beyond_the_limit_is_refused_by_the_header_alone() -> None:
    data = bytearray(made("flac"))
    data[21] |= 0x0F
    with pytest.raises(MediaError) as error:
        audio.probe(bytes(data), POLICY)
    assert error.value.reason == "audio_too_large"


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_that_are_no_number_are_refused(value: float) -> None:
    samples = tone(1.0, 16_000, level=0.5)
    samples[500] = value
    reason, message = refused(sndfile(samples, subtype="FLOAT", rate=16_000))
    assert (reason, "NaN" in message) == ("audio_not_finite", True)


def test_a_sound_whose_form_changes_on_the_way_is_refused() -> None:
    one, two = libav(music(1.0), "adts", "aac"), libav(music(1.0, 22_050), "adts", "aac", 22_050)
    assert refused(one + two)[0] in ("audio_changes", "audio_undecodable")


def flac_frames(rate: int, seed: int) -> tuple[bytes, bytes]:
    data = sndfile(music(1.0, rate, 1, seed), "FLAC", rate=rate)
    at, last = 4, False
    while not last:
        last = bool(data[at] & 0x80)
        at += 4 + int.from_bytes(data[at + 1 : at + 4], "big")
    return data[:at], data[at:]


def test_a_flac_whose_rate_changes_is_refused() -> None:
    (head, first), (_, second) = flac_frames(44_100, 1), flac_frames(16_000, 2)
    open_ended = head[:21] + bytes([head[21] & 0xF0]) + bytes(20) + head[42:]
    reason, message = refused(open_ended + first + second)
    assert (reason, "44,100 Hz" in message) == ("audio_changes", True)


def test_an_encrypted_sound_is_named() -> None:
    data = made("m4a first").replace(b"mp4a", b"enca", 1)
    head, sound = data[: data.index(b"mdat") + 4], data[data.index(b"mdat") + 4 :]
    assert refused(head + bytes(byte ^ 0x5A for byte in sound))[0] == "audio_encrypted"


def test_an_mp4_without_sound_is_refused() -> None:
    import av

    sink = io.BytesIO()
    with av.open(sink, "w", format="mp4") as file:
        video: Any = file.add_stream("mpeg4", rate=5)
        video.width = video.height = 32
        for _ in range(5):
            picture = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), "rgb24")
            file.mux(video.encode(picture))
        file.mux(video.encode(None))
    assert refused(sink.getvalue()) == ("audio_undecodable", "m4a: mov without sound")


def test_a_playlist_is_no_sound() -> None:
    for text in ("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "ffconcat version 1.0\nfile x.wav\n"):
        assert refused(text.encode())[1] == "not a sound but text"


def test_endless_chunks_end() -> None:
    flood = (b"junk" + bytes(4)) * 200_000
    assert refused(wav(PCM, chunks=flood))[0] == "audio_undecodable"


def test_a_tag_without_a_sound_is_refused() -> None:
    assert refused(with_id3(b"", 100_000))[0] == "audio_undecodable"


def test_the_bytes_that_are_given_to_libsndfile_are_never_taken_for_raw_samples() -> None:
    assert "RAW" in soundfile.available_formats()
    assert refused(b"\x01\x02" * 5_000)[0] == "audio_undecodable"
