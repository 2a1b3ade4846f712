"""The words of every row in an SQLite full-text index beside the dataset.

Its rows are numbered as the dataset's; the text itself is not kept. It is built once for a state of
the shards, in a process of its own that gives way to others, and can be searched while it grows.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

import polars as pl
import pyarrow.parquet as pq

from pipelines.gallery.reading import Built
from pipelines.gallery.viewer.query import CHARACTER_SCRIPTS

_VERSION: Final = 2
_BATCH: Final = 2_000
_ATTEMPT: Final = "building-"
_STALE_SECONDS: Final = 86_400
#: How far a process gives way to others (`nice`).
_GIVES_WAY: Final = 10
#: Characters of a text that are searched: the rest of a very long one is not.
_MOST_CHARACTERS: Final = 100_000
#: Columns whose words are searched.
SEARCHED: Final = ("prompt", "criterion", "response_a_text", "response_b_text")
_TABLES: Final = """
CREATE VIRTUAL TABLE words USING fts5(
    text, content='', detail=full, tokenize='unicode61 remove_diacritics 0');
CREATE TABLE state (name TEXT PRIMARY KEY, value INTEGER);
"""


class WordIndex:
    """The words of a built dataset, as far as they are indexed."""

    def __init__(self, built: Built, folder: Path | None = None) -> None:
        """Open what is there; by default in the dataset's ``.work/view``."""
        self._built = built
        digest = _digest(built)[:16]
        self.folder = _writable(folder or built.output / ".work" / "view")
        self._finished = self.folder / f"words-{digest}.sqlite"
        self._growing = self.folder / f"{_ATTEMPT}{os.getpid()}-{id(self):x}.sqlite"
        self._process: BaseProcess | None = None

    @property
    def rows(self) -> int:
        """How many rows' words can be searched, from the first on."""
        if self.is_complete:
            return self._built.rows
        try:
            with closing(_reader(self._growing)) as base:
                told = base.execute("SELECT value FROM state WHERE name = 'rows'").fetchone()
        except sqlite3.Error:
            return 0
        return int(told[0]) if told else 0

    @property
    def share(self) -> float:
        """The share of rows whose words can be searched."""
        return self.rows / self._built.rows if self._built.rows else 1.0

    @property
    def is_complete(self) -> bool:
        """Whether all rows are in it."""
        return self._finished.exists()

    @property
    def failure(self) -> str | None:
        """Why nothing is indexed any more, if so."""
        process = self._process
        if process is None or process.is_alive() or self.is_complete:
            return None
        return f"the process that indexes words ended with code {process.exitcode}"

    def start(self) -> None:
        """Build what is missing in a process of its own."""
        if self.is_complete:
            return
        arguments = (self._built, self._growing, self._finished, os.getpid())
        context = multiprocessing.get_context("spawn")
        process = context.Process(target=_build_apart, args=arguments, daemon=True)
        process.start()
        self._process = process  # not before: one that is not started looks like one that ended

    def stop(self) -> None:
        """End a build that is going on; it begins anew next time."""
        if self._process is not None and self._process.is_alive():
            self._process.terminate()
            self._process.join(5)
        _remove(self._growing)

    def build(self) -> None:
        """Build it here and now."""
        build_words(self._built, self._growing, self._finished)

    def count(self, expression: str) -> int:
        """How many rows fit a full-text expression."""
        rows = self._ask("SELECT count(*) FROM words WHERE words MATCH ?", (expression,))
        return int(rows[0][0]) if rows else 0

    def page(self, expression: str, number: int, start: int) -> list[int]:
        """Numbers of `number` rows that fit, from the `start`-th on, in order."""
        sql = "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid LIMIT ? OFFSET ?"
        return [row[0] for row in self._ask(sql, (expression, number, start))]

    def all(self, expression: str) -> pl.Series:
        """Numbers of all rows that fit, in order."""
        rows = self._ask(
            "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid", (expression,)
        )
        return pl.Series("n", [row[0] for row in rows], dtype=pl.UInt32)

    def _ask(self, sql: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        """Rows of an answer; none where nothing is indexed yet."""
        for path in (self._finished, self._growing, self._finished):
            # It may be renamed between the look and the opening: then the last turn finds it.
            try:
                with closing(_reader(path)) as base:
                    return base.execute(sql, values).fetchall()
            except sqlite3.OperationalError as error:
                if "unable to open" not in str(error) and "no such table" not in str(error):
                    raise
        return []


def _reader(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5)


def _build_apart(built: Built, growing: Path, finished: Path, parent: int) -> None:
    """`build_words` as a process that gives way, and ends when its parent does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's affair
    with suppress(OSError, AttributeError):
        os.nice(_GIVES_WAY)
    build_words(built, growing, finished, lambda: os.getppid() == parent)


def build_words(built: Built, growing: Path, finished: Path, wanted: Any = lambda: True) -> None:
    """Index all rows in the file `growing`, which then becomes `finished`.

    Stops between two batches when `wanted` says no. Indexes of other states of the dataset are
    removed, also what killed builds left a day ago or earlier.
    """
    _clear_up(finished)
    try:
        with closing(sqlite3.connect(growing, timeout=60)) as base:
            base.execute("PRAGMA journal_mode = WAL")
            base.execute("PRAGMA synchronous = OFF")
            base.executescript(_TABLES)
            for texts in _batches(built):
                if not wanted():
                    return
                base.executemany("INSERT INTO words (rowid, text) VALUES (?, ?)", texts)
                rows = texts[-1][0] + 1
                base.execute("INSERT OR REPLACE INTO state VALUES ('rows', ?)", (rows,))
                base.commit()
            base.execute("PRAGMA journal_mode = DELETE")  # one file, which may be read-only
        os.replace(growing, finished)
    finally:
        _remove(growing)


def _batches(built: Built) -> Iterator[list[tuple[int, str]]]:
    start = 0
    for shard in built.shards:
        with pq.ParquetFile(shard.path, memory_map=True) as file:
            for batch in file.iter_batches(_BATCH, columns=list(SEARCHED)):
                texts = searched_texts(pl.from_arrow(batch))
                yield list(enumerate(texts, start))
                start += len(texts)


def searched_texts(rows: Any) -> list[str]:
    """All that is searched of each row, as one text."""
    turns = pl.col("prompt").list.eval(pl.element().struct.field("content"))
    parts = [turns.list.join("\n", ignore_nulls=True), *map(pl.col, SEARCHED[1:])]
    text = pl.concat_str(
        [part.fill_null("").str.slice(0, _MOST_CHARACTERS) for part in parts], separator="\n"
    )
    split = text.str.replace_all(f"([{CHARACTER_SCRIPTS}])", " $1 ")
    texts: list[str] = rows.select(split.alias("text"))["text"].to_list()
    return texts


def _digest(built: Built) -> str:
    """What tells one state of the shards from another: names, sizes, times of change."""
    told = hashlib.sha256(str(_VERSION).encode())
    for shard in built.shards:
        stat = shard.path.stat()
        told.update(
            f"{shard.subset}/{shard.path.name}/{stat.st_size}/{stat.st_mtime_ns}\n".encode()
        )
    return told.hexdigest()


def _clear_up(finished: Path) -> None:
    for path in finished.parent.glob("words-*.sqlite"):
        if path != finished:
            _remove(path)
    for path in finished.parent.glob(f"{_ATTEMPT}*.sqlite"):
        if time.time() - path.stat().st_mtime > _STALE_SECONDS:
            _remove(path)


def _remove(path: Path) -> None:
    for end in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + end).unlink(missing_ok=True)


def _writable(folder: Path) -> Path:
    """The folder, or one for temporary files where nothing can be written into it."""
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    if os.access(folder, os.W_OK):
        return folder
    return Path(tempfile.mkdtemp(prefix="omnireward-view-"))
