"""Which requests serve a set of wanted ranges: neighbours in one, long ones cut."""

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
