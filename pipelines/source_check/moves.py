"""Where the files of a pattern went that matches nothing: another folder, suffix, parts, shards."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, Literal

from pipelines.source_check.globs import is_glob, matching
from pipelines.source_check.kinds import SUFFIXES, folder_of, kind_of, stem_of
from pipelines.source_check.runs import part_of
from transforms.sources.formats.check import suffix_of

How = Literal["folder", "split", "whole", "suffix", "shards", "name"]


@dataclass(frozen=True)
class Move:
    """Files that stand where a pattern was expected, and the pattern that matches them."""

    pattern: str
    instead: str
    names: tuple[str, ...]
    how: How

    @property
    def wrapper(self) -> str | None:
        """The folder, with its slash, that was put around the file; None for any other move."""
        is_wrapped = self.how == "folder" and self.instead.endswith("/" + self.pattern)
        return self.instead.removesuffix(self.pattern) if is_wrapped else None


#: How a person calls each.
HOW: Final[dict[How, str]] = {
    "folder": "in another folder",
    "split": "split into parts",
    "whole": "as one file, not in parts",
    "suffix": "of another format",
    "shards": "in numbered shards",
    "name": "of a similar name",
}

_NUMBERS: Final = re.compile(r"([-_.]?\d+)?([-_.]of[-_.]?\d+)?$")
_CONVENTION: Final = re.compile(r"train-\d{5}-of-\d{5}")
#: The ending of the first part -> what to write for all of them.
_PARTS: Final = {"part-": ".part-*", "part_": ".part*", "part": ".part*"}


def move_of(pattern: str, names: Sequence[str]) -> Move | None:
    """What a pattern should be, by the `names` of its kind that nothing else takes."""
    for how, rule in _RULES:
        found = rule(pattern, names)
        if found is not None:
            instead, taken = found
            return Move(pattern, instead, tuple(taken), how)
    return None


_Found = tuple[str, list[str]] | None


def _wrapped(pattern: str, names: Sequence[str]) -> _Found:
    """The same files below another folder, or with another one in place of theirs."""
    for tail in (pattern, pattern.rsplit("/", 1)[-1]):
        if not tail.strip("*?"):
            continue
        deep = tail.count("/") + 1
        tails = {name: "/".join(name.split("/")[-deep:]) for name in names}
        inside = set(matching(tail, set(tails.values())))
        heads = Counter(
            name[: len(name) - len(end)] for name, end in tails.items() if end in inside
        )
        if heads:
            head = min(heads, key=lambda folder: (-heads[folder], len(folder), folder))
            return head + tail, [n for n, end in tails.items() if end in inside and n == head + end]
    return None


def _split(pattern: str, names: Sequence[str]) -> _Found:
    if is_glob(pattern) or kind_of(pattern) != "archive":
        return None
    base = pattern.rsplit("/", 1)[-1]
    parts = [(name, part) for name in names if (part := part_of(name)) is not None]
    own = [(name, part) for name, part in parts if part[0].rsplit("/", 1)[-1] == base]
    if not own:
        return None
    whole, lead, _ = own[0][1]
    return whole + _PARTS.get(lead, ".[0-9][0-9][0-9]"), [name for name, _ in own]


def _whole(pattern: str, names: Sequence[str]) -> _Found:
    match = re.match(r"(.+\.(?:zip|tar\.gz|tgz|tar|jsonl?|parquet))\.(?:part|\[|\d|\*)", pattern)
    if match is None:
        return None
    base = match.group(1).rsplit("/", 1)[-1]
    found = [name for name in names if name.rsplit("/", 1)[-1] == base]
    return (found[0], found[:1]) if found else None


def _other_suffix(pattern: str, names: Sequence[str]) -> _Found:
    kind, stem = kind_of(pattern), stem_of(pattern)
    if not stem.strip("*?"):
        return None
    for suffix in SUFFIXES[kind]:
        found = _wrapped(stem + suffix, names) if suffix != suffix_of(pattern) else None
        if found is not None:
            return found
    return None


def _shards(pattern: str, names: Sequence[str]) -> _Found:
    """Numbered files in place of one, or numbered in another way."""
    kind, stem = kind_of(pattern), _bare(stem_of(pattern))
    if kind not in ("records", "archive"):
        return None
    numbered = [name for name in names if stem_of(name)[-1:].isdigit()]
    found = [name for name in numbered if stem and _bare(stem_of(name)) == stem]
    if not found and kind == "records":
        found = [name for name in numbered if _CONVENTION.fullmatch(stem_of(name))]
    if not found:
        return None
    first = found[0]
    folder, suffix = folder_of(first), suffix_of(first)
    head = _NUMBERS.sub("", stem_of(first))
    glob = f"{folder}{head}{stem_of(first)[len(head) : len(head) + 1].strip('0123456789')}*{suffix}"
    return glob, matching(glob, found)


def _bare(stem: str) -> str:
    return _NUMBERS.sub("", stem.replace("*", "").rstrip("-_.")).rstrip("-_.").lower()


def _similar(pattern: str, names: Sequence[str]) -> _Found:
    kind = kind_of(pattern)
    if kind not in ("records", "archive"):
        return None
    by_stem = {stem_of(name): name for name in names}
    wanted = stem_of(pattern).replace("*", "")
    near = get_close_matches(wanted, list(by_stem)[:5_000], n=1, cutoff=0.6)
    return (by_stem[near[0]], [by_stem[near[0]]]) if near else None


_RULES: Final[tuple[tuple[How, Callable[[str, Sequence[str]], _Found]], ...]] = (
    ("folder", _wrapped),
    ("split", _split),
    ("whole", _whole),
    ("suffix", _other_suffix),
    ("shards", _shards),
    ("name", _similar),
)
