"""The API routes that read: repos, refs, listings, commits, tokens."""

from __future__ import annotations

from typing import Any

from tests.hub_server import errors
from tests.hub_server.caller import Caller, commit_of
from tests.hub_server.card import README, card_data, card_tags
from tests.hub_server.entries import entries_at, entries_below, expanded, sibling
from tests.hub_server.messages import Request, Response, json_response
from tests.hub_server.pages import paged
from tests.hub_server.store import MAIN, Commit, Repo


def read_api(request: Request, caller: Caller) -> Response | None:
    """The answer of a route below ``/api``, or nothing if it is none of these."""
    reads = request.method in ("GET", "HEAD")
    match request.segments:
        case ["api", "whoami-v2"] if reads:
            return _whoami(caller)
        case ["api", "datasets", owner, name, *rest]:
            repo_name = f"{owner}/{name}"
        case _:
            return None
    match rest:
        case [] if reads:
            return _info(request, caller.repo(repo_name), MAIN)
        case ["revision", revision] if reads:
            return _info(request, caller.repo(repo_name), revision)
        case ["refs"] if reads:
            return _refs(request, caller.repo(repo_name))
        case ["tree", revision, *path] if reads:
            return _tree(request, caller, caller.repo(repo_name), revision, "/".join(path))
        case ["commits", revision] if reads:
            return _commits(request, caller, caller.repo(repo_name), revision)
        case ["auth-check"] if reads:
            caller.require_content(caller.repo(repo_name))
            return json_response({})
        case ["paths-info", revision] if request.method == "POST":
            return _paths_info(request, caller.repo(repo_name), revision)
    return None


def _whoami(caller: Caller) -> Response:
    if caller.token is None:
        raise errors.HubError(401, "Invalid username or password.")
    return json_response(caller.token.whoami())


def _info(request: Request, repo: Repo, revision: str) -> Response:
    commit = commit_of(repo, revision)
    every = _described(repo, commit, blobs=request.flag("blobs"))
    asked = [*request.query.get("expand", []), *request.query.get("expand[]", [])]
    if asked:
        every = {key: value for key, value in every.items() if key in ("_id", "id", *asked)}
    return json_response(every)


def _described(repo: Repo, commit: Commit, *, blobs: bool) -> dict[str, Any]:
    card = card_data(commit.tree.get(README))
    described = {
        "_id": "0" * 24,
        "id": repo.name,
        "author": repo.namespace,
        "sha": commit.id,
        "createdAt": repo.history(commit)[-1].date,
        "lastModified": commit.date,
        "private": repo.private,
        "gated": repo.gated,
        "disabled": False,
        "downloads": 0,
        "likes": 0,
        "tags": card_tags(card),
        "siblings": [sibling(path, blob, blobs=blobs) for path, blob in commit.tree.items()],
        "usedStorage": sum({b.sha256: b.size for b in commit.tree.values()}.values()),
    }
    return described if card is None else {**described, "cardData": card}


def _refs(request: Request, repo: Repo) -> Response:
    def listed(kind: str, refs: dict[str, str]) -> list[dict[str, str]]:
        return [
            {"name": name, "ref": f"refs/{kind}/{name}", "targetCommit": commit}
            for name, commit in list(refs.items())
        ]

    refs = {
        "branches": listed("heads", repo.branches),
        "converts": [],
        "tags": listed("tags", repo.tags),
    }
    if request.flag("include_prs"):
        refs["pullRequests"] = []
    return json_response(refs)


def _tree(request: Request, caller: Caller, repo: Repo, revision: str, folder: str) -> Response:
    commit = commit_of(repo, revision)
    found = entries_below(commit, folder.strip("/"), recursive=request.flag("recursive"))
    if found is None:
        raise errors.entry_not_found(commit.id)

    def shown(entry: dict[str, Any]) -> dict[str, Any]:
        return expanded(repo, commit, entry) if request.flag("expand") else entry

    return paged(request, caller.hub.endpoint, found, caller.hub.page_size, shown)


def _paths_info(request: Request, repo: Repo, revision: str) -> Response:
    commit = commit_of(repo, revision)
    fields = request.fields
    paths = fields.get("paths", [])
    expand = fields.get("expand", False) in (True, ["true"], ["True"])
    found = entries_at(commit, [paths] if isinstance(paths, str) else paths)
    return json_response([expanded(repo, commit, one) for one in found] if expand else found)


def _commits(request: Request, caller: Caller, repo: Repo, revision: str) -> Response:
    def shown(commit: Commit) -> dict[str, Any]:
        authors = [{"user": repo.namespace}]
        told = {"id": commit.id, "title": commit.title, "message": "", "authors": authors}
        return {**told, "date": commit.date}

    history = repo.history(commit_of(repo, revision))
    return paged(request, caller.hub.endpoint, history, caller.hub.page_size, shown)
