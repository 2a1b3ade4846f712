"""The facts of the media that are being asked about: what rendering them needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from transforms.relabel.llm.question import Media

#: Gives the bytes of a medium, from the facts of the media that a wave is about.
Render = Callable[[Media, Mapping[str, Mapping[str, Any]]], bytes]


class MediaFacts:
    """Facts by source digest, and a renderer that they are handed to."""

    def __init__(self, render: Render) -> None:
        self._render = render
        self._infos: dict[str, Mapping[str, Any]] = {}

    def of_rows(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Know the media of these rows."""
        for row in rows:
            for name in ("prompt_media", "a_media", "b_media"):
                for ref in row[name] or ():
                    self._infos[ref["info"]["digest"]] = ref["info"]

    def bytes_of(self, medium: Media) -> bytes:
        """The bytes of a medium as a model is shown it."""
        return self._render(medium, self._infos)
