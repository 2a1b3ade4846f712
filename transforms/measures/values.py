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

from schemas.tasks import TASKS
from transforms.measures.attribute import Attribute, Domain, measured
from transforms.measures.clip import clip_of_frames, open_clip
from transforms.measures.edit import Edit
from transforms.measures.picture import Picture, open_picture
from transforms.measures.solid import open_solid
from transforms.measures.sound import open_sound
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
        reasons = pa.array(
            np.where(texts.is_null().to_numpy(zero_copy_only=False), "no text", None), pa.string()
        )
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
        self._source: tuple[str, Picture] | None = None

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
        key = (
            rate,
            *((ref["slot"], ref["info"]["digest"], ref["info"]["product"]) for ref in used),
        )
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
        for domain, slot in _read_as(slots):
            data = [self._fetch(ref["info"]) for ref in slots[slot]]
            try:
                medium = _OPENERS[slot](data, slots[slot], rate)
            except Exception as error:  # libraries fail on odd media in ways of their own
                reasons.append(f"{slot}: {type(error).__name__}")
                continue
            values |= self._of(domain, medium)
            if sources:
                try:
                    values |= self._of("edit", Edit(self._opened(sources[0]["info"]), medium))
                except _Unreadable as error:
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
        key = f"{info['digest']}/{info['product']}"
        if self._source is None or self._source[0] != key:
            data = self._fetch(info)
            try:
                self._source = (key, open_picture(data))
            except Exception as error:
                raise _Unreadable(type(error).__name__) from error
        return self._source[1]


class _Unreadable(Exception):
    """The picture of a prompt can't be decoded."""


def _read_as(slots: Mapping[str, object]) -> list[tuple[Domain, str]]:
    """The domains that a response has values of, each with the slot that it is read from."""
    if "video" in slots:
        return [("video", "video")]
    order: tuple[tuple[Domain, str], ...] = (
        ("image", "image"), ("video", "frames"), ("audio", "audio"), ("mesh", "mesh"),
        ("view", "views"),
    )  # fmt: skip
    return [(domain, slot) for domain, slot in order if slot in slots]


def _views(data: Sequence[bytes], refs: Sequence[_Ref], rate: float | None) -> list[Picture]:
    return [open_picture(each) for each in data]


#: How the media of a slot are opened: bytes, references with facts, frames a second.
_OPENERS: Final[dict[str, Callable[[Sequence[bytes], Sequence[_Ref], float | None], Any]]] = {
    "image": lambda data, refs, rate: open_picture(data[0]),
    "frames": lambda data, refs, rate: clip_of_frames(data, rate),
    "video": lambda data, refs, rate: open_clip(
        data[0], refs[0]["info"]["duration_s"], refs[0]["info"]["rate_hz"]
    ),
    "audio": lambda data, refs, rate: open_sound(data[0], refs[0]["info"]["loudness_lufs"]),
    "mesh": lambda data, refs, rate: open_solid(data[0], refs[0]["info"]["format"] or "glb"),
    "views": _views,
}
