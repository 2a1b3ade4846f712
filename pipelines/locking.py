"""Resolving corpora: from the recipe's branch and patterns to a commit, files and digests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.inputs import digests, find_files, mirror_of
from pipelines.lock import Lock, LockedCorpus, LockedFile, lock_beside, read_lock, write_lock
from pipelines.recipe import Recipe
from pipelines.recipe_binding import nearest
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.beamkit.hub import cache
from transforms.beamkit.hub.address import Address
from transforms.beamkit.hub.tree import facts_of, find
from transforms.sources.adapter import SourceFile
from transforms.sources.settings import Corpus

#: Footers read at once.
_FOOTERS: Final = 8


def lock_corpus(
    name: str, corpus: Corpus, mirror: str | None, cache: str, *, rows: bool = True
) -> LockedCorpus:
    """Resolve a corpus: on the Hub, or in its `mirror`, whose files are then read for digests.

    `cache` is where digests of local files are remembered. `rows` says whether the footers of
    Parquet files are read for their row counts.

    Raises:
        BuildError: the repository can't be reached or read, or a pattern matches no file.
    """
    if mirror is not None:
        found = find_files(name, corpus, mirror)
        known = digests(found, cache)
        locked = LockedCorpus(
            corpus.repo,
            corpus.revision,
            corpus.files,
            None,
            None,
            {file.name: LockedFile(file.size, known[file.path]) for file in found},
        )
    else:
        facts = facts_of(corpus.repo, corpus.revision)
        found = find_files(name, corpus, str(Address(corpus.repo, facts.commit)))
        locked = LockedCorpus(
            corpus.repo,
            corpus.revision,
            corpus.files,
            facts.commit,
            facts.licence,
            {file.name: LockedFile(file.size, find(file.path).digest) for file in found},
        )
    return _with_rows(locked, found) if rows else locked


def _with_rows(locked: LockedCorpus, found: Sequence[SourceFile]) -> LockedCorpus:
    tables = [file for file in found if file.name.lower().endswith(".parquet")]
    with ThreadPoolExecutor(_FOOTERS) as pool:
        counts = dict(zip((file.name for file in tables), pool.map(_rows_of, tables), strict=True))
    return replace(
        locked,
        files={name: replace(file, rows=counts.get(name)) for name, file in locked.files.items()},
    )


def _rows_of(file: SourceFile) -> int:
    with files.open_read(file.path) as stream:
        try:
            return int(pq.read_metadata(stream).num_rows)
        except (pa.ArrowInvalid, OSError) as error:
            raise BuildError(f"{file.path}: not a readable Parquet file: {error}") from None


def changes(before: LockedCorpus, after: LockedCorpus) -> list[str]:
    """What a renewed lock changes, in words; empty when all is as it was."""
    said = []
    if before.commit != after.commit:
        said.append(f"commit {_short(before.commit)} is now {_short(after.commit)}")
    if before.licence != after.licence:
        said.append(f"licence {before.licence or 'none'} is now {after.licence or 'none'}")
    said += [f"{name}: gone" for name in sorted(before.files.keys() - after.files.keys())]
    said += [f"{name}: new" for name in sorted(after.files.keys() - before.files.keys())]
    for name in sorted(before.files.keys() & after.files.keys()):
        said += _file_change(name, before.files[name], after.files[name])
    return said


def _file_change(name: str, before: LockedFile, after: LockedFile) -> list[str]:
    if before.digest == after.digest:
        return []
    rows = "" if before.rows == after.rows else f", {before.rows} rows are now {after.rows}"
    return [f"{name}: changed ({before.size:,} bytes are now {after.size:,}{rows})"]


def _short(commit: str | None) -> str:
    return commit[:12] if commit else "none (a mirror)"


@dataclass(frozen=True)
class LockResult:
    """What locking a recipe did. `renewed` says what changed, `failed` why a corpus has no lock."""

    path: str
    lock: Lock
    new: Sequence[str]
    renewed: Mapping[str, Sequence[str]]
    kept: Sequence[str]
    failed: Mapping[str, str]


def lock_recipe(recipe: Recipe, base: Path, update: Sequence[str]) -> LockResult:
    """Lock the corpora of a recipe that are not locked yet, and renew those of `update`.

    The lock file is put in place with all that could be resolved, even if some could not.

    Raises:
        BuildError: there is no corpus of a name in `update`, or the lock can't be read or written.
    """
    for name in update:
        if name not in recipe.corpora:
            raise BuildError(f"no corpus {name!r} in the recipe; {nearest(name, recipe.corpora)}")
    path = lock_beside(base)
    before = read_lock(path)
    lock = replace(before, corpora={n: c for n, c in before.corpora.items() if n in recipe.corpora})
    todo = [name for name in recipe.corpora if name in update or name not in lock.corpora]
    new, renewed, failed = [], {}, {}
    for name in todo:
        corpus = recipe.corpora[name]
        try:
            if corpus.needs_mirror and corpus.path is None:
                raise BuildError("the Hub has only a part of it; set `path` to a mirror")
            locked = lock_corpus(name, corpus, mirror_of(corpus, base), _digests_cache())
        except BuildError as error:
            failed[name] = str(error)
            continue
        if name in before.corpora:
            renewed[name] = changes(before.corpora[name], locked)
        else:
            new.append(name)
        lock = lock.with_corpus(name, locked)
    write_lock(path, lock)
    kept = [name for name in lock.corpora if name not in (*new, *renewed, *failed)]
    return LockResult(path, lock, new, renewed, kept, failed)


def _digests_cache() -> str:
    """Where digests of files of mirrors are remembered between runs."""
    return files.join(cache.folder(), "mirror_digests.json")


def check_lock(name: str, corpus: Corpus, locked: LockedCorpus, path: str) -> None:
    """Hold a locked corpus against the recipe.

    Raises:
        BuildError: the recipe has changed since; says in what.
    """
    asked: Mapping[str, tuple[object, object]] = {
        "repo": (locked.repo, corpus.repo),
        "revision": (locked.revision, corpus.revision),
        "files": (list(locked.patterns), list(corpus.files)),
    }
    for key, (then, now) in asked.items():
        if then != now:
            raise BuildError(
                f"{path}: corpora.{name}.{key} was {then} when it was locked, the recipe says "
                f"{now}; renew it with `omnireward sources lock --update {name}`"
            )
