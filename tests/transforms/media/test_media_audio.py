"""Sounds: which keep their bytes, what the others become, and the facts of both."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.transforms.media.audio_made import (
    clip_with_sound,
    libav,
    music,
    sndfile,
    tone,
    wav,
    with_id3,
)
from transforms.media import audio
from transforms.media.audio.flac import read_streaminfo
from transforms.media.errors import MediaError
from transforms.media.modality import Product
from transforms.media.settings import AudioPolicy

POLICY = AudioPolicy()
STEREO = music(1.0)
MONO = music(1.0, channels=1)


def produced(data: bytes, policy: AudioPolicy = POLICY) -> Product:
    return audio.normalise(audio.validate(data, policy), policy)


def samples_of(data: bytes) -> tuple[Any, int, str]:
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        return file.read(always_2d=True), file.samplerate, file.subtype


#: Files by what they are; the first word is the container's name.
MAKERS: dict[str, Callable[[], bytes]] = {
    "wav 16": lambda: sndfile(STEREO),
    "wav 24": lambda: sndfile(STEREO, subtype="PCM_24"),
    "wav extensible": lambda: sndfile(STEREO, "WAVEX"),
    "wav big-endian": lambda: sndfile(STEREO, endian="BIG"),
    "wav rf64": lambda: sndfile(STEREO, "RF64"),
    "flac 16": lambda: sndfile(STEREO, "FLAC"),
    "flac 24": lambda: sndfile(STEREO, "FLAC", "PCM_24"),
    "mp3": lambda: sndfile(STEREO, "MP3", "MPEG_LAYER_III"),
    "mp3 lame": lambda: libav(STEREO, "mp3", "libmp3lame"),
    "mp3 tagged": lambda: with_id3(sndfile(STEREO, "MP3", "MPEG_LAYER_III"), 3_000_000),
    "ogg vorbis": lambda: sndfile(STEREO, "OGG", "VORBIS"),
    "opus": lambda: sndfile(STEREO, "OGG", "OPUS", 48_000),
    "wav 8": lambda: sndfile(STEREO, subtype="PCM_U8"),
    "wav 32": lambda: sndfile(STEREO, subtype="PCM_32"),
    "wav float": lambda: sndfile(STEREO, subtype="FLOAT"),
    "wav double": lambda: sndfile(STEREO, subtype="DOUBLE"),
    "wav a-law": lambda: sndfile(STEREO, subtype="ALAW"),
    "wav mu-law": lambda: sndfile(STEREO, subtype="ULAW"),
    "wav ima": lambda: sndfile(STEREO, subtype="IMA_ADPCM"),
    "wav ms": lambda: sndfile(STEREO, subtype="MS_ADPCM"),
    "wav gsm": lambda: sndfile(MONO, subtype="GSM610"),
    "wav g726": lambda: libav(MONO, "wav", "adpcm_g726", 8_000),
    "wav mp3": lambda: libav(STEREO, "wav", "mp3"),
    "mp3 layer 2": lambda: libav(STEREO, "mp2", "mp2"),
    "flac 8": lambda: sndfile(STEREO, "FLAC", "PCM_S8"),
    "aiff": lambda: sndfile(STEREO, "AIFF"),
    "aiff float": lambda: sndfile(STEREO, "AIFF", "FLOAT"),
    "aiff a-law": lambda: sndfile(STEREO, "AIFF", "ALAW"),
    "au": lambda: sndfile(STEREO, "AU"),
    "m4a aac": lambda: libav(STEREO, "mp4", "aac"),
    "m4a alac 16": lambda: libav(STEREO, "ipod", "alac", sample="s16p"),
    "m4a alac 24": lambda: libav(STEREO, "ipod", "alac", sample="s32p"),
    "m4a clip": clip_with_sound,
    "aac adts": lambda: libav(STEREO, "adts", "aac"),
    "webm opus": lambda: libav(STEREO, "webm", "libopus", 48_000),
}


@cache
def made(name: str) -> bytes:
    return MAKERS[name]()


KEPT = (
    *("wav 16", "wav 24", "wav extensible", "wav big-endian", "wav rf64", "flac 16", "flac 24"),
    *("mp3", "mp3 lame", "mp3 tagged", "ogg vorbis", "opus"),
)
CODEC = (
    *("wav 8", "wav 32", "wav float", "wav double", "wav a-law", "wav mu-law", "wav ima", "wav ms"),
    *("wav gsm", "wav g726", "wav mp3", "mp3 layer 2", "flac 8"),
)
#: Seconds of what was written at another rate than it was made for.
LENGTHS = {"wav g726": 44_100 / 8_000, "opus": 44_100 / 48_000, "webm opus": 44_100 / 48_000}
WIDE = ("wav 24", "flac 24", "wav 32", "wav float", "wav double", "aiff float", "m4a alac 24")


@pytest.mark.parametrize("name", MAKERS)
def test_every_format_is_read_and_leads_to_a_product_that_stays(name: str) -> None:
    data = made(name)
    facts = audio.describe(audio.validate(data, POLICY), POLICY)
    product = produced(data)
    expected = () if name in KEPT else ("codec",) if name in CODEC else ("container",)
    assert (facts["format"], facts["bytes"]) == (name.split(maxsplit=1)[0], len(data))
    assert product.changes == expected
    assert facts["duration_s"] == pytest.approx(LENGTHS.get(name, 1.0), abs=0.05)
    if name in KEPT:
        assert product.data is None
        assert product.facts == facts
        return
    assert product.data is not None
    assert produced(data).data == product.data
    assert produced(product.data) == Product(product.facts)
    rate = facts["rate_hz"]
    assert audio.probe(product.data, POLICY) == {
        "format": "flac",
        "bytes": len(product.data),
        "rate_hz": rate,
        "channels": facts["channels"],
        "frames": facts["frames"],
        "duration_s": facts["frames"] / rate,
    }
    assert samples_of(product.data)[2] == ("PCM_24" if name in WIDE else "PCM_16")


@pytest.mark.parametrize("name", ["aiff", "au", "m4a alac 16"])
def test_whole_numbers_stay_what_they_are(name: str) -> None:
    product = produced(made(name))
    assert product.data is not None
    expected = libav(STEREO, "wav", "pcm_s16le") if "alac" in name else made("wav 16")
    assert np.array_equal(samples_of(product.data)[0], samples_of(expected)[0])


def test_samples_of_24_bits_stay_what_they_are() -> None:
    for name in ("m4a alac 24", "wav 32", "wav float"):
        product = produced(made(name))
        assert product.data is not None
        found = samples_of(product.data)[0]
        assert np.abs(found - STEREO).max() <= 2**-23


def test_a_product_has_no_metadata_and_a_checksum() -> None:
    data = produced(made("aiff")).data
    assert data is not None
    assert b"reference" not in data
    assert data[4] == 0x80  # STREAMINFO is the first block, and the last
    info = read_streaminfo(data)
    assert info is not None
    assert (info.rate, info.channels, info.bits, info.frames) == (44_100, 2, 16, 44_100)
    assert len(info.md5) == 16


def test_facts_of_a_sound() -> None:
    data = made("wav 16")
    known = {
        "format": "wav",
        "bytes": len(data),
        "rate_hz": 44_100.0,
        "channels": 2,
        "frames": 44_100,
        "duration_s": 1.0,
    }
    assert audio.probe(data, POLICY) == known
    facts = audio.describe(audio.validate(data, POLICY), POLICY)
    levels = {"loudness_lufs": -14.08, "peak_dbfs": -6.02}
    assert {**known, **levels, "phash": facts["phash"]} == facts
    assert len(facts["phash"]) == 16


@pytest.mark.parametrize(
    ("rate", "policy", "becomes"),
    [
        (39_000, POLICY, 44_100),
        (6_000, POLICY, 8_000),
        (96_000, POLICY, 48_000),
        (192_000, POLICY, 48_000),
        (16_000, AudioPolicy(rate=24_000), 24_000),
        (44_100, AudioPolicy(rates=(16_000,)), 16_000),
    ],
)
def test_other_rates_are_resampled(rate: int, policy: AudioPolicy, becomes: int) -> None:
    low = tone(2.0, rate, 440, 0.5)
    product = produced(sndfile(low, rate=rate), policy)
    assert product.changes == ("rate",)
    assert product.data is not None
    found, at_rate, _ = samples_of(product.data)
    assert (at_rate, product.facts["frames"]) == (becomes, 2 * becomes)
    middle = slice(becomes // 2, -becomes // 2)
    assert np.abs(found - tone(2.0, becomes, 440, 0.5))[middle].max() < 0.001
    assert produced(product.data, policy).data is None


def test_the_extension_is_never_asked_and_a_rate_may_be_the_only_change() -> None:
    product = produced(made("mp3"), AudioPolicy(rate=16_000))
    assert (product.changes, product.facts["rate_hz"]) == (("rate",), 16_000.0)


def test_one_channel_by_policy_is_the_mean_of_two() -> None:
    policy = AudioPolicy(channels="mono")
    product = produced(made("wav 16"), policy)
    assert product.changes == ("channels",)
    assert product.data is not None
    found = samples_of(product.data)[0]
    both = samples_of(made("wav 16"))[0]
    assert np.abs(found[:, 0] - both.mean(axis=1)).max() <= 2**-15
    assert produced(product.data, policy).data is None


def test_samples_beyond_full_scale_are_clipped_as_players_do() -> None:
    loud = tone(1.0, 48_000, level=2.0)
    product = produced(sndfile(loud, subtype="FLOAT", rate=48_000))
    assert product.data is not None
    assert np.abs(samples_of(product.data)[0] - np.clip(loud, -1, 1)).max() <= 2**-22


def test_what_resampling_drives_beyond_full_scale_is_scaled_down() -> None:
    square = np.sign(tone(1.0, 39_000, 300)) * 0.99
    product = produced(sndfile(square, rate=39_000))
    assert product.data is not None
    found = samples_of(product.data)[0]
    assert 0.999 < np.abs(found).max() <= 1
    assert np.median(np.abs(found)) < 0.95


UNKNOWN = [0, 0x7FFFF000, 0x7FFFFF00, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]
LIST = b"LIST" + struct.pack("<I", 26) + b"INFOISFT" + struct.pack("<I", 14) + b"Lavf60.16.100\0"


@pytest.mark.parametrize("size", UNKNOWN)
def test_a_header_that_leaves_the_length_open_is_mended(size: int) -> None:
    pcm = np.arange(16_000, dtype="<i2").tobytes()
    streamed = wav(pcm + b"\7", promised=size)
    product = produced(streamed)
    assert product.changes == ("header",)
    assert product.data == wav(pcm)
    assert produced(product.data) == Product(product.facts)
    assert product.facts["bytes"] == len(product.data)


@pytest.mark.parametrize("size", UNKNOWN)
@pytest.mark.parametrize("behind", [LIST, LIST + b"id3 \3\0\0\0abc\0", LIST + b"id3 \3\0\0\0abc"])
def test_what_follows_a_sound_of_open_length_is_no_sound(size: int, behind: bytes) -> None:
    pcm = np.arange(16_000, dtype="<i2").tobytes()
    assert produced(wav(pcm + behind, promised=size)).data == wav(pcm)
    said = b"LIST of things".ljust(16, b".")  # samples that only look like a chunk
    assert produced(wav(said + pcm, promised=size)).data == wav(said + pcm)
    with pytest.raises(MediaError) as error:
        produced(wav(behind, promised=size))
    assert error.value.reason == "audio_empty"


def test_an_open_length_may_be_of_whole_samples() -> None:
    pcm = bytes(range(48)) * 500
    size = 0x7FFFF000 - 0x7FFFF000 % 6
    streamed = wav(pcm, channels=2, bits=24, promised=size)
    assert produced(streamed).data == wav(pcm, channels=2, bits=24)


@pytest.mark.parametrize("align", [0, 1])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_header_that_states_too_few_bytes_of_a_sample_is_mended(
    align: int, channels: int
) -> None:
    pcm = np.arange(16_000, dtype="<i2").tobytes()
    whole = wav(pcm, channels=channels)
    wrong = bytearray(whole)
    struct.pack_into("<IH", wrong, 28, 16_000 * align, align)
    product = produced(bytes(wrong))
    assert (product.data, product.changes) == (whole, ("header",))
    with pytest.raises(MediaError, match="cut short"):
        produced(bytes(wrong[: len(wrong) // 2]))


def test_a_wav_that_is_a_little_short_is_mended() -> None:
    pcm = np.arange(16_000, dtype="<i2").tobytes()
    assert produced(wav(pcm, promised=len(pcm) + 100)).data == wav(pcm)


def test_a_flac_that_states_its_length_wrong_is_mended_if_its_checksum_is_right() -> None:
    data = made("flac 16")
    wrong = bytearray(data)
    wrong[21:26] = ((wrong[21] & 0xF0) << 32 | 50_000).to_bytes(5, "big")
    product = produced(bytes(wrong))
    assert (product.data, product.changes) == (data, ("header",))


def test_a_flac_behind_an_id3_tag_is_taken_out_of_it() -> None:
    data = made("flac 16")
    tagged = with_id3(b"", 2_000) + bytes(100) + data
    product = produced(tagged)
    assert (product.data, product.changes) == (data, ("header",))
    assert audio.describe(audio.validate(tagged, POLICY), POLICY)["bytes"] == len(tagged)


def test_a_flac_that_leaves_its_length_open_is_mended() -> None:
    data = made("flac 16")
    open_ended = data[:21] + bytes([data[21] & 0xF0]) + bytes(4) + data[26:]
    assert produced(open_ended).data == data
    assert produced(open_ended[:26] + bytes(16) + data[42:]).changes == ("header",)


def test_a_flac_without_a_checksum_is_kept() -> None:
    data = made("flac 16")
    assert produced(data[:26] + bytes(16) + data[42:]).data is None


def test_silence_is_kept_or_refused() -> None:
    data = sndfile(np.zeros((8_000, 1)), rate=8_000)
    assert produced(data).data is None
    hiss = sndfile(np.full((8_000, 1), 10 ** (-91 / 20)), subtype="PCM_24", rate=8_000)
    for quiet, says in ((data, "peak none"), (hiss, "peak -91 dBFS")):
        with pytest.raises(MediaError, match=says) as error:
            audio.validate(quiet, replace(POLICY, silent="reject"))
        assert error.value.reason == "audio_silent"
    loud = sndfile(np.full((8_000, 1), 10 ** (-89 / 20)), subtype="PCM_24", rate=8_000)
    assert audio.validate(loud, replace(POLICY, silent="reject")).changes == ()


def test_a_chunk_of_junk_does_no_harm() -> None:
    junk = b"LIST" + struct.pack("<I", 1_000_000) + bytes(1_000_000)
    pcm = np.arange(16_000, dtype="<i2").tobytes()
    assert produced(wav(pcm, chunks=junk)).data is None


@pytest.mark.parametrize(
    "options",
    [
        {"formats": ("wav", "flac", "tape")},
        {"keep": ("wav",)},
        {"keep": ("flac", "m4a"), "formats": ("flac",)},
        {"rates": ()},
        {"rates": (500,)},
        {"rate": 0},
        {"rate": 400_000},
        {"max_seconds": 0},
        {"max_missing_share": 1.0},
        {"max_missing_seconds": -1.0},
        {"channels": "five"},
        {"silent": "loud"},
    ],
)
def test_a_policy_without_meaning_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options)).split("_")[0]):
        AudioPolicy(**options)
