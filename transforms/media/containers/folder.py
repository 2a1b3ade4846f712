"""Media as plain files under a folder."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from transforms.beamkit import files
from transforms.media.containers.found import MAX_MEMBER_BYTES, Found, missing
from transforms.media.errors import MediaError

_PIECE: Final = 8 * 1024 * 1024


def read(
    container: str, members: Collection[str], *, largest: int = MAX_MEMBER_BYTES
) -> Iterator[Found]:
    """The wanted files; a name that leaves the folder is refused, and so is a larger file."""
    for member in sorted(members):
        if leaves(member):
            yield Found(
                member, MediaError("unsafe_member", f"{member}: the name leaves the folder")
            )
            continue
        try:
            yield Found(member, _read(files.join(container, member), member, largest))
        except (OSError, ValueError):  # no such file, or no name of a file: a zero byte in it
            yield missing(member, container.rsplit("/", 1)[-1])


def leaves(member: str) -> bool:
    """Whether a name would lead out of the folder."""
    return member.startswith("/") or ".." in member.split("/") or "://" in member


def _read(path: str, member: str, largest: int) -> bytes | MediaError:
    pieces: list[bytes] = []
    size = 0
    with files.open_whole(path) as stream:
        while piece := stream.read(_PIECE):
            size += len(piece)
            if size > largest:
                return MediaError("media_too_large", f"{member} has more than {largest:,} bytes")
            pieces.append(piece)
    return b"".join(pieces)
