"""The check of one corpus: its steps in order; one that fails leaves the others to go on."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from pipelines.source_check.columns import check_columns
from pipelines.source_check.counts import check_count, rows_of
from pipelines.source_check.excerpt import Excerpt, Unlike, excerpt, holds_bytes
from pipelines.source_check.file_heads import MOST_FILES, check_heads
from pipelines.source_check.file_names import FilesFound, check_files
from pipelines.source_check.finding import CorpusReport, Difference, Looked, What
from pipelines.source_check.kinds import kind_of
from pipelines.source_check.licence import check_licence
from pipelines.source_check.media import check_media
from pipelines.source_check.meter import Enough, Meter
from pipelines.source_check.records import Tried, try_records
from pipelines.source_check.subject import Subject
from pipelines.source_check.words import counted, listed
from transforms.beamkit.hub.tree import RepoFacts
from transforms.media.settings import MediaPolicy
from transforms.sources.adapter import RecordAdapter
from transforms.sources.formats.check import suffix_of
from transforms.sources.grouped import GroupedAdapter
from transforms.sources.registry import ADAPTERS
from transforms.sources.settings import Corpus

#: Records that are read of a corpus, least of each file, and where groups of them make pairs.
RECORDS: Final = 50
_OF_A_FILE: Final = 8
_OF_GROUPS: Final = 400
#: Records of a file that others refer to by position.
_OF_COMPANION: Final = 20_000
#: Files of which records are read; of more only the schema.
_MOST_READ: Final = 16

T = TypeVar("T")


def check_corpus(
    name: str,
    corpus: Corpus,
    root: str,
    listing: Sequence[tuple[str, int]],
    facts: RepoFacts | None,
    policy: MediaPolicy = MediaPolicy(),  # noqa: B008 - frozen
) -> CorpusReport:
    """Hold a corpus against what its adapter expects, reading little of it.

    `listing` is every file at `root`: its name within the corpus, its size in bytes. `facts` is
    what the Hub says of the repository, None for a local mirror. Whatever is wrong becomes a
    difference; nothing is raised for the sake of a corpus.
    """
    adapter = _adapter(name, corpus)
    if isinstance(adapter, Difference):
        return CorpusReport(name, (adapter,))
    sizes = {file: size for file, size in listing if _is_safe(file)}
    subject = Subject(name, corpus, root, sizes, facts, adapter, Meter(), policy)
    return _Check(subject, unsafe=[file for file, _ in listing if not _is_safe(file)]).report()


def unreachable(name: str, corpus: Corpus, error: Exception) -> CorpusReport:
    """The report of a corpus whose files can't even be listed."""
    change = "see that `repo`, `revision` or `path` is right, and that a token has access"
    expected = corpus.path or f"{corpus.repo} at {corpus.revision}"
    found = f"{type(error).__name__}: {error}"
    return CorpusReport(name, (Difference(name, "reach", "error", expected, found, change),))


def _adapter(name: str, corpus: Corpus) -> RecordAdapter | Difference:
    kind: Any = ADAPTERS.get(corpus.adapter)
    if kind is None:
        change = "wait for a release that reads it, or name another adapter"
        return Difference(name, "recipe", "error", corpus.adapter, "no such adapter yet", change)
    try:
        if corpus.adapter != "mapped":  # which makes its own of them
            kind.Options(**corpus.options)
        adapter: RecordAdapter = kind(corpus, name, "check")
    except Exception as error:
        found = f"{type(error).__name__}: {error}"
        change = "mend `options`; see `omnireward recipe check`"
        return Difference(name, "recipe", "error", "options that fit", found, change)
    return adapter


def _is_safe(name: str) -> bool:
    """Whether a name stays below the root on any system."""
    parts = name.replace("\\", "/").split("/")
    return bool(name) and "\0" not in name and not name.startswith("/") and ".." not in parts


