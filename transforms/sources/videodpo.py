"""VideoDPO as re-released with frames (CodeGoat24/VideoDPO): clips as runs of pictures.

Native layout: ``train_data.json`` in the format of `unified_reward`, its `images` the frames of
video 1 followed by those of video 2; the pictures in ``winvideos.zip`` and ``losevideos.zip``.
The archives keep the folders of the original (`videodpo_original`): a clip in winvideos won. How
many frames stand for a clip, and at which rate, is published nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Final

from schemas.media import MediaRef
from transforms.sources.adapter import need
from transforms.sources.draft import Draft, Reject
from transforms.sources.grouped import Member
from transforms.sources.unified_reward import UnifiedRewardAdapter, comparison

WON: Final = "winvideos"
LOST: Final = "losevideos"

#: Verdict, folder of video 1, folder of video 2: the loser would win.
_CONTRADICTIONS: Final = (("first", LOST, WON), ("second", WON, LOST))


@dataclass(frozen=True)
class VideoDpoOptions:
    """Where the frames of each folder lie, and how fast they follow one another."""

    #: Folder in a frame's path -> the archive or folder of the mirror that holds it.
    containers: Mapping[str, str] = field(
        default_factory=lambda: {WON: f"{WON}.zip", LOST: f"{LOST}.zip"}
    )
    #: Frames a second, if known.
    frames_fps: float | None = None


class VideoDpo(UnifiedRewardAdapter):
    """One pair of clips as frames; the clip that the verdict names is preferred."""

    Options: ClassVar[type] = VideoDpoOptions

    def check(self, record: Mapping[str, Any]) -> None:
        """Refuse what is no comparison, frames of no known folder, and a loser that wins.

        Raises:
            Reject: as `comparison`; `malformed_images`, `label_contradictory`.
        """
        shown = comparison(record)
        first, second = (self._place(names)[0] for names in (shown.first, shown.second))
        need(
            (shown.preferred, first, second) not in _CONTRADICTIONS,
            "label_contradictory",
            f"the verdict prefers the {shown.preferred} of {first} and {second}",
        )

    def media(self, names: Sequence[str], member: Member) -> tuple[MediaRef, ...]:
        """The frames of one clip, in the order of the record."""
        folder, members = self._place(names)
        container = self._options.containers[folder]
        return tuple(MediaRef("frames", container, name) for name in members)

    def group_pairs(self, members: Sequence[Member]) -> Iterable[Draft]:
        """The pair, with the rate of its frames."""
        for draft in super().group_pairs(members):
            first, second = (
                replace(side, frames_fps=self._options.frames_fps)
                for side in (draft.first, draft.second)
            )
            yield replace(draft, first=first, second=second)

    @property
    def _options(self) -> VideoDpoOptions:
        return VideoDpoOptions(**self.corpus.options)

    def _place(self, names: Sequence[str]) -> tuple[str, list[str]]:
        """The one folder in which the frames of a clip lie, and their paths below it.

        What comes before the folder is of no account: it differs between copies.

        Raises:
            Reject: `malformed_images` when a frame lies in no known folder, or not in the same.
        """
        known = self._options.containers
        folders, below = set(), []
        for name in names:
            parts = name.split("/")
            at = next((at for at, part in enumerate(parts[:-1]) if part in known), None)
            if at is None:
                raise Reject("malformed_images", f"{name} lies in none of {[*known]}")
            folders.add(parts[at])
            below.append("/".join(parts[at + 1 :]))
        need(len(folders) == 1, "malformed_images", f"a clip's frames lie in {sorted(folders)}")
        return folders.pop(), below
