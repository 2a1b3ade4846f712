"""Opening a sound: what its bytes are, whether their structure is whole, and who reads them.

libsndfile reads what it can, libav the rest: MP4, Matroska, AAC, AMR and WMA, a FLAC whose header
states neither length nor checksum (libsndfile passes over a change of bit depth in it), Ogg with
several streams, and what libsndfile does not open. A sound that one of them finds damaged is never
given to the other: players differ over such files, and so would annotators have.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from transforms.beamkit.sniff import HEAD_BYTES, sniff
from transforms.media.audio import mpeg, riff
from transforms.media.audio.container import container_of
from transforms.media.audio.flac import StreamInfo, rate_of_frames, read_streaminfo
from transforms.media.audio.ogg import read_pages
from transforms.media.audio.readers import LibavSound, SndfileSound, Stream, UnreadableError
from transforms.media.errors import MediaError
from transforms.media.settings import AudioPolicy

#: Samples a second below which nothing is a sound, and above which no sound card plays.
MIN_RATE: Final = 1_000
MAX_RATE: Final = 768_000

#: Samples that an MP3 may have decoded to and a decoder leaves out: LAME states its delay and its
#: padding in 12 bits each, and the decoder's own delay and the frame of the index are none of them.
_MAX_PADDING: Final = 2 * 4095 + 529 + 1152

_LIBAV_ONLY: Final = ("m4a", "webm", "aac", "amr", "wma")

#: Boxes of the MP4 family that say how a sound is encrypted.
_ENCRYPTED: Final = (b"enca", b"drms")


@dataclass
class Source:
    """An open sound. `stream.frames` is what it promises, None where that binds nobody.

    `md5` is the checksum that a FLAC states, empty for others. `mended` is the file with its
    header put right, None where it is (for a FLAC's length that is known when all is decoded).
    """

    container: str
    sound: SndfileSound | LibavSound
    stream: Stream
    data: bytes
    speakers: tuple[str, ...] = ()
    md5: bytes = b""
    mended: bytes | None = None


def open_source(data: bytes, policy: AudioPolicy) -> Source:
    """Open a sound within the limits that its header lets one check.

    Raises:
        MediaError: `audio_too_large`, `audio_format` (a container outside the policy),
            `audio_encrypted`, or `audio_undecodable`.
    """
    if len(data) > policy.max_bytes:
        raise MediaError(
            "audio_too_large", f"{len(data):,} bytes, the limit is {policy.max_bytes:,}"
        )
    container = container_of(data)
    if container is None:
        raise MediaError("audio_undecodable", f"not a known sound but {sniff(data[:HEAD_BYTES])}")
    if container not in policy.formats:
        raise MediaError("audio_format", f"{container} is not among {policy.formats}")
    try:
        source = _OPENERS.get(container, _open_other)(data, container, policy)
    except UnreadableError as error:
        raise refused(data, container, str(error)) from None
    try:
        _check_limits(source.stream, policy)
    except MediaError:
        source.sound.close()
        raise
    return source


def refused(data: bytes, container: str, complaint: str) -> MediaError:
    """The error of a sound that doesn't decode; encryption is named where it is the cause."""
    if container == "m4a" and any(box in data for box in _ENCRYPTED):
        return MediaError("audio_encrypted", f"the sound is encrypted ({complaint})")
    return MediaError("audio_undecodable", f"{container}: {complaint}")


def _check_limits(stream: Stream, policy: AudioPolicy) -> None:
    if stream.channels > policy.max_channels:
        raise MediaError(
            "audio_too_large",
            f"{stream.channels} channels, the limit is {policy.max_channels}",
        )
    if stream.rate > MAX_RATE:
        raise MediaError("audio_too_large", f"{stream.rate:,} Hz, the limit is {MAX_RATE:,}")
    if stream.rate < MIN_RATE or stream.channels < 1:
        raise MediaError(
            "audio_undecodable", f"{stream.channels} channels of {stream.rate} samples a second"
        )
    check_length(stream.frames or 0, stream, policy)


def check_length(frames: int, stream: Stream, policy: AudioPolicy) -> None:
    """Refuse a sound of so many samples per channel if that is beyond a limit.

    Raises:
        MediaError: `audio_too_large`.
    """
    seconds = frames / stream.rate
    if seconds > policy.max_seconds:
        raise MediaError(
            "audio_too_large",
            f"{seconds:,.1f} seconds and more, the limit is {policy.max_seconds:,}",
        )
    if frames * stream.channels > policy.max_samples:
        raise MediaError(
            "audio_too_large",
            f"{frames * stream.channels:,} samples and more in {stream.channels} channels, "
            f"the limit is {policy.max_samples:,}",
        )


def is_cut(found: int, promised: int, rate: int, policy: AudioPolicy) -> bool:
    """Whether so few samples came that the sound must have been cut.

    A header may promise a little too much: encoders count their padding, or estimate.
    """
    allowed = min(policy.max_missing_seconds * rate, policy.max_missing_share * promised)
    return promised - found > allowed


def _open_other(data: bytes, container: str, policy: AudioPolicy) -> Source:  # noqa: ARG001
    if container in _LIBAV_ONLY:
        sound: SndfileSound | LibavSound = LibavSound(data, container)
    else:
        sound = _either(data, container)
    stream = sound.stream
    return Source(container, sound, stream, data, stream.speakers)


def _either(data: bytes, container: str) -> SndfileSound | LibavSound:
    try:
        return SndfileSound(data)
    except UnreadableError as first:
        try:
            return LibavSound(data, container)
        except UnreadableError as second:
            raise UnreadableError(f"{first}; {second}") from None


def _open_wav(data: bytes, container: str, policy: AudioPolicy) -> Source:
    wav = riff.read_wav(data)
    if wav is None:
        raise UnreadableError("its header lacks the format, or the sound")
    if not wav.there:
        raise MediaError("audio_empty", "a header without a sample")
    if wav.is_short and _is_cut_wav(wav, policy):
        raise UnreadableError(
            f"cut short: {wav.there:,} of {wav.promised:,} bytes of sound are there"
        )
    lies = wav.runs_on or wav.is_short or wav.misaligned
    mended = riff.with_true_length(data, wav) if lies else None
    sound = _either(mended or data, container)
    exact = wav.tag in (riff.PCM, riff.FLOAT)
    frames = wav.there // max(1, wav.align) if exact else sound.stream.frames
    stream = replace(sound.stream, frames=frames)
    return Source(container, sound, stream, data, wav.speakers, mended=mended)


def _is_cut_wav(wav: riff.Wav, policy: AudioPolicy) -> bool:
    allowed = policy.max_missing_share * wav.promised
    if wav.byte_rate:
        allowed = min(allowed, policy.max_missing_seconds * wav.byte_rate)
    return wav.promised - wav.there > allowed


def _open_aiff(data: bytes, container: str, policy: AudioPolicy) -> Source:
    source = _open_other(data, container, policy)
    promised = riff.frames_of_aiff(data)
    source.stream = replace(source.stream, frames=promised or source.stream.frames)
    return source


def _open_au(data: bytes, container: str, policy: AudioPolicy) -> Source:
    if riff.missing_of_au(data):
        raise UnreadableError("cut short: its header promises more bytes than are there")
    return _open_other(data, container, policy)


def _open_flac(data: bytes, container: str, policy: AudioPolicy) -> Source:
    info = read_streaminfo(data)
    if info is None:
        raise UnreadableError("it does not begin with a STREAMINFO block")
    # Tags of MP3 have no place around a FLAC, and not every player finds the way past them.
    whole = len(data)
    data = data[mpeg.after_tags(data) : mpeg.before_tags(data)]
    mended = data if len(data) < whole else None
    rate = rate_of_frames(data)
    if rate not in (None, info.rate):
        raise UnreadableError(f"its header says {info.rate:,} samples a second, a frame {rate:,}")
    _check_limits(Stream("flac", info.rate, info.channels, info.bits, info.frames), policy)
    stated = bool(info.frames and info.md5)
    sound = _either(data, container) if stated else LibavSound(data, container)
    stream = replace(sound.stream, codec="flac", bits=info.bits, frames=info.frames or None)
    md5 = info.md5 if _holds(info) else b""
    return Source(container, sound, stream, data, sound.stream.speakers, md5, mended)


def _holds(info: StreamInfo) -> bool:
    """Whether 32-bit floats hold a FLAC's samples exactly, so that its checksum can be told."""
    return info.bits <= 24


def _open_ogg(data: bytes, container: str, policy: AudioPolicy) -> Source:  # noqa: ARG001
    pages = read_pages(data)
    if pages.fault is not None:
        raise UnreadableError(pages.fault)
    plain = pages.codecs in (("vorbis",), ("opus",))
    sound = _either(data, container) if plain else LibavSound(data, container)
    # What a page says of the time is where a broadcast was, not the length of what was recorded.
    promised = None if plain else sound.stream.frames
    stream = replace(sound.stream, frames=promised, alone=len(pages.codecs) == 1)
    speakers = _VORBIS.get(stream.channels, ()) if plain else stream.speakers
    return Source(container, sound, stream, data, speakers)


#: Order of channels in Vorbis and Opus (RFC 7845 section 5.1.1.2).
_VORBIS: Final = {
    3: ("FL", "FC", "FR"),
    4: ("FL", "FR", "BL", "BR"),
    5: ("FL", "FC", "FR", "BL", "BR"),
    6: ("FL", "FC", "FR", "BL", "BR", "LFE"),
    7: ("FL", "FC", "FR", "SL", "SR", "BC", "LFE"),
    8: ("FL", "FC", "FR", "SL", "SR", "BL", "BR", "LFE"),
}


def _open_mpeg(data: bytes, container: str, policy: AudioPolicy) -> Source:
    chain = mpeg.walk(data)
    if chain is None or not chain.frames:
        raise UnreadableError("no whole frame")
    allowed = min(policy.max_missing_seconds, policy.max_missing_share * chain.seconds)
    frame = chain.kind.samples / chain.kind.rate
    there = Stream("mpeg", chain.kind.rate, 1, None, chain.samples)
    check_length(there.frames or 0, there, policy)
    if chain.missing_seconds > max(allowed, frame):
        raise UnreadableError(
            f"damaged or cut short: {chain.seconds:.2f} s are whole, "
            f"about {chain.missing_seconds:.2f} s are missing"
        )
    sound = LibavSound(data, container) if container == "aac" else _mp3(data, chain)
    codec = "aac" if container == "aac" else f"mp{chain.kind.layer}"
    # a decoder takes the encoder's padding off; what is binding is the chain
    stream = replace(sound.stream, codec=codec, bits=None, frames=None)
    return Source(container, sound, stream, data, sound.stream.speakers)


def _mp3(data: bytes, chain: mpeg.Chain) -> SndfileSound | LibavSound:
    """The reader of an MP3: libsndfile, unless it would stop before the last frame.

    Where no index states the length, it takes that of the first frame's bitrate for it, which is
    far too short for many a variable one; an index it believes, although a further stream may
    follow.
    """
    sound = _either(data, "mp3")
    if isinstance(sound, SndfileSound) and sound.stream.frames is not None:
        hidden = chain.samples - sound.stream.frames
        if hidden > (_MAX_PADDING if chain.indexed else 0):
            sound.close()
            return LibavSound(_frames_alone(data, chain), "mp3", may_leap=True)
    return sound


def _frames_alone(data: bytes, chain: mpeg.Chain) -> bytes:
    """A stream without what goes before and behind its frames, which libav takes for damage.

    All of it where frames of another kind follow: the reader tells what changes.
    """
    if mpeg.first_frame(data, chain.end, len(data)) is not None:
        return data
    return data[chain.start : chain.end]


_Opener = Callable[[bytes, str, AudioPolicy], Source]

_OPENERS: Final[dict[str, _Opener]] = {
    "wav": _open_wav,
    "aiff": _open_aiff,
    "au": _open_au,
    "flac": _open_flac,
    "ogg": _open_ogg,
    "opus": _open_ogg,
    "mp3": _open_mpeg,
    "aac": _open_mpeg,
}
