"""Sounds: one decode of every sample shows that they are what they seem.

What becomes of odd sounds, by policy or by rule:

- A sound keeps its bytes where it conforms (see `AudioPolicy`). Else it becomes FLAC: of 16 bits
  where its source is lossy or has no more, else of 24, rounded without dither, no metadata.
- More than two channels are mixed down by ITU-R BS.775; loudspeakers by the file's own word, else
  by the usual order. Samples beyond full scale are clipped, because every player that annotators
  used did so; what our own mixing or resampling drives beyond it is scaled down as a whole.
- Silence is kept (`silent: keep`) and told by the facts. NaN and infinite samples are refused.
- A header that leaves the length open, or says it a little wrong (`max_missing_seconds`), is
  mended, the sound itself kept; a sound that is shorter than that was cut, and is refused. Tags
  of MP3 before or behind a FLAC are taken off.
- A FLAC whose samples have the checksum that it states is whole, whatever else its header says;
  one whose checksum, channels, rate or bit depth turn out otherwise is refused, also where some
  player gets by (`audio_undecodable`, `audio_changes`).
- MP3 and AAC streams may lose what a header's slip costs (a quarter of a second); Ogg pages must
  all be there and have their checksums.
- Of a clip, or several sounds, the one marked as default is read, else the first.
- Sound without a header (raw PCM) is refused: its rate and width would be guesses.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from transforms.media.audio.container import container_of
from transforms.media.audio.flac import Samples, encode_flac
from transforms.media.audio.listen import Heard, Listener, Maker, sound_blocks
from transforms.media.audio.mix import mixing, speakers_of
from transforms.media.audio.readers import BLOCK, Stream, UnreadableError
from transforms.media.audio.source import Source, open_source, refused
from transforms.media.audio.wave16 import encode_wav
from transforms.media.errors import MediaError, found_instead
from transforms.media.judge_views import JudgeView
from transforms.media.modality import Facts, Picture, Product
from transforms.media.settings import AudioPolicy

#: Codecs that a container of `keep` may have; the names are those of both readers.
_USUAL_CODECS: Final = {
    "wav": ("pcm_16", "pcm_24"),
    "flac": ("flac",),
    "mp3": ("mp3",),
    "ogg": ("vorbis",),
    "opus": ("opus",),
    "m4a": ("aac", "alac"),
    "aac": ("aac",),
    "aiff": ("pcm_16", "pcm_24"),
    "webm": ("opus", "vorbis"),
}
_PLAIN_BITS: Final = (None, 16, 24)

#: Samples that all stay below this (-90 dB of full scale) are silence.
_SILENCE: Final = 10 ** (-90 / 20)


@dataclass(frozen=True)
class DecodedAudio:
    """A sound that was decoded to its end.

    `samples` are those of the product (samples, channels) at `rate`, None where the bytes are
    kept, but for their header: `mended` is the file with that put right. `bits` are the product's.
    `changes` says what was done.
    """

    container: str
    size: int
    source_rate: int
    source_channels: int
    heard: Heard
    rate: int
    bits: int
    changes: tuple[str, ...]
    samples: Samples | None = None
    mended: bytes | None = None


def warm_up() -> None:
    """Import what takes a second or two: filters, and the two readers."""
    import av  # noqa: F401
    import scipy.signal  # noqa: F401
    import soundfile  # noqa: F401
    import soxr  # noqa: F401


def probe(data: bytes, policy: AudioPolicy) -> Facts:
    """What the header says of a sound; nothing is decoded.

    Raises:
        MediaError: `audio_too_large`, `audio_format`, `audio_encrypted`, `audio_empty`,
            `audio_undecodable`.
    """
    source = _opened(data, policy)
    source.sound.close()
    stream = source.stream
    facts = _facts(source.container, len(data), stream.rate, stream.channels, stream.frames)
    return {name: value for name, value in facts.items() if value is not None}


def validate(data: bytes, policy: AudioPolicy) -> DecodedAudio:
    """Decode a sound to its end, once; what a product needs of it is made on the way.

    Raises:
        MediaError: as `probe`; also `audio_changes` (rate or channels change on the way),
            `audio_not_finite` and, if the policy says so, `audio_silent`.
    """
    with _reading(data, policy) as source:
        return _decoded(source, len(data), policy)


@contextmanager
def _reading(data: bytes, policy: AudioPolicy) -> Iterator[Source]:
    """Open a sound; whatever its readers raise inside the block is a refusal."""
    source = _opened(data, policy)
    try:
        yield source
    except UnreadableError as error:
        raise refused(data, source.container, str(error)) from None
    except MediaError:
        raise
    except Exception as error:
        raise refused(data, source.container, type(error).__name__) from None
    finally:
        source.sound.close()


def _opened(data: bytes, policy: AudioPolicy) -> Source:
    found = found_instead(data)
    try:
        return open_source(data, policy)
    except MediaError as error:
        if error.reason != "audio_undecodable" or found is None:
            raise
        raise MediaError("audio_undecodable", f"not a sound but {found}") from None
    except Exception as error:
        complaint = f"its header can't be read ({type(error).__name__})"
        raise MediaError("audio_undecodable", complaint) from None


def _decoded(source: Source, size: int, policy: AudioPolicy) -> DecodedAudio:
    stream = source.stream
    speakers = speakers_of(stream.channels, source.speakers)
    rate = _rate_for(stream.rate, policy)
    matrix = mixing(speakers, stream.channels, 1 if policy.channels == "mono" else 2)
    changes = _changes(source, rate, matrix is not None, policy)
    channels = stream.channels if matrix is None else matrix.shape[1]
    maker = Maker(stream.rate, rate, channels, matrix)
    listener = Listener(stream.rate, stream.channels, speakers)
    for block in sound_blocks(source, policy):
        listener.add(block)
        if changes:
            maker.add(block)
    heard = listener.heard()
    if heard.peak < _SILENCE and policy.silent == "reject":
        raise MediaError("audio_silent", _silence_text(heard))
    mended = None if changes else source.mended
    return DecodedAudio(
        container=source.container,
        size=size,
        source_rate=stream.rate,
        source_channels=stream.channels,
        heard=heard,
        rate=rate,
        bits=16 if stream.bits is None or stream.bits <= 16 else 24,
        changes=("header",) if mended else changes,
        samples=maker.samples(stream.channels) if changes else None,
        mended=mended,
    )


def _rate_for(rate: int, policy: AudioPolicy) -> int:
    if policy.rate is not None:
        return policy.rate
    return min((one for one in policy.rates if one >= rate), default=max(policy.rates))


def _changes(source: Source, rate: int, mixed: bool, policy: AudioPolicy) -> tuple[str, ...]:
    """Why a product can't have the bytes of its source: container, codec, channels, rate."""
    kept = source.container in policy.keep
    found = (
        ("container", not kept),
        ("codec", kept and not _is_usual(source.container, source.stream)),
        ("channels", mixed),
        ("rate", rate != source.stream.rate),
    )
    return tuple(name for name, is_so in found if is_so)


