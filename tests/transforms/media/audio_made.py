"""Sounds of every format for tests, made by soundfile, PyAV or by hand."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

Samples = npt.NDArray[Any]


def music(seconds: float = 1.0, rate: int = 44_100, channels: int = 2, seed: int = 1) -> Samples:
    """Notes, each at a pitch of its own, with a little noise; shape (samples, channels)."""
    rng = np.random.default_rng(seed)
    made = rng.normal(0, 0.01, (round(seconds * rate), channels))
    for begin in range(0, len(made), max(1, len(made) // 16)):
        note = made[begin : begin + len(made) // 4]
        phase = 2 * np.pi * 220 * 2 ** (rng.integers(0, 30) / 12) / rate * np.arange(len(note))
        fading = np.exp(-np.linspace(0, 3, len(note)))
        for harmonic in (1, 2, 4):
            loud = np.sin(phase * harmonic) * fading / harmonic
            note += loud[:, None] * rng.uniform(0.5, 1, channels)
    return np.asarray(made / np.abs(made).max() * 0.5)


def tone(seconds: float = 1.0, rate: int = 48_000, hertz: float = 997, level: float = 1) -> Samples:
    """A pure tone, shape (samples, 1)."""
    return level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)[:, None]


def sndfile(
    samples: Samples,
    form: str = "WAV",
    subtype: str | None = "PCM_16",
    rate: int = 44_100,
    endian: str | None = None,
) -> bytes:
    """A file by libsndfile."""
    sink = io.BytesIO()
    soundfile.write(sink, samples, rate, subtype, endian, form)
    return sink.getvalue()


def libav(
    samples: Samples,
    form: str,
    codec: str,
    rate: int = 44_100,
    sample: str | None = None,
    fast: bool = False,
) -> bytes:
    """A file by libav, of one, two or eight channels; of an MP4 the index goes first if `fast`."""
    import av

    layout = {1: "mono", 2: "stereo", 8: "7.1"}[samples.shape[1]]
    with (
        NamedTemporaryFile() as sink,  # the index can only be put first in a file with a name
        av.open(
            sink.name, "w", format=form, options={"movflags": "faststart"} if fast else {}
        ) as file,
    ):
        stream: Any = file.add_stream(codec, rate=rate, layout=layout)
        if sample:
            stream.codec_context.format = sample
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples.reshape(1, -1), dtype=np.float32), "flt", layout
        )
        frame.sample_rate = rate
        wanted = stream.codec_context.format.name
        resampler = av.AudioResampler(
            format=wanted,
            layout=layout,
            rate=stream.rate,
            frame_size=stream.codec_context.frame_size or 1024,
        )
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            piece.pts = None
            file.mux(stream.encode(piece))
        file.mux(stream.encode(None))
        file.close()
        return Path(sink.name).read_bytes()


def clip_with_sound() -> bytes:
    """An MP4 of 20 pictures with AAC."""
    import av

    sink = io.BytesIO()
    with av.open(sink, "w", format="mp4") as file:
        video: Any = file.add_stream("mpeg4", rate=20)
        video.width = video.height = 32
        video.pix_fmt = "yuv420p"
        audio: Any = file.add_stream("aac", rate=44_100, layout="mono")
        for number in range(20):
            picture = np.full((32, 32, 3), number * 12, np.uint8)
            file.mux(video.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        file.mux(video.encode(None))
        samples = music(1.0, channels=1).T.astype(np.float32)
        for start in range(0, samples.shape[1] - 1023, 1024):
            piece = np.ascontiguousarray(samples[:, start : start + 1024])
            frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 44_100, start
            file.mux(audio.encode(frame))
        file.mux(audio.encode(None))
    return sink.getvalue()


def wav(
    sound: bytes,
    tag: int = 1,
    channels: int = 1,
    rate: int = 16_000,
    bits: int = 16,
    promised: int | None = None,
    chunks: bytes = b"",
) -> bytes:
    """A WAV by hand, whose header may lie about its length; `chunks` go before the sound."""
    align = channels * bits // 8
    form = struct.pack("<HHIIHH", tag, channels, rate, rate * align, align, bits)
    size = len(sound) if promised is None else promised
    body = b"WAVE" + b"fmt " + struct.pack("<I", 16) + form + chunks
    body += b"data" + struct.pack("<I", size) + sound
    return b"RIFF" + struct.pack("<I", min(len(body), 0xFFFFFFFF)) + body


def with_id3(data: bytes, size: int) -> bytes:
    """A file behind an ID3 tag that holds a picture of so many bytes."""
    frame = b"APIC" + struct.pack(">I", size) + b"\0\0" + b"\xff\xd8\xff\xfb" * (size // 4)
    total = len(frame)
    syncsafe = bytes(total >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + syncsafe + frame + data
