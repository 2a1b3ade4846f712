"""Where media lie: cells of Parquet files, members of archives, plain folders.

Each reader takes the members that are wanted and gives ``(member, bytes)``, or a `MediaError`
in place of the bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import Final

from transforms.beamkit.errors import BuildError
from transforms.media.containers import cells, folder, several, tar, zip  # noqa: A004 - named as its format
from transforms.media.containers.found import Found

Reader = Callable[[str, Collection[str]], Iterator[Found]]

#: Reader by the suffix of the container's name; a container without one is a folder.
_READERS: Final[dict[str, Reader]] = {
    ".parquet": cells.read,
    ".tar.gz": tar.read,
    ".tgz": tar.read,
    ".tar": tar.read,
    ".zip": zip.read,
}


def reader_of(container: str) -> Reader:
    """The reader of a container, by its name; ``*`` in it means several containers."""
    reader = _reader_of_one(container)
    return partial(several.read, reader=reader) if "*" in container else reader


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
