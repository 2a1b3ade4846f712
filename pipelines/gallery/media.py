"""A medium on a page: what a template needs to show it, whoever serves the bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

from schemas.media import SLOT_MODALITY
from schemas.tasks import Modality

Shown = Literal["picture", "strip", "clip", "sound", "views", "note"]


@dataclass(frozen=True)
class Medium:
    """What is shown of a medium.

    `sources` are addresses that this program made (data: URIs, or paths of the viewer). `alt` says
    what it is for who can't see it; `note` what is not shown, and why. `poster` stands for a clip
    before it plays. `boxes` are width and height in pixels of each source (of a clip: of its
    poster), where they are known: what is not loaded yet takes its place on the page.
    """

    shown: Shown
    alt: str
    sources: tuple[str, ...] = ()
    media_type: str = ""
    poster: str = ""
    note: str = ""
    link: str = ""
    boxes: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Cell:
    """One place of a row where a medium lies: the column and the place in its list.

    `items` are the values there, ``{"bytes", "path"}`` each: one, or all frames of a clip (a list
    that is one thing: `as_strip`). Bytes may be absent, where only names were read.
    """

    row_id: str
    column: str
    items: tuple[Mapping[str, Any], ...]
    first: int
    alt: str

    @property
    def slot(self) -> str:
        """The slot of the schema: image, frames, prompt_images ..."""
        return self.column.removeprefix("response_a_").removeprefix("response_b_")

    @property
    def modality(self) -> Modality:
        """The modality of what lies there."""
        return SLOT_MODALITY[self.slot]

    @property
    def as_strip(self) -> bool:
        """Whether the items are frames or views of one thing."""
        return self.slot in STRIPS


class MediaMaker(Protocol):
    """How media come on a page: embedded as bounded previews, or by address."""

    def __call__(self, cell: Cell) -> Medium:
        """What is shown of the medium; never fails, a `note` says what could not be shown."""


#: Slots whose list is one medium: frames of a clip, views of a model.
STRIPS: Final = frozenset({"frames", "prompt_frames", "views"})

_NOUNS: Final = {
    "image": "picture",
    "prompt_images": "picture",
    "frames": "frames of a clip",
    "prompt_frames": "frames of a clip",
    "views": "rendered views of a 3D model",
    "video": "clip",
    "prompt_videos": "clip",
    "audio": "sound",
    "prompt_audios": "sound",
    "mesh": "3D model",
    "prompt_meshes": "3D model",
}


def cells_of(row: Mapping[str, Any], columns: tuple[str, ...], owner: str) -> Iterator[Cell]:
    """The media of a row in some columns, in order. `owner` begins the text alternative."""
    for column in columns:
        value = row.get(column)
        items = tuple(item for item in (value if isinstance(value, list) else [value]) if item)
        if not items:
            continue
        slot = column.removeprefix("response_a_").removeprefix("response_b_")
        noun = f"{owner}: {_NOUNS[slot]}"
        if slot in STRIPS:
            yield Cell(row["row_id"], column, items, 0, noun)
            continue
        for number, item in enumerate(items):
            which = f" {number + 1} of {len(items)}" if len(items) > 1 else ""
            yield Cell(row["row_id"], column, (item,), number, noun + which)
