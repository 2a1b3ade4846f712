"""What lies in a store: every file with its kind, size and age, for whoever clears it up."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.media.store.contents import MediaStore
from transforms.media.store.fates import Fate, is_digest

Kind = Literal["source", "product", "fate", "temporary", "unknown"]

_TEMPORARY: Final = ".attempt-"


@dataclass(frozen=True)
class Stored:
    """A file of a store.

    `digest` is that of its name: a source's for sources and fates, a product's own for products.
    `key` is the policy's key of a fate. `age` is in seconds; None where the filesystem doesn't say.
    """

    kind: Kind
    path: str
    size: int
    age: float | None
    digest: str = ""
    key: str = ""


def stored(store: MediaStore) -> Iterator[Stored]:
    """All files of a store; those that are none of its own are `unknown`."""
    now = time.time()
    for path, size, changed in _listed(store.root):
        parts = path[len(store.root) :].replace(os.sep, "/").strip("/").split("/")
        kind, digest, key = _kind_of(parts)
        yield Stored(kind, path, size, now - changed if changed else None, digest, key)


def fate_at(path: str) -> Fate | None:
    """The fate in a file of the kind; None if it can't be read."""
    return Fate.from_json(files.read_bytes(path))


def _kind_of(parts: list[str]) -> tuple[Kind, str, str]:
    folder, name = parts[0], parts[-1]
    whole, _, attempt = name.partition(_TEMPORARY)
    digest = whole.removesuffix(".json") if folder == "products" else whole
    depth = 4 if folder == "products" else 3
    if len(parts) != depth or not is_digest(digest) or parts[-2] != digest[:2]:
        return "unknown", "", ""
    if attempt:
        return "temporary", digest, ""
    if folder == "products" and name.endswith(".json"):
        return "fate", digest, parts[1]
    if folder == "source":
        return "source", digest, ""
    return ("product", digest, "") if folder == "product" else ("unknown", "", "")


def _listed(root: str) -> Iterator[tuple[str, int, float]]:
    """Path, bytes and time of change (0 if unknown) of each file below a folder.

    Raises:
        BuildError: there is no such folder.
    """
    if not files.is_local(root):
        for entry in _matched(files.join(root, "**")):
            yield entry.path, entry.size_in_bytes, entry.last_updated_in_seconds or 0
        return
    if not os.path.isdir(root):
        raise BuildError(f"{root}: there is no media store here")
    for folder, inner, names in os.walk(root):
        inner.sort()
        for name in sorted(names):
            path = os.path.join(folder, name)
            try:
                told = os.stat(path, follow_symlinks=False)
            except FileNotFoundError:  # a writer renamed it meanwhile
                continue
            yield path, told.st_size, told.st_mtime


def _matched(pattern: str) -> list[Any]:
    from apache_beam.io.filesystems import FileSystems

    entries: list[Any] = FileSystems.match([pattern])[0].metadata_list
    return entries
