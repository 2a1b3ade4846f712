"""What a format of export is: it opens a sink for each split of a subset, and takes rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from schemas.tasks import TaskName

#: Frames that are taken of a clip unless the caller says otherwise.
DEFAULT_FRAMES: Final = 8


class UnfitError(Exception):
    """The format has no form for a row. `reason` is a word for counting."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Options:
    """What a caller may choose.

    Attributes:
        frames: frames that are taken of a clip at most.
        implicit_prompt: the prompt stands inside chosen and rejected, where a format has both ways.
    """

    frames: int = DEFAULT_FRAMES
    implicit_prompt: bool = False

    def __post_init__(self) -> None:
        if self.frames < 1:
            raise ValueError("frames must be positive")


@dataclass(frozen=True)
class Part:
    """A split of a subset, as it is exported."""

    subset: str
    task: TaskName
    kind: str
    split: str


@dataclass
class PartCounts:
    """Rows of a split of a subset: ``rows_in = rows_out + dropped``.

    Attributes:
        dropped: rows left out, by reason.
        notes: rows that were fitted to the format in some way, by what was done.
        files: files that hold the rows, relative to the folder of the export.
    """

    part: Part
    rows_in: int = 0
    rows_out: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    files: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "task": self.part.task,
            "in": self.rows_in,
            "out": self.rows_out,
            "dropped": dict(sorted(self.dropped.items())),
            "notes": dict(sorted(self.notes.items())),
            "files": self.files,
        }


class Sink(Protocol):
    """Takes the rows of one split of a subset, in order."""

    def add(self, row: Mapping[str, Any]) -> Sequence[str]:
        """Write a row of `schemas.pair.PAIR_SCHEMA`; gives notes of what was done to fit it.

        Raises:
            UnfitError: the format has no form for it; nothing was written.
        """

    def files(self) -> list[str]:
        """Files that hold the rows, relative to the folder of the export; none without a row."""


class Format(Protocol):
    """A format of export. `tasks` are those that it has a form for."""

    name: str
    about: str
    tasks: frozenset[TaskName]

    def sink(self, part: Part, folder: str, options: Options) -> AbstractContextManager[Sink]:
        """Open the files of a part; they are in place when the context is left without an error."""

    def finish(self, folder: str, parts: Sequence[PartCounts], gone: Collection[str]) -> None:
        """Write what describes all parts together.

        Args:
            folder: of the export.
            parts: what was exported now.
            gone: files of former exports, relative to the folder, that are there no longer.
        """

    def remarks(self, parts: Sequence[PartCounts]) -> list[str]:
        """Sentences for a person about what the counts don't say."""


def subsets_of(parts: Iterable[PartCounts]) -> list[str]:
    """The names of subsets of some parts, each once, in order."""
    return list(dict.fromkeys(one.part.subset for one in parts))


def columns_read() -> list[str]:
    """Columns of a row that formats may read: all but groups, scores and the corpus' own label."""
    from schemas.pair import PAIR_SCHEMA

    unread = {"prompt_group", "media_group", "margin", "source_preference", "agreement", "n_votes"}
    return [name for name in PAIR_SCHEMA.names if name not in unread]
