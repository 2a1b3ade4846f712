"""The files of a benchmark, found and read as records, wherever they are."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.beamkit.hub.address import Address, is_hub
from transforms.sources.formats.check import check_file, suffix_of
from transforms.sources.formats.cut import RECORD_SUFFIXES, units_of
from transforms.sources.records import read_records

#: Records that are looked at to guess the roles of columns.
LOOKED_AT: Final = 200

_BLOCK: Final = 1 << 20


@dataclass(frozen=True)
class Found:
    """A file of records: where it is, its name below the root, its bytes."""

    path: str
    name: str
    size: int


@dataclass(frozen=True)
class Place:
    """Where a benchmark lies: the folder or address that names of files are below."""

    root: str
    repo: str = ""
    revision: str = ""
    licence: str = ""


def local_place(path: Path) -> Place:
    """A benchmark on this machine: a folder, or a file in its folder.

    Raises:
        BuildError: there is no such file or folder.
    """
    if not path.exists():
        raise BuildError(f"{path}: there is no such file or folder")
    return Place(str(path if path.is_dir() else path.parent))


def hub_place(repo: str, revision: str) -> Place:
    """A benchmark on the Hub, at the commit that a revision means now.

    Raises:
        BuildError: it can't be reached or read.
    """
    from transforms.beamkit.hub.tree import facts_of

    facts = facts_of(repo, revision)
    return Place(str(Address(repo, facts.commit)), repo, facts.commit, facts.licence or "")


def record_files(place: Place, patterns: Sequence[str]) -> list[Found]:
    """The files of records that match a pattern below the root, in order of name."""
    found: dict[str, Found] = {}
    for pattern in patterns:
        for path, size in files.find(place.root, pattern):
            name = _name(place.root, path)
            is_hidden = any(part.startswith(".") for part in name.split("/"))
            if suffix_of(name) in RECORD_SUFFIXES and not is_hidden:
                found[name] = Found(path, name, size)
    return [found[name] for name in sorted(found)]


def _name(root: str, path: str) -> str:
    if is_hub(root):
        return path.removeprefix(root.rstrip("/") + "/")
    return os.path.relpath(path, root).replace(os.sep, "/")


def read(file: Found, columns: Sequence[str] | None) -> Iterator[tuple[int, Any]]:
    """The records of a file with their positions; `Unreadable` in place of one that is broken.

    `columns` are those that are read of Parquet; None reads all.

    Raises:
        BuildError: the file is damaged or not what its name says.
    """
    check_file(file.path, file.size)
    position = 0
    for unit in units_of(file.path, file.name, file.size, ()):
        for _, record in read_records(unit, (), columns):
            yield position, record
            position += 1


def first_records(file: Found) -> list[Mapping[str, Any]]:
    """The first records of a file, as far as they are readable."""
    met = (record for _, record in islice(read(file, None), LOOKED_AT))
    return [record for record in met if isinstance(record, Mapping)]


def digest_of(found: Sequence[Found]) -> str:
    """SHA-256 over the names and contents of files, hex."""
    whole = hashlib.sha256()
    for file in found:
        each = hashlib.sha256()
        with files.open_whole(file.path) as stream:
            while block := stream.read(_BLOCK):
                each.update(block)
        whole.update(f"{len(file.name)}:{file.name}:{each.hexdigest()};".encode())
    return whole.hexdigest()
