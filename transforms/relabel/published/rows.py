"""Rows of the published OmniRewardData: ``<Subset>/train-*.parquet``, read by task.

`conversations` (list of ``{from, value}``), `chosen` and `rejected` (``{from, value}``), `images`
(paths). The criterion is the first message from ``system``. By task:

- text answers: the prompt is the other turns; with a picture there is exactly one in `images`;
- pictures: the prompt is ``chosen.value``, `images` are chosen and rejected;
- clips: the prompt is ``chosen.value``, `images` are frames, those of chosen in the first half.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import polars as pl
import pyarrow as pa

from transforms.beamkit.errors import BuildError
from transforms.relabel.published.texts import TURN_BREAK

COLUMNS: Final = ("conversations", "chosen", "rejected", "images")
#: Media of a pair by part.
MEDIA_PARTS: Final = ("prompt_media", "chosen_media", "rejected_media")
#: Tasks of which the published set has rows.
TASKS: Final = ("t2t", "ti2t", "t2i", "t2v")

_TYPES: Final[dict[str, Any]] = {
    "row": pl.Int64,
    "criterion": pl.String,
    "prompt": pl.String,
    "chosen_text": pl.String,
    "rejected_text": pl.String,
    "prompt_media": pl.List(pl.String),
    "chosen_media": pl.List(pl.String),
    "rejected_media": pl.List(pl.String),
}
#: The columns of `Rows.rows`; media are paths as they are published.
ROW_SCHEMA: Final = pl.Schema(_TYPES)
#: Characters of each part of a row that can't be read.
_SHOWN: Final = 100


class Rows(NamedTuple):
    """What could be read, and row -> reason for what could not, and row -> what it holds."""

    rows: pl.DataFrame
    unreadable: Mapping[int, str]
    unread: Mapping[int, str]


def read_rows(table: pa.Table, task: str) -> Rows:
    """The rows of one subset's table, numbered from 0 in its order.

    Reasons: `no_prompt`, `no_response`, `images_unfit` (not as many as the task has).

    Raises:
        BuildError: a column is missing.
        ValueError: the published set has no such task.
    """
    if task not in TASKS:
        raise ValueError(f"the published set has no rows of {task!r}: one of {TASKS}")
    lacking = [name for name in COLUMNS if name not in table.column_names]
    if lacking:
        raise BuildError(
            f"published rows: no column {', '.join(lacking)}; expected {', '.join(COLUMNS)}. "
            "Is this a file of OmniRewardData?"
        )
    frame = _frame(table)
    has_text_answers = task in ("t2t", "ti2t")
    half = pl.col("images").list.len() // 2
    nothing = pl.lit([], dtype=pl.List(pl.String))
    media = {
        "t2t": (nothing, nothing, nothing),
        "ti2t": (pl.col("images"), nothing, nothing),
    }.get(task, (nothing, pl.col("images").list.head(half), pl.col("images").list.tail(half)))
    number = pl.col("images").list.len()
    fits = {"t2t": number == 0, "ti2t": number == 1, "t2i": number == 2}.get(
        task, (number > 0) & (number % 2 == 0)
    )
    read = frame.select(
        "row",
        "criterion",
        prompt=pl.col("turns") if has_text_answers else pl.col("chosen"),
        chosen_text=pl.col("chosen") if has_text_answers else pl.lit(None, pl.String),
        rejected_text=pl.col("rejected") if has_text_answers else pl.lit(None, pl.String),
        **dict(zip(MEDIA_PARTS, media, strict=True)),
        reason=pl.when(pl.col("turns" if has_text_answers else "chosen").fill_null("") == "")
        .then(pl.lit("no_prompt"))
        .when(pl.any_horizontal(pl.col("chosen", "rejected").fill_null("") == ""))
        .then(pl.lit("no_response"))
        .when(~fits)
        .then(pl.lit("images_unfit")),
    )
    bad = read.filter(pl.col("reason").is_not_null())
    unreadable = dict(zip(bad["row"].to_list(), bad["reason"].to_list(), strict=True))
    good = read.filter(pl.col("reason").is_null()).select(ROW_SCHEMA.names())
    unread = {
        row["row"]: _shown(row)
        for row in frame.filter(pl.col("row").is_in([*unreadable])).iter_rows(named=True)
    }
    return Rows(good.cast(ROW_SCHEMA), unreadable, unread)


def _shown(row: Mapping[str, Any]) -> str:
    """What a row holds, each part cut short."""
    said = {name: row[name] for name in ("turns", "chosen", "rejected") if row[name]}
    if row["images"]:
        said["images"] = ", ".join(map(str, row["images"]))
    told = (f"{name}: {' '.join(text.split())[:_SHOWN]}" for name, text in said.items())
    return "; ".join(told) or "nothing but empty columns"


def _frame(table: pa.Table) -> pl.DataFrame:
    """Criterion, the turns that are not the system's, and both answers, as text."""
    frame = pl.DataFrame({name: pl.from_arrow(table[name]) for name in COLUMNS})
    turn = pl.element()
    spoken = turn.struct.field("from").fill_null("")
    said = turn.struct.field("value")
    talk = pl.col("conversations")
    return frame.select(
        row=pl.int_range(pl.len(), dtype=pl.Int64),
        criterion=talk.list.eval(said.filter(spoken == "system")).list.first(),
        turns=talk.list.eval(said.filter(spoken != "system")).list.join(TURN_BREAK),
        chosen=pl.col("chosen").struct.field("value"),
        rejected=pl.col("rejected").struct.field("value"),
        images=pl.col("images").fill_null([]).cast(pl.List(pl.String)),
    ).with_columns(
        criterion=pl.when(pl.col("criterion").str.strip_chars() != "").then(pl.col("criterion"))
    )
