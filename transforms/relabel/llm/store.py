"""Where answers are kept and calls are accounted for: one protocol, two keepers.

`LocalStore`: SQLite beside a journal of intents. `SegmentStore` (another module): append-only
segments on any Beam filesystem. Both are opened for one lane of a run; what every lane has bought
serves all.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

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

_DATABASE: Final = "answers.sqlite"
#: A journal of this size is written anew with its open intents alone.
_JOURNAL_BYTES: Final = 4_000_000


class Store(Protocol):
    """Answers, ledger and intents of one lane."""

    #: Calls that were in flight when the process that had this lane before was killed.
    lost: tuple[Intent, ...]

    def get_many(self, keys: Sequence[str]) -> dict[str, StoredAnswer]:
        """The answers that are there, by key."""

    def note(self, entry: Intent | Unpaid) -> bool:
        """Make an entry survive a kill at once; False: it must go through `write`."""

    def write(self, group: Sequence[Entry]) -> None:
        """Make a group durable; called from one thread at a time."""

    def spent(self, run: str | None = None, lane: int | None = None) -> float:
        """Dollars in the ledger, of one run or lane if named."""

    def ledger(self) -> list[LedgerRow]:
        """All rows of all lanes, in order of time."""

    def close(self) -> None:
        """Let go of files and locks."""


class Journal:
    """Intents of one lane in an append-only file.

    An entry is handed to the operating system before its call is sent: that survives the death
    of the process, without waiting for the disk.
    """

    def __init__(self, path: str, intents: Sequence[Intent] = ()) -> None:
        self.path = path
        self.open = {intent.id: intent for intent in intents}
        self._file, self._size = -1, 0
        self._anew()

    def add(self, entry: Intent | Unpaid) -> None:
        """Append one entry."""
        if isinstance(entry, Intent):
            self.open[entry.id] = entry
        else:
            self.open.pop(entry.id, None)
        self._size += os.write(self._file, frame(entry))
        if self._size > _JOURNAL_BYTES:
            self._anew()

    def settled(self, intent_id: str) -> None:
        """An intent has its row in the ledger."""
        self.open.pop(intent_id, None)

    def close(self) -> None:
        """Leave on disk what is open still."""
        self._anew()
        os.close(self._file)

    def _anew(self) -> None:
        attempt = f"{self.path}.new"
        file = os.open(attempt, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_APPEND, 0o644)
        data = b"".join(frame(intent) for intent in list(self.open.values()))
        self._size = 0
        while self._size < len(data):
            self._size += os.write(file, data[self._size :])
        os.replace(attempt, self.path)
        if self._file >= 0:
            os.close(self._file)
        self._file = file


def open_intents(entries: Sequence[Entry]) -> dict[str, Intent]:
    """Intents, in order, that nothing in the same files closes."""
    found = {entry.id: entry for entry in entries if isinstance(entry, Intent)}
    for entry in entries:
        if isinstance(entry, Unpaid):
            found.pop(entry.id, None)
        elif isinstance(entry, Paid):
            found.pop(entry.row.id, None)
    return found


class LocalStore:
    """A folder of this machine: one SQLite file for all lanes, a journal and a lock for each.

    Raises:
        BuildError: another process has this lane, or the files can't be used.
    """

    def __init__(self, folder: str, lane: int = 0) -> None:
        from filelock import FileLock, Timeout

        self.folder = Path(folder)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(str(self.folder / f"lane-{lane:03d}.lock"))
            self._lock.acquire(timeout=0)
        except Timeout:
            raise BuildError(
                f"{folder}: lane {lane} is in use by another run; wait until it has ended"
            ) from None
        except OSError as error:
            raise BuildError(f"{folder}: the label cache can't be used: {error}") from None
        try:
            self._open(lane)
        except BaseException:
            self._lock.release()
            raise

    def _open(self, lane: int) -> None:
        import sqlite3

        try:
            self.database = Database(str(self.folder / _DATABASE))
            path = self.folder / f"lane-{lane:03d}.journal"
            intents = list(_unsettled(path, self.database).values())
            self.database.write([Paid(lost_row(intent, time.time())) for intent in intents])
            self.lost = tuple(intents)
            self._journal = Journal(str(path))
        except (sqlite3.Error, OSError, ValueError) as error:
            raise BuildError(f"{self.folder}: the label cache can't be used: {error}") from None

    def get_many(self, keys: Sequence[str]) -> dict[str, StoredAnswer]:
        """See `Store`."""
        return self.database.get_many(keys)

    def note(self, entry: Intent | Unpaid) -> bool:
        """See `Store`."""
        self._journal.add(entry)
        return True

    def write(self, group: Sequence[Entry]) -> None:
        """See `Store`."""
        paid = [entry for entry in group if isinstance(entry, Paid)]
        self.database.write(paid)
        for entry in paid:
            self._journal.settled(entry.row.id)

    def spent(self, run: str | None = None, lane: int | None = None) -> float:
        """See `Store`."""
        return self.database.spent(run, lane)

    def ledger(self) -> list[LedgerRow]:
        """See `Store`."""
        return self.database.ledger()

    def close(self) -> None:
        """See `Store`."""
        self._journal.close()
        self.database.close()
        self._lock.release()


def _unsettled(journal: Path, database: Database) -> dict[str, Intent]:
    data = journal.read_bytes() if journal.exists() else b""
    found = open_intents(list(unframe(data)))
    settled = database.in_ledger(list(found))
    return {name: intent for name, intent in found.items() if name not in settled}


def local_spent(folder: str) -> float:
    """Dollars that all lanes of a local cache have spent; open intents at their worst price."""
    if not (Path(folder) / _DATABASE).exists():
        return 0.0
    database = Database(str(Path(folder) / _DATABASE))
    try:
        total = database.spent()
        for journal in sorted(Path(folder).glob("lane-*.journal")):
            total += sum(intent.reserve for intent in _unsettled(journal, database).values())
        return total
    finally:
        database.close()
