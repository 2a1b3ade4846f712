"""Which modality a file is of: by its content first, then by its name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Final

from schemas.tasks import Modality
from transforms.beamkit.sniff import HEAD_BYTES, sniff

#: Formats that show themselves in their first bytes: offset, bytes.
_STARTS: Final[tuple[tuple[int, bytes, Modality], ...]] = (
    (0, b"\xff\xd8\xff", "image"),
    (0, b"\x89PNG\r\n\x1a\n", "image"),
    (0, b"GIF8", "image"),
    (0, b"BM", "image"),
    (0, b"II*\x00", "image"),
    (0, b"MM\x00*", "image"),
    (0, b"II+\x00", "image"),
    (0, b"MM\x00+", "image"),
    (0, b"8BPS", "image"),
    (0, b"\xff\x0a", "image"),  # JPEG XL
    (0, b"\x00\x00\x00\x0cJXL ", "image"),
    (0, b"\x00\x00\x00\x0cjP  ", "image"),
    (0, b"\x00\x00\x01\x00", "image"),  # an icon
    (8, b"WEBP", "image"),
    (8, b"AVI ", "video"),
    (0, b"FLV", "video"),
    (0, b"\x00\x00\x01\xba", "video"),
    (0, b"\x00\x00\x01\xb3", "video"),
    (0, b"0&\xb2u\x8ef\xcf\x11", "video"),  # ASF: wmv, wma
    (8, b"WAVE", "audio"),
    (0, b"fLaC", "audio"),
    (0, b"ID3", "audio"),
    (0, b".snd", "audio"),
    (0, b"caff", "audio"),
    (0, b"#!AMR", "audio"),
    (8, b"AIFF", "audio"),
    (8, b"AIFC", "audio"),
    (0, b"glTF", "mesh"),
    (0, b"ply\n", "mesh"),
    (0, b"ply\r", "mesh"),
    (0, b"Kaydara FBX", "mesh"),
    (0, b"PXR-USDC", "mesh"),
)

_ENDINGS: Final[Mapping[Modality, str]] = {
    "image": "jpg jpeg jpe jfif png apng webp gif bmp tif tiff avif heic heif jp2 jxl ico psd",
    "video": "mp4 m4v mov webm mkv avi ts m2ts flv mpg mpeg ogv 3gp wmv",
    "audio": "wav flac mp3 ogg oga opus m4a aac aif aiff aifc wma au amr caf pcm",
    "mesh": "glb gltf obj ply stl off 3mf fbx dae usdz usd ctm",
}
#: What a single model is compressed by.
_PACKED: Final = (".bz2", ".gz")
#: Containers whose contents are named at their eighth byte.
_CHUNKED: Final = (b"RIFF", b"RF64", b"FORM")

_BY_NAME: Final[Mapping[str, Modality]] = {
    ending: modality for modality, endings in _ENDINGS.items() for ending in endings.split()
}

#: Brands of ISO files that are pictures.
_PICTURE_BRANDS: Final = (b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1", b"hevc")
_TRACKS: Final = re.compile(rb"hdlr\x00{4}.{4}(vide|soun)", re.DOTALL)
#: The id of a codec in a Matroska file: V_ pictures, A_ sound.
_MATROSKA: Final = re.compile(rb"\x86[\x81-\xbf]([VA])_")
_OBJ_LINE: Final = re.compile(
    r"(v|vn|vt|vp)\s+[-+.\d]|[flp]\s+-?\d|(o|g|s|mg|usemtl|mtllib)(\s|$)|#|\s*$"
)
_OFF: Final = re.compile(rb"\s*(ST)?C?N?4?n?OFF(?![A-Za-z_])")
_STL_HEADER: Final = 84
_STL_FACE: Final = 50
#: A transport stream has a sync byte in front of every packet.
_TS_PACKETS: Final = (188, 192)
_LOOKED_AT: Final = 1024 * 1024


def modality_of(data: bytes, name: str) -> Modality | None:
    """The modality of a file, or None for one that is no medium: text, an archive, a table.

    What is open to more than one reading: a GIF is a picture, also one that moves; an MP4, WebM or
    Ogg file is a sound if it holds no pictures. Bytes that say nothing go by the name's ending.
    """
    named = _named(PurePath(name))
    if data[4:8] == b"ftyp":
        return _iso(data, named)
    return _by_content(data) or named


def _named(name: PurePath) -> Modality | None:
    """By the name's ending; a model may be packed by itself (``rock.obj.bz2``)."""
    if name.suffix.lower() in _PACKED:
        inside = _BY_NAME.get(PurePath(name.stem).suffix[1:].lower())
        return inside if inside == "mesh" else None
    return _BY_NAME.get(name.suffix[1:].lower())


