"""VideoDPO as its authors published it: clips, a list of clips, and a list of pairs of them.

Native layout, once or in several folders: ``metadata.json``, a list of ``{basic: {clip_path,
clip_duration, globalidx or vidproidx, score?}, misc: {frame_caption: [prompt]}}``; ``pair.json``,
a list of ``{video1, video2, frame_caption, label, score?, diff_score?}``; the clips as
``winvideos/%06d.mp4`` and ``losevideos/%06d.mp4``, plain files or members of tar shards whose
names are absolute paths of the authors' machine.

`video1` (the winner) and `video2` are positions in ``metadata.json``; an even one lies in
winvideos, an odd one in losevideos, as file number position // 2. What the metadata says is held
against that. Sources: the authors' ``OmniScore/metadata_pipe/dpo_metadata_from_prompts.py`` (which
gives both clips of a prompt its number as `globalidx`) and ``OmniScore/pair_prob.py`` (where a
pair's `score` is the product of two OmniScores, a training weight, and `diff_score` their
difference), and a public loader for the rule of positions.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final, TypeGuard

from schemas.media import MediaRef
from transforms.beamkit.errors import BuildError
from transforms.sources.adapter import Place, RecordAdapter, SourceFile, need
from transforms.sources.columns import Column
from transforms.sources.draft import Draft, Reject, Response, Turn
from transforms.sources.formats.cut import units_of
from transforms.sources.pairing import Verdict, mean_rating, settled
from transforms.sources.records import Records, Unreadable, read_records
from transforms.sources.work_unit import WorkUnit

PAIRS_FILE: Final = "pair.json"
CLIPS_FILE: Final = "metadata.json"

_CLIPS_COLUMNS: Final = (Column.of("basic", "struct"), Column.of("misc", "struct"))
_SIDES: Final = ("video1", "video2")
_JOINED: Final = {side: f"{side}_metadata" for side in _SIDES}


@dataclass(frozen=True)
class VideoDpoOriginalOptions:
    """Where the clips lie."""

    #: A pattern of tar shards that hold the clips (``*.tar``); None: plain files in two folders.
    shards: str | None = None


class VideoDpoOriginal(RecordAdapter):
    """One record of ``pair.json``, with the two entries of ``metadata.json``, is one pair."""

    Options: ClassVar[type] = VideoDpoOriginalOptions
    RECORD_SUFFIXES: ClassVar = (".json",)
    COLUMNS: ClassVar = (
        Column.of("video1", "number"),
        Column.of("video2", "number"),
        Column.of("frame_caption", "any"),
    )

    def holds_records(self, name: str) -> bool:
        """Whether a file lists pairs; a list of clips is read along with it."""
        return posixpath.basename(name) == PAIRS_FILE

    def units(self, files: Sequence[SourceFile]) -> list[WorkUnit]:
        """The units of every ``pair.json``, each with the ``metadata.json`` beside it as parts.

        Raises:
            BuildError: no metadata lies beside a list of pairs.
        """
        by_name, found = {file.name: file for file in files}, []
        for unit in super().units(files):
            name = posixpath.join(posixpath.dirname(unit.file), CLIPS_FILE)
            if name not in by_name:
                raise BuildError(
                    f"{unit.path}: it numbers the entries of {name}, which is not among the files "
                    "of the recipe"
                )
            clips = by_name[name]
            parts = tuple(units_of(clips.path, clips.name, clips.size, _CLIPS_COLUMNS))
            found.append(replace(unit, parts=parts))
        return found

    def records(self, unit: WorkUnit) -> Records:
        """The pairs of a unit, each with the entries of its two clips."""
        clips = [
            entry for part in unit.parts for _, entry in read_records(part, _CLIPS_COLUMNS, None)
        ]
        for place, record in super().records(unit):
            yield place, _joined(record, clips) if isinstance(record, Mapping) else record

    def key(self, record: Mapping[str, Any]) -> str:
        """The two positions, and a digest of the record as it stands in ``pair.json``."""
        own = {name: value for name, value in record.items() if name not in _JOINED.values()}
        return f"{record.get('video1')}-{record.get('video2')}/{super().key(own)}"

    def pairs(self, record: Mapping[str, Any], place: Place) -> Iterable[Draft]:
        """The pair of a record; the clip `video1` is preferred."""
        winner, loser = (_Clip.of(record, side) for side in _SIDES)
        label = record.get("label")
        # The authors' own tools read a 1 in two ways; the published label is 0 throughout.
        need(label in (None, 0), "label_contradictory", f"label is {label!r}, expected 0")
        need(
            winner.index % 2 == 0 and loser.index % 2 == 1,
            "label_contradictory",
            f"video1, the winner, is {winner.file}, video2 is {loser.file}",
        )
        margin = _margin(record, winner, loser)
        preferred = settled(self._verdict(margin), self.corpus.pairs)
        root = posixpath.dirname(place.file)
        yield Draft(
            key=self.key(record),
            prompt=(Turn("user", _prompt(record, winner, loser)),),
            first=Response(media=(self._ref(root, winner.file),), score=winner.score),
            second=Response(media=(self._ref(root, loser.file),), score=loser.score),
            preferred=preferred,
            margin=margin,
            where=str(place),
        )

    def _verdict(self, margin: float | None) -> Verdict:
        """The winner, unless scores are given and say that it leads by too little.

        Raises:
            Reject: `label_contradictory` when the scores put the winner behind.
        """
        if margin is None:
            return "first"
        need(margin >= 0, "label_contradictory", f"video1, the winner, scores {-margin} less")
        return "tie" if margin == 0 or margin < self.corpus.pairs.min_margin else "first"

    def _ref(self, root: str, file: str) -> MediaRef:
        shards = VideoDpoOriginalOptions(**self.corpus.options).shards
        if shards is not None:
            return MediaRef("video", shards, file)
        folder, name = posixpath.split(file)
        return MediaRef("video", posixpath.join(root, folder), name)


def _joined(record: Mapping[str, Any], clips: Sequence[Any]) -> dict[str, Any]:
    """A pair with the entries that it numbers; an entry that does not exist is left out."""
    entries = {}
    for side, name in _JOINED.items():
        index = record.get(side)
        # A negative position would count from the end.
        if _is_index(index) and 0 <= index < len(clips):
            entries[name] = clips[index]
    return {**record, **entries}


@dataclass(frozen=True)
class _Clip:
    """One clip: its position in the metadata, its file, its captions and OmniScore."""

    index: int
    file: str
    captions: tuple[str, ...]
    score: float | None

    @classmethod
    def of(cls, record: Mapping[str, Any], side: str) -> _Clip:
        """The clip of one side.

        Raises:
            Reject: `missing_field`, `malformed_index`, `index_out_of_range`,
                `malformed_metadata`, `malformed_caption`; `clip_disagrees` when the entry names
                another file than its position does.
        """
        index = record.get(side)
        need(index is not None, "missing_field", f"{side} is missing or null")
        if not _is_index(index):
            raise Reject("malformed_index", f"{side} is {index!r}, expected a position")
        need(
            _JOINED[side] in record,
            "index_out_of_range",
            f"{side} is {index}, {CLIPS_FILE} has no such entry",
        )
        entry = record[_JOINED[side]]
        if isinstance(entry, Unreadable):
            raise Reject("malformed_metadata", f"entry {index} can't be read: {entry.complaint}")
        basic, misc = (
            entry.get(name) if isinstance(entry, Mapping) else None for name in ("basic", "misc")
        )
        if not (isinstance(basic, Mapping) and isinstance(misc, Mapping)):
            raise Reject("malformed_metadata", f"entry {index} has no basic and misc: {entry!r}")
        file = f"{'losevideos' if index % 2 else 'winvideos'}/{index // 2:06d}.mp4"
        _check_entry(basic, index, file)
        captions = tuple(_captions(misc.get("frame_caption"), f"entry {index}"))
        return cls(index, file, captions, mean_rating([basic.get("score")]))


def _check_entry(basic: Mapping[str, Any], index: int, file: str) -> None:
    path = basic.get("clip_path")
    need(isinstance(path, str), "malformed_metadata", f"clip_path of entry {index} is {path!r}")
    named = "/".join(str(path).split("/")[-2:])
    need(named == file, "clip_disagrees", f"entry {index} names {named}, its position says {file}")
    for name in ("globalidx", "vidproidx"):
        stated = basic.get(name)
        if stated is None:
            continue
        text = str(stated).lstrip("0") or "0"  # "000012" in one of the authors' writers
        need(
            text in (str(index), str(index // 2)),
            "clip_disagrees",
            f"{name} of entry {index} is {stated!r}, expected {index} or {index // 2}",
        )


def _captions(value: object, owner: str) -> Iterator[str]:
    """The caption as text or as a list of texts; none where it is missing."""
    for text in value if isinstance(value, list) else [] if value is None else [value]:
        if not isinstance(text, str):
            raise Reject("malformed_caption", f"frame_caption of {owner} is {value!r}")
        yield text


def _prompt(record: Mapping[str, Any], *clips: _Clip) -> str:
    """The one prompt that the pair and both of its clips name.

    Raises:
        Reject: `malformed_caption`, `missing_field`, `prompts_differ`, `empty_prompt`.
    """
    said = list(_captions(record.get("frame_caption"), "the pair"))
    said += [caption for clip in clips for caption in clip.captions]
    need(bool(said), "missing_field", "neither the pair nor its clips have a frame_caption")
    differing = sorted(set(said))
    need(len(differing) == 1, "prompts_differ", f"the captions differ: {differing}")
    need(bool(said[0].strip()), "empty_prompt", "frame_caption is empty")
    return said[0]


def _margin(record: Mapping[str, Any], winner: _Clip, loser: _Clip) -> float | None:
    """The difference of OmniScores: as the pair states it, or from the scores of its clips."""
    stated = mean_rating([record.get("diff_score")])
    if stated is None and winner.score is not None and loser.score is not None:
        return winner.score - loser.score
    return stated


def _is_index(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
