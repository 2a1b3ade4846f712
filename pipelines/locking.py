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
from pipelines.lock import (
    Lock,
    LockedCorpus,
    LockedFile,
    LockedSet,
    lock_beside,
    read_lock,
    write_lock,
)
from pipelines.recipe import Recipe
from pipelines.recipe_binding import nearest
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.beamkit.hub import cache
from transforms.beamkit.hub.address import Address
from transforms.beamkit.hub.errors import unreachable
from transforms.beamkit.hub.tree import facts_of, find
from transforms.relabel.settings import PublishedSet
from transforms.sources.adapter import SourceFile
from transforms.sources.settings import Corpus

#: What the published set is called beside corpora: its place in the recipe.
PUBLISHED: Final = "relabel.published"
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


def lock_set(where: PublishedSet) -> LockedSet:
    """Resolve the published set on the Hub.

    Raises:
        BuildError: it can't be reached or read.
    """
    return LockedSet(where.repo, where.revision, facts_of(where.repo, where.revision).commit)


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
    said = _commits(before.commit, after.commit)
    if before.licence != after.licence:
        said.append(f"licence {before.licence or 'none'} is now {after.licence or 'none'}")
    said += [f"{name}: gone" for name in sorted(before.files.keys() - after.files.keys())]
    said += [f"{name}: new" for name in sorted(after.files.keys() - before.files.keys())]
    for name in sorted(before.files.keys() & after.files.keys()):
        said += _file_change(name, before.files[name], after.files[name])
    return said


def _commits(before: str | None, after: str | None) -> list[str]:
    return [] if before == after else [f"commit {_short(before)} is now {_short(after)}"]


def _file_change(name: str, before: LockedFile, after: LockedFile) -> list[str]:
    if before.digest == after.digest:
        return []
    rows = "" if before.rows == after.rows else f", {before.rows} rows are now {after.rows}"
    return [f"{name}: changed ({before.size:,} bytes are now {after.size:,}{rows})"]


def _short(commit: str | None) -> str:
    return commit[:12] if commit else "none (a mirror)"


@dataclass(frozen=True)
class LockResult:
    """What locking a recipe did. `renewed` says what changed, `failed` why a corpus has no lock.

    The published set is called `PUBLISHED` among them.
    """

    path: str
    lock: Lock
    new: Sequence[str]
    renewed: Mapping[str, Sequence[str]]
    kept: Sequence[str]
    failed: Mapping[str, str]


def lock_recipe(recipe: Recipe, base: Path, update: Sequence[str]) -> LockResult:
    """Lock what a recipe reads and what is not locked yet, and renew what `update` names.

    That is its corpora, and the published set where criteria are read from it on the Hub. The lock
    file is put in place with all that could be resolved, even if some could not.

    Raises:
        BuildError: there is nothing of a name in `update`, or the lock can't be read or written.
    """
    known = [*recipe.corpora, *([PUBLISHED] if _reads_set(recipe) else [])]
    for name in update:
        if name not in known:
            raise BuildError(f"no corpus {name!r} in the recipe; {nearest(name, known)}")
    path = lock_beside(base)
    before = read_lock(path)
    corpora = {n: c for n, c in before.corpora.items() if n in recipe.corpora}
    lock = replace(
        before, corpora=corpora, published=before.published if PUBLISHED in known else None
    )
    new, renewed, failed = [], {}, {}
    closed: str | None = None
    for name in known:
        then = before.published if name == PUBLISHED else before.corpora.get(name)
        if then is not None and name not in update:
            continue
        if closed is not None and (asked := _asked_of_hub(name, recipe)) is not None:
            failed[name] = f"{asked}: {closed}"
            continue
        try:
            lock = _locked(lock, name, recipe, base)
        except BuildError as error:
            failed[name] = str(error)
            closed = closed or unreachable(error)
            continue
        if then is None:
            new.append(name)
        elif isinstance(then, LockedSet):
            renewed[name] = _commits(then.commit, lock.published.commit if lock.published else None)
        else:
            renewed[name] = changes(then, lock.corpora[name])
    write_lock(path, lock)
    there = [*lock.corpora, *([PUBLISHED] if lock.published else [])]
    kept = [name for name in there if name not in (*new, *renewed, *failed)]
    return LockResult(path, lock, new, renewed, kept, failed)


def _reads_set(recipe: Recipe) -> bool:
    """Whether criteria of some subset are read from the published set on the Hub."""
    if recipe.relabel.published.path is not None:
        return False
    return any(recipe.criteria_of(name) == "published" for name in recipe.subsets)


def _locked(lock: Lock, name: str, recipe: Recipe, base: Path) -> Lock:
    """The lock with one thing resolved."""
    if name == PUBLISHED:
        return replace(lock, published=lock_set(recipe.relabel.published))
    corpus = recipe.corpora[name]
    if corpus.needs_mirror and corpus.path is None:
        raise BuildError("the Hub has only a part of it; set `path` to a mirror")
    mirror = mirror_of(corpus, base)
    return lock.with_corpus(name, lock_corpus(name, corpus, mirror, _digests_cache()))


def _asked_of_hub(name: str, recipe: Recipe) -> str | None:
    """What would be asked of the Hub to lock something; None where nothing is."""
    where = recipe.relabel.published if name == PUBLISHED else recipe.corpora[name]
    if isinstance(where, Corpus) and (where.needs_mirror or where.path is not None):
        return None
    return f"{where.repo}@{where.revision}"


def _digests_cache() -> str:
    """Where digests of files of mirrors are remembered between runs."""
    return files.join(cache.folder(), "mirror_digests.json")


def check_lock(name: str, corpus: Corpus, locked: LockedCorpus, path: str) -> None:
    """Hold a locked corpus against the recipe.

    Raises:
        BuildError: the recipe has changed since; says in what.
    """
    _check(
        path,
        f"corpora.{name}",
        name,
        {
            "repo": (locked.repo, corpus.repo),
            "revision": (locked.revision, corpus.revision),
            "files": (list(locked.patterns), list(corpus.files)),
        },
    )


def check_set(where: PublishedSet, locked: LockedSet, path: str) -> None:
    """Hold the locked published set against the recipe.

    Raises:
        BuildError: the recipe has changed since; says in what.
    """
    asked = {
        "repo": (locked.repo, where.repo),
        "revision": (locked.revision, where.revision),
    }
    _check(path, PUBLISHED, PUBLISHED, asked)


def _check(path: str, place: str, name: str, asked: Mapping[str, tuple[object, object]]) -> None:
    for key, (then, now) in asked.items():
        if then != now:
            raise BuildError(
                f"{path}: {place}.{key} was {then} when it was locked, the recipe says "
                f"{now}; renew it with `omnireward sources lock --update {name}`"
            )