def _by_content(data: bytes) -> Modality | None:
    for offset, start, modality in _STARTS:
        if data.startswith(start, offset) and (not offset or data[:4] in _CHUNKED):
            return modality
    if data.startswith(b"\x1aE\xdf\xa3"):
        kinds = set(_MATROSKA.findall(data[:_LOOKED_AT]))
        return "audio" if kinds == {b"A"} else "video"
    if data.startswith(b"OggS"):
        return "video" if b"\x80theora" in data[:_LOOKED_AT] else "audio"
    if any(_every(data, step, step == 192) for step in _TS_PACKETS):
        return "video"
    return _mesh(data) or _bare_sound(data)


def _iso(data: bytes, named: Modality | None) -> Modality:
    """An ISO file's by its brand, then by its tracks; where it lost them, by its name."""
    if data[8:12] in _PICTURE_BRANDS:
        return "image"
    if data[8:11] in (b"M4A", b"M4B"):
        return "audio"
    tracks = {match[1] for match in _TRACKS.finditer(data)}
    if not tracks and named in ("audio", "video"):
        return named
    return "audio" if tracks == {b"soun"} else "video"


def _every(data: bytes, step: int, timed: bool) -> bool:
    first = 4 if timed else 0
    places = range(first, min(len(data), first + 5 * step), step)
    return len(places) >= 3 and all(data[place] == 0x47 for place in places)


def _bare_sound(data: bytes) -> Modality | None:
    """MP3 or AAC without any header: the first frame's own."""
    if len(data) < 4 or data[0] != 0xFF or data[1] & 0xE0 != 0xE0:
        return None
    if data[1] & 0xF6 == 0xF0:
        return "audio"  # AAC in ADTS
    layer, rate, speed = data[1] >> 1 & 3, data[2] >> 2 & 3, data[2] >> 4
    version = data[1] >> 3 & 3
    # Layer I is met nowhere, and its first bytes are those of text in UTF-16.
    return "audio" if layer in (1, 2) and version != 1 and rate != 3 and 0 < speed < 15 else None


def _mesh(data: bytes) -> Modality | None:
    if len(data) >= _STL_HEADER:
        faces = int.from_bytes(data[80:84], "little")
        if faces and len(data) == _STL_HEADER + _STL_FACE * faces:
            return "mesh"
    if _OFF.match(data[:64]):
        return "mesh"
    start = data[:4096]
    if start.lstrip()[:6] == b"solid " and b"facet" in start:
        return "mesh"
    if start.lstrip()[:1] == b"{" and b'"asset"' in data[:_LOOKED_AT] and b'"version"' in data:
        return "mesh"
    return "mesh" if _is_obj(data) else None


def _is_obj(data: bytes) -> bool:
    """A Wavefront file says nothing at its start: all of its first lines have to be of its kind."""
    if sniff(data[:HEAD_BYTES]) != "text":
        return False
    lines = data[:4096].decode("utf-8", "replace").splitlines()[:40]
    whole = lines[:-1] or lines  # the last one may be cut
    return all(map(_OBJ_LINE.match, whole)) and any(
        line.startswith(("v ", "v\t", "mtllib ")) for line in whole
    )
