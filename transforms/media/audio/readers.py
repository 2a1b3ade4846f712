"""The two readers of sounds, libsndfile and libav: blocks of samples as 32-bit floats.

Neither opens anything by name: libsndfile reads from memory, and libav is told which container it
has before it, so that no playlist and no reference to another file is followed.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from transforms.media.audio.flac import Samples
from transforms.media.errors import MediaError

#: Samples per channel that are read at a time.
BLOCK: Final = 65_536

#: Bits that libsndfile's sample types stand for; those that are missing are lossy, or companded.
_BITS: Final = {
    "PCM_S8": 8,
    "PCM_U8": 8,
    "PCM_16": 16,
    "PCM_24": 24,
    "PCM_32": 32,
    "FLOAT": 32,
    "DOUBLE": 64,
}

#: What libav calls the containers of the policy.
_DEMUXERS: Final = {
    **{name: name for name in ("wav", "flac", "mp3", "ogg", "aac", "aiff", "au", "amr")},
    "opus": "ogg",
    "m4a": "mov",
    "webm": "matroska",
    "wma": "asf",
}

#: libav's flag of codecs that can keep every bit (AV_CODEC_PROP_LOSSLESS).
_LOSSLESS: Final = 1 << 2

#: Planes of a frame's own list. PyAV looks for the one behind the last, and where all are taken
#: (7.1) it reads what is no plane: the process ends.
_PLANES: Final = 8

#: Full scale of libav's integer sample formats, and what stands for nought.
_SCALES: Final = {"u8": (128.0, 128), "s16": (32768.0, 0), "s32": (2147483648.0, 0)}


@dataclass(frozen=True)
class Stream:
    """What a reader says of the sound before it decodes any.

    `bits` of a sample, None where the codec is lossy; `frames` that the container promises (samples
    per channel), None where it promises none. `speakers` is empty where nothing names them.
    `alone` says that no pictures are with the sound.
    """

    codec: str
    rate: int
    channels: int
    bits: int | None
    frames: int | None
    speakers: tuple[str, ...] = ()
    alone: bool = True


class UnreadableError(Exception):
    """A reader that does not know the format, or found it damaged; the message says how."""


class _Bytes(io.BytesIO):
    """Bytes whose reader may seek anywhere: a leap out of them stops at their end or beginning."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._size = len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Seek as far as there is something."""
        start = (0, self.tell(), self._size)[whence]
        return super().seek(min(max(0, start + offset), self._size))


class SndfileSound:
    """A sound that libsndfile reads."""

    def __init__(self, data: bytes) -> None:
        """Open it.

        Raises:
            UnreadableError: libsndfile doesn't know it.
        """
        import soundfile

        try:
            file = soundfile.SoundFile(_Bytes(data))
        except Exception as error:
            raise UnreadableError(_told(error)) from None
        # A seekable file is sought after each block, and cut where its header says that it ends.
        file.seekable = lambda: False
        self._file = file
        codec = str(file.subtype).lower()
        self.stream = Stream(
            codec, file.samplerate, file.channels, _BITS.get(file.subtype), file.frames
        )

    def blocks(self) -> Iterator[Samples]:
        """The samples, as arrays of shape (samples, channels).

        Raises:
            UnreadableError: it is damaged.
        """
        while True:
            try:
                block = self._file.read(BLOCK, dtype="float32", always_2d=True)
            except Exception as error:
                raise UnreadableError(_told(error)) from None
            if not len(block):
                return
            yield block

    def close(self) -> None:
        """Give back what the library holds."""
        self._file.close()


def _told(error: Exception) -> str:
    """What a library complains of, without the addresses of objects that its message may hold."""
    text = getattr(error, "error_string", None) or getattr(error, "strerror", None) or str(error)
    return f"{type(error).__name__}: {text}" if "0x" not in str(text) else type(error).__name__


