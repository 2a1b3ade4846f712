"""A diff as one HTML file: numbers by subset, and pairs as they were and as they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from pipelines.dataset.dataset import Dataset
from pipelines.diff.result import KIND_TITLES, KINDS, DatasetDiff, RowChange, SubsetDiff
from pipelines.diff.view import details
from pipelines.gallery.cards import Card, card_of
from pipelines.gallery.pages import page, page_policy, shipped_text
from pipelines.gallery.previews import Embedder

#: Pairs shown of each kind of change in a subset, and subsets of which pairs are shown.
PAIRS: Final = 4
_MOST_SUBSETS: Final = 40
#: Characters of media in the page.
_MEDIA_BUDGET: Final = 12_000_000
_TEXT_LIMIT: Final = 1_200

_STYLE: Final = (
    ".compare { display: grid; gap: 0 var(--gap);"
    " grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); }"
)
_COLUMNS: Final = (
    "before", "after", "added", "removed", "label changed", "other criterion", "row changed",
    "media changed",
)  # fmt: skip

Rows = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class _Change:
    columns: tuple[str, ...]
    cards: tuple[tuple[str, Card], ...]


@dataclass(frozen=True)
class _Kind:
    title: str
    total: int
    changes: tuple[_Change, ...]


def diff_page(found: DatasetDiff, before: Dataset, after: Dataset, pairs: int = PAIRS) -> str:
    """The page; of each subset and kind of change the first `pairs` pairs are read and shown.

    Args:
        found: what `diff` found with `rows`.
        before: the sides that were compared.
        after: the same.
        pairs: at most, of each kind in a subset.

    Raises:
        BuildError: a file can't be read.
    """
    differ = [one for one in found.subsets if not one.is_empty]
    media = Embedder(budget=_MEDIA_BUDGET)
    subsets = [
        {
            "name": one.subset,
            "numbers": _numbers(one),
            "details": details(one),
            "kinds": list(_kinds(one, before, after, pairs if at < _MOST_SUBSETS else 0, media)),
        }
        for at, one in enumerate(differ)
    ]
    style = shipped_text("gallery.css")
    totals = [sum(numbers) for numbers in zip(*(one["numbers"] for one in subsets), strict=True)]
    return page(
        "diff.html",
        policy=page_policy([style, _STYLE]),
        style=style,
        own_style=_STYLE,
        before=found.before,
        after=found.after,
        tiles=list(zip(_COLUMNS, totals, strict=True))[2:] if totals else [],
        columns=_COLUMNS,
        subsets=subsets,
        equal=len(found.subsets) - len(differ),
    )


def _numbers(one: SubsetDiff) -> tuple[int, ...]:
    return (
        one.rows_before, one.rows_after, one.added, one.removed, one.label_changed,
        one.criterion_changed, one.rows_changed, one.media_changed,
    )  # fmt: skip


def _kinds(
    one: SubsetDiff, before: Dataset, after: Dataset, pairs: int, media: Embedder
) -> Iterator[_Kind]:
    listed = {kind: [row for row in one.rows if row.kind == kind] for kind in KINDS}
    shown = [row for rows in listed.values() for row in rows[:pairs]]
    old = before.find(one.subset, {row.row_id for row in shown if row.kind != "added"})
    new = after.find(
        one.subset, {row.new_row_id or row.row_id for row in shown if row.kind != "removed"}
    )
    for kind, rows in listed.items():
        if rows:
            changes = tuple(_change(row, old, new, media) for row in rows[:pairs])
            yield _Kind(KIND_TITLES[kind].capitalize(), len(rows), changes)


def _change(row: RowChange, old: Rows, new: Rows, media: Embedder) -> _Change:
    """The pair on each side that has it."""
    sides = (
        (
            "Removed" if row.kind == "removed" else "Before",
            old.get(row.row_id) if row.kind != "added" else None,
        ),
        (
            "Added" if row.kind == "added" else "After",
            new.get(row.new_row_id or row.row_id) if row.kind != "removed" else None,
        ),
    )
    cards = tuple((title, _card(side, title, media)) for title, side in sides if side is not None)
    return _Change(row.columns, cards)


def _card(row: Mapping[str, Any], title: str, media: Embedder) -> Card:
    """A card; both sides of a pair may stand in the page, so its anchor says which it is."""
    card = card_of(row, media, limit=_TEXT_LIMIT)
    return replace(card, row_id=f"{card.row_id}-{title.lower()}")
