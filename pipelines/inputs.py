"""The files that a subset is built from: on the Hub or in a mirror, held against the lock."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pipelines.lock import LockedCorpus
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.beamkit.hub.digests import SHA256, Hasher, hasher_of
from transforms.sources.adapter import SourceFile
from transforms.sources.settings import Corpus

_BLOCK = 8 * 1024 * 1024
#: Of a local file: what stays in a processor's own memory while it is hashed.
_LOCAL_BLOCK = 256 * 1024

#: Files of a mirror elsewhere that are asked about at a time.
_ASKING = 16


def mirror_of(corpus: Corpus, base: Path) -> str | None:
    """Where a corpus's mirror is: `path` of the recipe, relative to the recipe's own folder."""
    if corpus.path is None:
        return None
    return files.below(str(base), corpus.path)


def find_files(name: str, corpus: Corpus, root: str) -> list[SourceFile]:
    """The corpus's files below a root, in order of name.

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
        matches = files.find(root, pattern)
        if not matches:
            raise BuildError(
                f"corpora.{name}.files: nothing in {root} matches {pattern!r}; "
                f"the recipe expects it from {corpus.repo}. "
                f"To see what is there: omnireward sources check {name}"
            )
        for path, size in matches:
            relative = path[len(root) :].lstrip("/")
            found[relative] = SourceFile(relative, path, size)
    return [found[key] for key in sorted(found)]


def locked_files(locked: LockedCorpus, root: str) -> list[SourceFile]:
    """The files of a locked corpus below a root on the Hub, without asking the Hub."""
    return [
        SourceFile(name, files.join(root, name), file.size)
        for name, file in sorted(locked.files.items())
    ]


def check_unchanged(
    sources: Sequence[SourceFile], locked: LockedCorpus, known: Mapping[str, str], name: str
) -> None:
    """Hold the files of a mirror against the lock. `known` are their SHA-256 by path.

    Raises:
        BuildError: one of them is missing, too many, or not as it was locked; says which.
    """
    here = {source.name: source for source in sources}
    for missing in sorted(locked.files.keys() - here.keys()):
        raise BuildError(f"{name}: {missing} was locked and is missing; {_renew(name)}")
    for file, source in here.items():
        entry = locked.files.get(file)
        if entry is None:
            raise BuildError(f"{source.path}: not there when {name} was locked; {_renew(name)}")
        if source.size != entry.size:
            raise BuildError(
                f"{source.path}: it has {source.size:,} bytes, {entry.size:,} were locked; "
                f"{_renew(name)}"
            )
        digest = known[source.path]
        if not entry.digest.startswith(f"{SHA256}:"):
            kind = entry.digest.partition(":")[0]
            digest = f"{kind}:{_digest(source.path, hasher_of(entry.digest, source.size))}"
        if digest != entry.digest:
            raise BuildError(
                f"{source.path}: its content is not what was locked (the digest differs); "
                f"{_renew(name)}"
            )


def _renew(name: str) -> str:
    return (
        "get the locked files again, or accept what is there with "
        f"`omnireward sources lock --update {name}`"
    )


def digests(sources: Sequence[SourceFile], cache: str) -> dict[str, str]:
    """``sha256:…`` of every file by path; read again only where size or time of change differ.

    Where a filesystem knows no time of change, files are read each time.
    """
    known: dict[str, str] = {}
    if files.exists(cache):
        try:
            known = json.loads(files.read_bytes(cache))
        except ValueError:
            known = {}
    with ThreadPoolExecutor(_ASKING) as pool:
        stamped = zip(sources, pool.map(_stamp, sources), strict=True)
        stamps = {source.path: stamp for source, stamp in stamped}
    found = {path: known[stamp] for path, stamp in stamps.items() if stamp in known}
    todo = [source.path for source in sources if source.path not in found]
    with ThreadPoolExecutor(2) as pool:
        found |= zip(todo, pool.map(_sha256, todo), strict=True)
    fresh = {stamp: found[path] for path in todo if (stamp := stamps[path]) is not None}
    if fresh:
        files.write_once(cache, json.dumps(known | fresh, indent=1, sort_keys=True).encode())
    return {path: f"{SHA256}:{found[path]}" for path in stamps}


def _stamp(source: SourceFile) -> str | None:
    """What a file's digest is remembered under; None where it must not be remembered."""
    changed = files.changed(source.path)
    return None if changed is None else f"{source.path}|{source.size}|{changed}"


def _sha256(path: str) -> str:
    return _digest(path, hashlib.sha256())


def _digest(path: str, hasher: Hasher) -> str:
    with files.open_read(path) as stream:
        if files.is_local(path):  # into one buffer, which is not taken from the system every time
            block = memoryview(bytearray(_LOCAL_BLOCK))
            while got := stream.readinto(block):  # type: ignore[attr-defined]
                hasher.update(block[:got])
        else:
            while part := stream.read(_BLOCK):
                hasher.update(part)
    return hasher.hexdigest()
