"""For published rows without a source pair: the nearest pair, and which part of it differs.

Candidates have a whole part in common with the row, or, where none has, neighbouring words near the
beginning of a part; the rarest of these decide, and a few pairs are compared in full. So the cost
grows with the text that is read once, not with rows times pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import polars as pl
import pyarrow as pa

from transforms.relabel.published.match import BY, compared_media
from transforms.relabel.published.pairs import oriented
from transforms.relabel.published.rows import MEDIA_PARTS
from transforms.relabel.published.settings import PublishedSettings
from transforms.relabel.published.texts import folded

#: `part` is what differs most (``prompt``, ``chosen``, ``rejected``, or their media); null with
#: all `nearest_…` where no pair is near. `similarity`: 0 to 1, mean over the pair's parts.
#: `seen` and `nearest_seen` are that part of both, folded and cut short; of a row that can't be
#: read, `seen` is what it holds.
MISS_SCHEMA: Final = pa.schema(
    [
        pa.field("subset", pa.string()),
        pa.field("row", pa.int64()),
        pa.field("criterion", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("nearest_pair_id", pa.string()),
        pa.field("nearest_key", pa.string()),
        pa.field("part", pa.string()),
        pa.field("similarity", pa.float32()),
        pa.field("seen", pa.string()),
        pa.field("nearest_seen", pa.string()),
    ]
)

#: Characters of a part of whose words candidates are found.
_CHARACTERS: Final = 160
#: Source pairs that a row meets at most, those of its rarest traits.
_MET: Final = 2_000
_SEEN: Final = 160

_PAIR_TEXT: Final = ("prompt", "a_text", "b_text")
_TEXT: Final = {"prompt": "prompt", "chosen": "chosen_text", "rejected": "rejected_text"}
_ROW_PARTS: Final = ([*_TEXT.values()], MEDIA_PARTS)
_PAIR_PARTS: Final = (_PAIR_TEXT, ("prompt_media", "a_media", "b_media"))


def nearest(rows: pl.DataFrame, pairs: pl.DataFrame, settings: PublishedSettings) -> pl.DataFrame:
    """The nearest pair of each row, where there is one: `row` and the last six columns.

    `rows` and `pairs` as `match.matched` takes them.
    """
    rows = rows.sort("row").head(settings.most_misses)
    if rows.is_empty() or pairs.is_empty():
        return pl.DataFrame(schema=_NEAREST)
    chosen = _candidates(rows, pairs, settings.candidates)
    few = pairs.join(chosen.select("pair_id").unique(), on="pair_id", how="semi")
    both = chosen.join(
        rows.with_columns(folded(pl.col(name)) for name in _TEXT.values()), on="row"
    ).join(
        oriented(few.with_columns(folded(pl.col(name)) for name in _PAIR_TEXT)),
        on="pair_id",
        suffix="_of",
    )
    scored = _scored(both, settings.radius)
    best = scored.sort(
        "row", "similarity", "pair_id", "verdict", descending=[False, True, False, False]
    ).unique("row", keep="first", maintain_order=True)
    near = best.filter(pl.col("similarity") >= settings.least_similarity)
    return near.select(_NEAREST.names()).cast(_NEAREST)


_NEAREST: Final = pl.Schema(
    {
        "row": pl.Int64,
        "nearest_pair_id": pl.String,
        "nearest_key": pl.String,
        "part": pl.String,
        "similarity": pl.Float32,
        "seen": pl.String,
        "nearest_seen": pl.String,
    }
)


def _candidates(rows: pl.DataFrame, pairs: pl.DataFrame, most: int) -> pl.DataFrame:
    """`row` and `pair_id` of those with the most in common, by the rarest traits of each row.

    Words are looked at only for rows that share no whole part with any pair.
    """
    by_part = _sharing(_parts(rows, "row", _ROW_PARTS), _parts(pairs, "pair_id", _PAIR_PARTS), most)
    rest = rows.join(by_part, on="row", how="anti")
    if rest.is_empty():
        return by_part
    asked = _words(rest, "row", [*_TEXT.values()])
    return pl.concat([by_part, _sharing(asked, _words(pairs, "pair_id", _PAIR_TEXT), most)])


def _sharing(asked: pl.DataFrame, known: pl.DataFrame, most: int) -> pl.DataFrame:
    """For each row the pairs that share most traits; `asked` and `known` have a column `trait`."""
    known = known.join(asked.select("trait").unique(), on="trait", how="semi")
    telling = (
        asked.join(known.group_by("trait").len("pairs"), on="trait")
        .sort("row", "pairs", "trait")
        .filter(pl.col("pairs").cum_sum().over("row") <= _MET)
    )
    shared = telling.join(known, on="trait").group_by("row", "pair_id").len("shared")
    shared = shared.sort("row", "shared", "pair_id", descending=[False, True, False])
    return shared.group_by("row", maintain_order=True).head(most).select("row", "pair_id")


def _parts(
    frame: pl.DataFrame, name: str, parts: tuple[Sequence[str], Sequence[str]]
) -> pl.DataFrame:
    """Hashes of whole texts, and of the digest, look and name of each medium."""
    texts, media = parts
    found = [
        frame.select(name, trait=pl.col(column)).drop_nulls().with_columns(pl.col("trait").hash(3))
        for column in texts
    ]
    for column in media:
        medium = frame.select(name, medium=column).explode("medium", empty_as_null=False)
        found += [
            medium.select(name, trait=pl.col("medium").struct.field(fact))
            .drop_nulls()
            .with_columns(pl.col("trait").hash(11))
            for fact in ("digest", "phash", "name")
        ]
    return pl.concat(found).unique()


def _words(frame: pl.DataFrame, name: str, texts: Sequence[str]) -> pl.DataFrame:
    """Hashes of neighbouring words near the beginning of each text."""
    found = []
    for column in texts:
        beginning = folded(pl.col(column).str.head(_CHARACTERS))
        words = frame.select(name, word=beginning.str.split(" ")).drop_nulls()
        words = words.explode("word", empty_as_null=False)
        neighbours = words.with_columns(after=pl.col("word").shift(-1)).filter(
            pl.col(name) == pl.col(name).shift(-1)
        )
        found.append(neighbours.select(name, trait=pl.struct("word", "after").hash(5)))
    return pl.concat(found).unique()


def _scored(both: pl.DataFrame, radius: int) -> pl.DataFrame:
    """Similarity of each candidate, and the part that differs most with what is seen of it."""
    parts: list[pl.Series] = []
    for part, column in _TEXT.items():
        values = [
            None if one is None and two is None else _likeness(one or "", two or "")
            for one, two in zip(both[column], both[f"{column}_of"], strict=True)
        ]
        parts.append(pl.Series(part, values, pl.Float64))
    both = both.with_row_index("at")
    parts += [_media_likeness(both, column, radius) for column in MEDIA_PARTS]
    scores = pl.DataFrame(parts)
    names = scores.columns
    lowest = scores.select(least=pl.min_horizontal(names), similarity=pl.mean_horizontal(names))
    which = pl.coalesce(
        pl.when(scores[name] == lowest["least"]).then(pl.lit(name)) for name in names
    )
    both = both.with_columns(lowest["similarity"], part=which).filter(pl.col("part").is_not_null())
    return both.with_columns(
        seen=_shown(""), nearest_seen=_shown("_of"), nearest_pair_id="pair_id", nearest_key="key"
    )


def _shown(suffix: str) -> pl.Expr:
    """The part that differs, for a person: the beginning of a text, the names of media."""
    shown = [
        pl.when(pl.col("part") == part).then(pl.col(f"{column}{suffix}").str.head(_SEEN))
        for part, column in _TEXT.items()
    ]
    fact = pl.element().struct
    name = pl.coalesce(fact.field("name"), fact.field("phash"), fact.field("digest"))
    shown += [
        pl.when(pl.col("part") == part).then(
            pl.col(f"{part}{suffix}").list.eval(name).list.join(", ", ignore_nulls=True)
        )
        for part in MEDIA_PARTS
    ]
    return pl.coalesce(shown)


def _likeness(one: str, two: str) -> float:
    """Neighbouring words that two texts share, of all that they have (Jaccard)."""
    if one == two:
        return 1.0
    first, second = _neighbours(one), _neighbours(two)
    union = len(first | second)
    # Below 1 even where only the order of the same neighbours differs.
    return min(len(first & second) / union, 0.99) if union else 0.0


def _neighbours(text: str) -> set[tuple[str, str]]:
    words = ["", *text.split(), ""]
    return {*pairwise(words)}


def _media_likeness(both: pl.DataFrame, column: str, radius: int) -> pl.Series:
    """Mean over the media of a part; null where neither side has any."""
    counts = both.select("at", one=pl.col(column).list.len(), two=pl.col(f"{column}_of").list.len())
    same = both.filter(
        (pl.col(column).list.len() == pl.col(f"{column}_of").list.len())
        & (pl.col(column).list.len() > 0)
    )
    judged = (
        same.select("at", one=column, two=f"{column}_of")
        .explode("one", "two", empty_as_null=False)
        .select("at", **compared_media("one", "two", radius))
        .select(
            "at",
            like=pl.when(pl.col("by") < len(BY)).then(1.0).otherwise(1 - pl.col("distance") / 64),
        )
        .group_by("at")
        .agg(pl.col("like").mean())
    )
    found = counts.join(judged, on="at", how="left", maintain_order="left").select(
        pl.when((pl.col("one") > 0) | (pl.col("two") > 0)).then(pl.col("like").fill_null(0.0))
    )
    return found.to_series().alias(column)
