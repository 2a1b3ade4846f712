"""Which files a publication adds to a repository, keeps there, replaces and deletes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Final

from pipelines.clip_files import is_clip
from pipelines.publishing import places
from pipelines.publishing.contents import Item
from pipelines.publishing.remote import Remote, abandoned
from pipelines.publishing.version_file import VersionFile
from transforms.beamkit.errors import BuildError
from transforms.beamkit.hub.tree import RemoteFile

_MOST_NAMED: Final = 5


def is_there(item: Item, there: Mapping[str, RemoteFile]) -> bool:
    """Whether a file is in its place already."""
    file = there.get(item.path)
    return file is not None and item.is_like(file.size, file.digest)


def changed_by_hand(
    remote: Remote, base: VersionFile | None, paths: Sequence[str]
) -> tuple[str, ...]:
    """Which of these files lie at the head with bytes that no version of ours put there.

    Args:
        remote: the repository.
        base: the last version, if there is one.
        paths: what is replaced or deleted.
    """
    there = remote.files(remote.head)
    left = {path for path in paths if path in there}
    if base is not None:
        left -= _put_by(remote, remote.tags[base.version], there, left)
    # A publication that was interrupted and given up has left a commit without a tag.
    for commit in abandoned(remote) if left else ():
        left -= _put_by(remote, commit, there, left)
    return tuple(sorted(left))


def _put_by(
    remote: Remote, commit: str, there: Mapping[str, RemoteFile], paths: Set[str]
) -> set[str]:
    """Those of these paths whose bytes the version of a commit put in their place."""
    version, then = remote.version_at(commit), remote.files(commit)
    ours = {places.VERSION_FILE, *version.files} if version else set()
    return {
        path for path in paths & ours if path in then and then[path].digest == there[path].digest
    }


def moves(
    remote: Remote, base: VersionFile | None, items: Mapping[str, Item]
) -> tuple[tuple[Item, ...], tuple[Item, ...], tuple[str, ...]]:
    """What the head of the repository lacks, has already, and has no longer to have.

    Clips stay: rows of earlier versions name them where the head has them.

    Raises:
        BuildError: there are files that no version put there, where loaders would read them.
    """
    there = remote.files(remote.head)
    head = remote.version_at(remote.head)
    ours = {*(head.files if head else ()), *(base.files if base else ())}
    strangers = sorted(
        path for path in there if places.holds_rows(path) and path not in ours | items.keys()
    )
    if strangers:
        named = ", ".join(strangers[:_MOST_NAMED])
        raise BuildError(
            f"{remote.repo} has files that no version put there, and loaders would read as rows: "
            f"{named}{', …' if len(strangers) > _MOST_NAMED else ''}. Remove them on the Hub, or "
            "name another repository with --repo"
        )
    add: list[Item] = []
    keep: list[Item] = []
    for _, item in sorted(items.items()):
        (keep if is_there(item, there) else add).append(item)
    delete = sorted(
        path for path in ours if path in there and path not in items and not is_clip(path)
    )
    return tuple(add), tuple(keep), tuple(delete)
