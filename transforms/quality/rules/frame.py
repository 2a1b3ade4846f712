"""The frame that row rules look at: one line for each row of a roster, its texts and slots flat.

Columns: ``row_id, key`` (the roster's), ``prompt_text`` (all turns, a line each), ``user_text``,
``roles``, ``a_text, b_text``, ``prompt_slots, a_slots, b_slots`` (one name for each medium),
``a_digests, b_digests``, ``a_score, b_score, margin, preference, criterion, agreement``.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from schemas.columns import one_array

#: What rules need of prepared pairs; `pair_id` finds their rows of the roster.
RULE_COLUMNS: Final = (
    "row_id", "pair_id", "key", "prompt", "prompt_media", "a_text", "b_text", "a_media", "b_media",
    "a_score", "b_score", "margin", "preference", "criterion",
)  # fmt: skip

#: Those that are taken as they are.
_PLAIN: Final = ("key", "a_text", "b_text", "a_score", "b_score", "margin")

#: Those of which a roster may say otherwise.
_LABEL: Final = ("preference", "criterion")


def rule_frame(prepared: pa.Table, roster: pa.Table) -> pl.DataFrame:
    """The rows of a roster whose pairs are in `prepared`.

    Args:
        prepared: rows of `flight.PREPARED_SCHEMA`, `RULE_COLUMNS` at least; of several with one id
            and key the first counts.
        roster: rows of `flight.ROSTER_SCHEMA`, others among them.
    """
    said = _polars(
        roster.select(["row_id", "base_id", "key", "preference", "criterion", "agreement"])
    )
    keys = _polars(prepared.select(["row_id", "key"])).with_row_index("at")
    found = keys.unique(["row_id", "key"], keep="first", maintain_order=True).join(
        said.rename({"row_id": "own_id"}),
        left_on=["row_id", "key"],
        right_on=["base_id", "key"],
        maintain_order="left",
    )
    pairs = prepared.select(list(RULE_COLUMNS))
    roles, contents = (_Lists.of(pairs["prompt"], name) for name in ("role", "content"))
    by_user = pc.fill_null(pc.equal(roles.values, "user"), False).to_numpy(zero_copy_only=False)
    of_pairs = pl.DataFrame(
        {
            "prompt_text": contents.lines(),
            "user_text": contents.only(by_user).lines(),
            "roles": roles.series(),
            **{
                f"{side}_slots": _Lists.of(pairs[f"{side}_media"], "slot").series()
                for side in ("prompt", "a", "b")
            },
            **{
                f"{side}_digests": _Lists.of(pairs[f"{side}_media"], "info", "digest").series()
                for side in ("a", "b")
            },
            **{name: pl.Series(pairs[name]) for name in (*_PLAIN, *_LABEL)},
        }
    )
    taken = _taken(of_pairs, found["at"])
    label = {
        name: found.select(pl.coalesce(name, taken[name].alias("of_pair"))).to_series()
        for name in _LABEL
    }
    return taken.with_columns(row_id=found["own_id"], agreement=found["agreement"], **label)


class _Lists(NamedTuple):
    """One field of the structs in a column of lists; a list that is null is an empty one."""

    #: int64[rows + 1]: where each list begins and ends.
    bounds: np.ndarray
    values: pa.Array

    @classmethod
    def of(cls, column: pa.ChunkedArray, *path: str) -> _Lists:
        array = one_array(column)
        lengths = array.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
        bounds = np.append(0, np.cumsum(lengths, dtype=np.int64))
        return cls(bounds, pc.struct_field(array.flatten(), list(path)))

    def only(self, keep: np.ndarray) -> _Lists:
        """The lists without the values for which `keep` is False."""
        if keep.all():
            return self
        kept = np.append(0, np.cumsum(keep))
        return _Lists(kept[self.bounds], self.values.filter(pa.array(keep)))

    def series(self) -> pl.Series:
        """As a column of lists."""
        lists = pa.LargeListArray.from_arrays(pa.array(self.bounds), self.values)
        return pl.Series(lists)

    def lines(self) -> pl.Series:
        """Each list of texts as one text, a line each."""
        one_each = not self.values.null_count and bool((np.diff(self.bounds) == 1).all())
        return pl.Series(self.values) if one_each else self.series().list.join("\n")


def _taken(rows: pl.DataFrame, at: pl.Series) -> pl.DataFrame:
    """Rows by place; mostly all of them in their order."""
    in_order = len(at) == rows.height and bool((at == pl.arange(rows.height, eager=True)).all())
    return rows if in_order else rows[at]


def _polars(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame
