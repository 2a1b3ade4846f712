"""MP4 by its boxes: order, brand, fragments, encryption and display matrices of tracks.

FFmpeg hides all of these behind its streams. Source: ISO/IEC 14496-12; encryption: 23001-7.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

#: Boxes that hold others on the way to what is asked for.
_MASTERS: Final = (b"moov", b"trak", b"edts", b"mdia", b"minf", b"stbl")

#: Sample entries of protected tracks: common encryption, and that of iTunes.
_PROTECTED: Final = (b"encv", b"enca", b"encs", b"enct", b"drmi", b"drms")

#: Brands whose files are not plain MP4: QuickTime, and phones' 3GP.
_OTHER_BRANDS: Final = (b"qt", b"3g")

#: Boxes after which the look at a file is given up.
_MAX_BOXES: Final = 100_000

Matrix = tuple[int, ...]


@dataclass
class Boxes:
    """What the boxes of a file say.

    `is_faststart` means that a player can begin before it has the whole file: `moov` stands before
    `mdat`. `matrices` are the nine numbers of each track's matrix by the track's id.
    """

    brand: str = ""
    is_faststart: bool = False
    is_fragmented: bool = False
    is_encrypted: bool = False
    matrices: dict[int, Matrix] = field(default_factory=dict)

    @property
    def is_plain(self) -> bool:
        """Whether it is an MP4 file by its brand, not QuickTime nor 3GP."""
        return bool(self.brand) and not self.brand.encode().startswith(_OTHER_BRANDS)


def boxes_of(data: bytes) -> Boxes:
    """Read the structure of an MP4, MOV or 3GP file, as far as it can be read."""
    found = Boxes()
    order: list[bytes] = []
    for number, (name, start, end) in enumerate(_boxes(data, 0, len(data))):
        order.append(name)
        content = data[start : min(end, len(data))] if name != b"mdat" else b""
        if name == b"ftyp":
            found.brand = content[:4].decode("latin-1").strip()
        elif name == b"moov":
            _read_movie(content, found)
        elif name == b"moof":
            found.is_fragmented = True
        if number >= _MAX_BOXES:
            break
    if b"moov" in order and b"mdat" in order:
        found.is_faststart = order.index(b"moov") < order.index(b"mdat")
    return found


def _read_movie(data: bytes, found: Boxes) -> None:
    pending = [(0, len(data))]
    for _ in range(_MAX_BOXES):
        if not pending:
            return
        for name, start, end in _boxes(data, *pending.pop()):
            if end > len(data):
                return
            if name in _MASTERS:
                pending.append((start, end))
            elif name == b"mvex":
                found.is_fragmented = True
            elif name == b"tkhd":
                _read_track(data[start:end], found)
            elif name == b"stsd":
                entries = (entry for entry, _, _ in _boxes(data, start + 8, end))
                found.is_encrypted |= any(entry in _PROTECTED for entry in entries)


def _read_track(header: bytes, found: Boxes) -> None:
    wide = header[:1] == b"\x01"  # version 1: times of 64 bits
    ids, matrix = (20, 52) if wide else (12, 40)
    if len(header) >= matrix + 36:
        (number,) = struct.unpack_from(">I", header, ids)
        found.matrices[number] = struct.unpack_from(">9i", header, matrix)


def _boxes(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Boxes side by side: name, first byte of the content, first byte behind the box."""
    while at + 8 <= end:
        size, name = struct.unpack_from(">I4s", data, at)
        start = at + 8
        if size == 1 and start + 8 <= end:
            (size,) = struct.unpack_from(">Q", data, start)
            start += 8
        elif size == 0:  # to the end of the file
            size = end - at
        if size < start - at:
            return
        yield name, start, at + size
        at += size
