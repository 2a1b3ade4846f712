"""Source pairs as published rows are held against them: each once a side that could be chosen."""

from __future__ import annotations

from typing import Final

import polars as pl
import pyarrow as pa

from transforms.relabel.published.rows import MEDIA_PARTS
from transforms.relabel.published.texts import TURN_BREAK

#: A medium: digest of its source bytes, perceptual hash, its path, and the path's last part.
MEDIUM: Final = pl.Struct(dict.fromkeys(("digest", "phash", "name", "path"), pl.String))
#: What the pictures of the published set are, by path: `match_published` takes it.
MEDIA_SCHEMA: Final = pa.schema(
    [("path", pa.string()), ("digest", pa.string()), ("phash", pa.string())]
)

_SIDES: Final = (("a", "b"), ("b", "a"))


def source_pairs(prepared: pa.Table) -> pl.DataFrame:
    """Pairs of `flight.PREPARED_SCHEMA`, each pair id once (that of the lowest key).

    Columns: `pair_id`, `key`, `preference`; `prompt` (turns but the system's, joined), `a_text`,
    `b_text`; `prompt_media`, `a_media`, `b_media` as lists of `MEDIUM`. In order of pair id.
    """
    names = ("pair_id", "key", "preference", "prompt", "a_text", "b_text",
             "prompt_media", "a_media", "b_media")  # fmt: skip
    frame = pl.DataFrame({name: pl.from_arrow(prepared[name]) for name in names})
    frame = frame.sort("pair_id", "key").unique("pair_id", keep="first", maintain_order=True)
    turn = pl.element()
    spoken = turn.struct.field("content").filter(turn.struct.field("role") != "system")
    return frame.with_columns(
        prompt=pl.col("prompt").list.eval(spoken).list.join(TURN_BREAK),
        **{name: _media(name) for name in names if name.endswith("_media")},
    )


def _media(column: str) -> pl.Expr:
    ref = pl.element()
    info = ref.struct.field("info")
    medium = pl.struct(
        digest=info.struct.field("digest"),
        phash=info.struct.field("phash"),
        name=last_part(ref.struct.field("member")),
        path=ref.struct.field("member"),
    )
    return pl.col(column).fill_null([]).list.eval(medium).cast(pl.List(MEDIUM))


def last_part(path: pl.Expr) -> pl.Expr:
    """A file's own name; null for what names no file (the address of a cell)."""
    name = path.str.split("/").list.last()
    return pl.when(name.str.contains(".", literal=True)).then(name)


def oriented(pairs: pl.DataFrame) -> pl.DataFrame:
    """Each pair twice: with a as chosen (`verdict` ``a``) and with b.

    A column ``a_…`` becomes ``chosen_…`` or ``rejected_…``, ``b_…`` the other; the rest stay.
    """
    names = {side: [name for name in pairs.columns if name.startswith(f"{side}_")] for side in "ab"}
    shared = [name for name in pairs.columns if name not in (*names["a"], *names["b"])]
    return pl.concat(
        pairs.select(
            *shared,
            pl.lit(chosen).alias("verdict"),
            *(pl.col(name).alias(f"chosen_{name[2:]}") for name in names[chosen]),
            *(pl.col(name).alias(f"rejected_{name[2:]}") for name in names[rejected]),
        ).select(
            *shared,
            "verdict",
            *(f"chosen_{name[2:]}" for name in names["a"]),
            *(f"rejected_{name[2:]}" for name in names["a"]),
        )
        for chosen, rejected in _SIDES
    )


def with_media(rows: pl.DataFrame, media: pa.Table) -> pl.DataFrame:
    """Published rows whose paths became media; one that is not in `media` has a name alone."""
    known = pl.DataFrame({name: pl.from_arrow(media[name]) for name in MEDIA_SCHEMA.names})
    known = known.unique("path", keep="first", maintain_order=True)
    for part in MEDIA_PARTS:
        found = (
            rows.select("row", path=part)
            .explode("path", empty_as_null=False)
            .join(known, on="path", how="left", maintain_order="left")
            .group_by("row", maintain_order=True)
            .agg(
                pl.struct("digest", "phash", last_part(pl.col("path")).alias("name"), "path").alias(
                    part
                )
            )
        )
        rows = (
            rows.drop(part)
            .join(found, on="row", how="left", maintain_order="left")
            .with_columns(pl.col(part).fill_null([]).cast(pl.List(MEDIUM)))
        )
    return rows
