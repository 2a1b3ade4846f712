"""The differences found: counts a subset, and the rows behind them where they are wanted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any, Final

#: What can have happened to a row, in the order in which it is told.
KINDS: Final = ("added", "removed", "label", "criterion", "changed", "moved")

KIND_TITLES: Final = {
    "added": "added",
    "removed": "removed",
    "label": "label changed",
    "criterion": "other criterion",
    "changed": "changed",
    "moved": "other split",
}


@dataclass(frozen=True)
class RowChange:
    """What happened to one row, or to one pair under another criterion.

    Attributes:
        kind: the first of `KINDS` that holds.
        row_id: before, or after for an added row.
        pair_id: of the pair.
        before, after: the preference; None where there is no such row.
        new_row_id: the id after where it is another.
        columns: the compared columns that differ; empty for rows added and removed.
    """

    kind: str
    row_id: str
    pair_id: str
    before: str | None = None
    after: str | None = None
    new_row_id: str | None = None
    columns: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For programs; what does not apply is left out."""
        said = {
            "kind": self.kind,
            "row_id": self.row_id,
            "pair_id": self.pair_id,
            "preference_before": self.before,
            "preference_after": self.after,
            "new_row_id": self.new_row_id,
            "columns": list(self.columns),
        }
        return {name: value for name, value in said.items() if value not in (None, [])}


@dataclass
class SubsetDiff:
    """What differs in one subset.

    Attributes:
        rows_before, rows_after: rows on each side; 0 where the side lacks the subset.
        added, removed: rows whose id, and whose pair, only one side has.
        criterion_changed: pairs under another criterion: a row went and a row came.
        label_changed: rows with another preference, those under another criterion included.
        labels: how, as ``a>b``.
        rows_changed: rows with the same id that differ in any column.
        columns: rows that differ, by column.
        media_changed: rows of which any medium is another file.
        media: the same by column.
        moved: rows in another split.
        files_before, files_after, files_equal: files, and those skipped because digests are equal.
        columns_added, columns_removed: columns that only one side has; they are not compared.
    """

    subset: str
    rows_before: int = 0
    rows_after: int = 0
    added: int = 0
    removed: int = 0
    criterion_changed: int = 0
    label_changed: int = 0
    rows_changed: int = 0
    media_changed: int = 0
    moved: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    columns: Counter[str] = field(default_factory=Counter)
    media: Counter[str] = field(default_factory=Counter)
    files_before: int = 0
    files_after: int = 0
    files_equal: int = 0
    columns_added: tuple[str, ...] = ()
    columns_removed: tuple[str, ...] = ()
    rows: list[RowChange] = field(default_factory=list)

    @property
    def label_flips(self) -> int:
        """Rows whose preference went from one response to the other."""
        return self.labels["a>b"] + self.labels["b>a"]

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        return not any(
            (
                self.added, self.removed, self.criterion_changed, self.rows_changed, self.moved,
                self.columns_added, self.columns_removed,
            )
        )  # fmt: skip

    def as_json(self) -> dict[str, Any]:
        """For programs; `rows` only where they were asked for."""
        said = {
            **{
                name: value
                for name, value in vars(self).items()
                if isinstance(value, int) and not name.startswith("_")
            },
            "label_flips": self.label_flips,
            "labels": dict(sorted(self.labels.items())),
            "columns": dict(self.columns.most_common()),
            "media": dict(self.media.most_common()),
            "columns_added": list(self.columns_added),
            "columns_removed": list(self.columns_removed),
        }
        return said | ({"rows": [row.as_json() for row in self.rows]} if self.rows else {})


@dataclass(frozen=True)
class DatasetDiff:
    """What differs between two datasets, subset by subset."""

    before: str
    after: str
    subsets: tuple[SubsetDiff, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        return all(one.is_empty for one in self.subsets)

    def of(self, subset: str) -> SubsetDiff:
        """What differs in a subset."""
        return next(one for one in self.subsets if one.subset == subset)

    def without_rows(self) -> DatasetDiff:
        """The counts alone."""
        return replace(self, subsets=tuple(replace(one, rows=[]) for one in self.subsets))

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "before": self.before,
            "after": self.after,
            "equal": self.is_empty,
            "subsets": {one.subset: one.as_json() for one in self.subsets},
        }
