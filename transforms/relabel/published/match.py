"""Published rows matched to source pairs: by text at two levels, then by media.

A medium is the same by the digest of its bytes, else by a perceptual hash within the radius, else,
where one of the two has no hash, by its file's name. All media of a pair must be the same.

Where a pair fits a row both ways round, as its two answers are alike, the side is told by the
letters of the answers, the bytes of the media, or the folders of files of one name; hashes tell it
only where they differ by more than re-encoding does. Else the row has a pair but no side.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from transforms.relabel.published.pairs import oriented
from transforms.relabel.published.rows import MEDIA_PARTS
from transforms.relabel.published.settings import PublishedSettings
from transforms.relabel.published.texts import LEVELS, Level, key

#: By what media were found to be the same, best first; ``none``: the pair has no media.
BY: Final = ("digest", "phash", "name")
_DIFFERENT: Final = len(BY)

#: Folders of a path that are compared, the file's own name among them.
_PATH_PARTS: Final = 4

#: `verdict`: null where the pair fits both ways round and nothing tells which side was chosen.
#: `ambiguous`: another pair fits as well; the lowest pair id was taken.
MATCH_SCHEMA: Final = pl.Schema(
    {
        "row": pl.Int64,
        "pair_id": pl.String,
        "verdict": pl.String,
        "text_by": pl.String,
        "media_by": pl.String,
        "ambiguous": pl.Boolean,
    }
)

_TEXT: Final = ("prompt", "chosen_text", "rejected_text")
_ANSWERS: Final = ("a_text", "b_text")
_KEYS: Final = [f"{name}_key" for name in _TEXT]
_LETTERS: Final = ("chosen_text_letters", "rejected_text_letters")

#: What makes a candidate better, first things first, and whether more of it does.
_QUALITY: Final = {"digests": True, "by": False, "distance": False, "parts": True, "letters": True}


def matched(rows: pl.DataFrame, pairs: pl.DataFrame, settings: PublishedSettings) -> pl.DataFrame:
    """The matches (`MATCH_SCHEMA`), one a row at most, in order of row.

    `rows` as of `pairs.with_media`, `pairs` as of `pairs.source_pairs`.
    """
    found = [pl.DataFrame(schema=MATCH_SCHEMA)]
    for level in LEVELS:
        done = pl.concat(found)
        left = rows.join(done, on="row", how="anti", maintain_order="left")
        if left.is_empty():
            break
        left = _with_bytes_key(_lettered(_keyed(left, level, _TEXT), _TEXT[1:]))
        right = _with_bytes_key(oriented(_asked_the_same(pairs, left, level)))
        found.append(_best(_same_bytes(left, right), level, settings.radius))
        left = left.join(found[-1], on="row", how="anti", maintain_order="left")
        found.append(_best(_same_look(left, right, settings), level, settings.radius))
    return pl.concat(found).sort("row")


def _asked_the_same(pairs: pl.DataFrame, rows: pl.DataFrame, level: Level) -> pl.DataFrame:
    """The pairs whose prompt some row has, with keys in place of text.

    Answers, the bulk of the text, are read of these alone.
    """
    asked = _keyed(pairs.select("pair_id", "prompt"), level, ["prompt"]).drop("prompt")
    asked = asked.join(rows.select("prompt_key").unique(), on="prompt_key", how="semi")
    few = pairs.join(asked, on="pair_id", maintain_order="left")
    return _lettered(_keyed(few, level, _ANSWERS), _ANSWERS).drop("prompt", *_ANSWERS)


def _keyed(frame: pl.DataFrame, level: Level, texts: Sequence[str]) -> pl.DataFrame:
    return frame.with_columns(**{f"{name}_key": key(pl.col(name), level) for name in texts})


def _lettered(frame: pl.DataFrame, texts: Sequence[str]) -> pl.DataFrame:
    """With keys of texts to the letter, whatever the level at which they are matched."""
    return frame.with_columns(
        **{f"{name}_letters": key(pl.col(name), "canonical") for name in texts}
    )


def _with_bytes_key(frame: pl.DataFrame) -> pl.DataFrame:
    """The digests of all media as one text, ``?`` for one that is not known; and their number."""
    digests = pl.concat_list(
        pl.concat_list(
            pl.col(part).list.len().cast(pl.String),
            pl.col(part).list.eval(pl.element().struct.field("digest").fill_null("?")),
        )
        for part in MEDIA_PARTS
    )
    return frame.with_columns(
        bytes_key=digests.list.join("/"),
        media=pl.sum_horizontal(pl.col(part).list.len() for part in MEDIA_PARTS),
    )


def _same_bytes(rows: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Candidates whose media, if any, have the same bytes."""
    both = rows.select("row", "bytes_key", *_KEYS, *_LETTERS).join(
        pairs.select("pair_id", "verdict", "media", "bytes_key", *_KEYS, *_LETTERS),
        on=["bytes_key", *_KEYS],
        suffix="_of",
    )
    # A digest that nobody knows is equal to none.
    both = both.filter(~pl.col("bytes_key").str.contains("?", literal=True))
    return both.select(
        "row",
        "pair_id",
        "verdict",
        "media",
        digests=pl.col("media").cast(pl.Int64),
        by=pl.lit(0, pl.Int32),
        distance=pl.lit(0, pl.Int64),
        parts=pl.lit(0, pl.Int64),
        letters=_same_letters(),
    )


def _same_letters() -> pl.Expr:
    """How many of the two answers are the same to the letter."""
    return pl.sum_horizontal(
        (pl.col(name) == pl.col(f"{name}_of")).cast(pl.Int64) for name in _LETTERS
    )


