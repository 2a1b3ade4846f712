"""PNG: plain pictures decoded by faster libraries than Pillow's, each byte of them looked at.

Most of a PNG's time goes to unpacking it, which Pillow leaves to the zlib of the system, and to
undoing its filters, which it does byte by byte. Here zlib-ng unpacks: zlib made fast, with the
same code for what makes sense and what doesn't. Its output is checked as a whole (checksum, length,
filters), and FFmpeg undoes the filters with vector instructions.

Nothing is refused here: what is not plain or not in perfect order is left to Pillow, whose word on
it counts. So for a picture that is decoded here both give the same pixels, and what Pillow knows of
it beside them (profile, EXIF, a transparent colour) is Pillow's in any case.
"""

from __future__ import annotations

import io
import struct
from typing import Any, Final, NamedTuple

import numpy as np
from zlib_ng import zlib_ng

from transforms.media.image.structure import png_chunks

#: Eight bits a sample: by colour type Pillow's mode, FFmpeg's format, samples of a pixel.
_KINDS: Final = {
    0: ("L", "gray", 1),
    2: ("RGB", "rgb24", 3),
    4: ("LA", "ya8", 2),
    6: ("RGBA", "rgba", 4),
}

#: Of pictures with more bytes of pixels than this the copies made here take too much memory.
_MOST: Final = 1 << 27

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
#: With the length and name of the first chunk, the header.
_BEGINNING: Final = _SIGNATURE + b"\0\0\0\x0dIHDR"
_SHORTEST: Final = len(_BEGINNING) + 17
_LAST_FILTER: Final = 4
_HEADER: Final = struct.Struct(">IIBBBBB")


class _Parts(NamedTuple):
    """A plain PNG taken apart: chunks before its pixels, their packed bytes, chunks behind."""

    before: list[memoryview]
    packed: bytes
    behind: memoryview


def plain_png(data: bytes, opened: Any) -> Any:
    """The decoded picture of a PNG that is plain and in perfect order; None for any other.

    `opened` is Pillow's view of its header. The result is a Pillow picture with the `info` that
    Pillow would give it, decoding it to its end.
    """
    begins_plainly = data.startswith(_BEGINNING) and len(data) >= _SHORTEST
    if not begins_plainly or getattr(opened, "is_animated", False):
        return None
    width, height, bits, kind, *ways = _HEADER.unpack_from(data, 16)
    mode, name, samples = _KINDS.get(kind, ("", "", 0))
    wanted = height * (1 + width * samples)
    if bits != 8 or any(ways) or not 0 < wanted <= _MOST:
        return None
    if (opened.mode, opened.size) != (mode, (width, height)):  # by a second header
        return None
    try:
        parts = _parts(data)
        raw = _unpacked(parts.packed, wanted, height) if parts else None
        if parts is None or raw is None:
            return None
        frame = _unfiltered(raw, data[16:29])
        if (frame.format.name, frame.width, frame.height) != (name, width, height):
            return None
        return _as_pillow_knows_it(_picture(frame, mode), parts, kind)
    except Exception:  # of any library, or for want of memory: Pillow says what it is
        return None


def _parts(data: bytes) -> _Parts | None:
    """Take a PNG apart; None where its pixels are not in one run of chunks."""
    before: list[memoryview] = []
    packed: list[memoryview] = []
    position = len(_SIGNATURE)
    for chunk in png_chunks(data):
        if chunk.kind == b"IDAT":
            packed.append(chunk.body)
        elif packed:
            break
        elif position > len(_SIGNATURE):  # the header is made anew
            before.append(chunk.whole)
        position += len(chunk.whole)
    behind = memoryview(data)[position:]
    if not packed or b"IDAT" in bytes(behind):
        return None
    return _Parts(before, b"".join(packed), behind)


def _unpacked(packed: bytes, wanted: int, height: int) -> bytes | None:
    """Rows, each behind its filter: exactly as many as there should be, the checksum right."""
    unpacker = zlib_ng.decompressobj()
    raw: bytes = unpacker.decompress(packed, wanted + 1)
    if len(raw) != wanted or not unpacker.eof or unpacker.unused_data:
        return None
    filters = np.frombuffer(raw, np.uint8)[:: wanted // height]
    return raw if filters.max() <= _LAST_FILTER else None


def _unfiltered(raw: bytes, header: bytes) -> Any:
    """FFmpeg's frame of rows with filters: a PNG is made of them that costs it no unpacking."""
    import av

    codec = av.CodecContext.create("png", "r")
    codec.thread_count = 1
    made = b"".join((_SIGNATURE, *_chunk(b"IHDR", header), *_chunk(b"IDAT", _stored(raw)), _END))
    (frame,) = codec.decode(av.Packet(made))
    return frame


def _stored(raw: bytes) -> bytes:
    packed: bytes = zlib_ng.compress(raw, 0)
    return packed


def _chunk(kind: bytes, body: bytes) -> tuple[bytes, ...]:
    checksum = zlib_ng.crc32(body, zlib_ng.crc32(kind))
    return len(body).to_bytes(4, "big"), kind, body, checksum.to_bytes(4, "big")


_END: Final = b"".join(_chunk(b"IEND", b""))


def _picture(frame: Any, mode: str) -> Any:
    from PIL import Image

    (plane,) = frame.planes
    size = (frame.width, frame.height)
    return Image.frombytes(mode, size, memoryview(plane), "raw", mode, plane.line_size)


def _as_pillow_knows_it(picture: Any, parts: _Parts, kind: int) -> Any:
    """Give a picture the `info` that Pillow finds around its pixels.

    Pillow reads the file, but with one pixel in place of all of them.
    """
    from PIL import Image

    header = _HEADER.pack(1, 1, 8, kind, 0, 0, 0)
    pixel = _stored(bytes(1 + _KINDS[kind][2]))
    made: list[bytes | memoryview] = [_SIGNATURE, *_chunk(b"IHDR", header), *parts.before]
    made += [*_chunk(b"IDAT", pixel), parts.behind]
    with Image.open(io.BytesIO(b"".join(made)), formats=["PNG"]) as one:
        one.load()
        picture.info = dict(one.info)
    return picture