class LibavSound:
    """A sound that libav reads: the stream marked as default, else the first."""

    def __init__(self, data: bytes, container: str, *, may_leap: bool = False) -> None:
        """Open it; with `may_leap`, packets that don't decode are leapt over as players do.

        Raises:
            UnreadableError: libav doesn't know it, or no stream of it is sound.
        """
        import av

        try:
            file: Any = av.open(
                io.BytesIO(data),
                format=_DEMUXERS[container],
                metadata_errors="ignore",
                options={"enable_drefs": "0", "use_absolute_path": "0"},
            )
        except Exception as error:
            raise UnreadableError(_told(error)) from None
        self._file = file
        self._may_leap = may_leap
        try:
            self._sound = _chosen(file)
            self.stream = _described(file, self._sound)
        except UnreadableError:
            file.close()
            raise
        except Exception as error:
            file.close()
            raise UnreadableError(_told(error)) from None

    def blocks(self) -> Iterator[Samples]:
        """The samples, as arrays of shape (samples, channels).

        Raises:
            UnreadableError: it is damaged.
            MediaError: `audio_changes` where rate, channels or sample type change on the way.
        """
        first: tuple[Any, ...] | None = None
        try:
            for frame in self._frames():
                form = (frame.sample_rate, len(frame.layout.channels), frame.format.name)
                first = first or (self.stream.rate, self.stream.channels, form[2])
                if form != first:
                    raise MediaError(
                        "audio_changes",
                        f"{_form_text(first)} becomes {_form_text(form)} on the way",
                    )
                yield _as_floats(frame)
        except MediaError:
            raise
        except Exception as error:
            raise UnreadableError(_told(error)) from None

    def _frames(self) -> Iterator[Any]:
        import av

        for packet in self._file.demux(self._sound):
            try:
                yield from packet.decode()
            except av.InvalidDataError:
                if not self._may_leap:
                    raise

    def close(self) -> None:
        """Give back what the library holds."""
        self._file.close()


def _chosen(file: Any) -> Any:
    from av.stream import Disposition

    sounds = file.streams.audio
    if not sounds:
        raise UnreadableError(f"{file.format.name.split(',')[0]} without sound")
    marked = [one for one in sounds if one.disposition & Disposition.default]
    sound = (marked or sounds)[0]
    if sound.codec_context is None:
        raise UnreadableError("its codec is not known")
    sound.thread_type = "NONE"
    sound.codec_context.thread_count = 1
    return sound


def _described(file: Any, sound: Any) -> Stream:
    context = sound.codec_context
    frames: int | None = None
    pictures = [one for one in file.streams.video if not _is_cover(one)]
    if sound.duration and sound.time_base:
        frames = round(sound.duration * sound.time_base * context.sample_rate)
    elif file.duration and not pictures:
        frames = round(file.duration * context.sample_rate / 1_000_000)
    return Stream(
        codec=context.name,
        rate=context.sample_rate or 0,
        channels=len(context.layout.channels),
        bits=_bits(context),
        frames=frames,
        speakers=_speakers(context),
        alone=not pictures and len(file.streams.audio) == 1,
    )


def _is_cover(stream: Any) -> bool:
    from av.stream import Disposition

    return bool(stream.disposition & Disposition.attached_pic)


def _bits(context: Any) -> int | None:
    """Bits of a sample where the codec keeps them; libav spreads others to its sample format."""
    if not context.codec.properties & _LOSSLESS:
        return None
    name = str(context.format.name).rstrip("p")
    return {"u8": 8, "s16": 16, "s32": 32, "flt": 32, "dbl": 64}.get(name)


def _speakers(context: Any) -> tuple[str, ...]:
    names = tuple(channel.name for channel in context.layout.channels)
    return () if "NONE" in names or len(set(names)) < len(names) else names


def _form_text(form: tuple[Any, ...]) -> str:
    rate, channels, sample = form
    return f"{rate:,} Hz, {channels} channels, {sample}"


def _as_floats(frame: Any) -> Samples:
    channels = len(frame.layout.channels)
    if frame.format.is_planar and channels >= _PLANES:
        frame = _interleaved(frame)
    samples: npt.NDArray[Any] = frame.to_ndarray()
    shaped = samples.T if frame.format.is_planar else samples.reshape(-1, channels)
    name = str(frame.format.name).rstrip("p")
    if name in _SCALES:
        scale, nought = _SCALES[name]
        return ((shaped.astype(np.float64) - nought) / scale).astype(np.float32)
    return np.ascontiguousarray(shaped, dtype=np.float32)


def _interleaved(frame: Any) -> Any:
    """A frame of planes as one of samples side by side: the same values in another order."""
    from av import AudioResampler

    packed = AudioResampler(frame.format.packed, frame.layout, frame.sample_rate)
    return packed.resample(frame)[0]
