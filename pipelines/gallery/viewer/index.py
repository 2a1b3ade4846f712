"""An index of a dataset's rows in one SQLite file: facts for filters, words for search.

It is built in the background, facts first; what is there can be used at once. The text itself is
not kept: the words only, and where each row lies. A file that belongs to another build is replaced.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl
import pyarrow.parquet as pq

from pipelines.gallery.reading import Built, Shard
from pipelines.gallery.viewer.query import (
    CHARACTER_SCRIPTS,
    LISTED,
    PAGE_ROWS,
    Query,
    conditions,
    match_expression,
)

_VERSION: Final = 1
_BATCH: Final = 4_000
_ATTEMPT: Final = "building-"
_STALE_SECONDS: Final = 86_400
#: Characters of a text that are searched: the rest of a very long one is not.
_MOST_CHARACTERS: Final = 100_000
_TABLES: Final = """
CREATE TABLE pairs (
    n INTEGER PRIMARY KEY, row_id TEXT, pair_id TEXT, subset TEXT, task TEXT, kind TEXT,
    preference TEXT, flipped INTEGER, agreement REAL, origin TEXT, annotator TEXT, licence TEXT,
    nc INTEGER);
CREATE VIRTUAL TABLE words USING fts5(
    text, content='', detail=full, tokenize='unicode61 remove_diacritics 0');
CREATE TABLE state (name TEXT PRIMARY KEY, value TEXT);
"""
_INDEXES: Final = """
CREATE INDEX pairs_row ON pairs (row_id);
CREATE INDEX pairs_pair ON pairs (pair_id);
CREATE INDEX pairs_subset ON pairs (subset);
CREATE INDEX pairs_task ON pairs (task);
"""
_FACTS: Final = (
    "row_id", "pair_id", "subset", "task", "kind", "preference", "flipped", "agreement",
    "criterion_origin", "annotator", "source", "nc",
)  # fmt: skip


@dataclass(frozen=True)
class Found:
    """A page of row numbers, how many rows fit in all, and the share of rows that was searched."""

    numbers: tuple[int, ...]
    total: int
    searched: float = 1.0


class RowIndex:
    """The index of a built dataset. Rows are numbered in the order of its shards, from 0."""

    def __init__(self, built: Built, folder: Path | None = None) -> None:
        """Open or begin the index in `folder`; by default in the dataset's ``.work/view``."""
        self._built = built
        self._digest = _digest(built)
        self._finished = _writable(folder or built.output / ".work" / "view") / "index.sqlite"
        self.path = self._finished
        self._moving = threading.Lock()
        self._facts_ready = threading.Event()
        self._stop = threading.Event()
        self._texts = 0
        self.failure: str | None = None
        if self._is_complete():
            self._texts = built.rows
            self._facts_ready.set()

    # ------------------------------------------------------------------ building

    @property
    def searchable(self) -> float:
        """The share of rows whose words are in the index."""
        return self._texts / self._built.rows if self._built.rows else 1.0

    @property
    def is_complete(self) -> bool:
        """Whether everything is there."""
        return self._facts_ready.is_set() and self._texts >= self._built.rows

    def start(self) -> threading.Thread | None:
        """Build what is missing in the background."""
        if self.is_complete:
            return None
        thread = threading.Thread(target=self._build, name="view-index", daemon=True)
        thread.start()
        return thread

    def stop(self) -> None:
        """Let a build that is going on end early; it begins anew next time."""
        self._stop.set()

    def wait_for_facts(self, seconds: float) -> bool:
        """Whether filters can be used, after waiting for them for a while."""
        return self._facts_ready.wait(seconds)

    def _is_complete(self) -> bool:
        try:
            with closing(self._connect()) as base:
                told = dict(base.execute("SELECT name, value FROM state"))
        except sqlite3.Error:
            return False
        return told.get("digest") == self._digest and told.get("complete") == "yes"

    def _build(self) -> None:
        try:
            self.build()
        except Exception as error:  # a page says it: the thread has nobody to raise to
            self.failure = f"{type(error).__name__}: {error}"
            self._facts_ready.set()

    def build(self) -> None:
        """Build the index from the beginning, under a name of its own until it is finished."""
        _clear_up(self._finished.parent)
        self.path = self._finished.with_name(f"{_ATTEMPT}{os.getpid()}-{id(self):x}.sqlite")
        try:
            self._fill()
        except BaseException:
            _remove(self.path)
            raise
        if self._stop.is_set():
            _remove(self.path)
            return
        with self._moving:
            os.replace(self.path, self._finished)
            self.path = self._finished
        self._texts = self._built.rows

    def _fill(self) -> None:
        with closing(sqlite3.connect(self.path, timeout=60)) as base:
            base.execute("PRAGMA journal_mode = WAL")
            base.execute("PRAGMA synchronous = OFF")
            base.executescript(_TABLES)
            base.execute("INSERT INTO state VALUES ('digest', ?)", (self._digest,))
            start = 0
            for shard in self._built.shards:
                _add_facts(base, shard, start)
                start += shard.rows
            base.executescript(_INDEXES)
            base.commit()
            self._facts_ready.set()
            for texts in self._batches():
                base.executemany("INSERT INTO words (rowid, text) VALUES (?, ?)", texts)
                base.commit()
                self._texts = texts[-1][0] + 1
                if self._stop.is_set():
                    return
            base.execute("INSERT INTO state VALUES ('complete', 'yes')")
            base.commit()
            base.execute("PRAGMA journal_mode = DELETE")  # one file, which may be read-only

    def _batches(self) -> Iterator[list[tuple[int, str]]]:
        start = 0
        for shard in self._built.shards:
            with pq.ParquetFile(shard.path, memory_map=True) as file:
                for batch in file.iter_batches(_BATCH, columns=list(_TEXTS)):
                    texts = _texts_of(pl.from_arrow(batch))
                    yield list(enumerate(texts, start))
                    start += len(texts)

    # ------------------------------------------------------------------ asking

    def _connect(self) -> sqlite3.Connection:
        with self._moving:
            address = f"{self.path.absolute().as_uri()}?mode=ro"
            return sqlite3.connect(address, uri=True, timeout=5)

    def find(self, query: Query) -> Found:
        """The rows of one page, in the dataset's order."""
        start = (query.page - 1) * PAGE_ROWS
        if query.is_plain:
            stop = min(start + PAGE_ROWS, self._built.rows)
            return Found(tuple(range(start, stop)), self._built.rows)
        where, values = conditions(query)
        searched = 1.0
        if query.q:
            expression = match_expression(query.q)
            if expression is None:
                return Found((), 0)
            searched = self.searchable
            inside = "n IN (SELECT rowid FROM words WHERE words MATCH ?)"
            where = f"{where} AND {inside}" if where else inside
            values.append(expression)
        with closing(self._connect()) as base:
            # `where` is put together of constants; what a visitor says is bound.
            total = base.execute(f"SELECT count(*) FROM pairs WHERE {where}", values).fetchone()[0]  # noqa: S608
            rows = base.execute(
                f"SELECT n FROM pairs WHERE {where} ORDER BY n LIMIT ? OFFSET ?",  # noqa: S608
                (*values, PAGE_ROWS, start),
            ).fetchall()
        return Found(tuple(row[0] for row in rows), total, searched)

    def by_id(self, wanted: str, most: int = 50) -> tuple[int, ...]:
        """Numbers of the rows whose row id or pair id begins with `wanted` (hex)."""
        high = wanted + "g"
        sql = (
            "SELECT n FROM pairs WHERE row_id >= ? AND row_id < ? UNION "
            "SELECT n FROM pairs WHERE pair_id >= ? AND pair_id < ? ORDER BY n LIMIT ?"
        )
        with closing(self._connect()) as base:
            found = base.execute(sql, (wanted, high, wanted, high, most)).fetchall()
        return tuple(row[0] for row in found)

    def choices(self) -> dict[str, list[tuple[str, int]]]:
        """The values of each filter with how many rows have them."""
        found: dict[str, list[tuple[str, int]]] = {}
        with closing(self._connect()) as base:
            for name in LISTED:
                sql = f"SELECT {name}, count(*) FROM pairs WHERE {name} IS NOT NULL GROUP BY 1"  # noqa: S608
                found[name] = sorted(base.execute(sql).fetchall())
        return found


