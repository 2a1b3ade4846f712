"""Commits as clients send them: one JSON object a line, all of it or none."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.hub_server import errors
from tests.hub_server.content import Blob
from tests.hub_server.store import Repo, Store

Changes = dict[str, bytes | Blob | None]


def commit_lines(store: Store, repo: Repo, branch: str, data: bytes) -> str:
    """Make the commit that `data` describes; returns its id.

    Raises:
        HubError: it can't be made, and nothing has changed.
    """
    with store.lock:
        head = repo.branches.get(branch)
        if head is None:
            raise errors.revision_not_found(branch)
        title, changes = "", Changes()
        for key, value in _lines(data):
            if key == "header":
                title = str(value.get("summary", ""))
                if value.get("parentCommit") not in (None, head):
                    raise errors.parent_moved()
            else:
                changes.update(_change(store, repo, head, key, value))
        if not title:
            raise errors.bad_request("A commit needs a header with a summary")
        return store.commit(repo.name, changes, title, branch)


def _lines(data: bytes) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for line in data.splitlines():
        try:
            entry = json.loads(line)
            yield str(entry["key"]), dict(entry["value"])
        except (ValueError, KeyError, TypeError):
            raise errors.bad_request("Invalid line in commit") from None


def _change(store: Store, repo: Repo, head: str, key: str, value: Mapping[str, Any]) -> Changes:
    path, tree = str(value.get("path", "")), repo.commits[head].tree
    if any(part in ("", ".", "..") for part in path.rstrip("/").split("/")):
        raise errors.bad_request(f"Invalid path: {path!r}")
    match key:
        case "file":
            return {path: _regular(store, path, value)}
        case "lfsFile":
            held = store.objects.get(str(value.get("oid")))
            if held is None:
                raise errors.bad_request(
                    f"LFS pointer pointed to a file that does not exist: {path}"
                )
            return {path: held}
        case "deletedFile":
            if path not in tree:
                raise errors.HubError(404, "A file with this name doesn't exist", "EntryNotFound")
            return {path: None}
        case "deletedFolder":
            folder = path.rstrip("/") + "/"
            return {name: None for name in tree if name.startswith(folder)}
    raise errors.bad_request(f"Unknown operation {key!r}")


def _regular(store: Store, path: str, value: Mapping[str, Any]) -> Blob:
    try:
        content = base64.b64decode(str(value["content"]), validate=True)
    except (KeyError, binascii.Error):
        raise errors.bad_request(f"Invalid content of {path}") from None
    if content and store.is_lfs(path, len(content)):
        raise errors.bad_request(f"Your push was rejected because {path} must be an LFS file")
    return Blob.of(content, lfs=False)
