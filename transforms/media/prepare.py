"""From drafts to prepared pairs: text canonical, media located, identity fixed, sides placed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from schemas.clips import CLIP_SLOTS
from schemas.columns import one_array
from schemas.dead_letter import DeadLetter, dead_letter_table, excerpt
from schemas.flight import PREPARED_SCHEMA
from transforms.beamkit.outcome import StageOutput, emit, staged
from transforms.beamkit.threads import ThreadedDoFn
from transforms.media.errors import MediaError
from transforms.media.identity import Identities, identities
from transforms.media.known import KnownMedia
from transforms.media.locate import MEDIA_COLUMNS, LocateMedia, MediaIndex, MediaPlace
from transforms.media.settings import MediaPolicy
from transforms.media.store import MediaStore
from transforms.media.text.canonical import normalise_texts
from transforms.media.text.flags import text_flags

STAGE = "media"


class PreparePairs(beam.PTransform):
    """Drafts in, prepared pairs (`flight.PREPARED_SCHEMA`) out.

    `has_media` is False for a task of text alone: then nothing waits for an index of media. `known`
    are media that need not be decoded again. Clips of `beside` bytes or more weigh nothing.
    """

    def __init__(
        self,
        task: str,
        subset: str,
        corpus: str,
        place: MediaPlace,
        store: MediaStore,
        policy: MediaPolicy,
        *,
        has_media: bool,
        known: KnownMedia | None = None,
        beside: int | None = None,
    ) -> None:
        super().__init__()
        self.task, self.subset, self.corpus = task, subset, corpus
        self.place, self.store, self.policy, self.has_media = place, store, policy, has_media
        self.known, self.beside = known, beside

    def expand(self, drafts: beam.PCollection[pa.Table]) -> StageOutput:
        """Locate media where there are any, then prepare table by table."""
        side = []
        if self.has_media:
            index = drafts | "LocateMedia" >> LocateMedia(
                self.place, self.store, self.policy, self.known
            )
            side = [beam.pvalue.AsList(index)]
        outputs = drafts | "Prepare" >> staged(
            beam.ParDo(_Prepare(self.task, self.subset, self.corpus, self.beside), *side)
        )
        return StageOutput.of(outputs)


class _Prepare(ThreadedDoFn):
    def __init__(self, task: str, subset: str, corpus: str, beside: int | None) -> None:
        super().__init__()
        self.task, self.subset, self.corpus, self.beside = task, subset, corpus, beside
        self._index: MediaIndex | None = None

    def start_bundle(self) -> None:
        """The index is made of the bundle's own side input."""
        super().start_bundle()
        self._index = None

    def process(self, element: Any, one: Any = None, two: Any = None) -> Iterator[Any]:
        """Make the index once for all tables of a bundle, then go on in threads."""
        if one is not None and self._index is None:
            self._index = MediaIndex(one)
        yield from super().process(element, self._index)

    def work(self, element: pa.Table, one: Any, two: Any) -> Iterable[Any]:
        """Prepare one table."""
        prepared, dead = prepare(
            element, one, self.task, self.subset, self.corpus, beside=self.beside
        )
        flags = {f"note:{name}": number for name, number in text_flags(prepared).items()}
        counts = {"in": element.num_rows, "out": prepared.num_rows, **flags}
        return emit(STAGE, prepared, dead, counts)


def prepare(
    drafts: pa.Table,
    index: MediaIndex | None,
    task: str,
    subset: str,
    corpus: str,
    *,
    beside: int | None = None,
) -> tuple[pa.Table, pa.Table]:
    """Prepared pairs and dead letters of a table of drafts; `beside`: see `PreparePairs`.

    Dead letters: media that can't be used (their reason), and `identical_responses`.
    """
    dead: list[DeadLetter] = []

    def bury(row: dict[str, Any], reason: str, message: str) -> None:
        seen = excerpt({name: row[name] for name in ("prompt", "first_text", "second_text")})
        dead.append(
            DeadLetter(STAGE, subset, corpus, row["key"], reason, message, seen, row["where"] or "")
        )

    if index is not None:
        drafts = _with_media(drafts, index, bury)
    drafts = normalise_texts(drafts)
    found = identities(drafts, task, subset)
    for row in found.identical:
        bury(
            drafts.slice(row, 1).to_pylist()[0],
            "identical_responses",
            "both responses are the same content: no preference can hold between them",
        )
    prepared = _placed(drafts, found, beside)
    if found.identical:
        keep = [True] * drafts.num_rows
        for row in found.identical:
            keep[row] = False
        prepared = prepared.filter(pa.array(keep))
    return prepared, dead_letter_table(dead)