#: Columns whose words are searched.
_TEXTS: Final = ("prompt", "criterion", "response_a_text", "response_b_text")


def _texts_of(rows: Any) -> Sequence[str]:
    turns = pl.col("prompt").list.eval(pl.element().struct.field("content"))
    parts = [turns.list.join("\n", ignore_nulls=True), *map(pl.col, _TEXTS[1:])]
    text = pl.concat_str(
        [part.fill_null("").str.slice(0, _MOST_CHARACTERS) for part in parts], separator="\n"
    )
    split = text.str.replace_all(f"([{CHARACTER_SCRIPTS}])", " $1 ")
    texts: list[str] = rows.select(split.alias("text"))["text"].to_list()
    return texts


def _add_facts(base: sqlite3.Connection, shard: Shard, start: int) -> None:
    facts = (
        pl.scan_parquet(shard.path)
        .select(*_FACTS)
        .with_columns(
            pl.col("source").struct.field("licence"),
            pl.col("flipped", "nc").cast(pl.Int8),
        )
        .collect()
    )
    columns = (*_FACTS[:10], "licence", "nc")
    table = facts.select(columns).with_columns(pl.col("agreement").cast(pl.Float64))
    rows = ((start + number, *row) for number, row in enumerate(table.iter_rows()))
    base.executemany(
        "INSERT INTO pairs (n, row_id, pair_id, subset, task, kind, preference, flipped, "
        "agreement, origin, annotator, licence, nc) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
        rows,
    )


def _digest(built: Built) -> str:
    """What tells one state of the shards from another: names, sizes, times of change."""
    told = hashlib.sha256(str(_VERSION).encode())
    for shard in built.shards:
        stat = shard.path.stat()
        told.update(
            f"{shard.subset}/{shard.path.name}/{stat.st_size}/{stat.st_mtime_ns}\n".encode()
        )
    return told.hexdigest()


def _remove(path: Path) -> None:
    for end in ("", "-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)


def _clear_up(folder: Path) -> None:
    """Remove what builds that were killed left a day ago or earlier."""
    for path in folder.glob(f"{_ATTEMPT}*.sqlite"):
        if time.time() - path.stat().st_mtime > _STALE_SECONDS:
            _remove(path)


def _writable(folder: Path) -> Path:
    """The folder, or one for temporary files where nothing can be written into it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.mkdtemp(prefix="omnireward-view-"))
    return (
        folder if os.access(folder, os.W_OK) else Path(tempfile.mkdtemp(prefix="omnireward-view-"))
    )
