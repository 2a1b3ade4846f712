"""Answers, ledger and intents as append-only segments on any Beam filesystem.

A group is one file, put in place by rename: ``lane-000/<start>-<number>.seg``. Whoever opens the
folder merges the segments of all lanes into a database of its own in memory or a scratch file,
from which look-ups are served. A lane's small segments are joined when the lane is opened.

There are no locks on such a filesystem: a lane is for one worker at a time.
"""

from __future__ import annotations

import os
import tempfile
import time
import uuid
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.relabel.llm.database import Database
from transforms.relabel.llm.records import (
    Entry,
    Intent,
    LedgerRow,
    Paid,
    StoredAnswer,
    Unpaid,
    frame,
    lost_row,
    unframe,
)
from transforms.relabel.llm.store import open_intents

_SUFFIX: Final = ".seg"
#: A lane with more segments than this is joined into one when it is opened.
_MOST_SEGMENTS: Final = 32
#: Segments are fetched by so many threads: most of the time is the wait for the filesystem.
_THREADS: Final = 16


class SegmentStore:
    """Segments below `folder`; see `store.Store`.

    Raises:
        BuildError: the folder can't be read or written.
    """

    def __init__(self, folder: str, lane: int = 0) -> None:
        self.folder, self.lane = folder, lane
        self._number = 0
        #: Unique to this opening, and later than the names of earlier ones.
        self._start = f"{time.time_ns():020d}-{uuid.uuid4().hex[:8]}"
        handle, self._scratch = tempfile.mkstemp(prefix="omnireward-labels-", suffix=".sqlite")
        os.close(handle)
        try:
            self.database = Database(self._scratch)
            self._merge()
        except OSError as error:
            self._drop_scratch()
            raise BuildError(f"{folder}: the label cache can't be used: {error}") from None
        except BaseException:
            self._drop_scratch()
            raise

    def _merge(self) -> None:
        old = self._paths(f"lane-{self.lane:03d}")
        mine = list(_entries(old))
        for entries in _by_file(sorted(set(self._paths("lane-*")) - set(old))):
            self.database.write(entry for entry in entries if isinstance(entry, Paid))
        paid = [entry for entry in mine if isinstance(entry, Paid)]
        self.database.write(paid)
        self.lost = tuple(open_intents(mine).values())
        rows = [Paid(lost_row(intent, time.time())) for intent in self.lost]
        if len(old) > _MOST_SEGMENTS:
            self.write([*paid, *rows])
            files.remove(old)  # rows that stand in both are the same rows
        elif rows:
            self.write(rows)

    def _paths(self, lane: str) -> list[str]:
        return [path for path, _ in files.find(self.folder, lane, f"*{_SUFFIX}")]

    def get_many(self, keys: Sequence[str]) -> dict[str, StoredAnswer]:
        """See `Store`."""
        return self.database.get_many(keys)

    def note(self, entry: Intent | Unpaid) -> bool:
        """Never at once: a filesystem that appends nothing takes whole segments."""
        return False

    def write(self, group: Sequence[Entry]) -> None:
        """One segment for the group."""
        self._number += 1
        name = f"{self._start}-{self._number:08d}{_SUFFIX}"
        path = files.join(self.folder, f"lane-{self.lane:03d}", name)
        if files.is_local(path):
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        files.write_once(path, b"".join(frame(entry) for entry in group))
        self.database.write(entry for entry in group if isinstance(entry, Paid))

    def spent(self, run: str | None = None, lane: int | None = None) -> float:
        """See `Store`."""
        return self.database.spent(run, lane)

    def ledger(self) -> list[LedgerRow]:
        """See `Store`."""
        return self.database.ledger()

    def close(self) -> None:
        """See `Store`."""
        self._drop_scratch()

    def _drop_scratch(self) -> None:
        if hasattr(self, "database"):
            self.database.close()
        for ending in ("", "-wal", "-shm"):
            Path(self._scratch + ending).unlink(missing_ok=True)


def segments_spent(folder: str) -> float:
    """Dollars that all lanes have spent; open intents count at their worst price."""
    entries = list(_entries([path for path, _ in files.find(folder, "lane-*", f"*{_SUFFIX}")]))
    rows = {entry.row.id: entry.row.cost for entry in entries if isinstance(entry, Paid)}
    return sum(rows.values()) + sum(i.reserve for i in open_intents(entries).values())


def _entries(paths: Iterable[str]) -> Iterable[Entry]:
    for entries in _by_file(paths):
        yield from entries


def _by_file(paths: Iterable[str]) -> Iterable[list[Entry]]:
    with ThreadPoolExecutor(_THREADS) as pool:
        yield from pool.map(lambda path: list(unframe(files.read_bytes(path))), paths)
