"""Reading a built dataset for the audits: facts of all rows, texts and measured values of a sample.

Row groups stream one after the other. Media columns are read of sampled rows alone: rows lie in
order of a hash, so whole row groups are a random sample of pairs, and a few of them are enough.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.dataset.clips import root_of, with_clips
from schemas.media import REF_STRUCT
from schemas.pair import MEDIA_FEATURES
from schemas.tasks import RESPONSE_SLOTS, TASKS
from transforms.measures.values import attribute_values, values_schema
from transforms.quality.evidence import FACTS, LANGUAGES_SCHEMA, ROWS_SCHEMA, SIDES
from transforms.quality.language import CHARACTERS, language_of

_PLAIN: Final = (
    "row_id", "pair_id", "prompt_group", "task", "subset", "preference", "source_preference",
    "criterion", "flipped", "agreement", "n_votes", "nc",
)  # fmt: skip

#: Rows whose media are held at once.
_BATCH: Final = 16
#: Characters of a text that are measured: enough to tell which of two has more of anything.
_CHARACTERS: Final = 20_000

#: Facts of a medium that are taken of the first of several.
_FIRST: Final = (
    "duration_s", "rate_hz", "frames", "channels", "vertices", "faces", "loudness_lufs",
    "peak_dbfs",
)  # fmt: skip


def facts_of(shards: Sequence[Path]) -> pl.DataFrame:
    """Facts of all rows of a subset (`ROWS_SCHEMA`), in the order of its shards."""
    parts = [_facts(table) for table in _row_groups(shards)]
    return pl.concat(parts) if parts else pl.DataFrame(schema=ROWS_SCHEMA)


def _row_groups(shards: Sequence[Path]) -> Iterator[pa.Table]:
    columns = [*_PLAIN, "source.licence"]
    columns += [f"response_{side}_{name}" for side in SIDES for name in ("text", "model", "info")]
    for shard in shards:
        with pq.ParquetFile(shard) as file:
            for group in range(file.num_row_groups):
                yield file.read_row_group(group, columns=columns)


def _facts(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame.select(
        *(pl.col(name) for name in _PLAIN if name != "prompt_group"),
        group=pl.coalesce("prompt_group", "pair_id"),
        licence=pl.col("source").struct.field("licence"),
        **{f"{side}_model": pl.col(f"response_{side}_model") for side in SIDES},
        **{
            f"{side}_{fact}": expression.cast(pl.Float64)
            for side in SIDES
            for fact, expression in _fact_columns(side).items()
        },
    ).select(ROWS_SCHEMA.names()).cast(ROWS_SCHEMA)  # fmt: skip


def _fact_columns(side: str) -> dict[str, pl.Expr]:
    """Expressions of `FACTS` over the columns of a published row."""
    info = pl.col(f"response_{side}_info")
    first = info.list.first()
    width, height = first.struct.field("width"), first.struct.field("height")
    known = {
        "characters": pl.col(f"response_{side}_text").str.len_chars(),
        "file_bytes": info.list.eval(pl.element().struct.field("bytes")).list.sum(),
        "media": info.list.len(),
        "pixels": width.cast(pl.Float64) * height,
        "aspect": width.cast(pl.Float64) / height,
        **{name: first.struct.field(name) for name in _FIRST},
    }
    return {name: known[name] for name in FACTS}


@dataclass(frozen=True)
class Sample:
    """What was seen in sampled rows: `languages` (`LANGUAGES_SCHEMA`), and `measured` values."""

    languages: pl.DataFrame
    measured: pl.DataFrame


def sample_of(
    shards: Sequence[Path], task: str, media: int, texts: int, seed: int, read: int
) -> Sample:
    """Measure sampled rows of a subset.

    Args:
        shards: its files.
        task: of its rows.
        media: rows whose media are decoded; of a task whose responses are texts, none are.
        texts: rows whose texts are measured, where responses are texts.
        seed: of the draw.
        read: rows at most whose languages are told.
    """
    is_text = TASKS[task].response == "text"
    kept = [_languages(one) for one in _sampled(shards, _TEXT_COLUMNS, min(read, texts), seed)]
    found = pl.concat(kept) if kept else pl.DataFrame(schema=LANGUAGES_SCHEMA)
    number = texts if is_text else media
    columns = _TEXT_COLUMNS if is_text else _media_columns(task)
    tables = _sampled(shards, columns, number, seed, _BATCH if not is_text else 500)
    parts = [_measured(table, task) for table in tables]
    schema = {"row_id": pl.String(), **_value_types(task)}
    return Sample(found, pl.concat(parts) if parts else pl.DataFrame(schema=schema))


_TEXT_COLUMNS: Final = ("row_id", "pair_id", "prompt", "response_a_text", "response_b_text")


def _media_columns(task: str) -> list[str]:
    names = ["row_id", "pair_id"]
    for side in SIDES:
        slots = RESPONSE_SLOTS[TASKS[task].response]
        names += [f"response_{side}_{slot}" for slot in slots]
        names += [f"response_{side}_info", f"response_{side}_frames_fps"]
    if "image" in TASKS[task].prompt and TASKS[task].response == "image":
        names += ["prompt_images", "prompt_info"]
    return names


def _sampled(
    shards: Sequence[Path], columns: Sequence[str], number: int, seed: int, batch: int = 1000
) -> Iterator[pa.Table]:
    """The rows of row groups in the order of a hash, until there are `number`."""
    groups = sorted(
        (hashlib.sha256(f"{seed}/{shard.name}/{group}".encode()).digest(), at, group)
        for at, shard in enumerate(shards)
        for group in range(pq.read_metadata(shard).num_row_groups)
    )
    left = number
    for _, at, group in groups:
        if left <= 0:
            return
        with pq.ParquetFile(shards[at]) as file:
            batches = file.iter_batches(
                batch_size=min(batch, left), row_groups=[group], columns=list(columns)
            )
            for one in batches:
                table = pa.Table.from_batches([one.slice(0, left)])
                left -= table.num_rows
                yield from with_clips(table, root_of(str(shards[at])))
                if left <= 0:
                    break


def _languages(table: pa.Table) -> pl.DataFrame:
    """The language of the person's last turn and of one response of each row."""
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    prompts = frame.select(
        "row_id",
        field=pl.lit("prompt"),
        text=pl.col("prompt")
        .list.filter(pl.element().struct.field("role") == "user")
        .list.last()
        .struct.field("content"),
    )
    # Which of the two stands at A is a hash's decision: A alone is a fair sample.
    responses = frame.select("row_id", field=pl.lit("response"), text="response_a_text")
    told = pl.concat([prompts, responses]).drop_nulls("text")
    languages = [language_of(text) for text in told["text"].str.slice(0, CHARACTERS).to_list()]
    return told.select("row_id", "field", language=pl.Series(languages, dtype=pl.String)).cast(
        LANGUAGES_SCHEMA
    )


