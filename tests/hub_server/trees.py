"""The folders of a tree of files, with the object ids that git would give them."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping

from tests.hub_server.content import Blob

_FILE, _FOLDER = "100644", "40000"


def folder_ids(tree: Mapping[str, Blob]) -> dict[str, str]:
    """Object id by folder; the root is ``""``."""
    inside: defaultdict[str, dict[str, tuple[str, str]]] = defaultdict(dict)
    inside[""] = {}
    for path, blob in tree.items():
        folder, _, name = path.rpartition("/")
        inside[folder][name] = (_FILE, blob.oid)
        while folder:
            folder, _, name = folder.rpartition("/")
            inside[folder].setdefault(name, (_FOLDER, ""))
    ids: dict[str, str] = {}
    for folder in sorted(inside, key=_depth, reverse=True):
        ids[folder] = _tree_oid(inside[folder])
        if folder:
            parent, _, name = folder.rpartition("/")
            inside[parent][name] = (_FOLDER, ids[folder])
    return ids


def _depth(folder: str) -> int:
    return folder.count("/") + 1 if folder else 0


def _tree_oid(entries: Mapping[str, tuple[str, str]]) -> str:
    def as_git_sorts(item: tuple[str, tuple[str, str]]) -> bytes:
        name, (mode, _) = item
        return f"{name}/".encode() if mode == _FOLDER else name.encode()

    body = b"".join(
        f"{mode} {name}".encode() + b"\0" + bytes.fromhex(oid)
        for name, (mode, oid) in sorted(entries.items(), key=as_git_sorts)
    )
    return hashlib.sha1(b"tree %d\0" % len(body) + body).hexdigest()
