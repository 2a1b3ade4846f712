"""Ogg pages: their checksums and numbers tell of damage that decoders pass over in silence."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Final

_HEADER: Final = struct.Struct("<4sBBqIIIB")
_BEGINS: Final = 2

#: The fault of a file that ends inside a page.
CUT: Final = "the last page is cut"

#: What the first packet of a logical stream begins with.
_CODECS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"\x01vorbis", "vorbis"),
    (b"OpusHead", "opus"),
    (b"\x7fFLAC", "flac"),
    (b"fLaC", "flac"),
    (b"Speex   ", "speex"),
    (b"\x80theora", "theora"),
    (b"fishead\0", "skeleton"),
)

#: Ogg's CRC runs from the highest bit down and zlib's from the lowest up: turned bytes agree.
_TURNED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True)
class Pages:
    """What a walk over all pages found: codecs of the logical streams, and what is wrong."""

    codecs: tuple[str, ...]
    fault: str | None


def read_pages(data: bytes) -> Pages:
    """Walk over all pages from the first on.

    A page that is cut, whose checksum (RFC 3533 section 6) is wrong, or that is not the next one
    of its stream, is a fault. A stream may begin late (a recording of a broadcast): numbers may
    leap between its headers and its first sound.
    """
    codecs: list[str] = []
    last: dict[int, tuple[int, int]] = {}
    at = data.find(b"OggS")
    while 0 <= at < len(data):
        if len(data) - at < _HEADER.size:
            return Pages(tuple(codecs), CUT)
        magic, _, flags, granule, serial, number, _, count = _HEADER.unpack_from(data, at)
        if magic != b"OggS":
            if not data[at:].strip(b"\0"):  # padding
                break
            return Pages(tuple(codecs), f"no page where one should follow, at byte {at:,}")
        body = at + _HEADER.size + count
        end = body + sum(data[at + _HEADER.size : body])
        if end > len(data):
            return Pages(tuple(codecs), CUT)
        if not _is_sound(data[at:end]):
            return Pages(tuple(codecs), f"the checksum of the page at byte {at:,} is wrong")
        if flags & _BEGINS:
            codecs.append(_codec(data[body:end]))
        elif serial in last:
            before, position = last[serial]
            if number != (before + 1) & 0xFFFFFFFF and position > 0:
                return Pages(tuple(codecs), f"pages are missing before number {number:,}")
        if granule == -1 and serial in last:
            granule = last[serial][1]  # a page on which no packet ends
        last[serial] = (number, granule)
        at = end
    return Pages(tuple(codecs), None)


def _codec(packet: bytes) -> str:
    return next((name for magic, name in _CODECS if packet.startswith(magic)), "unknown")


def _is_sound(page: bytes) -> bool:
    """Whether a page's CRC (polynomial 04C11DB7, from zero, checksum field as zeros) is right."""
    (stated,) = struct.unpack_from(">I", page, 22)
    turned = (page[:22] + bytes(4) + page[26:]).translate(_TURNED)
    found = zlib.crc32(turned, 0xFFFFFFFF) ^ 0xFFFFFFFF
    # the turned register, written with its lowest byte first, is the checksum as it lies in a page
    return found.to_bytes(4, "little").translate(_TURNED) == stated.to_bytes(4, "big")[::-1]
