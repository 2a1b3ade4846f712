"""Ranges of bytes: what is missing of them, and which requests serve them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

Range = tuple[int, int]

#: One request. Several are under way at once, so a long range comes over several connections.
MAX_REQUEST: Final = 8 * 1024 * 1024
#: Bytes that nobody wants but that are cheaper to fetch than another request: at most so many in a
#: gap, and at most this share of what is wanted around it.
MAX_GAP: Final = 1024 * 1024
MAX_WASTE: Final = 0.1


def without(wanted: Iterable[Range], known: Iterable[Range]) -> list[Range]:
    """The parts of the wanted ranges that no known one holds, in order of position."""
    holders, at = _merged(known), 0
    left: list[Range] = []
    for begin, stop in _merged(wanted):
        start = begin
        while start < stop:
            while at < len(holders) and holders[at][1] <= start:
                at += 1
            held_from, held_to = holders[at] if at < len(holders) else (stop, stop)
            if held_from > start:
                left.append((start, min(held_from, stop)))
            start = held_to if held_from < stop else stop
    return left


def _merged(spans: Iterable[Range]) -> list[Range]:
    """The same bytes in ranges that neither overlap nor touch, in order."""
    merged: list[Range] = []
    for start, stop in sorted(span for span in spans if span[0] < span[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], stop)
        else:
            merged.append((start, stop))
    return merged


def coalesce(wanted: Iterable[Range], max_request: int = MAX_REQUEST) -> list[Range]:
    """Requests that cover all wanted ``(start, stop)`` ranges, in order of position.

    What is fetched is at most `MAX_WASTE` more than what is wanted.
    """
    merged: list[list[int]] = []  # start, stop, wasted bytes
    for start, stop in sorted(span for span in wanted if span[0] < span[1]):
        if merged:
            last = merged[-1]
            gap = max(0, start - last[1])
            total = max(last[1], stop) - last[0]
            if gap <= MAX_GAP and last[2] + gap <= MAX_WASTE * (total - last[2] - gap):
                last[1], last[2] = max(last[1], stop), last[2] + gap
                continue
        merged.append([start, stop, 0])
    return [
        (at, min(at + max_request, stop))
        for start, stop, _ in merged
        for at in range(start, stop, max_request)
    ]
