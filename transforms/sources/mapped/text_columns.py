"""The fast way for three columns of plain text: whole columns at once, from lines or Parquet.

What the strict column parser refuses (a bad line, a number where text should be, a lone surrogate)
is read again record by record, so that one bad line costs one row. Both ways give the same drafts
and dead letters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from schemas.columns import SCAN_BLOCK, one_array, text_bounds
from schemas.dead_letter import DEAD_FLIGHT_SCHEMA, DeadLetter, dead_letter_table
from schemas.flight import DRAFT_SCHEMA
from schemas.ids import content_key
from schemas.pair import TURN_STRUCT
from transforms.sources.batch import SourceBatch
from transforms.sources.formats.brackets import depth_of
from transforms.sources.formats.json_text import MAX_DEPTH

#: The parser takes no larger block.
_MOST_AT_ONCE = 2**31 - 1


class TextColumns(NamedTuple):
    """The corpus's names for its columns."""

    prompt: str
    chosen: str
    rejected: str
    key: str | None

    @property
    def names(self) -> list[str]:
        """The columns that are read."""
        return [name for name in self if name is not None]

    def content(self, texts: Sequence[str | None]) -> str:
        """The key of a record without one: a digest of its three texts."""
        return content_key(*texts)


class Letters(NamedTuple):
    """How a dead letter of this adapter is written."""

    subset: str
    corpus: str
    seen: Callable[[dict[str, str | None]], str]


def text_batch(table: pa.Table, columns: TextColumns, letters: Letters, place: str) -> SourceBatch:
    """The drafts and dead letters of a table of strings; row N was met at `place` + N."""
    rows = table.num_rows
    texts = [one_array(table[name]) for name in columns[:3]]
    keys = _keys(table, columns, texts)
    where = pc.binary_join_element_wise(place, pc.cast(pa.array(np.arange(rows)), pa.string()), "")
    bad = _faults(texts, columns[:3])
    dead = [
        DeadLetter(
            "sources",
            letters.subset,
            letters.corpus,
            keys[row].as_py(),
            reason,
            message,
            letters.seen(table.slice(row, 1).to_pylist()[0]),
            where[row].as_py(),
        )
        for row, (reason, message) in sorted(bad.items())
    ]
    drafts = _draft_columns(keys, texts, where)
    if bad:
        keep = pa.array([row not in bad for row in range(rows)])
        drafts = drafts.filter(keep)
    table_of_dead = dead_letter_table(dead) if dead else DEAD_FLIGHT_SCHEMA.empty_table()
    return SourceBatch(drafts, table_of_dead, rows)


def _keys(table: pa.Table, columns: TextColumns, texts: list[pa.Array]) -> pa.Array:
    given = None if columns.key is None else one_array(table[columns.key])
    if given is not None and not given.null_count:
        return given
    content = pa.array(
        [columns.content(row) for row in zip(*(text.to_pylist() for text in texts), strict=True)],
        pa.string(),
    )
    return content if given is None else pc.coalesce(given, content)


def parse_lines(data: bytes, names: list[str]) -> pa.Table | None:
    """The named columns of JSON lines, or None where any of them is not plain text throughout.

    pyarrow's parser refuses numbers for text, repeated keys and lone surrogates; that a line holds
    one object, and that bytes are UTF-8, is checked here.
    """
    schema = pa.schema([(name, pa.string()) for name in names])
    if not data or data.isspace():
        return schema.empty_table()
    try:
        table = pj.read_json(
            pa.BufferReader(data),
            # Units are read in threads already, and one block gives columns of one chunk.
            read_options=pj.ReadOptions(
                block_size=min(len(data), _MOST_AT_ONCE), use_threads=False
            ),
            parse_options=pj.ParseOptions(
                explicit_schema=schema, unexpected_field_behavior="ignore"
            ),
        ).select(names)
        if table.num_rows != _lines_of_objects(data) or _has_deep_line(data, table.num_rows):
            return None
        if not data.isascii():  # of the whole lines: unmapped columns are text too
            _check_utf8(data)
        table.validate(full=True)
    except pa.ArrowInvalid:
        return None
    return table


def _check_utf8(data: bytes) -> None:
    """Whether bytes are text, without a copy of them.

    Raises:
        pa.ArrowInvalid: they are not UTF-8.
    """
    ends = pa.py_buffer(np.array([0, len(data)], np.int64))
    whole = pa.Array.from_buffers(pa.large_string(), 1, [None, ends, pa.py_buffer(data)])
    whole.validate(full=True)


