"""What the containers of pictures say of themselves, read before any library allocates for them.

Each check bounds what a decoder would believe (canvas, tags, tiles) or finds what decoders let
pass: a file cut behind its first frame, a PNG whose checksums are wrong.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from zlib_ng import zlib_ng

from transforms.media.errors import MediaError
from transforms.media.settings import ImagePolicy

_PNG_BEGINS: Final = b"\x89PNG\r\n\x1a\n"
#: Chunks that say nothing of how the picture looks: texts, time, size on paper.
_PNG_NOTES: Final = (b"tEXt", b"zTXt", b"iTXt", b"tIME", b"pHYs")
_PNG_CHECKED: Final = (b"IHDR", b"PLTE", b"IDAT", b"IEND")

#: Samples of a pixel by PNG colour type.
_PNG_SAMPLES: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}

#: Adam7: left, top, distance across and down of the pixels of each pass.
_ADAM7: Final = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)

#: Bytes that are unpacked at once.
_STEP: Final = 1 << 20

#: Bytes of one value by TIFF type: byte, ascii, short, long, rational ... ifd8.
_TIFF_SIZES: Final = dict(enumerate((0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8)))
_TIFF_SHORT: Final = 3
_TILE_WIDTH: Final = 322
_TILE_LENGTH: Final = 323
_MAX_PAGES: Final = 10_000
#: Tags may together claim this many times the file, and this many bytes of a small one.
_MAX_CLAIMED: Final = 4
_TIFF_SMALL: Final = 1_000_000


def check_size(size: tuple[int, int], policy: ImagePolicy) -> None:
    """Refuse a canvas of more pixels than the policy allows, or of none.

    Raises:
        MediaError: `image_too_large`, `image_empty`.
    """
    width, height = size
    if width < 1 or height < 1:
        raise MediaError("image_empty", f"{width} x {height} pixels")
    if width * height > policy.max_pixels:
        raise MediaError(
            "image_too_large",
            f"{width} x {height} pixels, the limit is {policy.max_pixels:,}",
        )


def frames_before_open(data: bytes, policy: ImagePolicy) -> int | None:
    """Refuse bombs that would go off in a library that only reads the header.

    Returns:
        Frames or pages, where counting them by a walk is better than by a decoder.

    Raises:
        MediaError: `image_too_large`; `image_undecodable` for a file shorter than it says.
    """
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        _check_webp(data, policy)
    elif data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return tiff_pages(data, policy)
    elif data[:4] == b"GIF8" and len(data) > 13:
        return gif_frames(data, policy)
    elif data[:8] == _PNG_BEGINS and data[12:16] != b"IHDR" and data[12:16].isalpha():
        raise MediaError("image_undecodable", f"png that begins with {_name(data[12:16])}")
    return None


def _cut(what: str) -> MediaError:
    return MediaError("image_undecodable", f"cut short: {what}")


def _check_webp(data: bytes, policy: ImagePolicy) -> None:
    """Canvas and length by the container (RFC 9649): the decoder allocates the canvas at once."""
    declared = int.from_bytes(data[4:8], "little") + 8
    if declared > len(data):
        raise _cut(f"{len(data):,} of {declared:,} bytes")
    kind, head = data[12:16], data[20:30]
    if kind == b"VP8X":
        sides = (head[4:7], head[7:10])
        width, height = (int.from_bytes(side, "little") + 1 for side in sides)
    elif kind == b"VP8L":
        both = int.from_bytes(head[1:5], "little")
        width, height = (both & 0x3FFF) + 1, (both >> 14 & 0x3FFF) + 1
    else:
        width, height = (int.from_bytes(head[at : at + 2], "little") & 0x3FFF for at in (6, 8))
    check_size((width, height), policy)


class PngChunk(NamedTuple):
    """A chunk as it stands in the file: stated length, kind, body, checksum (`whole`)."""

    kind: bytes
    #: Bytes of the body, as stated.
    length: int
    #: Shorter than `length` asks for where the file ends.
    whole: memoryview

    @property
    def body(self) -> memoryview:
        """What it holds, as far as it is there."""
        return self.whole[8 : 8 + self.length]

    @property
    def is_cut(self) -> bool:
        """Whether the file ends inside it."""
        return len(self.whole) < 12 + self.length

    @property
    def is_sound(self) -> bool:
        """Whether its checksum is right."""
        return bool(zlib_ng.crc32(self.whole[4:-4]) == int.from_bytes(self.whole[-4:], "big"))


def png_chunks(data: bytes) -> Iterator[PngChunk]:
    """The chunks of a PNG, to the end of the file, whatever lies behind the picture."""
    view, position = memoryview(data), len(_PNG_BEGINS)
    while position + 12 <= len(data):
        length = int.from_bytes(view[position : position + 4], "big")
        end = position + 12 + length
        yield PngChunk(bytes(view[position + 4 : position + 8]), length, view[position:end])
        position = end


def check_png(data: bytes) -> None:
    """Walk the chunks of a PNG to its end; those that make the picture must have their checksum.

    Pillow doesn't look at the checksums of IDAT; browsers do, so annotators saw no such picture.

    Raises:
        MediaError: `image_undecodable`.
    """
    for chunk in png_chunks(data):
        name = _name(chunk.kind)
        if chunk.is_cut:
            raise _cut(f"the chunk {name} claims {chunk.length:,} bytes")
        if chunk.kind in _PNG_CHECKED and not chunk.is_sound:
            raise MediaError("image_undecodable", f"damaged: the checksum of {name} is wrong")
        if chunk.kind == b"IEND":
            return
    raise _cut("no IEND chunk")


def without_damaged_notes(data: bytes) -> bytes | None:
    """A PNG without those of its notes whose checksum is wrong; None if all are right.

    Browsers leave them out, Pillow opens no such file.
    """
    if not data.startswith(_PNG_BEGINS):
        return None
    parts: list[bytes | memoryview] = [_PNG_BEGINS]
    position = len(_PNG_BEGINS)
    for chunk in png_chunks(data):
        position += len(chunk.whole)
        if chunk.kind not in _PNG_NOTES or chunk.is_sound:
            parts.append(chunk.whole)
    left = b"".join((*parts, data[position:]))
    return left if len(left) < len(data) else None


def check_png_rows(data: bytes, picture: Any) -> None:
    """Refuse a PNG whose compressed stream ends, in good order, before the last row.

    Pillow leaves the rest black. `picture` is what it decoded: only if a last row is all zero (or
    rows are interlaced) is the stream unpacked again, and counted.

    Raises:
        MediaError: `image_undecodable`.
    """
    width, height, depth, kind, *_, interlaced = struct.unpack_from(">IIBBBBB", data, 16)
    last = np.asarray(picture.crop((0, height - 1, width, height)))
    if last.any() and not interlaced:
        return
    bits = depth * _PNG_SAMPLES[kind]
    passes = _ADAM7 if interlaced else ((0, 0, 1, 1),)
    wanted = 0
    for left, top, across, down in passes:
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        if columns > 0 and rows > 0:
            wanted += rows * (1 + (columns * bits + 7) // 8)
    found = _unpacked(data, wanted)
    if found < wanted:
        raise _cut(f"{found:,} of {wanted:,} bytes of pixels")


def _unpacked(data: bytes, enough: int) -> int:
    """Bytes that the IDAT chunks unpack to, counted up to `enough`."""
    unpacker, found = zlib.decompressobj(), 0
    for chunk in png_chunks(data):
        waiting: bytes | memoryview = chunk.body if chunk.kind == b"IDAT" else b""
        while len(waiting) and found < enough:
            found += len(unpacker.decompress(waiting, _STEP))
            waiting = unpacker.unconsumed_tail
    return found


def _name(kind: bytes) -> str:
    return kind.decode("ascii", "replace")


def gif_frames(data: bytes, policy: ImagePolicy) -> int:
    """Frames of a GIF, all blocks walked to the trailer; a missing trailer alone is let pass.

    Raises:
        MediaError: `image_undecodable` for a file that ends inside a block, `image_too_large` for
            a frame that would widen the canvas beyond the policy.
    """
    position, frames = 13 + _colour_table(data[10]), 0
    try:
        while position < len(data):
            kind = data[position]
            if kind == 0x3B:
                break
            if kind == 0x21:
                position = _behind_blocks(data, position + 2)
            elif kind == 0x2C:
                frames += 1
                check_size(_gif_extent(data, position), policy)
                position += 10 + _colour_table(data[position + 9])
                position = _behind_blocks(data, position + 1)
            elif frames:
                break  # filling between the last frame and the end
            else:
                position += 1
    except (IndexError, struct.error):
        raise _cut(f"the file ends inside frame {max(frames, 1)}") from None
    return frames


def _gif_extent(data: bytes, position: int) -> tuple[int, int]:
    left, top, width, height = struct.unpack_from("<4H", data, position + 1)
    return left + width, top + height


def _colour_table(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _behind_blocks(data: bytes, position: int) -> int:
    while length := data[position]:
        position += length + 1
    return position + 1


class _TiffLayout(NamedTuple):
    """How the directories of a TIFF are written; BigTIFF counts in 64 bits."""

    order: str
    first: int
    offset: struct.Struct
    length: struct.Struct
    entry: struct.Struct

    @classmethod
    def of(cls, data: bytes) -> _TiffLayout:
        order = "<" if data[:1] == b"I" else ">"
        first, offset, count, entry = (
            (8, "Q", "Q", "HHQQ") if b"+" in data[2:4] else (4, "L", "H", "HHLL")
        )
        return cls(order, first, *(struct.Struct(order + code) for code in (offset, count, entry)))

    def number(self, kind: int, value: int) -> int:
        """A short stands in the first two bytes of the value's field."""
        if kind != _TIFF_SHORT:
            return value
        return value & 0xFFFF if self.order == "<" else value >> 8 * (self.offset.size - 2)


