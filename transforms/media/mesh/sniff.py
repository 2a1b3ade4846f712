"""Which 3D format bytes are, whatever their name says."""

from __future__ import annotations

import re
import struct
from typing import Final

#: How each format begins. Those that aren't read are named, so that a refusal can name them.
_MAGIC: Final[tuple[tuple[bytes, str], ...]] = (
    (b"glTF", "glb"),
    (b"ply\n", "ply"),
    (b"ply\r", "ply"),
    (b"BZh", "bz2"),
    (b"\x1f\x8b", "gz"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"OCTM", "ctm"),
    (b"DRACO", "drc"),
    (b"Kaydara FBX Binary", "fbx"),
    (b"; FBX", "fbx"),
    (b"BLENDER", "blend"),
    (b"PXR-USDC", "usd"),
    (b"#usda", "usd"),
    (b"ISO-10303-21", "step"),
    (b"#VRML", "vrml"),
    (b"#X3D", "x3d"),
    (b"xof 0", "x"),
    (b"# vtk DataFile", "vtk"),
    (b"$MeshFormat", "msh"),
    (b"#binvox", "binvox"),
    (b"IDP2", "md2"),
    (b"IDP3", "md3"),
    (b"MDL5", "mdl"),
    (b"AC3D", "ac3d"),
    (b"*3DSMAX_ASCIIEXPORT", "ase"),
    (b"DDDMESH", "mesh"),
    (b"FORM", "lwo"),
    (b"MM\x00", "3ds"),
    (b"solid", "stl"),
)

#: ``OFF`` and its variants, after any comments: colours, normals, texture, homogeneous, n-dim.
#: Files of ModelNet have no line end behind it: ``OFF490 518 0``.
_OFF = re.compile(rb"\A(?:\s*#[^\n]*\n|\s)*(?P<key>(?:ST)?C?N?4?n?OFF)(?![A-Za-z_])")
_OBJ = re.compile(
    rb"^[ \t]*(?:v[ \t]+[-+.\d]|(?:vn|vt|f|l|p)[ \t]+[-+.\d]|mtllib |usemtl |[og] )", re.M
)
_NUMBERS = re.compile(rb"\A(?:\s*[-+]?[\d.][\d.eE+-]*){3}")
_XML: Final = (
    (b"<COLLADA", "dae"),
    (b"<X3D", "x3d"),
    (b"<amf", "amf"),
    (b"<model", "3mf"),
    (b"<VTKFile", "vtk"),
    (b"<mesh", "xml"),
)
_HEAD: Final = 1 << 20
_FACET: Final = 50


def kind_of(data: bytes) -> str | None:
    """The name of a 3D format or of a wrapping (``zip``, ``gz``, ``bz2``); None for no such."""
    head = data[:_HEAD].removeprefix(b"\xef\xbb\xbf")
    fits = binary_stl_faces(data)
    if fits is not None and 84 + _FACET * fits == len(data):
        return "stl"  # also where the header says "solid"
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    start = head.lstrip()
    if start.startswith(b"{"):
        return "gltf" if b'"asset"' in data or b'"meshes"' in data else None
    if start.startswith(b"<"):
        return next((name for mark, name in _XML if mark in head), None)
    if start[:6].lower().startswith(b"solid"):
        return "stl"
    if _OFF.match(head):
        return "off"
    if b"\0" not in head:
        if _OBJ.search(head):
            return "obj"
        return "xyz" if _NUMBERS.match(start) else None
    return "stl" if fits else None


def binary_stl_faces(data: bytes) -> int | None:
    """Facets that a binary STL declares, where the bytes hold that many."""
    if len(data) < 84:
        return None
    (declared,) = struct.unpack_from("<I", data, 80)
    return int(declared) if 84 + _FACET * declared <= len(data) else None


def off_keyword(data: bytes) -> tuple[str, int]:
    """The keyword of an OFF file and where what follows it begins."""
    found = _OFF.match(data)
    return (found["key"].decode(), found.end()) if found else ("", 0)
