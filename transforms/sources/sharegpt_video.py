"""ShareGPTVideo, preference part: questions on a clip, two answers, scored by ChatGPT.

Native layout, from the dataset card and public loaders: one file of JSON lines,
``video_instruction/train/dpo/sft_dpo_17k.jsonl``, with ``id``, ``video``, ``prompt`` (with or
without the mark ``<video>``), ``answer`` (the reference that the judge was given; not used),
``chosen``, ``rejected``, and ``chosen_score`` and ``rejected_score`` (1 to 5); and the clips as
folders of pictures (``v_XNTy5ZTMqVU-Scene-011/c01_0004.jpeg``) in ``train_300k/chunk_*.tar.gz``,
some 137 GB for 300,000 clips. A public copy of both confirms the names of folders and frames.

Not confirmed: the folders above a clip's own in the archives (any are taken), at which rate frames
were taken, and whether scores are ever equal or the wrong way round: equal ones are ties by the
recipe's rule, others a dead letter. Answers stand as text; a turn as LLaVA writes them is read too.

The archives don't say what they hold but by being read, so they are passed over twice: once for
the names, once for the frames. Unpacked (`frames: train_300k`) a mirror is read much faster.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from schemas.media import MediaRef
from transforms.sources.adapter import (
    Place,
    RecordAdapter,
    SourceBatch,
    SourceFile,
    need,
    response_text,
    text_of,
)
from transforms.sources.columns import Column
from transforms.sources.draft import Draft, Response, Turn
from transforms.sources.frame_folders import FrameFolders
from transforms.sources.pairing import Verdict, mean_rating, settled
from transforms.sources.settings import Corpus
from transforms.sources.work_unit import WorkUnit, as_one

MARK: Final = "<video>"
_SCORES: Final = ("chosen_score", "rejected_score")
_LOWEST, _HIGHEST = 1.0, 5.0


@dataclass(frozen=True)
class ShareGptVideoOptions:
    """Where the frames are, and how many of them make a clip.

    Raises:
        ValueError: `max_frames` is below 1.
    """

    #: A folder, an archive, or a pattern of archives.
    frames: str = "train_300k/chunk_*.tar.gz"
    #: Of a clip with more frames, so many at equal distances; null takes all.
    max_frames: int | None = None

    def __post_init__(self) -> None:
        if self.max_frames is not None and self.max_frames < 1:
            raise ValueError("max_frames must be at least 1, or null for all")


class ShareGptVideo(RecordAdapter):
    """One record is one pair; `chosen` is preferred, unless both answers are scored alike."""

    Options: ClassVar[type] = ShareGptVideoOptions
    RECORD_SUFFIXES: ClassVar = (".jsonl",)
    COLUMNS: ClassVar = (
        Column.of("video", "text"),
        Column.of("prompt", "text"),
        Column.of("chosen", "any"),
        Column.of("rejected", "any"),
        Column.of("id", "any", required=False),
        *(Column.of(name, "any", required=False) for name in _SCORES),
    )

    def __init__(self, corpus: Corpus, name: str, subset: str) -> None:
        super().__init__(corpus, name, subset)
        self.options = ShareGptVideoOptions(**corpus.options)
        self._frames: FrameFolders | None = None

    def units(self, files: Sequence[SourceFile]) -> list[WorkUnit]:
        """One unit of all records, so that the frames are listed once."""
        return as_one(super().units(files))

    def read(self, unit: WorkUnit) -> Iterator[SourceBatch]:
        """List the frames of the clips that records name, then read the records."""
        named = {
            clip_of(record["video"])
            for part in unit.parts
            for _, record in self.records(part)
            if isinstance(record, Mapping) and isinstance(record.get("video"), str)
        }
        root = unit.path.removesuffix(unit.file)
        self._frames = FrameFolders(root, self.options.frames, named - {""})
        for part in unit.parts:
            yield from super().read(part)

    def key(self, record: Mapping[str, Any]) -> str:
        """The id, whose uniqueness is not certain, with a digest of the record."""
        content, given = super().key(record), record.get("id")
        return content if given is None else f"{given}/{content}"

    def pairs(self, record: Mapping[str, Any], place: Place) -> Iterable[Draft]:
        """The pair of a record."""
        prompt = text_of(record, "prompt").replace(MARK, "").strip()
        need(bool(prompt), "empty_prompt", "prompt is empty")
        scores = chosen, rejected = [_score(record, name) for name in _SCORES]
        verdict, margin = _verdict(chosen, rejected, self.corpus.pairs.min_margin)
        preferred = settled(verdict, self.corpus.pairs)
        first, second = (
            Response(text=_answer(record, name), score=score)
            for name, score in zip(("chosen", "rejected"), scores, strict=True)
        )
        clip = clip_of(text_of(record, "video"))
        need(bool(clip), "malformed_path", f"video is {record['video']!r:.200}, no name of a clip")
        assert self._frames is not None, "read makes it"
        frames = spaced(self._frames.of(clip), self.options.max_frames)
        yield Draft(
            key=self.key(record),
            prompt=(Turn("user", prompt),),
            prompt_media=tuple(
                MediaRef("prompt_frames", self.options.frames, name) for name in frames
            ),
            first=first,
            second=second,
            preferred=preferred,
            margin=margin,
            where=str(place),
        )


def clip_of(video: str) -> str:
    """The name of a clip's folder: the last part of a path, without a suffix of a video."""
    name = posixpath.basename(video.rstrip("/"))
    stem, dot, suffix = name.rpartition(".")
    name = stem if dot and suffix.lower() in ("mp4", "webm", "mkv", "mov", "avi") else name
    return "" if name in (".", "..") else name


def spaced(frames: Sequence[str], most: int | None) -> list[str]:
    """At most so many frames, at equal distances, the first one among them."""
    if most is None or len(frames) <= most:
        return list(frames)
    return [frames[at * len(frames) // most] for at in range(most)]


def _score(record: Mapping[str, Any], name: str) -> float | None:
    """A score, if there is one.

    Raises:
        Reject: `score_out_of_range`.
    """
    score = mean_rating([record.get(name)])
    if score is not None:
        need(
            _LOWEST <= score <= _HIGHEST,
            "score_out_of_range",
            f"{name} is {score:g}, expected {_LOWEST:g} to {_HIGHEST:g}",
        )
    return score


def _verdict(
    chosen: float | None, rejected: float | None, least: float
) -> tuple[Verdict, float | None]:
    """The verdict and the margin; without scores the names of the columns decide."""
    if chosen is None or rejected is None:
        return "first", None
    margin = round(chosen - rejected, 6)
    need(margin >= 0, "label_contradictory", f"the chosen answer scores {-margin:g} less")
    return ("tie" if margin == 0 or margin < least else "first"), margin


def _answer(record: Mapping[str, Any], name: str) -> str:
    """An answer, which is text or a turn with a `value`."""
    held = record.get(name)
    if isinstance(held, Mapping):
        return response_text({name: held.get("value")}, name)
    return response_text(record, name)
