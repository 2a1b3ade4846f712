"""How the Hub describes files and folders of a commit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.hub_server.content import Blob
from tests.hub_server.store import Commit, Repo

Entry = dict[str, Any]


def entries_below(commit: Commit, folder: str, *, recursive: bool) -> list[Entry] | None:
    """Everything in a folder in the order of paths, or nothing if there is no such folder."""
    if folder not in commit.folders:
        return None
    prefix = f"{folder}/" if folder else ""
    paths = sorted(
        path
        for path in [*commit.tree, *commit.folders]
        if path.startswith(prefix)
        and path != folder
        and (recursive or "/" not in path.removeprefix(prefix))
    )
    return [_entry(commit, path) for path in paths]


def entries_at(commit: Commit, paths: Iterable[str]) -> list[Entry]:
    """The files and folders that exist among `paths`."""
    names = (path.rstrip("/") for path in paths)
    return [_entry(commit, name) for name in names if name and commit.object_id(name)]


def expanded(repo: Repo, commit: Commit, entry: Entry) -> Entry:
    """The entry with the commit that changed it last, and what scans of it found."""
    last = repo.last_change(commit, entry["path"])
    changed = {"id": last.id, "title": last.title, "date": last.date}
    scans = {"status": "safe", "avScan": {"virusFound": False}, "pickleImportScan": None}
    security = {"securityFileStatus": scans} if entry["type"] == "file" else {}
    return {**entry, "lastCommit": changed, **security}


def sibling(path: str, blob: Blob, *, blobs: bool) -> Entry:
    """A file as the description of a whole repo lists it."""
    if not blobs:
        return {"rfilename": path}
    entry: Entry = {"rfilename": path, "size": blob.size, "blobId": blob.oid}
    if blob.lfs:
        size = {"size": blob.size, "pointerSize": blob.pointer_size}
        entry["lfs"] = {"sha256": blob.sha256, **size}
    return entry


def _entry(commit: Commit, path: str) -> Entry:
    blob = commit.tree.get(path)
    if blob is None:
        return {"type": "directory", "oid": commit.folders[path], "size": 0, "path": path}
    entry: Entry = {"type": "file", "oid": blob.oid, "size": blob.size, "path": path}
    if blob.lfs:
        entry["lfs"] = {"oid": blob.sha256, "size": blob.size, "pointerSize": blob.pointer_size}
    return entry
