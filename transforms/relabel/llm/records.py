"""What is kept of calls: intents, ledger rows, answers; and their framing in append-only files.

A frame is the payload's length and CRC-32 (two little-endian 32-bit words), then the payload, a
JSON list. A file may end in a torn frame: what stands before it counts.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from typing import Any, Final

_HEAD: Final = struct.Struct("<II")


@dataclass(frozen=True, slots=True)
class Intent:
    """A call that is about to be sent; `reserve` is its worst price in dollars."""

    id: str
    run: str
    lane: int
    model: str
    key: str
    pair_id: str
    label: str
    reserve: float


@dataclass(frozen=True, slots=True)
class Unpaid:
    """The call of an intent came to nothing that is charged for."""

    id: str


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One call that cost something, or may have.

    `status`: answer, refused, truncated, empty, invalid: the provider's own count of tokens.
    unknown: no whole reply came, so the worst price stands here. lost: in flight when the process
    was killed; the worst price as well. `id` is the intent's; `time` is in seconds of the epoch.
    """

    id: str
    time: float
    run: str
    lane: int
    model: str
    key: str
    pair_id: str
    label: str
    status: str
    tokens_in: int
    tokens_out: int
    cost: float
    attempt: int


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """A success, by the key of its question; `value` is JSON."""

    key: str
    value: str
    tokens_in: int
    tokens_out: int
    cost: float
    finish_reason: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Paid:
    """A ledger row, and the answer that it bought, if it did: durable together or not at all."""

    row: LedgerRow
    answer: StoredAnswer | None = None


Entry = Intent | Unpaid | Paid


def lost_row(intent: Intent, now: float) -> LedgerRow:
    """The ledger row of a call that was in flight at a kill."""
    return LedgerRow(
        id=intent.id,
        time=now,
        run=intent.run,
        lane=intent.lane,
        model=intent.model,
        key=intent.key,
        pair_id=intent.pair_id,
        label=intent.label,
        status="lost",
        tokens_in=0,
        tokens_out=0,
        cost=intent.reserve,
        attempt=0,
    )


def frame(entry: Entry) -> bytes:
    """An entry as it stands in a file."""
    if isinstance(entry, Intent):
        plain: list[Any] = ["intent", entry.id, entry.run, entry.lane, entry.model, entry.key]
        plain += [entry.pair_id, entry.label, entry.reserve]
    elif isinstance(entry, Unpaid):
        plain = ["unpaid", entry.id]
    else:
        answer = None if entry.answer is None else astuple(entry.answer)
        plain = ["paid", astuple(entry.row), answer]
    payload = json.dumps(plain, separators=(",", ":")).encode()
    return _HEAD.pack(len(payload), zlib.crc32(payload)) + payload


def unframe(data: bytes) -> Iterator[Entry]:
    """The entries of a file's bytes, up to the first frame that is torn or damaged."""
    at, end = 0, len(data)
    while at + _HEAD.size <= end:
        length, crc = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        payload = data[at : at + length]
        if len(payload) < length or zlib.crc32(payload) != crc:
            return
        at += length
        kind, *rest = json.loads(payload)
        if kind == "intent":
            yield Intent(*rest)
        elif kind == "unpaid":
            yield Unpaid(*rest)
        else:
            row, answer = rest
            yield Paid(LedgerRow(*row), None if answer is None else StoredAnswer(*answer))
