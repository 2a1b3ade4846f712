"""Looks at a published version as its readers will, and holds it against what was built."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pipelines.publishing import places
from pipelines.publishing.contents import Item
from pipelines.publishing.remote import Remote, holds, look
from pipelines.publishing.rows import footer_of
from pipelines.publishing.versions import Version
from transforms.beamkit.errors import BuildError
from transforms.beamkit.hub.tree import RemoteFile

_MOST_TOLD: Final = 5


@dataclass(frozen=True)
class Seen:
    """What was seen on the Hub: files, their bytes, and rows of the shards that were opened."""

    commit: str
    files: int
    size: int
    rows_counted: int


def check_commit(
    remote: Remote, commit: str, version: Version, content: str, items: Mapping[str, Item]
) -> None:
    """Check a commit before it is tagged: each file by its digest, and that none is too many.

    Args:
        remote: the repository.
        commit: the commit.
        version, content: what it must hold, as its version file says.
        items: the files that it must hold; of others, its version file knows the digests.

    Raises:
        BuildError: something is not as it was built; says what.
    """
    if not holds(remote, commit, version, content):
        raise BuildError(f"{remote.repo}@{commit[:12]} does not hold {version.tag} as it was built")
    there = remote.files(commit)
    wrong = [*_wrong_files(remote, commit, there, items), *_strangers(remote, commit, there)]
    if wrong:
        more = len(wrong) - _MOST_TOLD
        told = "; ".join(wrong[:_MOST_TOLD]) + (f"; and {more} more" if more > 0 else "")
        raise BuildError(
            f"{remote.repo}@{commit[:12]} is not what was built: {told}. Look at the repository "
            "for what changes files that are committed, then publish again"
        )


def read_back(repo: str, version: Version, commit: str, sent: Collection[Item]) -> Seen:
    """Look where the tag of a version leads, and count the rows of the shards that were sent.

    Raises:
        BuildError: the tag leads elsewhere, or a shard has other rows.
    """
    remote = look(repo)
    at = remote.tags.get(version)
    if at != commit:
        raise BuildError(
            f"{version.tag} of {repo} leads to {at[:12] if at else 'no commit'} and not to "
            f"{commit[:12]}: somebody moved it; publish the next version"
        )
    there = remote.files(commit)
    size = sum(file.size for file in there.values())
    return Seen(commit, len(there), size, _count_rows(remote, commit, sent))


def _wrong_files(
    remote: Remote, commit: str, there: Mapping[str, RemoteFile], items: Mapping[str, Item]
) -> Iterator[str]:
    for path, item in items.items():
        file = there.get(path)
        if file is None:
            yield f"{path} is missing"
        elif not item.is_like(file.size, file.digest):
            yield f"{path} has other bytes"
    stated = remote.version_at(commit)
    for path, sha256 in (stated.files if stated else {}).items():
        if path not in items:
            data = remote.read(commit, path)
            if data is None:
                yield f"{path} is missing"
            elif hashlib.sha256(data).hexdigest() != sha256:
                yield f"{path} has other bytes"


def _strangers(remote: Remote, commit: str, there: Mapping[str, RemoteFile]) -> Iterator[str]:
    stated = remote.version_at(commit)
    for path in there:
        if places.holds_rows(path) and stated is not None and path not in stated.files:
            yield f"{path} does not belong to it"


def _count_rows(remote: Remote, commit: str, items: Collection[Item]) -> int:
    counted = 0
    for item in items:
        if item.rows is None:
            continue
        rows, _ = footer_of(remote.address(commit, item.path))
        if rows != item.rows:
            raise BuildError(f"{item.path} has {rows:,} rows on the Hub, {item.rows:,} were built")
        counted += rows
    return counted
