"""Dataset repos: immutable commits, and the branches and tags that name them."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from tests.hub_server.card import default_files
from tests.hub_server.content import Blob
from tests.hub_server.trees import folder_ids

Gated = Literal[False, "auto", "manual"]
MAIN = "main"
_NAME = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
_LFS = re.compile(
    r"\.(parquet|arrow|zip|tar|t?gz|bz2|xz|zst|7z|rar|bin|npy|npz|pkl|pt|pth|safetensors|h5"
    r"|mp4|webm|avi|mov|mkv|gif|jpe?g|png|webp|bmp|tiff?|mp3|wav|flac|ogg|glb|stl|ply|pdf"
    r"|part[-_.]?\w*)$",
    re.IGNORECASE,
)
_EPOCH = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Commit:
    """One state of a repo. `number` counts the commits before it."""

    id: str
    parent: str | None
    title: str
    tree: Mapping[str, Blob]
    number: int

    @property
    def date(self) -> str:
        """A date made from the number, so that no answer depends on the clock."""
        when = _EPOCH + timedelta(minutes=self.number)
        return when.strftime("%Y-%m-%dT%H:%M:%S.000Z")

    @cached_property
    def folders(self) -> Mapping[str, str]:
        """Git object id by folder; the root is ``""``."""
        return MappingProxyType(folder_ids(self.tree))

    def object_id(self, path: str) -> str | None:
        """The git object id of the file or folder at `path`."""
        blob = self.tree.get(path)
        return blob.oid if blob else self.folders.get(path)


@dataclass
class Repo:
    """A dataset repo. Change it through the store only."""

    name: str
    private: bool = False
    gated: Gated = False
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def namespace(self) -> str:
        return self.name.partition("/")[0]

    def find(self, revision: str) -> Commit | None:
        """The commit that a branch, a tag, a full ref or a commit id names."""
        short = revision.removeprefix("refs/heads/")
        tag = revision.removeprefix("refs/tags/")
        commit = self.branches.get(short) or self.tags.get(tag) or revision
        return self.commits.get(commit)

    def last_change(self, commit: Commit, path: str) -> Commit:
        """The newest commit, from `commit` back, that changed what is at `path`."""
        while commit.parent and (before := self.commits.get(commit.parent)):
            if before.object_id(path) != commit.object_id(path):
                break
            commit = before
        return commit

    def history(self, commit: Commit) -> list[Commit]:
        """`commit` and those before it, newest first, as far as they still exist."""
        found = [commit]
        while (parent := found[-1].parent) and parent in self.commits:
            found.append(self.commits[parent])
        return found


class Store:
    """All repos of a server, and the LFS objects that its CDN serves. Safe for threads."""

    def __init__(self, lfs_over: int = 10 * 2**20) -> None:
        self.lfs_over = lfs_over
        self.lock = threading.RLock()
        self.repos: dict[str, Repo] = {}
        self.renamed: dict[str, str] = {}
        self.objects: dict[str, Blob] = {}

    def create(
        self,
        name: str,
        *,
        private: bool = False,
        gated: Gated = False,
        licence: str | None = None,
    ) -> Repo:
        """A repo with a first commit: `.gitattributes`, and a card if a licence is given."""
        if not _NAME.fullmatch(name):
            raise ValueError(f"not a repo name: {name!r}")
        with self.lock:
            if name in self.repos:
                raise ValueError(f"the repo {name} exists")
            self.renamed.pop(name, None)
            repo = self.repos[name] = Repo(name, private, gated)
            self.commit(name, default_files(licence), "initial commit")
            return repo

    def find(self, name: str) -> Repo | None:
        """The repo with exactly this name; a former name finds nothing."""
        return self.repos.get(name)

    def get(self, name: str) -> Repo:
        """The repo, which must exist."""
        try:
            return self.repos[name]
        except KeyError:
            raise ValueError(f"no repo {name}") from None

    def commit(
        self,
        name: str,
        files: Mapping[str, bytes | Path | Blob | None],
        message: str,
        branch: str = MAIN,
    ) -> str:
        """Add, replace or (``None``) delete files on a branch; returns the new commit's id.

        The id follows from the files, the message and the parent: the same calls give the same
        ids. A file given by its path is served from there, so it must not change.
        """
        blobs = {_checked(path): self.blob(path, one) for path, one in files.items()}
        with self.lock:
            repo = self.get(name)
            parent = repo.commits.get(repo.branches.get(branch, ""))
            merged = {**(parent.tree if parent else {}), **blobs}
            tree = {path: blob for path, blob in sorted(merged.items()) if blob is not None}
            self.objects.update((blob.sha256, blob) for blob in tree.values() if blob.lfs)
            commit = _commit(tree, message, parent)
            repo.commits[commit.id] = commit
            repo.branches[branch] = commit.id
            return commit.id

    def hold(self, data: bytes) -> Blob:
        """Take in an LFS object that no commit names yet."""
        blob = Blob.of(data, lfs=True)
        with self.lock:
            return self.objects.setdefault(blob.sha256, blob)

    def commit_folder(
        self, name: str, folder: Path, message: str = "Add files", branch: str = MAIN
    ) -> str:
        """Commit every file below a folder; they are served from where they are."""
        files = {
            path.relative_to(folder).as_posix(): path
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        return self.commit(name, files, message, branch)

    def branch(self, name: str, branch: str, revision: str = MAIN) -> str:
        """Create a branch, or move it, to the commit that `revision` names."""
        return self._point(name, revision, self.get(name).branches, branch)

    def tag(self, name: str, tag: str, revision: str = MAIN) -> str:
        """Create a tag, or move it, to the commit that `revision` names."""
        return self._point(name, revision, self.get(name).tags, tag)

    def delete_branch(self, name: str, branch: str) -> None:
        with self.lock:
            del self.get(name).branches[branch]

    def delete_tag(self, name: str, tag: str) -> None:
        with self.lock:
            del self.get(name).tags[tag]

    def drop_commit(self, name: str, commit: str) -> None:
        """Forget a commit, as after a rewrite of history. No branch or tag may name it."""
        with self.lock:
            repo = self.get(name)
            named = [n for n, at in {**repo.branches, **repo.tags}.items() if at == commit]
            if named:
                raise ValueError(f"{commit} is named by {', '.join(named)}: move it first")
            del repo.commits[commit]

    def rename(self, old: str, new: str) -> None:
        """Give a repo another name; the old one leads to it from now on."""
        with self.lock:
            if new in self.repos:
                raise ValueError(f"the repo {new} exists")
            repo = self.repos.pop(old)
            repo.name = new
            self.repos[new] = repo
            self.renamed = {was: new if to == old else to for was, to in self.renamed.items()}
            self.renamed[old] = new
            self.renamed.pop(new, None)

    def is_lfs(self, path: str, size: int) -> bool:
        """Whether the Hub would keep this file out of git."""
        return bool(_LFS.search(path)) or size > self.lfs_over

    def blob(self, path: str, source: bytes | Path | Blob | None) -> Blob | None:
        """The blob of a file to be committed at `path`."""
        if source is None or isinstance(source, Blob):
            return source
        size = len(source) if isinstance(source, bytes) else source.stat().st_size
        return Blob.of(source, lfs=self.is_lfs(path, size))

    def _point(self, name: str, revision: str, refs: dict[str, str], ref: str) -> str:
        with self.lock:
            commit = self.get(name).find(revision)
            if commit is None:
                raise ValueError(f"{name} has no revision {revision}")
            refs[ref] = commit.id
            return commit.id


def _checked(path: str) -> str:
    if any(part in ("", ".", "..") for part in path.split("/")):
        raise ValueError(f"not a path in a repo: {path!r}")
    return path


def _commit(tree: dict[str, Blob], title: str, parent: Commit | None) -> Commit:
    above = parent.id if parent else None
    names = [(path, blob.oid) for path, blob in tree.items()]
    oid = hashlib.sha1(json.dumps([names, title, above]).encode()).hexdigest()
    number = parent.number + 1 if parent else 0
    return Commit(oid, above, title, MappingProxyType(tree), number)
