"""Identity by content hash: pair ids, row ids, and which response is A.

Identity comes from the source, not from our processing: text after `canonical_text`, media by the
digest of their source bytes. Every part is framed by its length, so no two different pairs can
give one byte string. All hashes are SHA-256; ids are its first 128 bits in hex.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa

from schemas.columns import ListColumn, StringColumn

Bytes = bytes | memoryview

ID_HEX: Final = 32
_PAIR_TAG: Final = b"omni-reward/pair/1"
_ROW_TAG: Final = b"omni-reward/row/1"
#: What stands for the criterion of a general row.
GENERAL_MARK: Final = b"\0-"
TEXT_TAG: Final = b"text"
_length = struct.Struct(">Q").pack
_sha256 = hashlib.sha256


def _framed(parts: Iterable[Bytes]) -> bytes:
    """SHA-256 over `parts`, each preceded by its length in eight bytes."""
    pieces: list[Bytes] = []
    for part in parts:
        pieces += (_length(len(part)), part)
    return _sha256(b"".join(pieces)).digest()


def prompt_digest(
    turns: Iterable[tuple[Bytes, Bytes]], media: Sequence[tuple[Bytes, Bytes]]
) -> bytes:
    """32 bytes for a prompt: ``(role, content)`` turns, then ``(slot, source digest)`` media.

    Order matters for both: placeholders in the turns refer to media by position.
    """
    parts: list[Bytes] = []
    for role, content in turns:
        parts += (role, content)
    for slot, source in media:
        parts += (b"medium", slot, source)
    return _framed(parts)


def response_digest(text: Bytes | None, media: Sequence[tuple[Bytes, Bytes]]) -> bytes:
    """32 bytes for a response: its text, if any, and its ``(slot, source digest)`` media."""
    parts: list[Bytes] = [] if text is None else [TEXT_TAG, text]
    for slot, source in media:
        parts += (b"medium", slot, source)
    return _framed(parts)


def pair_digest(task: bytes, prompt: bytes, first: bytes, second: bytes) -> bytes:
    """32 bytes for a pair: task, prompt and the unordered pair of response digests."""
    low, high = (first, second) if first <= second else (second, first)
    return _sha256(before_pair(task) + prompt + low + high).digest()


def before_pair(task: bytes) -> bytes:
    """What all pairs of a task have before their digests."""
    return b"\0".join((_PAIR_TAG, task, b""))


def first_is_a(pair: bytes, first: bytes, second: bytes) -> bool:
    """Whether the first response stands at A.

    Decided by a bit of the pair's digest and the responses' own, so it depends neither on the
    order in which they came nor on the label.
    """
    return (first <= second) == (pair[31] & 1 == 0)


def row_id(subset: str, pair_id: str, criterion: str | None) -> str:
    """Id of a row: a pair in a subset, under a criterion (None for general rows)."""
    mark = GENERAL_MARK if criterion is None else b"\0+" + criterion.encode()
    return _sha256(before_row_id(subset) + pair_id.encode() + mark).hexdigest()[:ID_HEX]


def before_row_id(subset: str) -> bytes:
    """What all rows of a subset have before their pair's id."""
    return _ROW_TAG + b"\0" + subset.encode() + b"\0"


def content_key(*parts: str | bytes | None) -> str:
    """A source key for a record whose corpus gives it no id: a digest of its content."""
    framed: list[bytes] = []
    for part in parts:
        if part is None:
            framed.append(b"-")
        else:
            raw = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
            framed.append(b"+" + raw)
    return "sha256:" + _framed(framed).hex()[:ID_HEX]


def source_digest(data: Bytes) -> str:
    """Identity of a medium: SHA-256 of its source bytes, in hex."""
    return _sha256(data).hexdigest()


@dataclass
class PairIdentities:
    """Ids of a table of drafts, row by row.

    `identical` lists the rows whose two responses are the same content.
    """

    pair_ids: list[str] = field(default_factory=list)
    row_ids: list[str] = field(default_factory=list)
    first_is_a: list[bool] = field(default_factory=list)
    identical: list[int] = field(default_factory=list)


def identify(drafts: pa.Table, task: str, subset: str) -> PairIdentities:
    """Identify every draft of a table (`flight.DRAFT_SCHEMA`, text canonical, media located).

    Works on the Arrow buffers: no text is copied into a Python string. `identical` lists the rows
    whose two responses are the same content; they have ids, but no preference can hold for them.
    """
    prompts = _prompt_digests(drafts["prompt"], _MediaColumn(drafts["prompt_media"]))
    firsts = _response_digests(drafts["first_text"], _MediaColumn(drafts["first_media"]))
    seconds = _response_digests(drafts["second_text"], _MediaColumn(drafts["second_media"]))
    task_bytes = task.encode()

    found = PairIdentities()
    pairs = [
        pair_digest(task_bytes, prompt, first, second)
        for prompt, first, second in zip(prompts, firsts, seconds, strict=True)
    ]
    found.pair_ids = [pair.hex()[:ID_HEX] for pair in pairs]
    found.row_ids = [
        row_id(subset, pair_id, criterion)
        for pair_id, criterion in zip(found.pair_ids, drafts["criterion"].to_pylist(), strict=True)
    ]
    found.first_is_a = list(map(first_is_a, pairs, firsts, seconds))
    found.identical = [row for row, first in enumerate(firsts) if first == seconds[row]]
    return found


def _prompt_digests(column: pa.ChunkedArray, media: _MediaColumn) -> list[bytes]:
    """`prompt_digest` of every row."""
    prompts = ListColumn(column)
    roles = StringColumn(prompts.values.field("role"))
    contents = StringColumn(prompts.values.field("content"))
    return [
        prompt_digest([(roles[turn], contents[turn]) for turn in prompts.span(row)], media[row])  # type: ignore[misc]
        for row in range(len(column))
    ]


def _response_digests(column: pa.ChunkedArray, media: _MediaColumn) -> list[bytes]:
    """`response_digest` of every row."""
    return [response_digest(text, media[row]) for row, text in enumerate(StringColumn(column))]


class _MediaColumn:
    """A column of media references, read as ``(slot, digest)`` lists."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        refs = ListColumn(column)
        self._is_empty = refs.total == 0
        if not self._is_empty:
            self._span = refs.span
            self._slots = StringColumn(refs.values.field("slot"))
            self._digests = StringColumn(refs.values.field("info").field("digest"))

    def __getitem__(self, row: int) -> Sequence[tuple[Bytes, Bytes]]:
        if self._is_empty:
            return ()
        return [(self._slots[at] or b"", self._digests[at] or b"") for at in self._span(row)]
