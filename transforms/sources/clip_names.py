"""Clips that records name by path or URL, looked up in a mirror by the end of that name.

A corpus without its media names them by paths of the authors' machine or by URLs. What a person
downloads keeps the last part or parts of them. Two clips that differ only in what was cut off
can't be told apart then, and are refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import dropwhile
from urllib.parse import unquote

from transforms.sources.adapter import need
from transforms.sources.draft import Reject
from transforms.sources.urls import url_path


class ClipNames:
    """The names of a corpus's clips in its mirror.

    `stated` are all paths and URLs of the corpus; the last `parts` parts of each name a clip in
    the mirror (0: the whole path, without what leads out of the folder).
    """

    def __init__(self, stated: Iterable[str], parts: int) -> None:
        self._parts = parts
        self._owner: dict[str, str] = {}
        self._shared: set[str] = set()
        for text in stated:
            try:
                name = "/".join(_parts_of(text, parts))
            except Reject:
                continue  # its own record is refused for it, by `name`
            if self._owner.setdefault(name, text) != text:
                self._shared.add(name)

    def name(self, stated: str) -> str:
        """The clip's name in the mirror.

        Raises:
            Reject: `malformed_path` when no file is named, or one outside the folder;
                `clip_ambiguous` when another path or URL of the corpus ends alike.
        """
        parts = _parts_of(stated, self._parts)
        need(
            bool(parts) and ".." not in parts and "." in parts[-1].strip("."),
            "malformed_path",
            f"{stated!r} names no file with a suffix",
        )
        name = "/".join(parts)
        need(
            name not in self._shared,
            "clip_ambiguous",
            f"{stated} is not the only clip that ends in {name}; options.path_parts tells how "
            "many parts of a path name a clip",
        )
        return name


def _parts_of(stated: str, number: int) -> list[str]:
    """The last `number` parts of a path or URL; a URL's query is left out, its escapes undone."""
    if "://" in stated:
        stated = unquote(url_path(stated, "malformed_path"))
    parts = [part for part in stated.split("/") if part not in ("", ".")]
    if number == 0:
        parts = list(dropwhile("..".__eq__, parts))
    return parts[-number:]
