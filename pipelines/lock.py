"""beam_config.lock: what was resolved once from a recipe: commits, files, digests, shard counts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from transforms.beamkit import files
from transforms.beamkit.errors import BuildError

LOCK_VERSION: Final = 1
LOCK_NAME: Final = "beam_config.lock"


@dataclass(frozen=True)
class LockedFile:
    """A file of a corpus: bytes, digest (``sha256:…``, ``git-sha1:…``), rows where Parquet says."""

    size: int
    digest: str
    rows: int | None = None


@dataclass(frozen=True)
class LockedCorpus:
    """A corpus as it was when it was locked.

    `repo`, `revision` and `patterns` are the recipe's then; `commit` is None for a local mirror
    that was locked by itself. `licence` is that of the repository's card.
    """

    repo: str
    revision: str
    patterns: tuple[str, ...]
    commit: str | None
    licence: str | None
    files: Mapping[str, LockedFile]

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(file.size for file in self.files.values())

    @property
    def rows(self) -> int | None:
        """Rows of its Parquet files; None where it has none."""
        known = [file.rows for file in self.files.values() if file.rows is not None]
        return sum(known) if known else None


@dataclass(frozen=True)
class LockedSet:
    """The published set on the Hub as it was when it was locked: a commit says all of its files.

    `repo` and `revision` are the recipe's then.
    """

    repo: str
    revision: str
    commit: str


@dataclass(frozen=True)
class Lock:
    """All that was resolved: corpora by name, the published set, and the shard counts of subsets.

    `published` is None where no criteria are read from the set on the Hub. A count is that of a
    subset's train split; another split's is under ``subset/split``.
    """

    corpora: Mapping[str, LockedCorpus] = field(default_factory=dict)
    shards: Mapping[str, int] = field(default_factory=dict)
    published: LockedSet | None = None

    def with_corpus(self, name: str, corpus: LockedCorpus) -> Lock:
        """The lock with one corpus added or renewed."""
        return replace(self, corpora={**self.corpora, name: corpus})

    def shards_of(self, subset: str) -> dict[str, int]:
        """The shard counts of a subset, by split."""
        names = {"train": subset, "validation": f"{subset}/validation"}
        return {split: self.shards[name] for split, name in names.items() if name in self.shards}

    def as_json(self) -> dict[str, Any]:
        """As it is written."""
        published = {} if self.published is None else {"published": asdict(self.published)}
        return {
            "version": LOCK_VERSION,
            "corpora": {
                name: {**asdict(corpus), "files": _files_json(corpus.files)}
                for name, corpus in self.corpora.items()
            },
            **published,
            "shards": dict(self.shards),
        }


def _files_json(locked: Mapping[str, LockedFile]) -> dict[str, Any]:
    return {
        name: {key: value for key, value in asdict(file).items() if value is not None}
        for name, file in locked.items()
    }


def read_lock(path: str) -> Lock:
    """Read a lock file; an empty lock where there is none.

    Raises:
        BuildError: it is not a lock file, or one of another release.
    """
    if not files.exists(path):
        return Lock()
    try:
        value = json.loads(files.read_bytes(path))
        version = value.get("version", LOCK_VERSION)
        corpora = {name: _corpus(entry) for name, entry in value.get("corpora", {}).items()}
        shards = {name: int(n) for name, n in value["shards"].items()}
        lock = Lock(corpora, shards, _set(value.get("published")))
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise BuildError(f"{path}: not a lock file ({error}); delete it") from None
    if version != LOCK_VERSION:
        raise BuildError(f"{path}: lock version {version} is not known; delete it")
    return lock


def _corpus(entry: Mapping[str, Any]) -> LockedCorpus:
    return LockedCorpus(
        str(entry["repo"]),
        str(entry["revision"]),
        tuple(map(str, entry["patterns"])),
        entry["commit"],
        entry["licence"],
        {name: LockedFile(**file) for name, file in entry["files"].items()},
    )


def _set(entry: Mapping[str, Any] | None) -> LockedSet | None:
    if entry is None:
        return None
    return LockedSet(str(entry["repo"]), str(entry["revision"]), str(entry["commit"]))


def write_lock(path: str, lock: Lock) -> None:
    """Put a lock file in place.

    Raises:
        BuildError: its folder can't be written.
    """
    data = json.dumps(lock.as_json(), indent=1, sort_keys=True, ensure_ascii=False).encode()
    try:
        files.write_once(path, data + b"\n")
    except OSError as error:
        raise BuildError(f"{path}: can't be written ({error.strerror})") from None


def lock_beside(base: Path) -> str:
    """Where the lock of a recipe lies: in the recipe's own folder."""
    return str(base / LOCK_NAME)
