"""The files of a corpus: found in its local mirror, and their digests."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.sources.adapter import SourceFile
from transforms.sources.settings import Corpus

_BLOCK = 8 * 1024 * 1024


def mirror_of(corpus: Corpus, base: Path) -> str | None:
    """Where a corpus's mirror is: `path` of the recipe, relative to the recipe's own folder."""
    if corpus.path is None:
        return None
    return corpus.path if not files.is_local(corpus.path) else str(base / corpus.path)


def find_files(name: str, corpus: Corpus, root: str) -> list[SourceFile]:
    """The corpus's files in its mirror, in order of name.

    Raises:
        BuildError: the mirror or one of the recipe's files is missing.
    """
    if files.is_local(root) and not os.path.isdir(root):
        raise BuildError(
            f"corpora.{name}.path: there is no folder {root}; put a copy of {corpus.repo} there, "
            "or mend the path"
        )
    found: dict[str, SourceFile] = {}
    for pattern in corpus.files:
        matches = files.matching(files.join(root, pattern))
        if not matches:
            raise BuildError(
                f"corpora.{name}.files: nothing in {root} matches {pattern!r}; "
                f"the recipe expects it from {corpus.repo}"
            )
        for path, size in matches:
            relative = path[len(root) :].lstrip("/")
            found[relative] = SourceFile(relative, path, size)
    return [found[key] for key in sorted(found)]


def digests(sources: Sequence[SourceFile], cache: str) -> dict[str, str]:
    """SHA-256 of every file by path; read again only where size or time of change differ."""
    known: dict[str, str] = {}
    if files.exists(cache):
        try:
            known = json.loads(files.read_bytes(cache))
        except ValueError:
            known = {}
    stamps = {source.path: _stamp(source) for source in sources}
    todo = [source.path for source in sources if stamps[source.path] not in known]
    with ThreadPoolExecutor(2) as pool:
        for path, digest in zip(todo, pool.map(_digest, todo), strict=True):
            known[stamps[path]] = digest
    if todo:
        files.write_once(cache, json.dumps(known, indent=1, sort_keys=True).encode())
    return {path: known[stamp] for path, stamp in stamps.items()}


def _stamp(source: SourceFile) -> str:
    changed = os.stat(source.path).st_mtime_ns if files.is_local(source.path) else 0
    return f"{source.path}|{source.size}|{changed}"


def _digest(path: str) -> str:
    digest = hashlib.sha256()
    with files.open_read(path) as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
