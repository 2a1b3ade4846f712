"""Which rows fit a query: filters by facts, words by the index, a page of them."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Final

import polars as pl

from pipelines.gallery.reading import Built
from pipelines.gallery.viewer.facts_table import FactsTable
from pipelines.gallery.viewer.query import PAGE_ROWS, Query, match_expression, phrases
from pipelines.gallery.viewer.scanning import scan
from pipelines.gallery.viewer.words import WordIndex

#: Before words are indexed, so that a new process does not compete with the first page.
_FIRST_PAGE_SECONDS: Final = 1.5


@dataclass(frozen=True)
class Found:
    """A page of row numbers, how many rows fit in all, and the share of rows that was searched."""

    numbers: tuple[int, ...]
    total: int
    searched: float = 1.0


@dataclass(frozen=True)
class Finder:
    """Finds rows of a built dataset."""

    built: Built
    facts: FactsTable
    words: WordIndex

    def start(self) -> None:
        """Read facts and index words in the background, the words when the first page is out."""
        self.facts.start()
        later = threading.Timer(_FIRST_PAGE_SECONDS, self.words.start)
        later.daemon = True
        later.start()

    def find(self, query: Query) -> Found:
        """The rows of one page, in the dataset's order. Filters need `facts.wait` to be true."""
        start = (query.page - 1) * PAGE_ROWS
        stop = start + PAGE_ROWS
        if query.is_plain:
            return Found(tuple(range(start, min(stop, self.built.rows))), self.built.rows)
        if not query.q:
            fitting = self.facts.fitting(query)
            return Found(tuple(fitting[start:stop]), len(fitting))
        expression = match_expression(query.q)
        if expression is None:
            return Found((), 0)
        if self.words.is_complete:
            return self._indexed(query, expression)
        return self._partly_indexed(query, expression)

    def _indexed(self, query: Query, expression: str) -> Found:
        start = (query.page - 1) * PAGE_ROWS
        if not query.has_filters:
            numbers = self.words.page(expression, PAGE_ROWS, start)
            return Found(tuple(numbers), self.words.count(expression))
        fitting = self.facts.fitting(query, self.words.all(expression))
        return Found(tuple(fitting[start : start + PAGE_ROWS]), len(fitting))

    def _partly_indexed(self, query: Query, expression: str) -> Found:
        """By the index as far as it is, then by reading rows, until the page is full."""

        def fits(numbers: pl.Series) -> pl.Series:
            return self.facts.fitting(query, numbers) if query.has_filters else numbers

        start = (query.page - 1) * PAGE_ROWS
        stop = start + PAGE_ROWS
        indexed = self.words.rows
        hits = self.words.all(expression)
        numbers = tuple(fits(hits.filter(hits < indexed)))  # it may have grown meanwhile
        reached = indexed
        if len(numbers) <= stop:  # one more than the page holds tells that there is a next one
            more = stop + 1 - len(numbers)
            found = scan(self.built, phrases(query.q), indexed, more, fits)
            numbers, reached = numbers + found.numbers, found.reached
        share = reached / self.built.rows if self.built.rows else 1.0
        return Found(numbers[start:stop], len(numbers), share)
