"""The Range header of HTTP: one range of bytes (RFC 9110, section 14)."""

from __future__ import annotations

import re
from typing import Final

_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})\s*")


class UnsatisfiableError(Exception):
    """A range that lies outside of what there is."""


def read_range(header: str | None, size: int) -> tuple[int, int] | None:
    """The part that is asked for as (start, stop); None for all of it.

    What is not one range of bytes counts as not said, as the standard allows.

    Raises:
        UnsatisfiableError: the range begins behind the end, or is empty.
    """
    found = _RANGE.fullmatch(header.strip()) if header else None
    if found is None:
        return None
    first, last = found.groups()
    if not first and not last:
        return None
    if not first:
        if int(last) == 0 or size == 0:
            raise UnsatisfiableError
        return max(0, size - int(last)), size
    start = int(first)
    if last and int(last) < start:
        return None
    if start >= size:
        raise UnsatisfiableError
    return start, min(size, int(last) + 1) if last else size
