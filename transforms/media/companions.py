"""Models that are several files: what a model names is read from where it lies, and packed with it.

A medium is bytes with one digest, so an OBJ with its materials and pictures, or a glTF with its
buffers, becomes one archive (`mesh.bundle`). A model that names nothing, or nothing that is there,
stays as it is.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Final

from transforms.media.containers.found import Found
from transforms.media.errors import MediaError
from transforms.media.mesh.bundle import MeshBundle, inside
from transforms.media.mesh.references import references

Read = Callable[[Collection[str]], Iterable[Found]]

#: Endings of what a model may bring along: a name in a corpus must not make us read an archive.
_ENDINGS: Final = (
    ".mtl", ".bin", ".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tga", ".gif", ".tif", ".tiff",
)  # fmt: skip

#: Models that wait for their companions, and their bytes: then these are read, in two rounds.
_MODELS: Final = 64
_BYTES: Final = 256 * 1024 * 1024


def with_companions(read: Read, members: Collection[str], most: int) -> Iterator[Found]:
    """What `read` finds, each model with the files that it names.

    `read` gives members of one container; what a model names is looked for in it, at most `most`
    files a model. A model that names a file outside the container is refused
    (`mesh_external_reference`).
    """
    waiting: dict[str, bytes] = {}
    for found in read(members):
        data = found.data
        if isinstance(data, MediaError) or not references(found.member, data, 1):
            yield found
            continue
        waiting[found.member] = data
        if len(waiting) >= _MODELS or sum(map(len, waiting.values())) >= _BYTES:
            yield from _packed(read, waiting, most)
            waiting = {}
    yield from _packed(read, waiting, most)


def _packed(read: Read, models: Mapping[str, bytes], most: int) -> Iterator[Found]:
    """Two rounds: what models name, and what material files among that name."""
    named: dict[str, list[str]] = {}
    for member, data in models.items():
        try:
            named[member] = _named(member, data, most)
        except MediaError as error:
            yield Found(member, error)
    first = _read(read, {name for names in named.values() for name in names})
    pictures: dict[str, list[str]] = {}
    for name, data in first.items():
        try:
            pictures[name] = _named(name, data, most)
        except MediaError:
            pictures[name] = []  # refused with its own words when the model is opened
    second = _read(read, {one for names in pictures.values() for one in names} - first.keys())
    content = {**second, **first}
    for member, names in named.items():
        wanted = [*names, *(one for name in names for one in pictures.get(name, ()))]
        beside = {name: content[name] for name in wanted[:most] if name in content}
        yield Found(member, _bundle(member, models[member], beside))


def _named(member: str, data: bytes, most: int) -> list[str]:
    """Names in the container of what a file in it refers to."""
    folder = posixpath.dirname(member)
    names = [inside(one, folder) for one in references(member, data, most)]
    return [name for name in names if name.lower().endswith(_ENDINGS)]


def _read(read: Read, names: Collection[str]) -> dict[str, bytes]:
    """Those of some files that are there."""
    found = read(names) if names else ()
    return {one.member: one.data for one in found if not isinstance(one.data, MediaError)}


def _bundle(member: str, data: bytes, beside: Mapping[str, bytes]) -> bytes:
    """One medium, free of the folder that all its files lie in."""
    if not beside:
        return data
    folders = [posixpath.dirname(name) for name in (member, *beside)]
    top = posixpath.commonpath(folders) if all(folders) else ""
    names = {name: posixpath.relpath(name, top or ".") for name in (member, *beside)}
    return MeshBundle(
        names[member], data, {names[name]: content for name, content in beside.items()}
    ).pack()
