"""The attribute values of prepared pairs: two columns an attribute, one row a pair.

Media have passed the media stage, which decodes hostile files in processes of their own; here they
are decoded as published, in this process. A medium that can't be measured leaves nulls and says
why in ``a_unmeasured`` or ``b_unmeasured``; nothing is raised for it. What `fetch` raises goes on:
a store that lost a file is no property of a response.

Only one medium is held at a time (two for an edited picture). About this much of one core a
response: text 1 ms, picture 30 ms, clip 60 ms a second, sound 8 ms a second, mesh 0.1 s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from schemas.tasks import TASKS
from transforms.measures.attribute import Attribute, Domain, measured
from transforms.measures.edit import Edit
from transforms.measures.opening import DOMAIN_OF_SLOT, Parts, UnreadableError, open_response
from transforms.measures.picture import Picture
from transforms.measures.tables import attributes_of
from transforms.measures.text import text_frame

#: The published bytes of a medium, by its facts (`schemas.media.INFO_STRUCT` as a mapping).
Fetch = Callable[[Mapping[str, Any]], bytes]

SIDES: Final = ("a", "b")

_Ref = Mapping[str, Any]
_Found = tuple[dict[str, float], str | None]


def values_schema(task: str) -> pa.Schema:
    """Columns of `attribute_values`: pair id, ``a_NAME`` and ``b_NAME``, then reasons for nulls."""
    names = attributes_of(task)
    return pa.schema(
        [
            pa.field("pair_id", pa.string()),
            *(pa.field(f"{side}_{name}", pa.float64()) for side in SIDES for name in names),
            *(pa.field(f"{side}_unmeasured", pa.string()) for side in SIDES),
        ]
    )


def attribute_values(rows: pa.Table, task: str, fetch: Fetch) -> pa.Table:
    """Measure both responses of every pair.

    Args:
        rows: prepared pairs (`schemas.flight.PREPARED_SCHEMA`) of one task, a batch of any size.
        task: one of the nine.
        fetch: gives a medium's bytes; called once for media that several pairs share.

    Returns:
        A table of `values_schema`, row by row as `rows`.
    """
    schema = values_schema(task)
    columns: dict[str, Any] = {"pair_id": rows["pair_id"]}
    read = _Texts if TASKS[task].response == "text" else _Media
    reader = read(task, fetch)
    for side in SIDES:
        values, reasons = reader.side(rows, side)
        columns |= {f"{side}_{name}": column for name, column in values.items()}
        columns[f"{side}_unmeasured"] = reasons
    return pa.table([columns[name] for name in schema.names], schema=schema)


def as_arrays(values: pa.Table, task: str, side: str) -> dict[str, np.ndarray]:
    """One side of a table of values as float64 arrays by attribute; NaN for null."""
    return {
        name: values[f"{side}_{name}"].to_numpy(zero_copy_only=False).astype(np.float64)
        for name in attributes_of(task)
    }


def missing(values: pa.Table) -> dict[str, int]:
    """How many values of each column are null; columns without nulls are left out."""
    counts = {name: values[name].null_count for name in values.column_names if not _is_reason(name)}
    return {name: count for name, count in counts.items() if count}


def _is_reason(name: str) -> bool:
    return name.endswith("_unmeasured")


class _Texts:
    """Measures responses that are texts: a column at once."""

    def __init__(self, task: str, fetch: Fetch) -> None:
        self.attributes = attributes_of(task)

    def side(self, rows: pa.Table, side: str) -> tuple[dict[str, pa.Array], pa.Array]:
        """Values by attribute, and reasons for nulls."""
        texts = rows[f"{side}_text"]
        frame = text_frame(texts).select(
            _in_range(attribute).alias(name) for name, attribute in self.attributes.items()
        )
        reasons = pc.if_else(texts.is_null(), "no text", pa.scalar(None, pa.string()))
        return {name: frame[name].to_arrow() for name in frame.columns}, reasons


def _in_range(attribute: Attribute) -> pl.Expr:
    value = attribute.measure.cast(pl.Float64)
    low, high = attribute.valid
    return pl.when(value.is_finite() & value.is_between(low, high)).then(value)


class _Media:
    """Measures responses that are media: one after the other, each once."""

    def __init__(self, task: str, fetch: Fetch) -> None:
        self.attributes = attributes_of(task)
        self._fetch = fetch
        self._known: dict[object, _Found] = {}
        self._source: tuple[tuple[str, ...], Picture] | None = None

    def side(self, rows: pa.Table, side: str) -> tuple[dict[str, pa.Array], pa.Array]:
        """Values by attribute, and reasons for nulls."""
        media = rows[f"{side}_media"].to_pylist()
        rates = rows[f"{side}_frames_fps"].to_pylist()
        prompts = rows["prompt_media"].to_pylist()
        found = [
            self._response(refs or (), rate, prompt or ())
            for refs, rate, prompt in zip(media, rates, prompts, strict=True)
        ]
        values = {
            name: pa.array([each.get(name) for each, _ in found], pa.float64(), from_pandas=True)
            for name in self.attributes
        }
        return values, pa.array([reason for _, reason in found], pa.string())

    def _response(self, refs: Sequence[_Ref], rate: float | None, prompt: Sequence[_Ref]) -> _Found:
        """Values of one response; a response that was met before isn't measured again."""
        sources = [ref for ref in prompt if ref["slot"] == "prompt_images"][:1]
        edits = any(each.domain == "edit" for each in self.attributes.values())
        used = [*refs, *(sources if edits else ())]
        if not refs or any(ref["info"] is None for ref in used):
            return {}, "no media"
        key = (rate, *((ref["slot"], *_content(ref["info"])) for ref in used))
        if key not in self._known:
            self._known[key] = self._measured(refs, rate, sources if edits else ())
        return self._known[key]

    def _measured(
        self, refs: Sequence[_Ref], rate: float | None, sources: Sequence[_Ref]
    ) -> _Found:
        slots: dict[str, list[_Ref]] = {}
        for ref in refs:
            slots.setdefault(ref["slot"], []).append(ref)
        values: dict[str, float] = {}
        reasons: list[str] = []
        for slot in _read(slots):
            infos = [ref["info"] for ref in slots[slot]]
            data = [self._fetch(info) for info in infos]
            try:
                medium = open_response(slot, Parts(data, infos, rate))
            except UnreadableError as error:
                reasons.append(f"{slot}: {error}")
                continue
            values |= self._of(DOMAIN_OF_SLOT[slot], medium)
            if sources:
                try:
                    values |= self._of("edit", Edit(self._opened(sources[0]["info"]), medium))
                except UnreadableError as error:
                    reasons.append(f"prompt_images: {error}")
        return values, "; ".join(reasons) or (None if values else "no media to measure")

    def _of(self, domain: Domain, medium: Any) -> dict[str, float]:
        return {
            name: measured(attribute, medium)
            for name, attribute in self.attributes.items()
            if attribute.domain == domain
        }

    def _opened(self, info: Mapping[str, Any]) -> Picture:
        """The picture of a prompt; the last is kept, as both responses are made of it."""
        key = _content(info)
        if self._source is None or self._source[0] != key:
            self._source = (key, open_response("image", Parts([self._fetch(info)], [info], None)))
        return self._source[1]


def _content(info: Mapping[str, Any]) -> tuple[str, ...]:
    """What tells published media apart: source and product."""
    return (info["digest"], info["product"] or "")


def _read(slots: Mapping[str, object]) -> list[str]:
    """The slots of a response that are measured: of a clip that is there twice, the video file."""
    known = [slot for slot in slots if slot in DOMAIN_OF_SLOT]
    return [slot for slot in known if not (slot == "frames" and "video" in slots)]
