"""The facts frame of a subset: ids, enums, lengths, sizes, counts. No text, no media bytes.

Read row group by row group from the published shards. Of media columns only the names are read,
which says how many there are; texts are read and become lengths at once, so memory is bounded by
one row group and the frame.

Columns, beside those of the schema that are taken as they are (`TAKEN`):

- ``split``: train or validation, from the shard's name;
- ``corpus, revision, licence``: of the source;
- ``prompt_turns``; ``prompt_chars, response_a_chars, response_b_chars, criterion_chars``: null
  without a text;
- ``<column>_count`` for each media column: media in it; ``<side>_media_count``: those of a side;
  ``media_count`` and ``info_count``: those of the row, and how many are told about;
- ``foreign_media``: media that the row's task does not know; null for an unknown task;
- ``<side>_<fact>_min`` and ``_max`` for each fact of `INFO_FACTS`, ``<side>_formats`` (distinct,
  joined by a comma) and ``<side>_digests_missing``: over the media of the prompt, and over those of
  both responses together (`FACT_SIDES`); null without any;
- ``tie``, ``a_preferred`` (null for ties), ``nc``, ``flipped``: 0 or 1; ``reversed``: `flipped`,
  null where either preference is a tie: there is nothing to reverse; ``flip_differs``: 1 where
  `flipped` is not what both preferences say, null where it is null;
- ``same_media``: 1 where both responses are the same media.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.pair import MEDIA_FEATURES, PAIR_SCHEMA
from schemas.tasks import PROMPT_SLOTS, RESPONSE_SLOTS, TASKS
from transforms.beamkit import files

#: Columns of the schema that are facts already.
TAKEN: Final = (
    "row_id", "pair_id", "task", "subset", "kind", "prompt_group", "media_group", "preference",
    "source_preference", "margin", "annotator", "criterion_origin", "flipped", "agreement",
    "n_votes", "nc", "response_a_score", "response_b_score", "response_a_frames_fps",
    "response_b_frames_fps",
)  # fmt: skip

#: Facts of media that are gathered by side.
INFO_FACTS: Final = (
    "bytes", "width", "height", "duration_s", "rate_hz", "frames", "channels", "vertices", "faces",
)  # fmt: skip

SIDES: Final = ("prompt", "response_a", "response_b")

#: Whose media facts are gathered of, and the columns that state them.
FACT_SIDES: Final = {
    "prompt": ("prompt_info",),
    "response": ("response_a_info", "response_b_info"),
}

#: Of these, true and false are written as 1 and 0.
_FLAGS: Final = ("flipped", "nc")

_TEXTS: Final = ("response_a_text", "response_b_text", "criterion")
_SOURCE: Final = ("corpus", "revision", "licence")

#: A value that should be one of a few is cut here, so that no text passes for one.
_ENUM_CHARS: Final = 80

_BATCH_ROWS: Final = 4_000


def facts(shards: Sequence[str]) -> pl.DataFrame:
    """The facts frame of the shards of one subset, in their order.

    Raises:
        OSError, pa.ArrowInvalid: a shard can't be read, or has not the schema's columns.
    """
    frames = [frame for shard in shards for frame in _of_shard(shard)]
    if not frames:
        return _facts_of(PAIR_SCHEMA.empty_table().select(_needed()), "train")
    return pl.concat(frames, rechunk=True)


def media_columns() -> list[str]:
    """All media columns of the schema."""
    return [
        name
        for name in PAIR_SCHEMA.names
        if name.removeprefix("response_a_").removeprefix("response_b_") in MEDIA_FEATURES
    ]


def _needed() -> list[str]:
    infos = [f"{side}_info" for side in SIDES]
    return [*TAKEN, "source", "prompt", *_TEXTS, *infos, *media_columns()]


def _projection() -> list[str]:
    """Leaves of the Parquet file: of a medium its name, never its bytes."""
    names = [f"source.{name}" for name in _SOURCE]
    for name in media_columns():
        inner = ".list.element" if pa.types.is_list(PAIR_SCHEMA.field(name).type) else ""
        names.append(f"{name}{inner}.path")
    for side in SIDES:
        wanted = ("digest", "format", *INFO_FACTS)
        names += [f"{side}_info.list.element.{fact}" for fact in wanted]
    return [*TAKEN, "prompt", *_TEXTS, *names]


def _of_shard(shard: str) -> Iterator[pl.DataFrame]:
    split = shard.replace("\\", "/").rsplit("/", 1)[-1].split("-")[0]
    with files.open_read(shard) as stream, pq.ParquetFile(stream, pre_buffer=False) as file:
        lacking = [name for name in _needed() if name not in file.schema_arrow.names]
        if lacking:
            raise pa.ArrowInvalid(f"{shard}: no column {lacking[0]!r}")
        for batch in file.iter_batches(_BATCH_ROWS, columns=_projection()):
            yield _facts_of(pa.Table.from_batches([batch]), split)


def _facts_of(table: pa.Table, split: str) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    enums = [name for name in TAKEN if frame.schema[name] == pl.String]
    frame = frame.with_columns(
        pl.col(enums).str.head(_ENUM_CHARS),
        *(_count(name).alias(f"{name}_count") for name in media_columns()),
    )
    counts = [f"{name}_count" for name in media_columns()]
    return frame.select(
        *(pl.col(name).cast(pl.Int8) if name in _FLAGS else pl.col(name) for name in TAKEN),
        pl.lit(split).alias("split"),
        *(pl.col("source").struct.field(name).str.head(_ENUM_CHARS) for name in _SOURCE),
        pl.col("prompt").list.len().fill_null(0).alias("prompt_turns"),
        pl.col("prompt")
        .list.eval(pl.element().struct.field("content").str.len_chars())
        .list.sum()
        .alias("prompt_chars"),
        *(
            pl.col(name).str.len_chars().alias(f"{name.removesuffix('_text')}_chars")
            for name in _TEXTS
        ),
        *counts,
        *(
            pl.sum_horizontal(name for name in counts if name.startswith(side))
            .cast(pl.Int64)
            .alias(f"{side}_media_count")
            for side in SIDES
        ),
        pl.sum_horizontal(counts).alias("media_count"),
        pl.sum_horizontal(
            pl.col(f"{side}_info").list.len().fill_null(0) for side in SIDES
        ).alias("info_count"),
        _foreign_media().alias("foreign_media"),
        *(expr for side in FACT_SIDES for expr in _of_side(side)),
        (pl.col("preference") == "tie").cast(pl.Int8).alias("tie"),
        pl.when(pl.col("preference").is_in(["a", "b"]))
        .then((pl.col("preference") == "a").cast(pl.Int8))
        .alias("a_preferred"),
        pl.when(_sided()).then(pl.col("flipped").cast(pl.Int8)).alias("reversed"),
        _flip_differs().alias("flip_differs"),
        _same_media().alias("same_media"),
    )  # fmt: skip


def _count(column: str) -> pl.Expr:
    medium = pl.col(column)
    if pa.types.is_list(PAIR_SCHEMA.field(column).type):
        named = pl.element().struct.field("path").is_not_null()
        return medium.list.eval(named).list.sum().fill_null(0).cast(pl.Int64)
    return medium.struct.field("path").is_not_null().cast(pl.Int64)


def _foreign_media() -> pl.Expr:
    """Media in columns that are not among those of the row's task."""
    number = pl.lit(None, pl.Int64)
    for task in TASKS.values():
        used = {slot for modality in task.prompt for slot in PROMPT_SLOTS[modality]}
        slots = RESPONSE_SLOTS[task.response]
        used |= {f"{side}_{slot}" for side in SIDES[1:] for slot in slots}
        foreign = [f"{name}_count" for name in media_columns() if name not in used]
        of_task = pl.sum_horizontal(foreign).cast(pl.Int64)
        number = pl.when(pl.col("task") == task.name).then(of_task).otherwise(number)
    return number