def tiff_pages(data: bytes, policy: ImagePolicy) -> int:
    """Pages of a TIFF or BigTIFF; what its directories claim is bounded.

    Raises:
        MediaError: `image_too_large` for tags that claim several times the file (each may point
            at the same bytes), for a tile beyond the pixels of the policy, or too many pages.
    """
    layout = _TiffLayout.of(data)
    seen: set[int] = set()
    claimed = 0
    try:
        (offset,) = layout.offset.unpack_from(data, layout.first)
        while offset and offset not in seen:
            seen.add(offset)
            if len(seen) > _MAX_PAGES:
                raise MediaError("image_too_large", f"more than {_MAX_PAGES:,} pages")
            (count,) = layout.length.unpack_from(data, offset)
            start = offset + layout.length.size
            room = max(0, len(data) - start) // layout.entry.size
            end = start + min(count, room) * layout.entry.size
            tags = list(layout.entry.iter_unpack(data[start:end]))
            claimed += sum(min(len(data), _TIFF_SIZES.get(tag[1], 0) * tag[2]) for tag in tags)
            _check_tags(layout, tags, claimed, len(data), policy)
            (offset,) = layout.offset.unpack_from(data, end)
    except struct.error:
        pass  # a directory that is cut: the decoder says what becomes of the picture
    return len(seen)


