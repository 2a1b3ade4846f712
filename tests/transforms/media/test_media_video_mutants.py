"""Good clips with bits flipped, cut, swapped and misnamed: refused or read, never worse."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import get_context

import numpy as np
import pytest

from tests.transforms.media.video_cases import FAST, X264, conforming, made, pictures
from transforms.media.errors import MediaError
from transforms.media.judge_views import JudgeView
from transforms.media.settings import VideoPolicy
from transforms.media.video import normalise, probe, render_for_judge, validate

#: Seconds that one mutant may take; a sandbox kills what takes longer.
SECONDS = 20.0

#: Mutants that are looked at in one process, so that a crash takes down few.
BATCH = 50

POLICIES = (VideoPolicy(), VideoPolicy(damage="conceal", audio="drop", max_side=32))

REASONS = {
    *("video_undecodable", "video_too_large", "video_format", "video_empty"),
    *("video_encrypted", "video_audio_only", "video_product", "video_memory"),
}


def seeds() -> list[bytes]:
    """One small file of every kind that takes its own way through demuxers and decoders."""
    return [
        conforming(),
        pictures(*X264),
        pictures(*X264, "-g", "5", "-movflags", "frag_keyframe+empty_moov"),
        pictures(*X264, "-vf", "setsar=2", *FAST),
        pictures(*X264, end="mkv"),
        pictures(*X264, end="ts"),
        pictures("-c:v", "libvpx", end="webm"),
        pictures("-c:v", "libvpx-vp9", "-cpu-used", "8", end="webm"),
        pictures("-c:v", "libsvtav1", "-preset", "12"),
        pictures("-c:v", "libx265", "-x265-params", "log-level=none"),
        pictures("-c:v", "mpeg4", "-bf", "2", end="avi"),
        pictures("-c:v", "mjpeg", "-pix_fmt", "yuvj420p", end="avi"),
        pictures("-c:v", "flv", end="flv"),
        pictures("-c:v", "mpeg2video", "-r", "25", end="mpg"),
        pictures("-c:v", "libtheora", end="ogv"),
        pictures("-c:v", "wmv2", end="wmv"),
        pictures(end="gif"),
        made("-i", "before", "-c:v", "copy", "-c:a", "libvorbis", end="mkv", before=conforming()),
    ]


def mutants(number: int, seed: int) -> Iterator[tuple[bytes, int]]:
    """Files with one kind of damage each, and the policy for them; the same for a seed."""
    random, files = np.random.default_rng(seed), seeds()
    for _ in range(number):
        yield mutant(random, files), int(random.integers(len(POLICIES)))


def mutant(random: np.random.Generator, files: list[bytes]) -> bytes:
    data = bytearray(files[random.integers(len(files))])
    other = files[random.integers(len(files))]
    kind, place = random.integers(7), int(random.integers(len(data)))
    if kind == 0:  # a few bits anywhere
        for spot in random.integers(len(data), size=random.integers(1, 9)):
            data[spot] ^= 1 << int(random.integers(8))
    elif kind == 1:  # a few bytes of the header
        for spot in random.integers(min(len(data), 1_200), size=random.integers(1, 5)):
            data[spot] = int(random.integers(256))
    elif kind == 2:  # a number made huge
        data[place : place + 4] = b"\x7f\xff\xff\xff"
    elif kind == 3:  # cut
        del data[place:]
    elif kind == 4:  # a piece lost, or twice
        piece = data[place : place + int(random.integers(1, 400))]
        data[place : place + len(piece) * int(random.integers(2))] = piece * int(random.integers(2))
    elif kind == 5:  # the head of another file
        size = int(random.integers(8, 1_000))
        data[:size] = other[:size]
    else:  # a stretch of noise
        noise = random.integers(256, size=random.integers(1, 200), dtype=np.uint8).tobytes()
        data[place : place + len(noise)] = noise
    return bytes(data)


def outcome(data: bytes, policy: VideoPolicy) -> str:
    """``kept``, ``made`` or a reason; anything that no clip should do is raised."""
    try:
        product = normalise(validate(data, policy), policy)
    except MediaError as error:
        return error.reason if error.message else f"{error.reason} without a message"
    if product.data is None:
        return "kept"
    assert normalise(validate(product.data, policy), policy).data is None
    return "made"


def outcomes(mutated: list[tuple[bytes, int]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for data, policy in mutated:
        begun = time.monotonic()
        result = outcome(data, POLICIES[policy])
        assert result in ("kept", "made", *REASONS)
        found[result] += 1
        spent = time.monotonic() - begun
        assert spent < SECONDS, f"{spent:.1f} s for a file of {len(data)} bytes"
    return found


def test_fifty_mutants_are_refused_or_read() -> None:
    found = outcomes(list(mutants(50, seed=20_240)))
    assert found.total() == 50
    assert found["video_undecodable"] > 20
    assert found["made"] > 2


def test_no_function_raises_anything_but_a_refusal() -> None:
    view = JudgeView(frames=2)
    for data, _ in mutants(12, seed=7):
        for look in (probe, validate, lambda d, p: render_for_judge(d, p, view)):
            with suppress(MediaError):
                look(data, POLICIES[0])


@pytest.mark.full
def test_two_thousand_mutants_are_refused_or_read() -> None:
    mutated = list(mutants(2_000, seed=11))
    batches = [mutated[at : at + BATCH] for at in range(0, len(mutated), BATCH)]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        found = sum(processes.map(outcomes, batches), Counter())
    assert found.total() == 2_000
    assert found["video_undecodable"] > 800
    assert found["made"] > 100
