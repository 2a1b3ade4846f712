"""The pages of the viewer: rows by filters and words, one row, and what is not there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from pipelines.gallery.cards import card_of
from pipelines.gallery.pages import page
from pipelines.gallery.reading import Built, votes_of
from pipelines.gallery.viewer.finding import Finder
from pipelines.gallery.viewer.media import Addressed
from pipelines.gallery.viewer.query import LISTED, PAGE_ROWS, Query, pages_of
from pipelines.gallery.viewer.rows import Rows

#: Characters of a text in a list of rows, and on a row's own page.
_LIST_LIMIT: Final = 1_500
_ROW_LIMIT: Final = 200_000
#: Seconds that a page waits for the facts of a dataset that was opened just now.
_PATIENCE: Final = 20.0
#: Rows of one beginning of an id that are found at most.
_MOST_FOUND: Final = 50
_HEX: Final = frozenset("0123456789abcdef")

_TITLES: Final = {
    "subset": "Subset", "task": "Task", "kind": "Kind", "origin": "Criterion from",
    "preference": "Preferred", "annotator": "Annotator", "licence": "Licence",
}  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """A page, or an address to go to instead."""

    html: str = ""
    status: HTTPStatus = HTTPStatus.OK
    location: str = ""


@dataclass(frozen=True)
class Site:
    """The pages over one built dataset."""

    built: Built
    finder: Finder
    rows: Rows

    def warm_up(self) -> None:
        """Load libraries and templates before the first visitor waits for them."""
        self.missing("")
        self._cards(tuple(range(min(1, self.built.rows))), _LIST_LIMIT)

    def listing(self, query: Query) -> Answer:
        """Rows that fit, a page of them."""
        if query.has_filters and not self.finder.facts.wait(_PATIENCE):
            return self._wait()
        found = self.finder.find(query)
        last = pages_of(found.total)
        if query.page > last:
            return Answer(location=f"/{query.address(last)}", status=HTTPStatus.SEE_OTHER)
        return Answer(
            self._page(
                "viewer_list.html",
                query=query,
                cards=self._cards(found.numbers, _LIST_LIMIT),
                total=found.total,
                searched=found.searched,
                first=(query.page - 1) * PAGE_ROWS + 1,
                last=last,
            )
        )

    def one(self, wanted: str) -> Answer:
        """The row of an id, or of how one begins; several are listed."""
        wanted = wanted.strip().lower()
        if not wanted or len(wanted) > 64 or not set(wanted) <= _HEX:
            return self.missing(f"{wanted[:80]!r} is no id: ids are hexadecimal digits.")
        if not self.finder.facts.wait(_PATIENCE):
            return self._wait()
        numbers = tuple(self.finder.facts.by_id(wanted, _MOST_FOUND))
        if not numbers:
            return self.missing(f"No row or pair has an id that begins with {wanted}.")
        cards = self._cards(numbers[:PAGE_ROWS], _ROW_LIMIT if len(numbers) == 1 else _LIST_LIMIT)
        neighbours = {}
        if len(numbers) == 1:
            around = [n for n in (numbers[0] - 1, numbers[0] + 1) if 0 <= n < self.built.rows]
            ids = self.rows.read(around)
            neighbours = {
                "before" if n < numbers[0] else "after": row["row_id"]
                for n, row in zip(around, ids, strict=True)
            }
        return Answer(
            self._page(
                "viewer_row.html",
                wanted=wanted,
                cards=cards,
                total=len(numbers),
                most=_MOST_FOUND,
                **neighbours,
            )
        )

    def missing(self, why: str, status: HTTPStatus = HTTPStatus.NOT_FOUND) -> Answer:
        """A page that says what is not there."""
        return Answer(self._page("viewer_missing.html", why=why), status)

    def state(self) -> dict[str, Any]:
        """How far the index is."""
        words = self.finder.words
        return {"searchable": round(words.share, 4), "complete": words.is_complete}

    def _wait(self) -> Answer:
        why = (
            "The rows are still being counted, so nothing can be filtered yet. "
            "Load the page again in a moment."
        )
        return self.missing(why, HTTPStatus.SERVICE_UNAVAILABLE)

    def _cards(self, numbers: tuple[int, ...], limit: int) -> list[Any]:
        rows = self.rows.read(numbers)
        votes = votes_of(self.built, rows)
        return [
            card_of(row, Addressed(number), votes=said, limit=limit, href=f"/row/{row['row_id']}")
            for number, row, said in zip(numbers, rows, votes, strict=True)
        ]

    def _page(self, template: str, **values: Any) -> str:
        return page(
            template,
            name=str(self.built.record.get("name", self.built.output.name)),
            rows=self.built.rows,
            choices=self.choices(),
            titles=_TITLES,
            failure=self.finder.facts.failure or self.finder.words.failure,
            **{"query": Query(), "wanted": "", "before": "", "after": "", **values},
        )

    def choices(self) -> Mapping[str, Sequence[tuple[str, int]]]:
        """What each filter offers; subsets, tasks and kinds alone while facts are being read."""
        if self.finder.facts.choices:
            return self.finder.facts.choices
        sums: dict[str, dict[str, int]] = {name: {} for name in LISTED}
        for shard in self.built.shards:
            entry = self.built.record["subsets"][shard.subset]
            for name, value in (
                ("subset", shard.subset), ("task", entry.get("task")), ("kind", entry.get("kind")),
            ):  # fmt: skip
                if isinstance(value, str):
                    sums[name][value] = sums[name].get(value, 0) + shard.rows
        return {name: sorted(counts.items()) for name, counts in sums.items()}
