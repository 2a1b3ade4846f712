"""Every index of a glTF points at something: also those that nothing drawn follows.

Loaders read animations, skins and cameras with the rest, and give up where one names an accessor
or a node that isn't there (Khronos glTF 2.0, sections 3.3 to 3.11).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from transforms.media.mesh.errors import damaged
from transforms.media.mesh.gltf import Document, mapping

#: Where an index stands, its keys from the outside in (a list stands for each of its items), and
#: the top-level list that it counts in.
_REFERENCES: Final[tuple[tuple[str, str], ...]] = (
    ("scenes.nodes", "nodes"),
    ("nodes.children", "nodes"),
    ("nodes.camera", "cameras"),
    ("nodes.skin", "skins"),
    ("nodes.mesh", "meshes"),
    ("skins.joints", "nodes"),
    ("skins.skeleton", "nodes"),
    ("skins.inverseBindMatrices", "accessors"),
    ("textures.source", "images"),
    ("textures.sampler", "samplers"),
    ("materials.normalTexture.index", "textures"),
    ("materials.occlusionTexture.index", "textures"),
    ("materials.emissiveTexture.index", "textures"),
    ("materials.pbrMetallicRoughness.metallicRoughnessTexture.index", "textures"),
    ("animations.samplers.input", "accessors"),
    ("animations.samplers.output", "accessors"),
    ("animations.channels.target.node", "nodes"),
)


def check_references(document: Document) -> None:
    """Refuse an index of something that the file doesn't have.

    Raises:
        MediaError: `mesh_undecodable`.
    """
    for path, kind in _REFERENCES:
        first, *keys = path.split(".")
        count = len(document.items(kind))
        for number, item in enumerate(document.items(first)):
            for index in _found(item, keys):
                _check(index, count, f"{first} {number}: {'.'.join(keys)}")
    for number, animation in enumerate(document.items("animations")):
        count = len(list(_found(animation, ["samplers"])))
        for index in _found(animation, ["channels", "sampler"]):
            _check(index, count, f"animations {number}: channels.sampler")


def _check(index: Any, count: int, what: str) -> None:
    if isinstance(index, bool) or not isinstance(index, int | float):
        damaged(f"{what} is {str(index)[:40]}, no index")
    if index != int(index) or not 0 <= index < count:
        damaged(f"{what} is {index}, there are {count:,}")


def _found(value: Any, keys: list[str]) -> Iterator[Any]:
    """What stands at the end of a path of keys; nothing where the path ends early."""
    if isinstance(value, list):
        for item in value:
            yield from _found(item, keys)
    elif not keys:
        yield value
    elif keys[0] in mapping(value, keys[0]):
        yield from _found(value[keys[0]], keys[1:])
