"""Media as plain files under a folder."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from transforms.beamkit import files
from transforms.media.containers.found import Found, missing
from transforms.media.errors import MediaError


def read(container: str, members: Collection[str]) -> Iterator[Found]:
    """The wanted files; a name that leaves the folder is refused."""
    for member in sorted(members):
        if leaves(member):
            yield Found(
                member, MediaError("unsafe_member", f"{member}: the name leaves the folder")
            )
            continue
        try:
            yield Found(member, files.read_bytes(files.join(container, member)))
        except (OSError, ValueError):  # no such file, or no name of a file: a zero byte in it
            yield missing(member, container.rsplit("/", 1)[-1])


def leaves(member: str) -> bool:
    """Whether a name would lead out of the folder."""
    return member.startswith("/") or ".." in member.split("/") or "://" in member
