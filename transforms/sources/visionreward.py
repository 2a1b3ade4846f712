"""VisionRewardDB-Video, config `regression`: pairs of clips for one prompt, judged by people.

Native layout: ``regression/train-*.parquet`` with ``internal_id``, ``prompt``,
``standard_answer``, ``video1_path`` and ``video2_path``. There are no clips in it and none beside
it: they are looked up in the mirror by the end of their paths, or else among published frames.
That the last part of a path names a clip, and that answers read video1, video2 and tie, is how
public evaluation code reads the config `test`; for `regression` neither is confirmed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, get_args

from schemas.media import MediaRef
from transforms.beamkit.errors import BuildError
from transforms.sources.adapter import (
    Place,
    RecordAdapter,
    SourceBatch,
    SourceFile,
    need,
    text_of,
)
from transforms.sources.clip_names import ClipNames
from transforms.sources.columns import Column
from transforms.sources.draft import Draft, Reject, Response, Turn
from transforms.sources.listing import Frames, Members, members_of
from transforms.sources.media_refs import whole_name
from transforms.sources.pairing import Verdict, settled
from transforms.sources.work_unit import WorkUnit, as_one

_SIDES = ("video1_path", "video2_path")


@dataclass(frozen=True)
class VisionRewardOptions:
    """What the published files leave open: where clips lie, and what answers mean.

    Raises:
        ValueError: an answer means none of first, second, tie; `path_parts` is negative.
    """

    #: Folder, archive, or pattern of archives in the mirror that holds the clips.
    clips: str = "videos"
    #: How many last parts of a path name a clip there; 0: the whole path.
    path_parts: int = 1
    #: Folder or zip archive with frames, for pairs whose clips are not in `clips` (then `clips`
    #: has to be a folder or zip archive too, so that it can be looked through).
    frames: str | None = None
    #: Frames a second of those, if known.
    frames_fps: float | None = None
    #: Spelling of `standard_answer` -> verdict. Any other is a dead letter.
    answers: Mapping[str, Literal["first", "second", "tie"]] = field(
        default_factory=lambda: {"video1": "first", "video2": "second", "tie": "tie"}
    )

    def __post_init__(self) -> None:
        wrong = sorted(set(self.answers.values()) - set(get_args(Verdict)))
        if wrong:
            raise ValueError(f"answers mean {', '.join(get_args(Verdict))}, not {wrong[0]}")
        if self.path_parts < 0:
            raise ValueError(f"path_parts must not be negative: {self.path_parts}")


class VisionReward(RecordAdapter):
    """One record is one pair; the clip that `standard_answer` names is preferred."""

    Options: ClassVar[type] = VisionRewardOptions
    RECORD_SUFFIXES: ClassVar = (".parquet",)
    COLUMNS: ClassVar = (
        Column.of("prompt", "text"),
        Column.of("standard_answer", "any"),
        Column.of("video1_path", "text"),
        Column.of("video2_path", "text"),
        Column.of("internal_id", "any", required=False),
    )
    PROJECTION: ClassVar = ("internal_id", "prompt", "standard_answer", *_SIDES)

    def __init__(self, corpus: Any, name: str, subset: str) -> None:
        super().__init__(corpus, name, subset)
        self.options = VisionRewardOptions(**corpus.options)
        self._answers = {str(said): means for said, means in self.options.answers.items()}
        self._shelf: _Shelf | None = None

    def units(self, files: Sequence[SourceFile]) -> list[WorkUnit]:
        """One unit of all files: whether a clip's name is its own shows only over all of them."""
        return as_one(super().units(files))

    def read(self, unit: WorkUnit) -> Iterator[SourceBatch]:
        """Look through the mirror, then read the records."""
        stated = (
            record[side]
            for part in unit.parts
            for _, record in self.records(part)
            for side in _SIDES
            if isinstance(record[side], str)
        )
        root = unit.path.removesuffix(unit.file)
        self._shelf = _Shelf(self.options, root, ClipNames(stated, self.options.path_parts))
        for part in unit.parts:
            yield from super().read(part)

    def key(self, record: Mapping[str, Any]) -> str:
        """`internal_id` and a digest of the content: nothing says that an id is given once."""
        content = super().key(record)
        given = record.get("internal_id")
        return content if given is None else f"{given}/{content}"

    def pairs(self, record: Mapping[str, Any], place: Place) -> Iterable[Draft]:
        """The pair of a record."""
        prompt = text_of(record, "prompt")
        need(bool(prompt.strip()), "empty_prompt", "prompt is empty")
        answer = record.get("standard_answer")
        need(answer is not None, "missing_field", "standard_answer is missing or null")
        means = self._answers.get(str(answer))
        if means is None:
            raise Reject(
                "label_unknown",
                f"standard_answer is {answer!r}, known are {', '.join(self._answers)}",
            )
        preferred = settled(means, self.corpus.pairs)
        assert self._shelf is not None, "read makes it"
        first, second = self._shelf.sides(*(text_of(record, side) for side in _SIDES))
        yield Draft(
            key=self.key(record),
            prompt=(Turn("user", prompt),),
            first=first,
            second=second,
            preferred=preferred,
            where=str(place),
        )


class _Shelf:
    """Where the clips of pairs are: both as files, or both as frames."""

    def __init__(self, options: VisionRewardOptions, root: str, names: ClipNames) -> None:
        self._options, self._names = options, names
        self._members: Members | None = None
        if options.frames is not None:
            self._members = Members(root, options.clips)
            pictures = members_of(root, options.frames)
            if not pictures:
                raise BuildError(f"{root}{options.frames}: there are no frames; see options.frames")
            self._frames = Frames(pictures)

    def sides(self, *stated: str) -> tuple[Response, Response]:
        """The two responses. Without frames the media stage tells what is missing.

        Raises:
            Reject: as `ClipNames.name`; `media_missing` when neither both clips nor the frames of
                both are there.
        """
        first, second = (self._names.name(path) for path in stated)
        clips = self._options.clips
        absent = [clip for clip in (first, second) if self._members and clip not in self._members]
        if self._members is None or not absent:
            return tuple(  # type: ignore[return-value]
                Response(media=(MediaRef("video", clips, clip),)) for clip in (first, second)
            )
        runs = [self._frames.of(clip) for clip in (first, second)]
        bare = [clip for clip, run in zip((first, second), runs, strict=True) if not run]
        place = str(self._options.frames)
        need(
            not bare,
            "media_missing",
            f"not in {clips}: {', '.join(absent)}; no frames in {place}: {', '.join(bare)}",
        )
        one, two = (
            Response(
                media=tuple(MediaRef("frames", place, whole_name(place, name)) for name in run),
                frames_fps=self._options.frames_fps,
            )
            for run in runs
        )
        return one, two