def _check_tags(
    layout: _TiffLayout, tags: list[tuple[int, ...]], claimed: int, size: int, policy: ImagePolicy
) -> None:
    if claimed > _MAX_CLAIMED * size + _TIFF_SMALL:
        raise MediaError(
            "image_too_large", f"tags claim {claimed:,} bytes of a file of {size:,} bytes"
        )
    values = {tag: layout.number(kind, value) for tag, kind, _, value in tags}
    tile = values.get(_TILE_WIDTH, 0) * values.get(_TILE_LENGTH, 0)
    if tile > policy.max_pixels:
        raise MediaError(
            "image_too_large", f"a tile of {tile:,} pixels, the limit is {policy.max_pixels:,}"
        )


def check_tiles(picture: Any) -> tuple[int, int, int, int] | None:
    """Refuse a picture whose parts, as Pillow is about to read them, don't cover it.

    Returns:
        Where the first frame of a GIF lies that, as it may, covers only a part of the canvas.

    Raises:
        MediaError: `image_undecodable`.
    """
    parts = [tile.extents for tile in picture.tile if tile.extents is not None]
    covered = sum((right - left) * (lower - upper) for left, upper, right, lower in parts)
    if not parts or covered >= picture.width * picture.height:
        return None
    if picture.format == "GIF":
        left, upper, right, lower = parts[0]
        return left, upper, right, lower
    raise _cut(f"its {len(parts)} strips or tiles cover {covered:,} pixels")
