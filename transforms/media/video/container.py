"""What a clip's container says of itself, read from its structure alone: nothing is decoded.

FFmpeg is told the format, never asked to guess it: guessing would let a text file be a playlist
that names other files. What is not recognised here is never opened.

Sources: ISO/IEC 14496-12 (boxes), RFC 8794 and RFC 9559 (EBML, Matroska), GIF89a §27 (trailer),
OpenDML 1.02 (AVI), Adobe Flash Video 10.1 annex E (FLV).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

from transforms.beamkit.sniff import HEAD_BYTES, sniff
from transforms.media.audio.ogg import CUT, read_pages
from transforms.media.errors import MediaError, found_instead
from transforms.media.video import matroska

#: Our names of containers, and FFmpeg's of the demuxer that reads them.
DEMUXERS: Final = {
    "mp4": "mov",
    "webm": "matroska",
    "mkv": "matroska",
    "avi": "avi",
    "gif": "gif",
    "ts": "mpegts",
    "flv": "flv",
    "mpg": "mpeg",
    "ogg": "ogg",
    "wmv": "asf",
}

#: Boxes that an MP4, MOV or 3GP file may begin with.
_FIRST_BOXES: Final = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"uuid")

_MAGIC: Final = (
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"FLV\x01", "flv"),
    (b"OggS", "ogg"),
    (b"\x00\x00\x01\xba", "mpg"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "wmv"),
)

#: What a block of a GIF begins with.
_GIF_EXTENSION: Final = 0x21
_GIF_PICTURE: Final = 0x2C
_GIF_TRAILER: Final = 0x3B

#: The length of a list that its writer never came back to.
_UNFINISHED: Final = 0xFFFFFFFF

#: Length of a packet of a transport stream, and where its sync byte may first stand.
_TS_PACKETS: Final = ((188, 0), (192, 4))


def container_of(data: bytes) -> str:
    """The container by its content, a key of `DEMUXERS`; a file's name is never asked.

    Raises:
        MediaError: `video_empty` for no bytes, `video_undecodable` for bytes that are no medium
            (a web page, a pointer, text), `video_format` for another kind of file.
    """
    if not data:
        raise MediaError("video_empty", "no bytes: the file is empty")
    if data[4:8] in _FIRST_BOXES:
        return "mp4"
    if data.startswith(b"\x1a\x45\xdf\xa3"):
        return "webm" if matroska.doctype(data) == "webm" else "mkv"
    if data[:4] == b"RIFF" and data[8:12] in (b"AVI ", b"AVIX"):
        return "avi"
    for magic, name in _MAGIC:
        if data.startswith(magic):
            return name
    if _is_transport_stream(data):
        return "ts"
    raise _unknown(data)


def canvas_of_gif(data: bytes) -> tuple[int, int]:
    """Width and height of a GIF, in pixels."""
    width, height = (int.from_bytes(data[at : at + 2], "little") for at in (6, 8))
    return width, height


def is_cut(data: bytes, name: str) -> bool:
    """Whether a container's own structure says that its content goes on beyond the end of the file.

    FFmpeg takes that end for the end of the clip, without a word. False for containers that don't
    tell; an MP4 is held against its index elsewhere.
    """
    look = _CUT.get(name)
    return look is not None and look(data)


def _is_gif_cut(data: bytes) -> bool:
    """Whether blocks go on to the end of the file; what lies behind a trailer is no matter."""
    try:
        at = 13 + _gif_colours(data[10])
        while data[at] in (_GIF_EXTENSION, _GIF_PICTURE):
            at += 2 if data[at] == _GIF_EXTENSION else 11 + _gif_colours(data[at + 9])
            while data[at]:
                at += 1 + data[at]
            at += 1
    except IndexError:
        return True
    return data[at] != _GIF_TRAILER and data.rstrip(b"\0")[-1] != _GIF_TRAILER


def _gif_colours(flags: int) -> int:
    """Bytes of a table of colours."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _is_avi_cut(data: bytes) -> bool:
    """Whether the list of frames is longer than the file; the index behind it may be lost."""
    at = 12
    while at + 12 <= len(data):
        name, size, kind = struct.unpack_from("<4sI4s", data, at)
        if name == b"LIST" and kind == b"movi":
            return size != _UNFINISHED and at + 8 + size > len(data)
        at += 8 + size + size % 2
    return False


def _is_flv_cut(data: bytes) -> bool:
    """Whether the last tag is incomplete."""
    at = int.from_bytes(data[5:9], "big") + 4
    while at + 11 <= len(data):
        at += 11 + int.from_bytes(data[at + 1 : at + 4], "big") + 4
    return at > len(data) + 4  # some writers leave out the last tag's length


def _is_ogg_cut(data: bytes) -> bool:
    """Whether the last page is incomplete."""
    return read_pages(data).fault == CUT


_CUT: Final[dict[str, Callable[[bytes], bool]]] = {
    "gif": _is_gif_cut,
    "avi": _is_avi_cut,
    "flv": _is_flv_cut,
    "ogg": _is_ogg_cut,
    "webm": matroska.is_cut,
    "mkv": matroska.is_cut,
}


def _is_transport_stream(data: bytes) -> bool:
    for length, first in _TS_PACKETS:
        marks = data[first : first + 4 * length : length]
        if len(marks) >= 2 and set(marks) == {0x47}:
            return True
    return False


def _unknown(data: bytes) -> MediaError:
    instead = found_instead(data)
    if instead is not None:
        return MediaError("video_undecodable", f"not a clip but {instead}")
    found = sniff(data[:HEAD_BYTES])
    if found != "binary":
        return MediaError("video_format", f"not a clip but {found}")
    head = data[:12].hex(" ")
    return MediaError("video_undecodable", f"no known container: it begins with {head}")
