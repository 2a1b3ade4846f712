"""From published rows and source pairs to label rows, a list of misses, and a summary in numbers.

Several criteria of one pair give several label rows. A row that says the same as another one is
counted once; rows that contradict each other under one criterion are all misses.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl
import pyarrow as pa

from schemas.label import LABEL_SCHEMA
from transforms.relabel.published.match import MATCH_SCHEMA, matched
from transforms.relabel.published.misses import MISS_SCHEMA, nearest
from transforms.relabel.published.pairs import source_pairs, with_media
from transforms.relabel.published.rows import ROW_SCHEMA, Rows, read_rows
from transforms.relabel.published.settings import PublishedSettings

ORIGIN: Final = "published"
REPO: Final = "jinzhuoran/OmniRewardData"
#: What a published row is in the label table: a criterion with the response that it prefers.
STEP: Final = "propose"


@dataclass(frozen=True)
class PublishedSummary:
    """What became of the rows: ``rows == labels + repeated + general + unreadable + contradictory
    + ambiguous_side + unmatched``.

    `ambiguous_side`: rows that fit a pair both ways round, so that nobody knows what they prefer.
    `general`: matched rows without a criterion, which give no label. `by`: ``<text>/<media>`` ->
    matched rows. `ambiguous`: of them, those that fit several pairs. `criteria_per_pair`: number
    of criteria -> pairs that have so many. `reversed_`: labels against the source's preference.
    """

    rows: int
    labels: int
    repeated: int
    general: int
    contradictory: int
    ambiguous_side: int
    unmatched: int
    unreadable: Mapping[str, int]
    by: Mapping[str, int]
    ambiguous: int
    criteria_per_pair: Mapping[int, int]
    reversed_: int


@dataclass(frozen=True)
class PublishedMatch:
    """Labels (`LABEL_SCHEMA`, by pair id and criterion), misses (`MISS_SCHEMA`, by row), numbers.

    `matches` (`match.MATCH_SCHEMA`) says of every matched row which pair it is and by what.
    """

    labels: pa.Table
    misses: pa.Table
    matches: pl.DataFrame
    summary: PublishedSummary


def match_published(
    published: pa.Table,
    prepared: pa.Table,
    media: pa.Table,
    *,
    task: str,
    subset: str,
    revision: str | None = None,
    settings: PublishedSettings | None = None,
) -> PublishedMatch:
    """Match one subset of the published set to prepared pairs of its source corpus.

    `published`: the subset's table, see `rows`; `prepared`: `flight.PREPARED_SCHEMA`; `media`:
    digest and perceptual hash of published pictures by path (`pairs.MEDIA_SCHEMA`), of as many as
    there are; `revision`: commit of the published set, part of the labels' producer.

    Raises:
        BuildError: a column of the published table is missing.
        ValueError: the published set has no rows of this task.
    """
    settings = settings or PublishedSettings()
    read = read_rows(published, task)
    rows, pairs = with_media(read.rows, media), source_pairs(prepared)
    found = matched(rows, pairs, settings)
    matches = found.filter(pl.col("verdict").is_not_null())
    unsided = (
        found.filter(pl.col("verdict").is_null())
        .join(rows.select("row", "criterion"), on="row")
        .join(pairs.select("pair_id", "key"), on="pair_id")
    )
    joined = matches.join(rows.select("row", "criterion"), on="row").join(
        pairs.select("pair_id", "key", "preference"), on="pair_id"
    )
    criteria = joined.filter(pl.col("criterion").is_not_null())
    disputed = criteria.filter(pl.col("verdict").n_unique().over("pair_id", "criterion") > 1)
    agreed = criteria.join(disputed, on="row", how="anti")
    kept = agreed.sort("pair_id", "criterion", "row").unique(
        ["pair_id", "criterion"], keep="first", maintain_order=True
    )
    unmatched = rows.join(found, on="row", how="anti", maintain_order="left")
    known = {"contradictory": disputed, "ambiguous_side": unsided}
    misses = _misses(read, unmatched, known, nearest(unmatched, pairs, settings), subset)
    per_pair = kept.group_by("pair_id").len("criteria").group_by("criteria").len("pairs")
    by = joined.group_by(pl.concat_str("text_by", "media_by", separator="/").alias("by")).len()
    summary = PublishedSummary(
        rows=published.num_rows,
        labels=kept.height,
        repeated=agreed.height - kept.height,
        general=joined.height - criteria.height,
        contradictory=disputed.height,
        ambiguous_side=unsided.height,
        unmatched=unmatched.height,
        unreadable=_counted(read.unreadable),
        by=dict(by.sort("by").iter_rows()),
        ambiguous=int(matches["ambiguous"].sum()),
        criteria_per_pair=dict(per_pair.sort("criteria").iter_rows()),
        reversed_=kept.filter(
            pl.col("preference").is_in(["a", "b"]) & (pl.col("verdict") != pl.col("preference"))
        ).height,
    )
    return PublishedMatch(_labels(kept, subset, revision), misses, matches, summary)


def _labels(kept: pl.DataFrame, subset: str, revision: str | None) -> pa.Table:
    """Label rows: no model was asked, so nothing was spent."""
    parameters = json.dumps({"revision": revision, "subset": subset}, sort_keys=True)
    producer = {
        "origin": ORIGIN,
        "model": REPO,
        "prompt_version": None,
        "parameters": parameters,
    }
    number = kept.height
    known = {
        "pair_id": kept["pair_id"].to_arrow(),
        "criterion": kept["criterion"].to_arrow(),
        "verdict": kept["verdict"].to_arrow(),
        "step": pa.array([STEP] * number, pa.string()),
        "producer": pa.array([producer] * number, LABEL_SCHEMA.field("producer").type),
        "input_tokens": pa.array([0] * number, pa.int64()),
        "output_tokens": pa.array([0] * number, pa.int64()),
        "cost_usd": pa.array([0.0] * number, pa.float64()),
    }
    columns = [
        known[field.name].cast(field.type) if field.name in known else pa.nulls(number, field.type)
        for field in LABEL_SCHEMA
    ]
    return pa.Table.from_arrays(columns, schema=LABEL_SCHEMA)


def _misses(
    read: Rows,
    unmatched: pl.DataFrame,
    known: Mapping[str, pl.DataFrame],
    near: pl.DataFrame,
    subset: str,
) -> pa.Table:
    """The table of misses; `known`: reason -> rows whose pair is known, and that give no label."""
    unreadable = pl.DataFrame(
        {
            "row": [*read.unreadable],
            "reason": [*read.unreadable.values()],
            "unread": [read.unread[row] for row in read.unreadable],
        },
        schema={"row": pl.Int64, "reason": pl.String, "unread": pl.String},
    ).with_columns(criterion=pl.lit(None, pl.String))
    all_ = pl.concat(
        [
            unreadable.select("row", "criterion", "reason"),
            unmatched.select("row", "criterion", reason=pl.lit("unmatched")),
            *(
                rows.select("row", "criterion", reason=pl.lit(reason))
                for reason, rows in known.items()
            ),
        ]
    )
    pairs = [
        rows.select("row", nearest_pair_id="pair_id", nearest_key="key") for rows in known.values()
    ]
    near = pl.concat([near, *pairs], how="diagonal")
    table = (
        all_.join(near, on="row", how="left")
        .join(unreadable.select("row", "unread"), on="row", how="left")
        .sort("row")
        .with_columns(subset=pl.lit(subset), seen=pl.coalesce("seen", "unread"))
    )
    return table.select(MISS_SCHEMA.names).to_arrow().cast(MISS_SCHEMA)


def _counted(reasons: Mapping[int, str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for reason in sorted(reasons.values()):
        found[reason] = found.get(reason, 0) + 1
    return found


__all__ = [
    "MATCH_SCHEMA",
    "MISS_SCHEMA",
    "ROW_SCHEMA",
    "PublishedMatch",
    "PublishedSummary",
    "match_published",
]