def _of_side(side: str) -> Iterator[pl.Expr]:
    infos = [pl.col(name) for name in FACT_SIDES[side]]
    for fact in INFO_FACTS:
        # Fact by fact: one list of whole structs for both responses takes a hundred times longer.
        values = [info.list.eval(pl.element().struct.field(fact)) for info in infos]
        yield pl.min_horizontal(one.list.min() for one in values).alias(f"{side}_{fact}_min")
        yield pl.max_horizontal(one.list.max() for one in values).alias(f"{side}_{fact}_max")
    formats = [info.list.eval(pl.element().struct.field("format")).fill_null([]) for info in infos]
    joined = pl.concat_list(formats).list.unique().list.sort().list.join(",")
    yield joined.str.head(_ENUM_CHARS).alias(f"{side}_formats")
    missing = [info.list.eval(pl.element().struct.field("digest").is_null()) for info in infos]
    yield pl.sum_horizontal(one.list.sum() for one in missing).alias(f"{side}_digests_missing")


def _sided() -> pl.Expr:
    """Neither preference is a tie."""
    names = ("preference", "source_preference")
    return pl.all_horizontal(pl.col(name).is_in(["a", "b"]) for name in names)


def _flip_differs() -> pl.Expr:
    reversed_ = _sided() & (pl.col("preference") != pl.col("source_preference"))
    said = pl.col("flipped")
    return pl.when(said.is_not_null()).then((reversed_ != said).fill_null(True).cast(pl.Int8))


def _same_media() -> pl.Expr:
    a, b = (
        pl.col(f"response_{side}_info").list.eval(pl.element().struct.field("digest"))
        for side in "ab"
    )
    return (a == b).fill_null(False).cast(pl.Int8)


@cache
def facts_columns() -> tuple[str, ...]:
    """The columns of a facts frame."""
    return tuple(facts([]).columns)
