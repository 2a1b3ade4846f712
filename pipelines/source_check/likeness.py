"""Names that records use for media, held against names that are there: what sets them apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

#: Numbers and digests, which differ between names of one kind.
_VARIES: Final = re.compile(r"[0-9a-f]{8,}|\d+", re.IGNORECASE)

#: A last part that more names end in (``00.jpg``) says nothing by itself.
_DISTINCT: Final = 5

How = Literal["folder", "case", "suffix", "base"]


@dataclass(frozen=True)
class Likeness:
    """A wanted name and one that is there. `strip` and `add`: what to take off and put before."""

    how: How
    wanted: str
    there: str
    strip: str = ""
    add: str = ""


class Names:
    """Names that are there, found by parts of them."""

    def __init__(self, names: Iterable[str]) -> None:
        self.all = [name.removeprefix("./") for name in names]
        self._by_base: dict[str, list[str]] = {}
        self._by_stem: dict[str, list[str]] = {}
        for name in self.all:
            base = name.rsplit("/", 1)[-1].lower()
            self._by_base.setdefault(base, []).append(name)
            self._by_stem.setdefault(base.rpartition(".")[0], []).append(name)

    def like(self, wanted: Sequence[str]) -> Likeness | None:
        """What most of the wanted names have become, by those that can be recognised."""
        found = [near for name in wanted if (near := self._near(name)) is not None]
        if not found:
            return None
        most = Counter((near.how, near.strip, near.add) for near in found).most_common(1)[0][0]
        return next(near for near in found if (near.how, near.strip, near.add) == most)

    def _near(self, member: str) -> Likeness | None:
        name = member.removeprefix("/")
        base = name.rsplit("/", 1)[-1].lower()
        alike = self._by_base.get(base, [])
        if alike:
            there = max(alike, key=lambda other: (_shared(name, other), other))
            if "/" in name and _shared(name, there) < 2 and len(alike) > _DISTINCT:
                return None
            if there.lower() == name.lower() or there.rsplit("/", 1)[-1] != name.rsplit("/", 1)[-1]:
                return Likeness("case", name, there)
            end = _shared(name, there)
            strip, add = (_before(text, end) for text in (name, there))
            return Likeness("folder", name, there, strip, add)
        others = self._by_stem.get(base.rpartition(".")[0], []) if "." in base else []
        if others:
            there = max(others, key=lambda other: (_shared(_stem(name), _stem(other)), other))
            return Likeness("suffix", name, there)
        return None


def apart(wanted: Iterable[str], names: Iterable[str]) -> Likeness | None:
    """How folders of wanted names differ from those that are there, where files are all others.

    None where some are in the same folder, or none of them is a part of another.
    """
    there = {folder: name for name in names if (folder := _folder(name))}
    found = None
    for member in wanted:
        name = member.removeprefix("/")
        own = _folder(name)
        if own in there:
            return None
        for folder, other in there.items() if own else ():
            if own.endswith(f"/{folder}"):
                found = found or Likeness("folder", name, other, own.removesuffix(folder), "")
            elif folder.endswith(f"/{own}"):
                found = found or Likeness("folder", name, other, "", folder.removesuffix(own))
    return found


def _folder(name: str) -> str:
    return name.removeprefix("./").rpartition("/")[0]


def _shared(one: str, other: str) -> int:
    """How many last parts of two paths are the same."""
    number = 0
    for left, right in zip(reversed(one.split("/")), reversed(other.split("/")), strict=False):
        if left != right:
            break
        number += 1
    return number


def _before(name: str, parts: int) -> str:
    head = name.split("/")[: len(name.split("/")) - parts]
    return "".join(f"{part}/" for part in head)


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name


def same_shape(wanted: str, names: Iterable[str]) -> bool:
    """Whether a name looks like those that are there, but for numbers, digests and folders' names.

    A name with a leading slash is compared as a whole with its first folder, others by their end.
    """
    whole = wanted.startswith("/")
    plain = wanted.removeprefix("/")
    parts = plain.count("/") + 1
    shape = _shape(plain, whole=whole)
    ends = (name.removeprefix("./") for name in names)
    if not whole:
        ends = ("/".join(name.split("/")[-parts:]) for name in ends)
    return any(_shape(end, whole=whole) == shape for end in ends)


def _shape(name: str, *, whole: bool) -> tuple[str, int, str, str]:
    """First folder, depth, kind of the last part (numbered or a word) and its suffix."""
    *folders, base = name.split("/")
    stem, dot, suffix = base.rpartition(".")
    word = stem if dot else base
    kind = _VARIES.sub("#", word)
    kind = kind if "#" in kind else "word"
    return (
        folders[0] if whole and folders else "",
        len(folders),
        kind,
        suffix.lower() if dot else "",
    )
