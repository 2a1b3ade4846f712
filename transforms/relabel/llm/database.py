"""Answers and ledger in SQLite: one transaction a group, look-ups of many keys at once.

A group is one statement a table: each step of a statement would let go of the interpreter and ask
for it again, which costs a busy event loop more than the insert.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Final

from transforms.relabel.llm.records import LedgerRow, Paid, StoredAnswer

#: Goes up when the tables change.
_VERSION: Final = 1
_ANSWER: Final = tuple(field.name for field in fields(StoredAnswer))
_ROW: Final = tuple(field.name for field in fields(LedgerRow))
_answer_values, _row_values = attrgetter(*_ANSWER), attrgetter(*_ROW)
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, value TEXT NOT NULL, tokens_in INTEGER, tokens_out INTEGER,
    cost REAL, finish_reason TEXT, attempts INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ledger (
    id TEXT PRIMARY KEY, time REAL, run TEXT, lane INTEGER, model TEXT, key TEXT, pair_id TEXT,
    label TEXT, status TEXT, tokens_in INTEGER, tokens_out INTEGER, cost REAL,
    attempt INTEGER) WITHOUT ROWID;
"""
_BUSY_SECONDS: Final = 60.0


class Database:
    """One SQLite file; a path of ":memory:" is one without a file.

    Raises:
        sqlite3.Error: of every method, when the file can't be read or written.
        ValueError: the file is of another version.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._write = sqlite3.connect(
            path, timeout=_BUSY_SECONDS, check_same_thread=False, isolation_level=None
        )
        self._write.execute("PRAGMA journal_mode=WAL")
        # What is paid for outlives a power failure too: a commit waits for the disk.
        self._write.execute("PRAGMA synchronous=FULL")
        found = self._write.execute("PRAGMA user_version").fetchone()[0]
        if found not in (0, _VERSION):
            self._write.close()
            raise ValueError(f"{path} is of version {found}; this release reads {_VERSION}")
        self._write.execute("BEGIN IMMEDIATE")
        for statement in _TABLES.split(";"):
            self._write.execute(statement)
        self._write.execute(f"PRAGMA user_version={_VERSION}")
        self._write.execute("COMMIT")
        self._read = self._write
        if path != ":memory:":
            self._read = sqlite3.connect(path, timeout=_BUSY_SECONDS, check_same_thread=False)

    def get_many(self, keys: Sequence[str]) -> dict[str, StoredAnswer]:
        """The answers that are there, by key."""
        found = self._read.execute(
            f"SELECT {','.join(_ANSWER)} FROM answers "  # noqa: S608 - column names of our own
            "WHERE key IN (SELECT value FROM json_each(?))",
            (json.dumps(list(keys)),),
        )
        return {row[0]: StoredAnswer(*row) for row in found}

    def write(self, paid: Iterable[Paid]) -> None:
        """Add a group in one transaction; what is there already stays as it is."""
        rows, answers = [], []
        for entry in paid:
            rows.append(_row_values(entry.row))
            if entry.answer is not None:
                answers.append(_answer_values(entry.answer))
        self._write.execute("BEGIN IMMEDIATE")
        try:
            self._insert("ledger", _ROW, rows)
            self._insert("answers", _ANSWER, answers)
            self._write.execute("COMMIT")
        except BaseException:
            self._write.execute("ROLLBACK")
            raise

    def _insert(self, table: str, columns: Sequence[str], rows: list[tuple[object, ...]]) -> None:
        if not rows:
            return
        values = ",".join(f"json_extract(value,'$[{index}]')" for index in range(len(columns)))
        self._write.execute(
            f"INSERT OR IGNORE INTO {table} ({','.join(columns)}) "  # noqa: S608 - our own names
            f"SELECT {values} FROM json_each(?)",
            (json.dumps(rows),),
        )

    def spent(self, run: str | None = None, lane: int | None = None) -> float:
        """Dollars of the ledger, of one run or lane if named."""
        found = self._read.execute(
            "SELECT COALESCE(SUM(cost), 0) FROM ledger "
            "WHERE (?1 IS NULL OR run = ?1) AND (?2 IS NULL OR lane = ?2)",
            (run, lane),
        )
        return float(found.fetchone()[0])

    def in_ledger(self, ids: Sequence[str]) -> set[str]:
        """Which intents have a ledger row."""
        found = self._read.execute(
            "SELECT id FROM ledger WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(ids)),),
        )
        return {row[0] for row in found}

    def ledger(self) -> list[LedgerRow]:
        """All rows, in order of time."""
        found = self._read.execute(
            f"SELECT {','.join(_ROW)} FROM ledger ORDER BY time, id"  # noqa: S608
        )
        return [LedgerRow(*row) for row in found]

    def close(self) -> None:
        """Close; the last one out tidies the write-ahead log."""
        if self._read is not self._write:
            self._read.close()
        self._write.close()