class _Check:
    """The steps of one check, and what they found so far."""

    def __init__(self, subject: Subject, unsafe: Sequence[str]) -> None:
        self._subject, self._unsafe = subject, unsafe
        self._said: list[Difference] = []

    def report(self) -> CorpusReport:
        """Take all steps."""
        subject = self._subject
        self._reach()
        self._step("licence", lambda: ((), check_licence(subject)), ())
        if not subject.sizes:
            return self._empty()
        found = self._step("files", lambda: check_files(subject), FilesFound(()))
        bad = self._step("format", lambda: check_heads(subject, found.names), frozenset[str]())
        good = [name for name in found.names if name not in bad]
        with tempfile.TemporaryDirectory(prefix="omnireward-check-") as folder:
            excerpts, whole = self._excerpts(good, bad, Path(folder))
            own = [one for one in excerpts if self._has_columns(one.name)]
            bad = self._step("columns", lambda: check_columns(subject, own), frozenset[str]())
            tried = self._tried(found, [one for one in excerpts if one.name not in bad], folder)
        cells = sorted(
            {field.name for one in own for field in one.schema or () if holds_bytes(field.type)}
        )
        media = self._step(
            "media", lambda: check_media(subject, tried.media, found, cells), list[str]()
        )
        rows, exact = rows_of(own, subject.sizes) if whole else (None, True)
        if bad and not exact:  # an estimate by records that are none
            rows = None
        self._step("count", lambda: ((), check_count(subject, rows, exact=exact)), ())
        return self._done(found, tried, media, rows, exact=exact)

    def _step(self, what: What, step: Callable[[], tuple[T, list[Difference]]], otherwise: T) -> T:
        """What a step finds; where it stumbles, a difference and `otherwise`."""
        try:
            found, said = step()
        except Exception as error:  # a report of what was seen so far is worth more than a crash
            found, said = otherwise, [self._stumbled(what, error)]
        self._said += said
        return found

    def _stumbled(self, what: What, error: Exception) -> Difference:
        found = f"{type(error).__name__}: {error}"
        change = "if the file is sound, please report it with this line"
        return self._subject.differs(what, "error", "something that can be read", found, change)

    def _reach(self) -> None:
        subject, facts = self._subject, self._subject.facts
        if facts is not None and (facts.gated or facts.private):
            kind = "private" if facts.private else "gated"
            change = "workers need a token of an account that has access (HF_TOKEN)"
            self._said.append(subject.differs("reach", "note", "open to all", kind, change))
        if self._unsafe:
            found = f"{counted(len(self._unsafe), 'name')} that leave the folder: "
            self._said.append(
                subject.differs(
                    "files",
                    "warning",
                    "names below the root",
                    found + listed(self._unsafe),
                    "none: these files are left out",
                )
            )

    def _empty(self) -> CorpusReport:
        subject = self._subject
        change = (
            f"download {subject.corpus.repo} into `path:`"
            if subject.is_mirror
            else "see that `repo` and `revision` are right"
        )
        expected = listed(subject.corpus.files)
        self._said.append(subject.differs("files", "error", expected, "no files at all", change))
        return CorpusReport(subject.name, tuple(self._said))

    def _tried(self, found: FilesFound, excerpts: Sequence[Excerpt], folder: str) -> Tried:
        """The adapter's run, if there is anything that it reads."""
        reads = self._subject.adapter.holds_records
        if not any(reads(one.name) for one in excerpts) and not self._reads_names(found):
            return Tried()
        step = partial(try_records, self._subject, excerpts, found.names, Path(folder))
        return self._step("records", step, Tried())

    def _has_columns(self, name: str) -> bool:
        """Whether the adapter's columns are to be found in a file."""
        adapter = self._subject.adapter
        return adapter.holds_records(name) or suffix_of(name) not in adapter.RECORD_SUFFIXES

    def _reads_names(self, found: FilesFound) -> bool:
        """Whether the adapter makes pairs of files' names alone."""
        return not self._subject.adapter.COLUMNS and all(
            kind_of(name) == "medium" for name in found.names
        )

    def _excerpts(
        self, names: Sequence[str], bad: frozenset[str], folder: Path
    ) -> tuple[list[Excerpt], bool]:
        """The heads of the files of records, and whether those are all of them."""
        records = [name for name in names if kind_of(name) == "records"]
        number = _OF_GROUPS if isinstance(self._subject.adapter, GroupedAdapter) else RECORDS
        share = max(_OF_A_FILE, -(-number // max(1, len(records))))
        excerpts = []
        for at, name in enumerate(records[:MOST_FILES]):
            wanted = share if at < _MOST_READ else 0
            if not self._has_columns(name):
                wanted = _OF_COMPANION
            one = self._excerpt(name, wanted, folder)
            excerpts += [one] if one else []
        lost = any(kind_of(name) == "records" for name in bad)
        return excerpts, len(excerpts) == len(records) and not lost

    def _excerpt(self, name: str, number: int, folder: Path) -> Excerpt | None:
        subject = self._subject
        projection = subject.adapter.PROJECTION
        try:
            return excerpt(
                subject.meter,
                subject.path(name),
                name,
                folder,
                number,
                projection,
                keyed=getattr(subject.adapter, "KEYED", False),
            )
        except Unlike as unlike:
            change = f"pin `revision:` to a commit with a list, or extend {subject.module}"
            expected = f"{name}: a list of records"
            self._said.append(subject.differs("types", "error", expected, str(unlike), change))
        except Enough as error:
            change = "none, if records are that large; else see what the file is"
            expected, found = "a few records to look at", f"{name}: they take {error}"
            self._said.append(subject.differs("format", "warning", expected, found, change))
        except Exception as error:  # of any reader, met with any bytes
            change = (
                "download it again"
                if subject.is_mirror
                else "the published file is damaged: pin `revision:` to another commit"
            )
            found = f"{name}: {error or type(error).__name__}"
            self._said.append(
                subject.differs("format", "error", "records that can be read", found, change)
            )
        return None

    def _done(
        self,
        found: FilesFound,
        tried: Tried,
        media: Sequence[str],
        rows: int | None,
        *,
        exact: bool,
    ) -> CorpusReport:
        subject = self._subject
        looked = Looked(
            files=len(found.names),
            size=sum(subject.sizes[name] for name in found.names),
            bytes_read=subject.meter.bytes,
            rows=rows,
            rows_exact=exact,
            records=tried.records,
            pairs=tried.pairs,
            refused={reason: refusal.number for reason, refusal in tried.refused.items()},
            dropped=tried.dropped,
            media=tuple(media),
            commit=subject.facts.commit if subject.facts else None,
        )
        return CorpusReport(subject.name, tuple(self._said), looked)
