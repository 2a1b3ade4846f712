"""Files that are one of many: parts of a split archive, numbered shards; and which are missing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

#: The ending of a part: ``part-ab``, ``partab``, ``part_002``; or three digits alone.
_PART: Final = re.compile(r"(part[-_]?)([a-z]{1,4}|\d{1,6})")
_DIGITS: Final = re.compile(r"\d{3}")
#: ``train-00003-of-00007.parquet``
_SHARD: Final = re.compile(r"(?P<head>.+?)-(?P<at>\d{5})-of-(?P<of>\d{5})(?P<tail>\..*)?")
_MOST_NAMED: Final = 200


def part_of(name: str) -> tuple[str, str, str] | None:
    """Of a part of a split file: the whole's name, what stands before its ending, the ending."""
    whole, _, ending = name.rpartition(".")
    if not whole:
        return None
    if _DIGITS.fullmatch(ending):
        return whole, "", ending
    match = _PART.fullmatch(ending)
    return (whole, match[1], match[2]) if match else None


def missing_parts(names: Iterable[str]) -> dict[str, list[str]]:
    """Split file -> names of the parts that are missing before or between those that are there.

    Whether one is missing at the end can't be told from names.
    """
    runs: dict[tuple[str, str], list[str]] = {}
    for name in names:
        found = part_of(name)
        if found is not None:
            runs.setdefault(found[:2], []).append(found[2])
    gaps: dict[str, list[str]] = {}
    for (whole, lead), endings in runs.items():
        lacking = _lacking(endings)
        if lacking:
            gaps[whole] = [f"{whole}.{lead}{ending}" for ending in lacking]
    return gaps


def missing_shards(names: Iterable[str]) -> dict[str, list[str]]:
    """Run of ``NNNNN-of-MMMMM`` files -> names of those that are missing."""
    runs: dict[tuple[str, str, str], set[int]] = {}
    for name in names:
        match = _SHARD.fullmatch(name)
        if match is not None:
            runs.setdefault((match["head"], match["of"], match["tail"] or ""), set()).add(
                int(match["at"])
            )
    gaps: dict[str, list[str]] = {}
    for (head, number, tail), there in runs.items():
        # The number comes from a name, which may say anything.
        upto = min(int(number), max(there) + _MOST_NAMED)
        lacking = [at for at in range(upto) if at not in there][:_MOST_NAMED]
        if lacking:
            gaps[f"{head}-*-of-{number}{tail}"] = [
                f"{head}-{at:05d}-of-{number}{tail}" for at in lacking
            ]
    return gaps


def _lacking(endings: list[str]) -> list[str]:
    places = {_place(ending) for ending in endings}
    digits = endings[0].isdigit()
    # Numbers begin with 0 or 1, letters with a.
    first = min(*places, 1) if digits else 0
    span = range(first, min(max(places), first + 10_000))
    width = len(endings[0])
    return [
        f"{at:0{width}d}" if digits else _letters(at, width) for at in span if at not in places
    ][:_MOST_NAMED]


def _place(ending: str) -> int:
    if ending.isdigit():
        return int(ending)
    place = 0
    for letter in ending:
        place = place * 26 + ord(letter) - ord("a")
    return place


def _letters(place: int, width: int) -> str:
    text = ""
    for _ in range(width):
        place, rest = divmod(place, 26)
        text = chr(ord("a") + rest) + text
    return text