def _with_media(drafts: pa.Table, index: MediaIndex, bury: Any) -> pa.Table:
    """Drafts whose references all have facts; those with a medium that can't be used are buried."""
    rows, alive = drafts.select(MEDIA_COLUMNS).to_pylist(), []
    for number, row in enumerate(rows):
        try:
            for column in MEDIA_COLUMNS:
                for ref in row[column]:
                    ref["info"] = index.info(ref["container"], ref["member"])
        except MediaError as error:
            bury(drafts.slice(number, 1).to_pylist()[0], error.reason, error.message)
            continue
        alive.append(number)
    kept = drafts.take(pa.array(alive, pa.int64()))
    for column in MEDIA_COLUMNS:
        position = kept.schema.get_field_index(column)
        field = kept.schema.field(column)
        values = pa.array([rows[number][column] for number in alive], field.type)
        kept = kept.set_column(position, field, values)
    return kept


_SIDE_FIELDS = ("text", "media", "frames_fps", "model", "score")


def _placed(drafts: pa.Table, found: Identities, beside: int | None) -> pa.Table:
    """Responses placed as A and B, the preference said in those terms."""
    is_first = found.first_is_a
    columns: dict[str, Any] = {"row_id": found.row_ids, "pair_id": found.pair_ids}
    for name in _SIDE_FIELDS:
        first, second = drafts[f"first_{name}"], drafts[f"second_{name}"]
        columns[f"a_{name}"], columns[f"b_{name}"] = _swapped(is_first, first, second)
    prefers_first = pc.equal(drafts["preferred"], "first")
    columns["preference"] = pc.if_else(
        pc.equal(drafts["preferred"], "tie"),
        "tie",
        pc.if_else(pc.equal(prefers_first, is_first), "a", "b"),
    )
    columns["payload_bytes"] = _payload(drafts, beside)
    ordered = [
        columns[field.name] if field.name in columns else drafts[field.name]
        for field in PREPARED_SCHEMA
    ]
    return pa.Table.from_arrays(ordered, schema=PREPARED_SCHEMA)


def _swapped(
    is_first: pa.Array, first: pa.ChunkedArray, second: pa.ChunkedArray
) -> tuple[pa.Array, pa.Array]:
    if first.null_count == len(first) and second.null_count == len(second):
        return first, second
    if pa.types.is_string(first.type):  # views: only pointers move
        frame = pl.DataFrame(
            {"f": pl.from_arrow(first), "s": pl.from_arrow(second), "c": pl.from_arrow(is_first)}
        ).select(a=pl.when("c").then("f").otherwise("s"), b=pl.when("c").then("s").otherwise("f"))
        return tuple(frame[name].to_arrow().cast(pa.string()) for name in "ab")  # type: ignore[return-value]
    if pa.types.is_list(first.type):
        both = pa.chunked_array([*first.chunks, *second.chunks], first.type)
        rows = pa.array(range(len(first)), pa.int64())
        other = pc.add(rows, len(first))
        return (
            both.take(pc.if_else(is_first, rows, other)),
            both.take(pc.if_else(is_first, other, rows)),
        )
    return pc.if_else(is_first, first, second), pc.if_else(is_first, second, first)


def _payload(drafts: pa.Table, beside: int | None) -> pa.Array:
    """Bytes of a row's text and media; what a shard is sized by.

    Clips of `beside` bytes or more lie beside it.
    """
    total = _byte_lengths(one_array(drafts["first_text"]))
    total += _byte_lengths(one_array(drafts["second_text"]))
    prompts = one_array(drafts["prompt"])
    offsets = prompts.offsets.to_numpy()
    before = np.append(0, np.cumsum(_byte_lengths(prompts.values.field("content"))))
    total += np.where(prompts.is_valid(), before[offsets[1:]] - before[offsets[:-1]], 0)
    element = pl.element()
    size = element.struct.field("info").struct.field("bytes")
    if beside is not None:
        clip = element.struct.field("slot").is_in(CLIP_SLOTS)
        size = pl.when(clip & (size >= beside)).then(0).otherwise(size)
    for name in MEDIA_COLUMNS:
        media = drafts[name]
        if pc.sum(pc.list_value_length(media)).as_py():
            refs = pl.DataFrame({name: pl.from_arrow(media)})
            bytes_of = pl.col(name).list.eval(size).list.sum().fill_null(0).cast(pl.Int64)
            total += refs.select(bytes_of)[name].to_numpy()
    return pa.array(total)


def _byte_lengths(texts: pa.Array) -> np.ndarray:
    """int64: bytes of each text in UTF-8, 0 for a null."""
    return pc.fill_null(pc.binary_length(texts), 0).to_numpy(zero_copy_only=False).astype(np.int64)