def _lines_of_objects(data: bytes) -> int:
    """How many lines there are if each begins with ``{`` and ends with ``}``; otherwise -1."""
    codes = np.frombuffer(data, np.uint8)
    ends = _line_ends(data)
    starts = np.append(0, ends[:-1] + 1)
    last = codes[np.maximum(ends - 1, 0)]
    last = np.where(last == ord("\r"), codes[np.maximum(ends - 2, 0)], last)
    whole = (codes[np.minimum(starts, len(codes) - 1)] == ord("{")) & (last == ord("}"))
    return len(ends) if whole.all() else -1


def _has_deep_line(data: bytes, lines: int) -> bool:
    """Whether a line of objects is nested deeper than records are read, in whatever column.

    Only lines with so many brackets, in texts or out of them, need a look.
    """
    codes = np.frombuffer(data, np.uint8)
    marks = (_opens(codes[at : at + SCAN_BLOCK]) for at in range(0, len(codes), SCAN_BLOCK))
    if sum(map(np.count_nonzero, marks)) < lines + MAX_DEPTH:
        return False
    opened, ends = np.flatnonzero(_opens(codes)), _line_ends(data)
    many = np.flatnonzero(np.diff(np.searchsorted(opened, ends), prepend=0) > MAX_DEPTH)
    # What a line opens it closes, so that they can be followed as one text.
    looked_at = b"".join(data[ends[at - 1] if at else 0 : ends[at]] for at in many.tolist())
    return depth_of(looked_at) > MAX_DEPTH


def _opens(codes: np.ndarray) -> np.ndarray:
    """Which bytes are brackets that open something: the two differ in one bit."""
    return (codes & (0xFF ^ 0x20)) == ord("[")


def _line_ends(data: bytes) -> np.ndarray:
    """Where the lines end. Lines are long: a search from end to end skips most bytes."""
    ends, at = [], data.find(b"\n")
    while at >= 0:
        ends.append(at)
        at = data.find(b"\n", at + 1)
    if not data.endswith(b"\n"):
        ends.append(len(data))
    return np.array(ends, np.int64)


def is_utf8(table: pa.Table) -> bool:
    """Whether all text of a table is."""
    try:
        table.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _faults(texts: list[pa.Array], names: Sequence[str]) -> dict[int, tuple[str, str]]:
    """Rows that can't be used: row -> (reason code, message), the first fault of each."""
    found: dict[int, tuple[str, str]] = {}
    for text, name in zip(texts, names, strict=True):
        if text.null_count:
            for row in pc.indices_nonzero(pc.is_null(text)).to_pylist():
                found.setdefault(row, ("missing_field", f"{name} is missing or null"))
        if name == names[0]:  # a prompt may be blank, as in `pairs`
            continue
        for row in _blank(text).tolist():
            found.setdefault(row, ("empty_response", f"{name} is empty"))
    return found


def _blank(text: pa.Array) -> np.ndarray:
    """The rows that hold white space only; the white space is that of Unicode.

    Almost every row begins with a visible ASCII character, which settles it without the rest.
    """
    if not len(text):
        return np.empty(0, np.int64)
    bounds, codes = text_bounds(text)
    filled = np.flatnonzero(bounds[1:] > bounds[:-1])
    first = np.zeros(len(text), np.uint8)
    first[filled] = codes[bounds[filled]]
    unsettled = np.flatnonzero((first <= ord(" ")) | (first >= 0x7F))
    rest = text.take(pa.array(unsettled))
    blank = pc.fill_null(pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(rest)), 0), False)
    return unsettled[blank.to_numpy(zero_copy_only=False)]


def _draft_columns(keys: pa.Array, texts: list[pa.Array], where: pa.Array) -> pa.Table:
    rows = len(keys)
    prompt, chosen, rejected = texts
    roles = _repeated("user", rows)
    turns = pa.StructArray.from_arrays([roles, prompt], fields=list(TURN_STRUCT))
    given = {
        "key": keys,
        "prompt": pa.ListArray.from_arrays(pa.array(np.arange(rows + 1, dtype=np.int32)), turns),
        "first_text": chosen,
        "second_text": rejected,
        "preferred": _repeated("first", rows),
        "where": where,
    }
    empty = {"prompt_media", "first_media", "second_media"}
    columns = [
        given[field.name]
        if field.name in given
        else _empty_lists(rows, field.type)
        if field.name in empty
        else pa.nulls(rows, field.type)
        for field in DRAFT_SCHEMA
    ]
    return pa.Table.from_arrays(columns, schema=DRAFT_SCHEMA)


def _repeated(word: str, rows: int) -> pa.Array:
    return pa.array([word]).take(pa.array(np.zeros(rows, np.int32)))


def _empty_lists(rows: int, data_type: pa.ListType) -> pa.Array:
    offsets = pa.array(np.zeros(rows + 1, np.int32))
    return pa.ListArray.from_arrays(offsets, pa.array([], data_type.value_type), type=data_type)
