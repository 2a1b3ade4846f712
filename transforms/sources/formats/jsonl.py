"""JSON lines, in byte ranges cut at line ends."""

from __future__ import annotations

from transforms.beamkit import files
from transforms.sources.work_unit import WorkUnit

#: Bytes of one unit: some thousand rows of chat text. Each has its price, whatever its size; beyond
#: this only memory grows.
UNIT_BYTES = 16 * 1024 * 1024


def units(path: str, file: str, size: int, unit_bytes: int = UNIT_BYTES) -> list[WorkUnit]:
    """Cut a file into ranges of about `unit_bytes`; a line belongs to the range it begins in."""
    starts = range(0, size, unit_bytes)
    return [
        WorkUnit(path, file, "jsonl", start, min(start + unit_bytes, size), unit_bytes)
        for start in starts
    ]


def read(unit: WorkUnit) -> tuple[int, bytes]:
    """The whole lines that begin in the unit, and the byte at which they begin."""
    with files.open_whole(unit.path) as stream:
        start = 0 if unit.start == 0 else _line_start(stream, unit.start)
        if start >= unit.stop:
            return start, b""
        # Where the last line ends is found first: a tail put on afterwards would copy the whole.
        stop = _line_start(stream, unit.stop)
        stream.seek(start)
        return start, stream.read(stop - start)


def _line_start(stream: object, position: int) -> int:
    """Where the first line begins that starts at `position` or later."""
    stream.seek(position - 1)  # type: ignore[attr-defined]
    skipped = len(stream.readline())  # type: ignore[attr-defined]
    return position - 1 + skipped
