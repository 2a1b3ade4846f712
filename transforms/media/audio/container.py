"""Which container a sound lies in, by its bytes: the name of a file is never asked."""

from __future__ import annotations

from typing import Final

from transforms.media.audio.mpeg import after_tags, first_frame

#: Bytes that may stand before the first frame of an MP3 or AAC stream.
_JUNK: Final = 65_536

_MAGIC: Final[tuple[tuple[bytes, str], ...]] = (
    (b"fLaC", "flac"),
    (b"RF64", "wav"),
    (b"RIFX", "wav"),
    (b".snd", "au"),
    (b"\x1aE\xdf\xa3", "webm"),
    (b"#!AMR", "amr"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "wma"),
    (b"FLV\x01", "flv"),
    (b"MThd", "midi"),
    (b"caff", "caf"),
    (b"riff\x2e\x91\xcf\x11", "w64"),
    (b"wvpk", "wavpack"),
    (b"MAC ", "ape"),
    (b"MPCK", "musepack"),
    (b"MP+", "musepack"),
    (b"TTA1", "tta"),
    (b"DSD ", "dsf"),
    (b"\x0b\x77", "ac3"),
)

_TS_PACKET: Final = 188

_RIFF: Final = {b"WAVE": "wav", b"AVI ": "avi"}
_FORM: Final = {b"AIFF": "aiff", b"AIFC": "aiff"}

#: First boxes of files of the MP4 family, by how often they come first.
_BOXES: Final = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")


def container_of(data: bytes) -> str | None:
    """Name a container as the policy's `formats` do; None for what is no known sound.

    ``m4a`` is any file of the MP4 family and ``webm`` any Matroska, with pictures or without;
    ``ogg`` is any Ogg but Opus. Some that no policy reads are named, to be refused by name.
    """
    start = after_tags(data)
    head = data[start : start + 64]
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[:4] == b"FORM":
        return _FORM.get(head[8:12])
    if head[:4] == b"OggS":
        return "opus" if b"OpusHead" in head else "ogg"
    if head[4:8] in _BOXES:
        return "m4a"
    if data[start : start + 3 * _TS_PACKET : _TS_PACKET] == b"GGG":
        return "ts"
    found = first_frame(data, start, start + _JUNK)
    if found is None:
        return None
    return "aac" if found.kind.layer == 0 else "mp3"
