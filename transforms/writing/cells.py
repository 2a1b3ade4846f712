"""Where the bytes of published media lie: in the cells of the tables, or in files beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.clips import CLIP_SLOTS, clip_address, clip_name
from transforms.beamkit import files

#: Gives the bytes of a medium as it is published, by its facts.
Fetch = Callable[[Mapping[str, Any]], bytes]


@dataclass(frozen=True)
class ClipFiles:
    """Clips of `least_bytes` or more become files of a dataset's folder `folder`.

    Rows name them by their address in the repository `repo`, as the readers of the Hub resolve it.
    """

    folder: str
    repo: str
    least_bytes: int


@dataclass(frozen=True)
class Cells:
    """Makes the cells of media: ``{"bytes", "path"}``."""

    fetch: Fetch
    clips: ClipFiles | None = None

    def of(self, slot: str, info: Mapping[str, Any]) -> dict[str, Any]:
        """The cell of a medium in a slot, by its facts."""
        name = f"{info['product'] or info['digest']}.{info['format']}"
        clips = self.clips
        if clips is None or slot not in CLIP_SLOTS or info["bytes"] < clips.least_bytes:
            return {"bytes": self.fetch(info), "path": name}
        place = files.join(clips.folder, clip_name(name))
        if not files.exists(place):
            files.write_once(place, self.fetch(info))
        return {"bytes": None, "path": clip_address(clips.repo, name)}
