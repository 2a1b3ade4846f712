"""What the beginning of a model says, against the limits, before anything is allocated for it."""

from __future__ import annotations

from transforms.media.mesh.bundle import Model
from transforms.media.mesh.errors import damaged, within
from transforms.media.settings import MeshPolicy


def header_facts(model: Model, policy: MeshPolicy) -> dict[str, int]:
    """Declared `vertices` and `faces`, where the format declares them.

    Raises:
        MediaError: `mesh_too_large` for what is beyond a limit, `mesh_undecodable` for headers
            that are cut.
    """
    facts: dict[str, int] = {}
    if model.kind == "obj":
        within(model.data.count(b"\n"), 4 * (policy.max_vertices + policy.max_faces), "lines")
    if model.kind in _READERS:
        facts = _READERS[model.kind](model.data)
    within(facts.get("vertices", 0), policy.max_vertices, "vertices")
    within(facts.get("faces", 0), policy.max_faces, "faces")
    return facts


def _glb(data: bytes) -> dict[str, int]:
    from transforms.media.mesh.gltf import split_glb

    split_glb(data)
    return {}


def _obj(data: bytes) -> dict[str, int]:
    """Lines are counted, not read: each is a Python object afterwards."""
    vertices = data.count(b"\nv ") + data.startswith(b"v ")
    return {"vertices": vertices, "faces": data.count(b"\nf ") + data.startswith(b"f ")}


def _ply(data: bytes) -> dict[str, int]:
    from transforms.media.mesh.ply import declared_rows

    rows = declared_rows(data)
    return {"vertices": rows.get("vertex", 0), "faces": rows.get("face", 0)}


def _stl(data: bytes) -> dict[str, int]:
    from transforms.media.mesh.sniff import binary_stl_faces

    if data.lstrip()[:5].lower() == b"solid" and b"facet" in data[:4096].lower():
        return {"faces": data.lower().count(b"endfacet")}
    faces = binary_stl_faces(data)
    return {} if faces is None else {"faces": faces}


def _off(data: bytes) -> dict[str, int]:
    from transforms.media.mesh.sniff import off_keyword

    _, end = off_keyword(data)
    lines = (line.split(b"#", 1)[0].split() for line in data[end : end + 65536].split(b"\n"))
    words = next((found for found in lines if found), [])
    if len(words) < 2 or not all(word.isdigit() for word in words[:2]):
        damaged("the numbers of vertices and faces are missing")
    vertices, faces = (int(word[:18]) for word in words[:2])
    return {"vertices": vertices, "faces": faces}


_READERS = {"glb": _glb, "obj": _obj, "ply": _ply, "stl": _stl, "off": _off}
