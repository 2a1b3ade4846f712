"""Interlaced H.264 in MP4: frames coded as two fields are whole frames, and are counted so."""

from __future__ import annotations

import io
import random
from dataclasses import replace

import av
import pytest

from tests.transforms.media.field_coded import stream
from tests.transforms.media.video_cases import FAST, X264, made, pictures
from transforms.media.errors import MediaError
from transforms.media.settings import VideoPolicy
from transforms.media.video import normalise, validate
from transforms.media.video.fields import FieldReader

POLICY = VideoPolicy()


def wrapped(kinds: str, *arguments: str) -> bytes:
    options = ("-f", "h264", "-i", "before", "-c", "copy", *arguments, *FAST)
    return made(*options, before=stream(kinds))


def read(data: bytes) -> tuple[FieldReader, list[bytes]]:
    with av.open(io.BytesIO(data)) as file:
        video = file.streams.video[0]
        samples = [bytes(packet) for packet in file.demux(video) if packet.size]
        return FieldReader(video.codec_context.extradata or b""), samples


@pytest.mark.parametrize("kinds", ["f" * 20, "p" * 20, "ffppfpfp" * 3])
def test_two_fields_are_one_frame(kinds: str) -> None:
    data = wrapped(kinds)
    clip = validate(data, POLICY)
    assert (clip.frames, clip.declared) == (len(kinds), len(kinds))
    assert clip.duration_s == pytest.approx(len(kinds) / 25)
    assert clip.rate_hz == pytest.approx(25)
    assert ("interlaced" in clip.notes) == ("f" in kinds)
    assert normalise(clip, POLICY).data is None
    small = normalise(clip, replace(POLICY, max_side=16))
    assert small.data is not None
    assert small.changes == (("size", "interlaced") if "f" in kinds else ("size",))
    assert validate(small.data, POLICY).frames == len(kinds)


@pytest.mark.parametrize("kinds", ["ffpf", "pppp"])
def test_samples_say_whether_they_are_fields(kinds: str) -> None:
    reader, samples = read(wrapped(kinds))
    assert [reader.is_field(sample) for sample in samples] == [
        is_field for kind in kinds for is_field in ([True, True] if kind == "f" else [False])
    ]
    both = FieldReader(b"")  # where nothing is said ahead, samples may say it
    assert both.may_have_fields


def test_both_fields_may_be_one_sample() -> None:
    reader, samples = read(wrapped("ff"))
    assert not reader.is_field(samples[0] + samples[1])


@pytest.mark.parametrize("options", [(), ("cqm=jvt",)])
def test_interlaced_pictures_are_no_fields(options: tuple[str, ...]) -> None:
    given = ":".join(("interlaced=1", *options))
    coded = ("-flags", "+ildct+ilme", "-profile:v", "high", "-x264-params", given)
    data = pictures(*X264[:-2], "-preset", "medium", *coded, *FAST)
    reader, samples = read(data)
    assert reader.may_have_fields
    assert not any(map(reader.is_field, samples))
    clip = validate(data, POLICY)
    assert (clip.frames, clip.notes) == (20, ("interlaced",))
    progressive = pictures(*X264, *FAST)
    assert not read(progressive)[0].may_have_fields


def test_fields_that_are_lost_are_missed() -> None:
    data = wrapped("f" * 20)
    start = data.index(b"mdat") + 4
    samples = read(data)[1]
    kept = data[:start] + b"".join(
        sample if number < 20 else b"\0\0\0\1\x09".ljust(len(sample), b"\0")
        for number, sample in enumerate(samples)
    )
    with pytest.raises(MediaError) as error:
        validate(kept, POLICY)
    assert error.value.reason == "video_undecodable"
    with pytest.raises(MediaError, match="cut short"):
        validate(data[: len(data) * 2 // 3], POLICY)


def test_nonsense_is_no_field() -> None:
    reader, samples = read(wrapped("fp"))
    chance = random.Random(1)
    for _ in range(300):
        broken = bytearray(samples[0][:60])
        for _ in range(chance.randint(1, 6)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        assert reader.is_field(bytes(broken)) in (True, False)
        assert FieldReader(bytes(broken)).is_field(samples[0]) in (True, False)
    assert not FieldReader(b"").is_field(samples[1])
    assert not reader.is_field(b"")
