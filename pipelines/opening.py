"""Corpora opened for building: where their files are, what they are, and of which commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipelines import inputs
from pipelines.layout import Layout
from pipelines.lock import Lock, LockedCorpus, LockedSet, lock_beside, read_lock
from pipelines.locking import check_lock, check_set, lock_corpus, lock_set
from transforms.beamkit.errors import BuildError
from transforms.beamkit.hub.address import Address
from transforms.relabel.settings import PublishedSet
from transforms.sources.adapter import SourceFile
from transforms.sources.settings import Corpus


@dataclass(frozen=True)
class OpenCorpus:
    """A corpus as it will be read. `locked` is None for a mirror that nobody locked."""

    root: str
    sources: Sequence[SourceFile]
    #: ``kind:hex`` by the file's name.
    digests: Mapping[str, str]
    #: What rows say that they come from: the commit, or the recipe's revision of a mirror.
    revision: str
    locked: LockedCorpus | None


class Corpora:
    """Opens the corpora of a recipe, each once.

    The lock beside the recipe is binding. Without one a corpus on the Hub is resolved when it is
    first opened; the output folder's lock keeps what was found, so that a later run reads the same
    commit.
    """

    def __init__(self, base: Path, layout: Layout) -> None:
        self._base, self._layout = base, layout
        self.base = base
        self._beside = read_lock(lock_beside(base))
        self._output = read_lock(layout.lock)
        self._open: dict[str, OpenCorpus] = {}
        self._set: LockedSet | None = None

    def open(self, name: str, corpus: Corpus) -> OpenCorpus:
        """Find a corpus's files and what is known of them.

        Raises:
            BuildError: a file is missing or not as it was locked, or the Hub can't be read.
        """
        if name not in self._open:
            mirror = inputs.mirror_of(corpus, self._base)
            opened = self._mirror(name, corpus, mirror) if mirror else self._hub(name, corpus)
            self._open[name] = opened
        return self._open[name]

    def published(self, where: PublishedSet) -> str | None:
        """The commit of the published set; None where a local copy of it is read.

        Raises:
            BuildError: it is not as it was locked, or the Hub can't be read.
        """
        if where.path is not None:
            return None
        if self._set is None:
            self._set = self._locked_set(where)
        return self._set.commit

    def _locked_set(self, where: PublishedSet) -> LockedSet:
        beside, output = self._beside.published, self._output.published
        if beside is not None:
            check_set(where, beside, lock_beside(self._base))
            return beside
        if output is not None and (output.repo, output.revision) == (where.repo, where.revision):
            return output
        return lock_set(where)

    @property
    def lock(self) -> Lock:
        """The output folder's lock with what was opened since."""
        lock = replace(self._output, published=self._set or self._output.published)
        for name, opened in self._open.items():
            if opened.locked is not None:
                lock = lock.with_corpus(name, opened.locked)
        return lock

    def shards_pinned(self, subset: str) -> dict[str, int]:
        """The shard counts that the lock beside the recipe fixes, by split."""
        return self._beside.shards_of(subset)

    def shards_built(self, subset: str) -> dict[str, int]:
        """The shard counts of the last build, by split."""
        return self._output.shards_of(subset)

    def _mirror(self, name: str, corpus: Corpus, root: str) -> OpenCorpus:
        found = inputs.find_files(name, corpus, root)
        known = inputs.digests(found, self._layout.digests)
        locked = self._beside.corpora.get(name)
        if locked is not None:
            check_lock(name, corpus, locked, lock_beside(self._base))
            inputs.check_unchanged(found, locked, known, name)
        commit = locked.commit if locked else None
        digests = {source.name: known[source.path] for source in found}
        return OpenCorpus(root, found, digests, commit or corpus.revision, locked)

    def _hub(self, name: str, corpus: Corpus) -> OpenCorpus:
        locked = self._locked(name, corpus)
        assert locked.commit is not None
        root = str(Address(corpus.repo, locked.commit))
        return OpenCorpus(
            root,
            inputs.locked_files(locked, root),
            {file: entry.digest for file, entry in locked.files.items()},
            locked.commit,
            locked,
        )

    def _locked(self, name: str, corpus: Corpus) -> LockedCorpus:
        locked = self._beside.corpora.get(name)
        if locked is not None:
            check_lock(name, corpus, locked, lock_beside(self._base))
            if locked.commit is None:
                raise BuildError(
                    f"{lock_beside(self._base)}: {name} was locked from a mirror, the recipe has "
                    f"no `path` now; renew it with `omnireward sources lock --update {name}`"
                )
            return locked
        locked = self._output.corpora.get(name)
        if locked is not None and locked.commit is not None:
            try:
                check_lock(name, corpus, locked, self._layout.lock)
            except BuildError:  # the recipe says otherwise now, and this lock is nobody's will
                pass
            else:
                return locked
        return lock_corpus(name, corpus, None, self._layout.digests)