def _is_usual(container: str, stream: Stream) -> bool:
    if stream.codec not in _USUAL_CODECS.get(container, ()) or not stream.alone:
        return False
    return stream.bits in _PLAIN_BITS


def _silence_text(heard: Heard) -> str:
    peak = _decibels(heard.peak)
    return f"silent from end to end (peak {'none' if peak is None else f'{peak:.0f} dBFS'})"


def _decibels(peak: float) -> float | None:
    return float(20 * np.log10(peak)) if peak > 0 else None


def _facts(
    container: str, size: int, rate: int, channels: int, frames: int | None
) -> dict[str, Any]:
    return {
        "format": container,
        "bytes": size,
        "rate_hz": float(rate),
        "channels": channels,
        "frames": frames,
        "duration_s": None if frames is None else frames / rate,
    }


def describe(decoded: DecodedAudio, policy: AudioPolicy) -> Facts:  # noqa: ARG001
    """Facts of a source sound."""
    facts = _facts(
        decoded.container,
        decoded.size,
        decoded.source_rate,
        decoded.source_channels,
        decoded.heard.frames,
    )
    return {**facts, **measures(decoded.heard)}


def measures(heard: Heard) -> Facts:
    """What was measured: fingerprint, loudness (ITU-R BS.1770, None for silence), peak of samples.

    The peak is None for digital silence.
    """
    return {
        "phash": heard.fingerprint,
        "loudness_lufs": _hundredths(heard.loudness),
        "peak_dbfs": _hundredths(_decibels(heard.peak)),
    }


def _hundredths(level: float | None) -> float | None:
    """A level as precise as anybody hears it, and the same after rounding to 16 bits."""
    return None if level is None else round(level, 2)


def normalise(decoded: DecodedAudio, policy: AudioPolicy) -> Product:
    """The product of a sound: its own bytes, or a FLAC file.

    Raises:
        MediaError: `audio_undecodable`, should the encoder refuse it.
    """
    samples, mended = decoded.samples, decoded.mended
    if mended is not None:
        return Product({**describe(decoded, policy), "bytes": len(mended)}, mended, decoded.changes)
    if samples is None:
        return Product(describe(decoded, policy))
    try:
        data = encode_flac(samples, decoded.rate, decoded.bits)
    except Exception as error:
        complaint = f"can't be written as FLAC ({type(error).__name__})"
        raise MediaError("audio_undecodable", complaint) from None
    facts = _facts("flac", len(data), decoded.rate, samples.shape[1], len(samples))
    facts |= measures(_heard_again(samples, decoded.rate))
    return Product({**facts, "phash": decoded.heard.fingerprint}, data, decoded.changes)


def _heard_again(samples: Samples, rate: int) -> Heard:
    """The measures of a product: mixing and another rate change loudness and peak."""
    listener = Listener(rate, samples.shape[1], speakers_of(samples.shape[1], ()))
    for start in range(0, len(samples), BLOCK):
        listener.add(samples[start : start + BLOCK])
    return listener.heard()


def render_as_sound(data: bytes, policy: AudioPolicy) -> bytes:
    """A sound as models are sent it: a WAV or MP3 as it is, any other as WAV of 16 bits.

    Which it is says its content alone; rate and channels stay.

    Raises:
        MediaError: as `validate`, for one that is not sent as it is.
    """
    container = container_of(data)
    if container == "mp3" or (container == "wav" and data[:4] == b"RIFF"):
        return data
    with _reading(data, policy) as source:
        stream = source.stream
        return encode_wav(sound_blocks(source, policy), stream.rate, stream.channels)


def render_for_judge(data: bytes, policy: AudioPolicy, view: JudgeView) -> list[Picture]:
    """One picture: the mel spectrogram of a sound, with axes.

    Raises:
        MediaError: as `validate`.
    """
    from transforms.media.audio.picture import draw_spectrogram

    with _reading(data, policy) as source:
        return [draw_spectrogram(source, sound_blocks(source, policy), view)]
