"""What a repository holds at a commit: names, sizes and digests of its files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache, partial
from typing import Any, Final
from urllib.parse import quote

import httpx2
from huggingface_hub import DatasetInfo
from huggingface_hub.utils import (  # type: ignore[attr-defined]
    build_hf_headers,
    hf_raise_for_status,
    validate_repo_id,
)

from transforms.beamkit.errors import BuildError
from transforms.beamkit.hub import cache, session
from transforms.beamkit.hub.address import Address, parse
from transforms.beamkit.hub.digests import GIT, SHA256
from transforms.beamkit.hub.errors import explained
from transforms.beamkit.hub.patience import patiently

_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
#: Name, size and digest.
_Entry = tuple[str, int, str]


@dataclass(frozen=True)
class RemoteFile:
    """A file of a repository at a commit. `digest` is ``sha256:…`` or ``git-sha1:…``."""

    address: Address
    size: int
    digest: str


@dataclass(frozen=True)
class RepoFacts:
    """What the Hub says of a repository. `licence` is that of its card, None where it has none."""

    licence: str | None
    gated: bool
    private: bool
    commit: str


def facts_of(repo: str, revision: str) -> RepoFacts:
    """Resolve a branch, tag or commit of a dataset repository.

    Raises:
        BuildError: it can't be reached or read; says what to do.
    """
    at = session.endpoint()
    with explained(f"{repo}@{revision}", repo, at):
        api = session.api()

        def ask() -> DatasetInfo:
            with session.SLOTS:
                return api.dataset_info(repo, revision=revision, timeout=session.API_TIMEOUT)

        info = patiently(ask)
        if info.sha is None:
            raise ValueError("an answer without a commit")
    card = info.card_data.to_dict() if info.card_data is not None else {}
    licence = card.get("license")
    if isinstance(licence, list):
        licence = ", ".join(map(str, licence))
    return RepoFacts(licence, bool(info.gated), bool(info.private), info.sha)


def tree_of(repo: str, commit: str) -> Mapping[str, RemoteFile]:
    """All files of a repository at a commit, by name; asked for once on a machine.

    Raises:
        BuildError: it can't be reached or read; says what to do.
    """
    return _tree(repo, commit, session.endpoint(), cache.folder())


@lru_cache(maxsize=64)
def _tree(repo: str, commit: str, at: str, _cached_in: str) -> Mapping[str, RemoteFile]:
    if not _COMMIT.fullmatch(commit):  # the name of a branch means other files tomorrow
        return _files(repo, commit, _listed(repo, commit, at))
    name = f"{repo.replace('/', '--')}@{commit}"
    known = _recalled(repo, commit, name)
    if known is not None:
        return known
    with cache.alone("trees", name):
        known = _recalled(repo, commit, name)  # by whoever asked before
        if known is None:
            listed = _listed(repo, commit, at)
            cache.remember("trees", name, json.dumps(listed).encode())
            known = _files(repo, commit, listed)
        return known


def _recalled(repo: str, commit: str, name: str) -> Mapping[str, RemoteFile] | None:
    """The listing in the cache; None where there is none, or a damaged one."""
    stored = cache.recall("trees", name)
    try:
        return None if stored is None else _files(repo, commit, json.loads(stored))
    except (ValueError, TypeError):
        return None


def _files(repo: str, commit: str, listed: Iterable[_Entry]) -> Mapping[str, RemoteFile]:
    return {
        name: RemoteFile(Address(repo, commit, name), size, digest) for name, size, digest in listed
    }


def _listed(repo: str, commit: str, at: str) -> list[_Entry]:
    """All files, page by page: a page that fails is asked for again, not those before it."""
    entries: list[_Entry] = []
    with explained(f"{repo}@{commit[:12]}", repo, at):
        validate_repo_id(repo)
        url = httpx2.URL(f"{at}/api/datasets/{repo}/tree/{quote(commit, safe='')}")
        query: httpx2.QueryParams | None = httpx2.QueryParams(recursive=True)
        while query is not None:
            page = patiently(partial(_page, url, query))
            listed = page.json()
            if not isinstance(listed, list):
                raise ValueError("a listing that is no list")
            entries += [_entry(entry) for entry in listed if entry["type"] == "file"]
            query = _next_query(page, query)
    return entries


def _page(url: httpx2.URL, query: httpx2.QueryParams) -> httpx2.Response:
    api = session.api()
    headers = build_hf_headers(token=api.token, library_name=api.library_name)
    with session.SLOTS:
        page = session.client().get(
            url, params=query, headers=headers, timeout=session.API_TIMEOUT, follow_redirects=True
        )
    hf_raise_for_status(page)
    return page


def _next_query(page: httpx2.Response, before: httpx2.QueryParams) -> httpx2.QueryParams | None:
    """What the link to the next page asks for. Its host is not asked: the token is not for it."""
    link = page.links.get("next", {}).get("url")
    query = httpx2.URL(link).params if link else None
    if query == before:
        raise ValueError("every page is the first one")
    return query


def _entry(entry: Mapping[str, Any]) -> _Entry:
    lfs = entry.get("lfs")
    digest = f"{SHA256}:{lfs['oid']}" if lfs else f"{GIT}:{entry['oid']}"
    return str(entry["path"]), int(entry["size"]), digest


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


def exists(path: str) -> bool:
    """Whether there is a file at an address."""
    address = _parsed(path)
    return address.name in tree_of(address.repo, address.revision)


def matching(pattern: str) -> Iterator[RemoteFile]:
    """The files whose addresses match a glob pattern, as names on a local disk would.

    ``**`` as a whole part stands for any folders; what begins with a dot is matched by a dot only.
    """
    address = _parsed(pattern)
    wanted = address.name.split("/")
    for name, file in tree_of(address.repo, address.revision).items():
        if _matches(name.split("/"), wanted):
            yield file


def _matches(names: Sequence[str], wanted: Sequence[str]) -> bool:
    for at, part in enumerate(wanted):
        if part == "**":
            return _matches_below(names[at:], wanted[at + 1 :])
        if at >= len(names) or (names[at].startswith(".") and not part.startswith(".")):
            return False
        if not fnmatchcase(names[at], part):
            return False
    return len(names) == len(wanted)


def _matches_below(names: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether names match after any number of folders, none of them hidden."""
    for at, name in enumerate(names):
        if wanted and _matches(names[at:], wanted):
            return True
        if name.startswith("."):
            return False
    return bool(names) and not wanted


def _parsed(path: str) -> Address:
    try:
        return parse(path)
    except ValueError as error:
        raise BuildError(str(error)) from None
