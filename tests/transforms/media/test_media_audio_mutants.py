"""Good sounds with bits turned, parts lost or doubled: no crash, no hang, a named reason."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.transforms.media.audio_made import libav, music, sndfile
from transforms.media.errors import MediaError
from transforms.media.sandbox.runner import Sandbox
from transforms.media.settings import MediaPolicy

SECONDS = 20.0
#: What a mutant may be refused for. A crash or a hang of a decoder is not among them.
REASONS = {
    *("audio_undecodable", "audio_too_large", "audio_format", "audio_empty", "audio_changes"),
    *("audio_not_finite", "audio_encrypted", "audio_silent"),
}


def good() -> list[bytes]:
    sound = music(0.6)
    return [
        sndfile(sound),
        sndfile(sound, subtype="FLOAT"),
        sndfile(sound, subtype="MS_ADPCM"),
        sndfile(sound, subtype="IMA_ADPCM"),
        sndfile(sound, "AIFF"),
        sndfile(sound, "AU"),
        sndfile(sound, "FLAC"),
        sndfile(sound, "OGG", "VORBIS"),
        sndfile(sound, "OGG", "OPUS", 48_000),
        sndfile(sound, "MP3", "MPEG_LAYER_III"),
        libav(sound, "mp3", "libmp3lame"),
        libav(sound, "wav", "mp3"),
        libav(sound, "mp4", "aac", fast=True),
        libav(sound, "ipod", "alac", fast=True, sample="s16p"),
        libav(sound, "adts", "aac"),
        libav(sound, "webm", "libopus", 48_000),
    ]


def mutants(number: int, seed: int) -> Iterator[bytes]:
    rng = random.Random(seed)
    files = good()
    for turn in range(number):
        data = bytearray(files[turn % len(files)])
        for _ in range(rng.choice((1, 1, 2, 5))):
            _mutate(data, files, rng)
        yield bytes(data)


def _mutate(data: bytearray, files: list[bytes], rng: random.Random) -> None:
    if not data:
        return
    # most of what matters lies in the first bytes
    reach = len(data) if rng.random() < 0.4 else min(len(data), 300)
    at = rng.randrange(reach)
    match rng.randrange(7):
        case 0:
            for _ in range(rng.choice((1, 10, 100))):
                data[rng.randrange(reach)] ^= 1 << rng.randrange(8)
        case 1:
            del data[rng.randrange(len(data)) :]
        case 2:
            del data[at : at + rng.choice((1, 4, 100, 5_000))]
        case 3:
            data[at : at + 4] = rng.choice((b"\0" * 4, b"\xff" * 4, b"\x7f\xff\xff\xff"))
        case 4:
            other = rng.choice(files)
            size = rng.choice((4, 16, 64, 512))
            data[:size] = other[:size]
        case 5:
            piece = data[at : at + rng.choice((8, 400, 4_000))]
            data[at:at] = piece * rng.choice((1, 2, 50))
        case _:
            data[at : at + 64] = rng.randbytes(64)


def fates(number: int, seed: int) -> Counter[str]:
    with Sandbox(MediaPolicy(max_decode_seconds=SECONDS), 1) as sandbox:

        def fate(data: bytes) -> str:
            try:
                return "taken" if sandbox.run("audio", data) else "?"
            except MediaError as error:
                return error.reason

        with ThreadPoolExecutor(2) as threads:
            return Counter(threads.map(fate, mutants(number, seed)))


def test_fifty_mutants() -> None:
    found = fates(50, 11)
    assert found.total() == 50
    assert set(found) <= {"taken", *REASONS}
    assert found["audio_undecodable"] > 10


@pytest.mark.full
def test_two_thousand_mutants() -> None:
    found = fates(2_000, 12)
    assert found.total() == 2_000
    assert set(found) <= {"taken", *REASONS}