def _same_look(
    rows: pl.DataFrame, pairs: pl.DataFrame, settings: PublishedSettings
) -> pl.DataFrame:
    """Candidates whose media look alike or are called alike."""
    few = (
        pairs.filter(pl.col("media") > 0)
        .join(rows.select(_KEYS).unique(), on=_KEYS, how="semi", maintain_order="left")
        .sort("pair_id", "verdict")
        .filter(pl.int_range(pl.len()).over(_KEYS) < 2 * settings.same_text)
    )
    both = rows.select("row", *_KEYS, *_LETTERS, *MEDIA_PARTS).join(few, on=_KEYS, suffix="_of")
    both = both.filter(
        pl.all_horizontal(
            pl.col(part).list.len() == pl.col(f"{part}_of").list.len() for part in MEDIA_PARTS
        )
    ).with_row_index("candidate")
    compared = pl.concat(
        both.select("candidate", one=part, two=f"{part}_of").explode(
            "one", "two", empty_as_null=False
        )
        for part in MEDIA_PARTS
    )
    judged = compared.select("candidate", **compared_media("one", "two", settings.radius))
    verdicts = judged.group_by("candidate").agg(
        pl.col("by").max(),
        pl.col("distance", "parts").sum().cast(pl.Int64),
        digests=(pl.col("by") == 0).sum().cast(pl.Int64),
    )
    return (
        both.join(verdicts, on="candidate")
        .with_columns(letters=_same_letters())
        .filter(pl.col("by") < _DIFFERENT)
        .select("row", "pair_id", "verdict", "media", *_QUALITY)
    )


def compared_media(one: str, two: str, radius: int) -> dict[str, pl.Expr]:
    """Of two media columns: `by`, the place in `BY` (3: different media); `distance` in bits;
    `parts`, how much of their paths is equal from the end on, where names are all there is.
    """

    def field(column: str, name: str) -> pl.Expr:
        return pl.col(column).struct.field(name)

    hashes = [
        field(column, "phash").str.to_integer(base=16, dtype=pl.UInt64, strict=False)
        for column in (one, two)
    ]
    distance = (hashes[0] ^ hashes[1]).bitwise_count_ones().cast(pl.Int64)
    same_bytes = (field(one, "digest") == field(two, "digest")).fill_null(False)
    same_name = (field(one, "name") == field(two, "name")).fill_null(False)
    by = (
        pl.when(same_bytes)
        .then(0)
        .when(distance <= radius)
        .then(1)
        .when(distance.is_null() & same_name)
        .then(2)
        .otherwise(_DIFFERENT)
    )
    return {
        "by": by.cast(pl.Int32),
        "distance": pl.when(same_bytes).then(0).otherwise(distance).fill_null(64),
        "parts": pl.when(by == 2).then(_same_parts(field(one, "path"), field(two, "path"))),
    }


def _same_parts(one: pl.Expr, two: pl.Expr) -> pl.Expr:
    """How many parts at the ends of two paths are equal, up to `_PATH_PARTS`."""
    parts = [path.str.split("/") for path in (one, two)]
    equal = [
        (
            parts[0].list.get(-place, null_on_oob=True)
            == parts[1].list.get(-place, null_on_oob=True)
        ).fill_null(False)
        for place in range(1, _PATH_PARTS + 1)
    ]
    upto = [pl.all_horizontal(equal[: place + 1]) for place in range(_PATH_PARTS)]
    return pl.sum_horizontal(each.cast(pl.Int64) for each in upto)


def _best(candidates: pl.DataFrame, level: Level, radius: int) -> pl.DataFrame:
    """Of a row's candidates the best; which one of equals does not depend on their order."""
    quality = [*_QUALITY]
    ordered = candidates.sort(
        "row", *quality, "pair_id", "verdict", descending=[False, *_QUALITY.values(), False, False]
    )
    best = ordered.unique("row", keep="first", maintain_order=True)
    ties = (
        ordered.join(best.select("row", *quality), on=["row", *quality], how="semi")
        .group_by("row")
        .agg(ambiguous=pl.col("pair_id").n_unique() > 1)
    )
    unsided = _unsided(best, candidates, radius)["row"]
    names = pl.col("by").replace_strict(dict(enumerate(BY)), default=None, return_dtype=pl.String)
    return (
        best.join(ties, on="row", how="left")
        .with_columns(
            verdict=pl.when(~pl.col("row").is_in(unsided.implode())).then(pl.col("verdict")),
            text_by=pl.lit(level),
            media_by=pl.when(pl.col("media") == 0).then(pl.lit("none")).otherwise(names),
        )
        .select(MATCH_SCHEMA.names())
        .cast(MATCH_SCHEMA)
    )


def _unsided(best: pl.DataFrame, candidates: pl.DataFrame, radius: int) -> pl.DataFrame:
    """Those of the best whose pair fits the other way round too, and hardly worse."""
    turned = best.join(candidates, on=["row", "pair_id"], suffix="_of").filter(
        pl.col("verdict") != pl.col("verdict_of")
    )
    told = (
        (pl.col("digests") > pl.col("digests_of"))
        # Each of two hashes moves by a few bits when its picture is encoded anew.
        | (pl.col("distance") + radius < pl.col("distance_of"))
        | (pl.col("parts") > pl.col("parts_of"))
        | (pl.col("letters") > pl.col("letters_of"))
    )
    return turned.filter(~told)
