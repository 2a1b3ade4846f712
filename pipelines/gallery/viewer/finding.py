"""Which rows fit a query: filters by facts, words by the index, a page of them."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.gallery.reading import Built
from pipelines.gallery.viewer.facts_table import FactsTable
from pipelines.gallery.viewer.query import PAGE_ROWS, Query, match_expression
from pipelines.gallery.viewer.words import WordIndex


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
        """Read facts and index words in the background."""
        self.facts.start()
        self.words.start()

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
        searched = self.words.share
        if not query.has_filters:
            numbers = self.words.page(expression, PAGE_ROWS, start)
            return Found(tuple(numbers), self.words.count(expression), searched)
        fitting = self.facts.fitting(query, self.words.all(expression))
        return Found(tuple(fitting[start:stop]), len(fitting), searched)
