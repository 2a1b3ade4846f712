"""Comparing the facts of two sides over one range of ids: pure, on frames of `facts.read_facts`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from pipelines.diff.facts import NTH, SPLIT, WHOLE
from pipelines.diff.result import RowChange, SubsetDiff

_KEYS: Final = ("row_id", NTH)


def compare(
    before: pl.DataFrame,
    after: pl.DataFrame,
    columns: Sequence[str],
    media: frozenset[str],
    found: SubsetDiff,
    *,
    rows: bool,
) -> None:
    """Add what differs between two sides to `found`; with `rows`, each row as well.

    Rows are matched by id. A row that the other side lacks is matched with one of the same pair: it
    stands under another criterion. What is left was added or removed.
    """
    found.rows_before += len(before)
    found.rows_after += len(after)
    others = [name for name in columns if name != "row_id"]
    _same_rows(_differing(before, after), others, media, found, rows=rows)
    gone = _numbered(before.join(after, on=_KEYS, how="anti"))
    come = _numbered(after.join(before, on=_KEYS, how="anti"))
    others = [name for name in others if name != "pair_id"]
    _same_pairs(gone, come, others, found, rows=rows)
    for kind, one, other in (("removed", gone, come), ("added", come, gone)):
        alone = one.join(other, on=_PAIRS, how="anti").sort("row_id")
        setattr(found, kind, getattr(found, kind) + len(alone))
        if rows:
            found.rows += [
                RowChange(kind, row_id, pair_id, *_sides(kind, preference))
                for row_id, pair_id, preference in alone.select(
                    "row_id", "pair_id", "preference"
                ).iter_rows()
            ]


_AFTER: Final = ":after"
_PAIR_NTH: Final = ":pair_nth"
_PAIRS: Final = ("pair_id", _PAIR_NTH)


def _differs(name: str) -> pl.Expr:
    return pl.col(name).ne_missing(pl.col(name + _AFTER))


def _sides(kind: str, preference: str) -> tuple[str | None, str | None]:
    return (preference, None) if kind == "removed" else (None, preference)


def _differing(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Rows that both sides have and that differ; only of these are all columns joined."""
    narrow = [*_KEYS, WHOLE, SPLIT]
    same = before.select(narrow).join(after.select(narrow), on=_KEYS, suffix=_AFTER)
    keys = same.filter(_differs(WHOLE) | _differs(SPLIT)).select(_KEYS)
    return before.join(keys, on=_KEYS, how="semi").join(after, on=_KEYS, suffix=_AFTER)


def _numbered(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of one pair numbered in order of id, so that both sides match them alike."""
    return frame.sort("row_id", NTH).with_columns(
        pl.int_range(pl.len()).over("pair_id").alias(_PAIR_NTH)
    )


def _same_rows(
    differ: pl.DataFrame,
    columns: Sequence[str],
    media: frozenset[str],
    found: SubsetDiff,
    *,
    rows: bool,
) -> None:
    """Count what differs in rows that both sides have."""
    flags = differ.select(
        *(_differs(name).alias(name) for name in columns), _differs(SPLIT).alias(SPLIT)
    )
    counts = flags.sum().row(0, named=True) if len(flags) else dict.fromkeys(flags.columns, 0)
    found.rows_changed += differ.select(_differs(WHOLE).sum()).item()
    found.moved += counts.pop(SPLIT)
    found.columns.update({name: count for name, count in counts.items() if count})
    found.media.update({name: counts[name] for name in media & counts.keys() if counts[name]})
    own = [name for name in columns if name in media]
    if own:
        found.media_changed += flags.select(pl.any_horizontal(own).sum()).item()
    _labels(differ, found)
    if rows:
        _list_same(differ, flags, found)


def _list_same(differ: pl.DataFrame, flags: pl.DataFrame, found: SubsetDiff) -> None:
    ids = differ.select("row_id", "pair_id", "preference", f"preference{_AFTER}")
    for said, which in zip(ids.iter_rows(), flags.iter_rows(named=True), strict=True):
        names = tuple(name for name, is_other in which.items() if is_other and name != SPLIT)
        kind = "label" if "preference" in names else "changed" if names else "moved"
        row_id, pair_id, before, after = said
        found.rows.append(RowChange(kind, row_id, pair_id, before, after, columns=names))


def _same_pairs(
    gone: pl.DataFrame,
    come: pl.DataFrame,
    columns: Sequence[str],
    found: SubsetDiff,
    *,
    rows: bool,
) -> None:
    """Count the pairs that stand under another criterion."""
    both = gone.join(come, on=_PAIRS, how="inner", suffix=_AFTER).sort("row_id")
    found.criterion_changed += len(both)
    _labels(both, found)
    if not rows:
        return
    flags = both.select(_differs(name).alias(name) for name in columns)
    ids = both.select("row_id", "pair_id", "preference", f"preference{_AFTER}", f"row_id{_AFTER}")
    for said, which in zip(ids.iter_rows(), flags.iter_rows(named=True), strict=True):
        names = tuple(name for name, is_other in which.items() if is_other)
        row_id, pair_id, before, after, new = said
        found.rows.append(RowChange("criterion", row_id, pair_id, before, after, new, names))


def _labels(matched: pl.DataFrame, found: SubsetDiff) -> None:
    other = matched.filter(_differs("preference"))
    found.label_changed += len(other)
    kinds = other.select(
        pl.concat_str(
            pl.col("preference").fill_null("none"),
            pl.lit(">"),
            pl.col(f"preference{_AFTER}").fill_null("none"),
        ).alias("kind")
    )["kind"].value_counts()
    found.labels.update(dict(kinds.iter_rows()))
