"""What a repository holds at a commit: names, sizes and digests of its files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from huggingface_hub.hf_api import RepoFile

from transforms.beamkit.errors import BuildError
from transforms.beamkit.hub import cache, session
from transforms.beamkit.hub.address import Address, parse
from transforms.beamkit.hub.digests import GIT, SHA256
from transforms.beamkit.hub.errors import explained
from transforms.beamkit.hub.patience import patiently


@dataclass(frozen=True)
class RemoteFile:
    """A file of a repository at a commit. `digest` is ``sha256:…`` or ``git-sha1:…``."""

    address: Address
    size: int
    digest: str


@dataclass(frozen=True)
class RepoFacts:
    """What the Hub says of a repository. `licence` is that of its card, None where it has none."""

    commit: str
    licence: str | None
    gated: bool
    private: bool


def facts_of(repo: str, revision: str) -> RepoFacts:
    """Resolve a branch, tag or commit of a dataset repository.

    Raises:
        BuildError: it can't be reached or read; says what to do.
    """
    at = session.endpoint()
    with explained(f"{repo}@{revision}", repo, at):
        api = session.api()
        session.client()
        info = patiently(lambda: api.dataset_info(repo, revision=revision))
    card = info.card_data.to_dict() if info.card_data is not None else {}
    licence = card.get("license")
    if isinstance(licence, list):
        licence = ", ".join(map(str, licence))
    assert info.sha is not None
    return RepoFacts(info.sha, licence, bool(info.gated), bool(info.private))


def tree_of(repo: str, commit: str) -> Mapping[str, RemoteFile]:
    """All files of a repository at a commit, by name; asked for once on a machine.

    Raises:
        BuildError: it can't be reached or read; says what to do.
    """
    return _tree(repo, commit, session.endpoint(), cache.folder())


@lru_cache(maxsize=64)
def _tree(repo: str, commit: str, at: str, _cached_in: str) -> Mapping[str, RemoteFile]:
    name = f"{repo.replace('/', '--')}@{commit}"
    stored = cache.recall("trees", name)
    if stored is None:
        with explained(f"{repo}@{commit[:12]}", repo, at):
            stored = json.dumps(patiently(lambda: _listed(repo, commit))).encode()
        cache.remember("trees", name, stored)
    return {
        file: RemoteFile(Address(repo, commit, file), size, digest)
        for file, size, digest in json.loads(stored)
    }


def _listed(repo: str, commit: str) -> list[tuple[str, int, str]]:
    session.client()
    entries = session.api().list_repo_tree(
        repo, recursive=True, revision=commit, repo_type="dataset"
    )
    return [
        (
            entry.path,
            entry.size,
            f"{SHA256}:{entry.lfs.sha256}" if entry.lfs else f"{GIT}:{entry.blob_id}",
        )
        for entry in entries
        if isinstance(entry, RepoFile)
    ]


def find(path: str) -> RemoteFile:
    """The file at an address.

    Raises:
        FileNotFoundError: the repository has none of that name.
        BuildError: the repository can't be reached or read.
    """
    address = _parsed(path)
    file = tree_of(address.repo, address.revision).get(address.name)
    if file is None:
        raise FileNotFoundError(f"{path}: no such file")
    return file


def matching(pattern: str) -> Iterator[RemoteFile]:
    """The files whose addresses match a glob pattern, as names on a local disk would."""
    address = _parsed(pattern)
    matches = re.compile(_translated(address.name), re.DOTALL).fullmatch
    for name, file in tree_of(address.repo, address.revision).items():
        if matches(name):
            yield file


def _parsed(path: str) -> Address:
    try:
        return parse(path)
    except ValueError as error:
        raise BuildError(str(error)) from None


_WILD = re.compile(r"\*\*/|\*\*|\*|\?|\[!?\]?[^\]]*\]|.", re.DOTALL)


def _translated(pattern: str) -> str:
    """A glob pattern as a regular expression: ``*`` stays in its folder, ``**`` does not."""

    def piece(found: re.Match[str]) -> str:
        text = found.group()
        known = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
        if text in known:
            return known[text]
        if len(text) > 1:
            inside = text[1:-1].replace("\\", "\\\\")
            return f"[^{inside[1:]}]" if inside.startswith("!") else f"[{inside}]"
        return re.escape(text)

    return _WILD.sub(piece, pattern)
