"""Where media lie: cells of Parquet files, members of archives, plain folders.

Each reader takes the members that are wanted and gives ``(member, bytes)``, or a `MediaError`
in place of the bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import Final

from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.media.containers import cells, folder, several, tar, zip  # noqa: A004 - named as its format
from transforms.media.containers.found import Reader

#: Reader by the suffix of the container's name; a container without one is a folder.
_READERS: Final[dict[str, Reader]] = {
    ".parquet": cells.read,
    ".tar.gz": tar.read,
    ".tgz": tar.read,
    ".tar": tar.read,
    ".zip": zip.read,
}

#: Which members lie within the first bytes of an archive, by its reader.
_WITHIN: Final[dict[Reader, Callable[[str, Collection[str], int], set[str]]]] = {
    tar.read: tar.within,
    zip.read: zip.within,
}


def reader_of(container: str, scope: int | None = None) -> Reader:
    """The reader of a container, by its name; ``*`` in it means several containers.

    `scope` are the bytes of each archive in which all that is wanted lies: see `within`.
    """
    reader = _reader_of_one(container)
    if scope is not None and reader is tar.read:  # it is read from its beginning on
        reader = partial(tar.read, stop=scope)
    return partial(several.read, reader=reader) if "*" in container else reader


def path_of(root: str, container: str) -> str:
    """Where a container lies below a root: what its reader takes.

    For several containers that is a glob pattern in which the root stands for itself.
    """
    return files.join(files.escape(root) if "*" in container else root, container)


def within(root: str, container: str, members: Collection[str], scope: int) -> set[str]:
    """Which of the wanted members lie within the first `scope` bytes of their archive.

    Of several archives, each has that scope. What lies in no archive is in any scope.
    """
    look, path = _WITHIN.get(_reader_of_one(container)), path_of(root, container)
    if look is None:
        return set(members)
    archives = several.containers(path) if "*" in container else [path]
    return set().union(*(look(archive, members, scope) for archive in archives))


def can_be_read_again(container: str) -> bool:
    """Whether files beside a member cost no second pass: in folders, zips and plain tars."""
    return _reader_of_one(container) is not cells.read and not container.lower().endswith(
        (".tar.gz", ".tgz")
    )


def _reader_of_one(container: str) -> Reader:
    lowered = container.lower()
    for suffix, reader in _READERS.items():
        if lowered.endswith(suffix):
            return reader
    last = lowered.rsplit("/", 1)[-1]
    if "." in last:
        raise BuildError(
            f"{container}: media can be read from {', '.join(_READERS)} or a folder, not from this"
        )
    return folder.read


def title_of(container: str, member: str) -> str:
    """What a person calls a member. A cell's row is left out: it changes when files are split."""
    return (
        f"{member.split('/', maxsplit=1)[0]} cell"
        if container.lower().endswith(".parquet")
        else member
    )


def unit_of(container: str, member: str) -> str:
    """What is read in one piece: a row group of a Parquet file, all of an archive or folder."""
    return cells.group_of(member) if container.lower().endswith(".parquet") else ""
