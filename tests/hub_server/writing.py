"""The API routes that write: repos, commits, tags and branches."""

from __future__ import annotations

from fnmatch import fnmatch

import yaml

from tests.hub_server import access, errors
from tests.hub_server.caller import Caller, commit_of
from tests.hub_server.card import card_data, complaints
from tests.hub_server.committing import commit_lines
from tests.hub_server.content import Blob
from tests.hub_server.messages import Request, Response, json_response
from tests.hub_server.store import Repo

_IGNORED = ".gitignore"


def write_api(request: Request, caller: Caller) -> Response | None:
    """The answer of a route that writes, or nothing if it is none of these."""
    match [request.method, *request.segments]:
        case ["POST", "api", "repos", "create"]:
            return _create(request, caller)
        case ["POST", "api", "validate-yaml"]:
            return _validate(request)
        case [method, "api", "datasets", owner, name, route, at] if method in ("POST", "DELETE"):
            repo_name = f"{owner}/{name}"
        case _:
            return None
    match method, route:
        case "POST", "preupload":
            return _preupload(request, caller.writable(repo_name), at, caller)
        case "POST", "commit":
            return _commit(request, caller.writable(repo_name), at, caller)
        case "POST", "tag":
            return _tag(request, caller.writable(repo_name), at, caller)
        case "DELETE", "tag":
            return _forget(caller.writable(repo_name).tags, at)
        case "POST", "branch":
            return _branch(request, caller.writable(repo_name), at, caller)
        case "DELETE", "branch":
            return _forget(caller.writable(repo_name).branches, at)
    return None


def _create(request: Request, caller: Caller) -> Response:
    if caller.token is None:
        raise errors.invalid_credentials()
    fields = request.fields
    if fields.get("type", "model") != "dataset":
        raise errors.bad_request("This server has datasets only")
    name = f"{fields.get('organization') or caller.token.name}/{fields.get('name')}"
    url = f"{caller.hub.endpoint}/datasets/{name}"
    access.require_write(name, caller.token)
    private = bool(fields.get("private")) or fields.get("visibility") == "private"
    try:
        caller.hub.store.create(name, private=private)
    except ValueError:
        told = {"error": "You already created this dataset repo", "url": url}
        return json_response(told, 409)
    return json_response({"url": url, "name": name, "id": name})


def _validate(request: Request) -> Response:
    """The YAML of a card, as far as it can be read at all, and the configs it names."""
    text = str(request.fields.get("content", ""))
    head = text.split("---\n")[1] if text.startswith("---\n") else ""
    try:
        fields = yaml.safe_load(head) or {}
    except yaml.YAMLError as error:
        return json_response({"errors": [{"message": str(error)}], "warnings": []}, 400)
    wrong = complaints(fields) if head and card_data(_blob(text)) is not None else []
    messages = [{"message": message} for message in wrong]
    return json_response({"errors": messages, "warnings": []}, 400 if messages else 200)


def _blob(text: str) -> Blob:
    return Blob.of(text.encode(), lfs=False)


def _preupload(request: Request, repo: Repo, revision: str, caller: Caller) -> Response:
    """How each file is to be sent, and what is there in its place."""
    tree = commit_of(repo, revision).tree
    ignore = request.fields.get("gitIgnore")
    ignore = _text(tree.get(_IGNORED)) if ignore is None else str(ignore)
    patterns = [line for line in ignore.split() if not line.startswith("#")]
    listed = []
    for file in request.fields["files"]:
        path, size = str(file["path"]), int(file["size"])
        there = tree.get(path)
        listed.append(
            {
                "path": path,
                "uploadMode": "lfs" if caller.hub.store.is_lfs(path, size) else "regular",
                "shouldIgnore": any(fnmatch(path, pattern) for pattern in patterns),
                "oid": there.etag if there else None,
            }
        )
    return json_response({"files": listed})


def _text(blob: Blob | None) -> str:
    return blob.content.read().decode("utf-8", "replace") if blob else ""


def _commit(request: Request, repo: Repo, branch: str, caller: Caller) -> Response:
    commit = commit_lines(caller.hub.store, repo, branch, request.body.read())
    url = f"{caller.hub.endpoint}/datasets/{repo.name}/commit/{commit}"
    return json_response({"success": True, "commitOid": commit, "commitUrl": url, "hookOutput": ""})


def _tag(request: Request, repo: Repo, revision: str, caller: Caller) -> Response:
    tag = str(request.fields.get("tag", ""))
    with caller.hub.store.lock:
        commit = commit_of(repo, revision)
        if tag in repo.tags:
            raise errors.conflict(f"Tag {tag} already exists")
        caller.hub.store.tag(repo.name, tag, commit.id)
    return json_response({"name": tag, "ref": f"refs/tags/{tag}"})


def _branch(request: Request, repo: Repo, name: str, caller: Caller) -> Response:
    start = str(request.fields.get("startingPoint") or "main")
    with caller.hub.store.lock:
        commit = commit_of(repo, start)
        if name in repo.branches:
            raise errors.conflict(f"Reference {name} already exists")
        caller.hub.store.branch(repo.name, name, commit.id)
    return json_response({})


def _forget(refs: dict[str, str], name: str) -> Response:
    if refs.pop(name, None) is None:
        raise errors.revision_not_found(name)
    return json_response({})