def _measured(table: pa.Table, task: str) -> pl.DataFrame:
    """Attribute values of the rows of a table, keyed by row id."""
    rows, held = _prepared(table, task)
    values = attribute_values(rows, task, lambda info: held[_content(info)])
    frame = pl.from_arrow(values)
    assert isinstance(frame, pl.DataFrame)
    return frame.with_columns(
        row_id=pl.Series(table["row_id"].to_pylist(), dtype=pl.String)
    ).select("row_id", *_value_types(task))


def _value_types(task: str) -> dict[str, pl.DataType]:
    return {
        name: pl.Float64() for name in values_schema(task).names if name[:2] in ("a_", "b_")
        and not name.endswith("_unmeasured")
    }  # fmt: skip


def _prepared(table: pa.Table, task: str) -> tuple[pa.Table, dict[tuple[str, str], bytes]]:
    """Published rows as what is measured: references to media, and their bytes beside them."""
    held: dict[tuple[str, str], bytes] = {}
    columns: dict[str, Any] = {"pair_id": table["pair_id"]}
    names = table.column_names
    empty = [None] * table.num_rows
    for side in SIDES:
        text = f"response_{side}_text"
        columns[f"{side}_text"] = (
            pa.array([_cut(one) for one in table[text].to_pylist()], pa.string())
            if text in names
            else pa.array(empty, pa.string())
        )
        slots = RESPONSE_SLOTS[TASKS[task].response] if text not in names else ()
        columns[f"{side}_media"] = _refs(table, f"response_{side}_", slots, held)
        fps = f"response_{side}_frames_fps"
        columns[f"{side}_frames_fps"] = (
            table[fps] if fps in names else pa.array(empty, pa.float32())
        )
    slots = ("prompt_images",) if "prompt_images" in names else ()
    columns["prompt_media"] = _refs(table, "", slots, held)
    return pa.table(columns), held


def _cut(text: str | None) -> str | None:
    return None if text is None else text[:_CHARACTERS]


def _refs(
    table: pa.Table, prefix: str, slots: Sequence[str], held: dict[tuple[str, str], bytes]
) -> pa.Array:
    """References to the media of `slots`; the facts of each are found by its file's name."""
    info_name = f"{prefix}info" if prefix else "prompt_info"
    if not slots:
        return pa.array([None] * table.num_rows, pa.list_(REF_STRUCT))
    infos = table[info_name].to_pylist()
    cells = {slot: table[f"{prefix}{slot}"].to_pylist() for slot in slots}
    rows = []
    for at in range(table.num_rows):
        by_name = {info["product"] or info["digest"]: info for info in infos[at] or ()}
        refs = []
        for slot in slots:
            value = cells[slot][at]
            media = (value or []) if _plural(slot) else ([value] if value else [])
            for medium in media:
                info = by_name.get((medium["path"] or "").rsplit("/", 1)[-1].rsplit(".", 1)[0])
                if info is None or medium["bytes"] is None:
                    continue
                held[_content(info)] = medium["bytes"]
                refs.append({"slot": slot, "container": None, "member": None, "info": info})
        rows.append(refs)
    return pa.array(rows, pa.list_(REF_STRUCT))


def _plural(slot: str) -> bool:
    return MEDIA_FEATURES[slot].startswith("List:")


def _content(info: Mapping[str, Any]) -> tuple[str, str]:
    return (info["digest"], info["product"] or "")
