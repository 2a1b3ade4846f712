"""Models that are several files: what a model names is read from where it lies, and packed with it.

A medium is bytes with one digest, so an OBJ with its materials and pictures, or a glTF with its
buffers, becomes one archive (`mesh.bundle`). A model that names nothing, or nothing that is there,
stays as it is.

This is done outside of the sandbox, so how much is held at a time is bounded, whatever a model
names; and nothing about one model costs another.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, ParamSpec, Protocol, TypeVar

from transforms.media.containers.found import MAX_MEMBER_BYTES, Found
from transforms.media.errors import MediaError
from transforms.media.mesh.bundle import MeshBundle, inside
from transforms.media.mesh.references import references

_P = ParamSpec("_P")
_T = TypeVar("_T")

#: Endings of what a model may bring along: a name in a corpus must not make us read an archive.
_ENDINGS: Final = (
    ".mtl", ".bin", ".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tga", ".gif", ".tif", ".tiff",
)  # fmt: skip

#: Models that wait for their companions, and their bytes: then these are read, in two rounds.
_MODELS: Final = 64
_BYTES: Final = 256 * 1024 * 1024

#: Marks that a name in a bundle can't have.
_ODD: Final = re.compile(r"[\x00-\x1f\\]")


class Read(Protocol):
    """Gives members of one container, those of more than `largest` bytes as refusals."""

    def __call__(
        self, members: Collection[str], /, *, largest: int = MAX_MEMBER_BYTES
    ) -> Iterable[Found]:
        """The members that are asked for."""
        ...


class _TooMuchError(Exception):
    """What some models name has more bytes than may be held."""


def with_companions(
    read: Read, members: Collection[str], most: int, most_bytes: int = _BYTES
) -> Iterator[Found]:
    """What `read` finds, each model with the files that it names.

    `read` gives members of one container; what a model names is looked for in it, beside the very
    entry that was found: at most `most` files a model, and no more than `most_bytes` with the model
    itself (`mesh_too_large`). A model that names a file outside the container is refused
    (`mesh_external_reference`), and one whose file could be several (`media_ambiguous`).
    """
    waiting: dict[str, Found] = {}
    size = 0
    for found in read(members):
        before = waiting.pop(found.member, None)  # a later word: it could be another entry
        size -= _size(before)
        names = _tried(_names_any, found, most_bytes)
        if isinstance(names, MediaError):
            yield Found(found.member, names)
            continue
        if not names:
            yield found
            continue
        waiting[found.member] = found
        size += _size(found)
        if len(waiting) >= _MODELS or size >= _BYTES:
            yield from _packed(read, list(waiting.values()), most, most_bytes)
            waiting, size = {}, 0
    yield from _packed(read, list(waiting.values()), most, most_bytes)


def _size(found: Found | None) -> int:
    return len(found.data) if found is not None and isinstance(found.data, bytes) else 0


def _names_any(found: Found, most_bytes: int) -> bool:
    """Whether a member is a model that names files; one that is too large is not looked at."""
    if isinstance(found.data, MediaError) or len(found.data) > most_bytes:
        return False
    return bool(references(found.member, found.data, 1))


def _packed(read: Read, models: Sequence[Found], most: int, most_bytes: int) -> Iterator[Found]:
    """Two rounds: what models name, and what material files among that name.

    Where that is too much at a time, it is done for half of the models at a time.
    """
    named: dict[str, list[str]] = {}
    for model in models:
        names = _tried(_named, model.place or model.member, model.data, most)
        if isinstance(names, MediaError):
            yield Found(model.member, names)
        else:
            named[model.member] = names
    models = [model for model in models if model.member in named]
    if not models:
        return
    alone = len(models) == 1
    try:
        room = most_bytes - _size(models[0]) if alone else _BYTES
        content, pictures = _companions(read, named.values(), most, room)
    except _TooMuchError:
        if alone:
            message = f"with the files that it names it has more than {most_bytes:,} bytes"
            yield Found(models[0].member, MediaError("mesh_too_large", message))
            return
        half = len(models) // 2
        yield from _packed(read, models[:half], most, most_bytes)
        yield from _packed(read, models[half:], most, most_bytes)
        return
    for model in models:
        names = named[model.member]
        wanted = [*names, *(one for name in names for one in pictures.get(name, ()))]
        beside = {name: content[name] for name in wanted[:most] if name in content}
        bundle = _tried(_bundle, model, beside, most_bytes)
        yield Found(model.member, bundle)


def _companions(
    read: Read, named: Iterable[Collection[str]], most: int, room: int
) -> tuple[dict[str, bytes | MediaError], dict[str, list[str]]]:
    """The files that models name, and those that these name; and the names in each of the first.

    Raises:
        _TooMuchError: they have more than `room` bytes.
    """
    first = _read(read, {name for names in named for name in names}, room)
    pictures: dict[str, list[str]] = {}
    for name, data in first.items():
        found = _tried(_named, name, data, most)
        # A material file that makes no sense is refused with its own words when it is opened.
        pictures[name] = [] if isinstance(found, MediaError) else found
    room -= sum(len(data) for data in first.values() if isinstance(data, bytes))
    second = {one for names in pictures.values() for one in names} - first.keys()
    return {**_read(read, second, room), **first}, pictures


def _named(place: str, data: bytes | MediaError, most: int) -> list[str]:
    """Names in the container of what a file in it refers to; from its root, if its own is."""
    if isinstance(data, MediaError):
        return []
    path = posixpath.normpath(place)
    root = "/" if path.startswith("/") else ""
    folder = posixpath.dirname(path.removeprefix(root))
    names = [inside(one, folder) for one in references(path, data, most)]
    return [root + name for name in names if name.lower().endswith(_ENDINGS)]


def _read(read: Read, names: Collection[str], room: int) -> dict[str, bytes | MediaError]:
    """Those of some files that are there, a `MediaError` for one that could be several.

    Raises:
        _TooMuchError: they have more than `room` bytes.
    """
    found: dict[str, bytes | MediaError] = {}
    for one in read(names, largest=max(room, 0)) if names else ():
        found.pop(one.member, None)
        if isinstance(one.data, bytes):
            room -= len(one.data)
            found[one.member] = one.data
        elif one.data.reason == "media_ambiguous":
            found[one.member] = one.data
        if room < 0 or (isinstance(one.data, MediaError) and one.data.reason == "media_too_large"):
            raise _TooMuchError
    return found


def _bundle(model: Found, beside: Mapping[str, bytes | MediaError], most_bytes: int) -> bytes:
    """One medium, free of the folder that all its files lie in.

    Raises:
        MediaError: one of the files could be several, or they are too large together.
    """
    assert isinstance(model.data, bytes)
    if not beside:
        return model.data
    content: dict[str, bytes] = {}
    for name, data in beside.items():
        if isinstance(data, MediaError):
            raise MediaError(data.reason, f"it names {name}: {data.message}")
        content[name] = data
    size = len(model.data) + sum(map(len, content.values()))
    if size > most_bytes:
        raise MediaError("mesh_too_large", f"{size:,} bytes with the files that it names")
    own = posixpath.normpath(model.place or model.member)
    names = _within_their_folder([own, *content])
    if len(set(names.values())) < len(names):
        raise MediaError("media_ambiguous", "two of its files have one name but for odd marks")
    return MeshBundle(
        names[own], model.data, {names[name]: data for name, data in content.items()}
    ).pack()


def _within_their_folder(paths: Sequence[str]) -> dict[str, str]:
    """Each path as it is named in a bundle: from the deepest folder that has them all."""
    plain = [path.removeprefix("/") for path in paths]
    folders = [posixpath.dirname(path) for path in plain]
    top = posixpath.commonpath(folders) if all(folders) else ""
    start = len(top) + 1 if top else 0
    return {path: _ODD.sub("_", name[start:]) for path, name in zip(paths, plain, strict=True)}


def _tried(make: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T | MediaError:
    """What is made of one model, or why it can't be: whatever is raised costs that model alone."""
    try:
        return make(*args, **kwargs)
    except MediaError as error:
        return error
    except Exception as error:
        return MediaError("mesh_fault", f"a fault of the program: {type(error).__name__}: {error}")
