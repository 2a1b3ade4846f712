"""The files that a model names: materials and pictures of OBJ, buffers and pictures of glTF."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import unquote

from transforms.media.mesh.mtl import library_names, picture_name

#: Commas and brackets of a JSON text: each may become a Python object of some 100 bytes.
MAX_JSON_MARKS: Final = 5_000_000
#: Characters of the longest name that is looked for.
_LONGEST: Final = 4_096

_LIBRARY: Final = re.compile(rb"^[ \t]*mtllib[ \t]+([^\r\n]+)", re.MULTILINE | re.IGNORECASE)
_PICTURE: Final = re.compile(rb"^[ \t]*map_(?:kd|d)[ \t]+([^\r\n]+)", re.MULTILINE | re.IGNORECASE)


def references(name: str, data: bytes, most: int) -> list[str]:
    """Names that a model or material file states, as paths, each once, at most `most`.

    `name` says the format by its ending; other formats than OBJ, MTL and glTF name none. A list of
    libraries in an OBJ counts as one name and as its parts. They are not checked: `bundle.inside`
    does that.
    """
    read = _READERS.get(name.lower().rsplit(".", 1)[-1])
    found: dict[str, None] = {}
    for one in read(data) if read is not None else ():
        if len(found) >= most:
            break
        if 0 < len(one) <= _LONGEST:
            found[one] = None
    return list(found)


def json_marks(text: bytes) -> int:
    """How many values a JSON text may have, counted without reading it."""
    return sum(text.count(mark) for mark in (b",", b"[", b"{"))


def _of_obj(data: bytes) -> Iterator[str]:
    for match in _LIBRARY.finditer(data):
        line = match[1].decode("utf-8", "replace").strip()
        yield line
        names = library_names(line)
        if len(names) > 1:
            yield from names


def _of_mtl(data: bytes) -> Iterator[str]:
    for match in _PICTURE.finditer(data):
        yield picture_name(match[1].decode("utf-8", "replace").split()) or ""


def _of_gltf(data: bytes) -> Iterator[str]:
    if json_marks(data) > MAX_JSON_MARKS:
        return  # refused when it is opened; read here it would fill the memory of all media
    try:
        document: Any = json.loads(data)
    except (ValueError, RecursionError):
        return  # what is wrong with it is said when it is opened
    for kind in ("buffers", "images"):
        entries = document.get(kind) if isinstance(document, dict) else None
        for entry in entries if isinstance(entries, list) else ():
            uri = entry.get("uri") if isinstance(entry, dict) else None
            if isinstance(uri, str) and not uri.startswith("data:"):
                yield unquote(uri)


_READERS: Final = {"obj": _of_obj, "mtl": _of_mtl, "gltf": _of_gltf}
