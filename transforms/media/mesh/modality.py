"""3D models: read whole, checked, and published as self-contained GLB.

A medium is the bytes of one file, or of an archive with a model and the files that it refers to
(`bundle.MeshBundle.pack` makes one; a caller that has them apart may hand them over as
`companions`, names relative to the model). No file, address or link that a model names is ever
opened.

A conforming GLB (glTF 2.0, nothing outside itself, finite vertices, something to be seen, every
texture decodable) keeps its bytes. Another glTF is packed: the same JSON with its buffers and
pictures put inside. obj, ply, stl and off become GLB:

- Vertices are rounded to float32, polygons cut into fans of triangles, faces without area and
  vertices that nothing uses dropped; stl corners at one place are joined. Units stay, axes too
  (`MeshPolicy.up` turns the scene, not the vertices). Colours of these formats are sRGB and made
  linear. A texture keeps its bytes, unless glTF doesn't know its format: then it becomes PNG.
- Material files and textures that are named but not handed over are done without (changes:
  ``missing_texture``), or refused by policy; a buffer of glTF that is missing is always refused.
- A face of one or two corners draws nothing and counts as one without area. Models of lines
  alone are `mesh_empty`; points alone are kept or refused by policy. Colour bytes of stl, bump
  and gloss maps of mtl are not taken over.
- Single models compressed by gzip or bzip2 are unpacked, within the limits, or refused by policy.
- Binary OFF, Gaussian splats, OBJ curves, glTF 1, Draco, meshopt and KTX2 are refused; so is a
  damaged texture, because what is shown would not be what annotators saw.

Models are described at rest: animations stay in a kept or packed GLB, but nothing plays them.
Facts `vertices` and `faces` count what is stored and drawn by the default scene, a part that
stands in several places once; `phash` is that of `hash`, of shape and colour; `frames` is not
given.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from transforms.media.judge_views import JudgeView
from transforms.media.mesh.bundle import Model, open_model
from transforms.media.mesh.errors import guarded, refuse, within
from transforms.media.mesh.gltf import Document, read_document
from transforms.media.mesh.scene import Scene
from transforms.media.modality import Facts, Picture, Product
from transforms.media.settings import MeshPolicy


@dataclass
class DecodedMesh:
    """A model that was read whole: the file as found, what is drawn of it, what it lacks."""

    source: bytes
    model: Model
    scene: Scene
    document: Document | None = None
    missing: list[str] = field(default_factory=list)
    dropped: int = 0

    def phash(self, policy: MeshPolicy) -> str | None:
        """The perceptual hash of what is drawn, made once."""
        if self._phash is None:
            from transforms.media.mesh.hash import mesh_hash

            self._phash = (mesh_hash(self.scene, policy),)
        return self._phash[0]

    _phash: tuple[str | None] | None = field(default=None, repr=False)


@guarded
def probe(data: bytes, policy: MeshPolicy, companions: Mapping[str, bytes] | None = None) -> Facts:
    """Format and size, and what the header says of vertices and faces, where it says so.

    Raises:
        MediaError: see `mesh.errors`.
    """
    from transforms.media.mesh.header import header_facts

    model = open_model(data, policy, companions)
    return {"format": model.kind, "bytes": len(data), **header_facts(model, policy)}


@guarded
def validate(
    data: bytes, policy: MeshPolicy, companions: Mapping[str, bytes] | None = None
) -> DecodedMesh:
    """Read everything: geometry, materials, every picture of a texture.

    `companions` are the files beside the model, by relative name.

    Raises:
        MediaError: see `mesh.errors`.
    """
    from transforms.media.mesh.header import header_facts
    from transforms.media.mesh.picture import check_pictures

    model = open_model(data, policy, companions)
    header_facts(model, policy)
    decoded = _read(model, policy)
    decoded.source = data
    _check_seen(decoded.scene, policy)
    if decoded.missing and policy.missing_textures == "reject":
        refuse("texture", f"{decoded.missing[0][:200]!r} was not handed over")
    check_pictures(decoded.scene.pictures, policy)
    return decoded


@guarded
def describe(decoded: DecodedMesh, policy: MeshPolicy) -> Facts:
    """Facts of the source: `format`, `bytes`, `vertices`, `faces`, `phash`."""
    facts = _facts(decoded.model.kind, len(decoded.source), decoded.scene)
    return {**facts, "phash": decoded.phash(policy)}


@guarded
def describe_shape(decoded: DecodedMesh) -> Facts:
    """Further facts, not (yet) of `INFO_STRUCT`: see `shape.shape_facts`, and `missing`."""
    from transforms.media.mesh.shape import shape_facts

    return {**shape_facts(decoded.scene), "missing": tuple(decoded.missing)}


@guarded
def normalise(decoded: DecodedMesh, policy: MeshPolicy) -> Product:
    """A GLB: the source bytes where they conform, else one made of what was decoded.

    Changes: ``unpacked``, ``glb`` (made GLB), ``packed`` (a GLB made self-contained),
    ``flattened``, ``degenerate_faces``, ``missing_texture``.
    """
    from transforms.media.mesh.flatten import flatten, is_flat
    from transforms.media.mesh.pack import pack, write_scene

    model, scene, document = decoded.model, decoded.scene, decoded.document
    changes = ["unpacked"] if model.wrapping else []
    flat = policy.scene == "flatten"
    if document is None:
        data = write_scene(scene, policy)
        changes += ["glb"] + (["flattened"] if flat and len(scene.placements) > 1 else [])
    else:
        outside = any(picture.place == "file" for picture in document.pictures)
        if flat and not is_flat(document, scene):
            data = flatten(document, scene)
            changes += (["glb"] if model.kind != "glb" else []) + ["flattened"]
        elif outside or document.unusual or model.kind != "glb":
            data = pack(document)
            changes += ["packed" if model.kind == "glb" else "glb"]
        else:
            data = model.data
    changes += ["degenerate_faces"] if decoded.dropped else []
    changes += ["missing_texture"] if decoded.missing else []
    if not changes:
        return Product(describe(decoded, policy))
    made = decoded if "flattened" not in changes else _read_glb(data, policy)
    facts = {**_facts("glb", len(data), made.scene), "phash": made.phash(policy)}
    return Product(facts, data, tuple(changes))


@guarded
def render_for_judge(data: bytes, policy: MeshPolicy, view: JudgeView) -> list[Picture]:
    """JPEGs of the model from even angles around its vertical axis.

    Raises:
        MediaError: for what `validate` refuses.
    """
    from PIL import Image

    from transforms.media.mesh.render import render_scene

    pixels = render_scene(validate(data, policy).scene, policy, view.mesh_views, view.mesh_side)
    pictures = []
    for number, picture in enumerate(pixels):
        sink = io.BytesIO()
        Image.fromarray(picture).save(sink, "JPEG", quality=view.jpeg_quality)
        angle = 360 * number / view.mesh_views
        pictures.append(Picture(sink.getvalue(), f"view at {angle:g} degrees"))
    return pictures


def render_views(
    data: bytes,
    number: int = 4,
    side: int = 512,
    policy: MeshPolicy = MeshPolicy(),  # noqa: B008 - frozen
    companions: Mapping[str, bytes] | None = None,
) -> list[Any]:
    """Views of a model in any format, uint8 (side, side, 3), sRGB; the first from the front (+z).

    The vertical axis is +y, as glTF has it and this project assumes of files that don't say;
    with `policy.up` ``z`` it is +z for obj, ply, stl and off.

    Raises:
        MediaError: for what `validate` refuses.
    """
    from transforms.media.mesh.render import render_scene

    decoded = validate(data, policy, companions)
    return guarded(render_scene)(_upright(decoded, policy), policy, number, side)


def _read(model: Model, policy: MeshPolicy) -> DecodedMesh:
    if model.kind in ("glb", "gltf"):
        return _read_gltf(model, policy)
    scene, missing = _read_other(model, policy)
    from transforms.media.mesh.polygons import tidied

    dropped = sum(tidied(part) for part in scene.parts)
    kept = [number for number, part in enumerate(scene.parts) if len(part.indices)]
    scene.parts = [scene.parts[number] for number in kept]
    scene.placements = scene.placements[: len(kept)]
    return DecodedMesh(model.data, model, scene, missing=missing, dropped=dropped)


def _read_other(model: Model, policy: MeshPolicy) -> tuple[Scene, list[str]]:
    if model.kind == "obj":
        from transforms.media.mesh.obj import read_obj

        return read_obj(model, policy)
    if model.kind == "ply":
        from transforms.media.mesh.ply_scene import read_ply

        return read_ply(model, policy)
    if model.kind == "off":
        from transforms.media.mesh.off import read_off

        return read_off(model, policy), []
    from transforms.media.mesh.stl import read_stl

    return read_stl(model, policy), []


def _read_gltf(model: Model, policy: MeshPolicy) -> DecodedMesh:
    from transforms.media.mesh.gltf_scene import read_scene

    document = read_document(model.data, model.kind, model.files, policy)
    missing = [
        picture.reference
        for picture in document.pictures
        if picture.place == "file" and picture.data is None
    ]
    return DecodedMesh(model.data, model, read_scene(document), document, missing)


def _read_glb(data: bytes, policy: MeshPolicy) -> DecodedMesh:
    return _read_gltf(open_model(data, policy), policy)


def _check_seen(scene: Scene, policy: MeshPolicy) -> None:
    """Refuse what shows nothing, what shows points only by policy, and too much of anything."""
    from transforms.media.mesh.shape import bounds

    within(scene.vertices(), policy.max_vertices, "vertices")
    within(scene.faces(), policy.max_faces, "faces")
    within(scene.drawn_faces(), policy.max_faces, "faces as drawn")
    if scene.drawn_faces() == 0:
        if scene.points() == 0:
            lines = scene.lines()
            refuse("empty", f"no faces, only {lines:,} lines" if lines else "no faces, no points")
        if policy.points == "reject":
            refuse("points", f"{scene.points():,} points and no faces")
    low, high = bounds(scene)
    if scene.drawn_faces() and not (high > low).any():
        refuse("empty", "all vertices are at one place")


def _upright(decoded: DecodedMesh, policy: MeshPolicy) -> Scene:
    """The scene as it is published: turned where the policy says that z is up."""
    if policy.up == "y" or decoded.document is not None:
        return decoded.scene
    import numpy as np

    from transforms.media.mesh.scene import Placement

    turn = np.array([[1, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]], np.float64)
    turned = [Placement(at.part, turn @ at.matrix) for at in decoded.scene.placements]
    return Scene(decoded.scene.parts, turned, decoded.scene.materials, decoded.scene.pictures)


def _facts(kind: str, size: int, scene: Scene) -> Facts:
    return {"format": kind, "bytes": size, "vertices": scene.vertices(), "faces": scene.faces()}
