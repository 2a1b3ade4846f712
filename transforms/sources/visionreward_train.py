"""VisionRewardDB-Video, config `train`: single clips that people rated in 21 dimensions.

Native layout: ``train/train-*.parquet`` with ``internal_id``, ``prompt``, ``url``,
``video_path``, ``annotation`` (a struct of integers, many names with spaces), ``meta_result`` and
``meta_mask`` (answers to a checklist, not read). The clips of a prompt are paired by their overall
score: the mean of the ratings, each brought to 0..1 by the range that the card states for it. That
score is this project's; the authors' own weights answers to the checklist. Nothing is fetched: a
clip is the file of the mirror that bears the last part of its url or path.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal

from schemas.ids import content_key
from schemas.media import MediaRef
from transforms.sources.adapter import SourceBatch, need, text_of
from transforms.sources.clip_names import ClipNames
from transforms.sources.columns import Column
from transforms.sources.draft import Draft, Reject, Response, Turn
from transforms.sources.grouped import GroupedAdapter, Member
from transforms.sources.pairing import pairs_by_score
from transforms.sources.work_unit import WorkUnit

#: Dimension -> lowest and highest rating, from the card. More is taken to be better.
DIMENSIONS: Final[dict[str, tuple[int, int]]] = {
    "alignment": (1, 5),
    "composition": (1, 3),
    "focus": (1, 3),
    "camera movement": (1, 3),
    "color": (1, 5),
    "lighting accurate": (1, 4),
    "lighting aes": (1, 5),
    "shape at beginning": (0, 3),
    "shape throughout": (0, 4),
    "object motion dynamic": (1, 5),
    "camera motion dynamic": (1, 5),
    "movement smoothness": (0, 4),
    "movement reality": (0, 4),
    "clear": (1, 5),
    "image quality stability": (1, 5),
    "camera stability": (1, 3),
    "detail refinement": (1, 5),
    "letters": (1, 4),
    "physics law": (1, 5),
    "unsafe type": (1, 5),
    "safety": (1, 5),
}


@dataclass(frozen=True)
class VisionRewardTrainOptions:
    """By which ratings clips are compared, and where they lie.

    Raises:
        ValueError: an unknown dimension, or a negative `path_parts`.
    """

    #: Folder, archive, or pattern of archives in the mirror that holds the clips.
    clips: str = "videos"
    #: The column that names a clip.
    named_by: Literal["url", "video_path"] = "url"
    #: How many last parts of that name a clip in the mirror; 0: all of them.
    path_parts: int = 1
    #: The ratings whose mean is the score; none: all 21.
    dimensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        unknown = sorted(set(self.dimensions) - set(DIMENSIONS))
        if unknown:
            raise ValueError(f"no dimension {unknown[0]!r}; there are {', '.join(DIMENSIONS)}")
        if self.path_parts < 0:
            raise ValueError(f"path_parts must not be negative: {self.path_parts}")


class VisionRewardTrain(GroupedAdapter):
    """The clips of one prompt are paired by score; a clip rated twice has the mean of its scores.

    Whether more is better for `unsafe type`, and what a clip without letters has for `letters`, is
    not published; the options leave such dimensions out.
    """

    Options: ClassVar[type] = VisionRewardTrainOptions
    RECORD_SUFFIXES: ClassVar = (".parquet",)
    COLUMNS: ClassVar = (
        Column.of("prompt", "text"),
        Column.of("annotation", "struct"),
        Column.of("url", "any"),
        Column.of("video_path", "any"),
        Column.of("internal_id", "any", required=False),
    )
    PROJECTION: ClassVar = ("internal_id", "prompt", "url", "video_path", "annotation")

    def __init__(self, corpus: Any, name: str, subset: str) -> None:
        super().__init__(corpus, name, subset)
        self.options = VisionRewardTrainOptions(**corpus.options)
        self._names = ClipNames((), self.options.path_parts)

    def read(self, unit: WorkUnit) -> Iterator[SourceBatch]:
        """Learn all names of clips, then read the records and bring those of a prompt together."""
        column = self.options.named_by
        stated = (
            record[column]
            for part in unit.parts
            for _, record in self.records(part)
            if isinstance(record[column], str)
        )
        self._names = ClipNames(stated, self.options.path_parts)
        yield from super().read(unit)

    def key(self, record: Mapping[str, Any]) -> str:
        """`internal_id` and a digest of the content: nothing says that an id is given once."""
        content = super().key(record)
        given = record.get("internal_id")
        return content if given is None else f"{given}/{content}"

    def check(self, record: Mapping[str, Any]) -> None:
        """Refuse a record without a prompt, a clip or a full set of ratings."""
        prompt = text_of(record, "prompt")
        need(bool(prompt.strip()), "empty_prompt", "prompt is empty")
        self._clip(record)
        self._score(record)

    def group(self, record: Mapping[str, Any]) -> str:
        """The prompt, letter by letter."""
        return text_of(record, "prompt")

    def group_pairs(self, members: Sequence[Member]) -> Iterable[Draft]:
        """The pairs of a prompt's clips, by the rule and margin of the recipe."""
        clips: dict[str, list[Member]] = {}
        for member in members:
            clips.setdefault(self._clip(member.record), []).append(member)
        names = list(clips)
        scores = [_mean(self._score(member.record) for member in clips[name]) for name in names]
        prompt = self.group(members[0].record)
        repeated = ("clip_rated_again",) if len(clips) < len(members) else ()
        for pair in pairs_by_score(scores, self.corpus.pairs):
            first, second = (
                Response(
                    media=(MediaRef("video", self.options.clips, names[at]),), score=scores[at]
                )
                for at in (pair.first, pair.second)
            )
            yield Draft(
                key=content_key(prompt, *sorted((names[pair.first], names[pair.second]))),
                prompt=(Turn("user", prompt),),
                first=first,
                second=second,
                preferred=pair.preferred,
                margin=pair.margin,
                where=str(clips[names[pair.first]][0].place),
                notes=repeated,
            )

    def _clip(self, record: Mapping[str, Any]) -> str:
        return self._names.name(text_of(record, self.options.named_by))

    def _score(self, record: Mapping[str, Any]) -> float:
        """The mean of the ratings, each as a share of its range.

        Raises:
            Reject: `malformed_annotation`, `rating_missing`, `rating_out_of_range`.
        """
        ratings = record.get("annotation")
        if not isinstance(ratings, Mapping):
            raise Reject("malformed_annotation", f"annotation is {ratings!r}, expected ratings")
        return _mean(
            _share(ratings.get(name), name) for name in self.options.dimensions or DIMENSIONS
        )


def _share(rating: object, name: str) -> float:
    low, high = DIMENSIONS[name]
    need(rating is not None, "rating_missing", f"{name} has no rating")
    if isinstance(rating, bool) or not isinstance(rating, int | float) or not low <= rating <= high:
        raise Reject("rating_out_of_range", f"{name} is {rating!r}, expected {low} to {high}")
    return (rating - low) / (high - low)


def _mean(values: Iterable[float]) -> float:
    numbers = list(values)
    return sum(numbers) / len(numbers)
