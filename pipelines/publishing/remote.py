"""A repository as it is on the Hub: its head, its versions, the files of a commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from huggingface_hub import DatasetInfo, GitCommitInfo
from huggingface_hub.errors import RepositoryNotFoundError

from pipelines.publishing.places import VERSION_FILE
from pipelines.publishing.trouble import while_publishing
from pipelines.publishing.version_file import VersionFile
from pipelines.publishing.versions import Version
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.beamkit.hub import session
from transforms.beamkit.hub.address import Address
from transforms.beamkit.hub.patience import patiently
from transforms.beamkit.hub.tree import RemoteFile, tree_of

T = TypeVar("T")

DATASET: Final = "dataset"
MAIN: Final = "main"
#: A version file is a few hundred bytes a shard; nobody's is larger.
_LARGEST: Final = 64_000_000
#: Commits since the last version that are looked through for one that was not tagged.
_LOOK_BACK: Final = 20


@dataclass(frozen=True)
class Remote:
    """A dataset repository. `head` is None where there is none yet; `tags` are versions only."""

    repo: str
    private: bool
    head: str | None
    tags: Mapping[Version, str]

    @property
    def last(self) -> Version | None:
        """The highest version that is tagged."""
        return max(self.tags, default=None)

    def files(self, commit: str | None) -> Mapping[str, RemoteFile]:
        """The files of a commit by path; none where there is no commit."""
        return tree_of(self.repo, commit) if commit else {}

    def address(self, commit: str, path: str) -> str:
        """The address of a file of a commit."""
        return str(Address(self.repo, commit, path))

    def read(self, commit: str, path: str) -> bytes | None:
        """A small file of a commit; None where there is none of that name.

        Raises:
            BuildError: it is too large, or can't be fetched.
        """
        file = self.files(commit).get(path)
        if file is None:
            return None
        if file.size > _LARGEST:
            raise BuildError(f"{self.repo}@{commit[:12]}: {path} is {file.size:,} bytes long")
        return files.read_bytes(self.address(commit, path))

    def version_at(self, commit: str | None) -> VersionFile | None:
        """What a commit says of the version it holds; None where it says nothing that is known."""
        data = self.read(commit, VERSION_FILE) if commit else None
        try:
            return None if data is None else VersionFile.parse(data)
        except ValueError:
            return None


def look(repo: str) -> Remote:
    """Look at a repository; one that is not there (or not to be seen) has no head.

    Raises:
        BuildError: the Hub can't be reached or read; says what to do.
    """
    info = _asked(repo, lambda: _info(repo))
    if info is None:
        return Remote(repo, private=False, head=None, tags={})
    refs = _asked(repo, lambda: session.api().list_repo_refs(repo, repo_type=DATASET))
    versions = {Version.of_tag(tag.name): tag.target_commit for tag in refs.tags}
    tags = {version: commit for version, commit in versions.items() if version is not None}
    if info.sha is None:
        raise BuildError(f"{repo}: the Hub names no commit of it")
    return Remote(repo, bool(info.private), info.sha, tags)


def _info(repo: str) -> DatasetInfo | None:
    try:
        return session.api().dataset_info(repo, revision=MAIN, timeout=session.API_TIMEOUT)
    except RepositoryNotFoundError:
        return None


def untagged(
    remote: Remote, version: Version, content: str, since: str | None = None
) -> str | None:
    """The commit that holds this version with this content, made since the last version.

    An interrupted publication leaves such a commit: all of it is there, but for its tag. With
    `since` it must be later than that commit.
    """
    title = title_of(version)
    for commit in _since_last(remote, since):
        if commit.title == title and holds(remote, commit.commit_id, version, content):
            return commit.commit_id
    return None


def abandoned(remote: Remote) -> Iterator[str]:
    """Commits of versions that were made since the last version, and never tagged."""
    for commit in _since_last(remote):
        found = remote.version_at(commit.commit_id)
        if found is not None and commit.title == title_of(found.version):
            yield commit.commit_id


def _since_last(remote: Remote, since: str | None = None) -> Iterator[GitCommitInfo]:
    """The commits of the main branch, the last first, down to that of a version or to `since`.

    The one that ends it is among them where it is a version's.
    """
    if remote.head is None:
        return
    listed = _asked(
        remote.repo,
        lambda: session.api().list_repo_commits(
            remote.repo, repo_type=DATASET, revision=remote.head
        ),
    )
    for commit in listed[:_LOOK_BACK]:
        yield commit
        if commit.commit_id in (since, *remote.tags.values()):
            return


def holds(remote: Remote, commit: str, version: Version, content: str) -> bool:
    """Whether a commit holds this version with this content."""
    found = remote.version_at(commit)
    return found is not None and (found.version, found.content) == (version, content)


def title_of(version: Version) -> str:
    """The title of the commit of a version."""
    return f"Version {version}"


def _asked(repo: str, call: Callable[[], T]) -> T:
    with while_publishing(repo, repo):
        return patiently(call)
