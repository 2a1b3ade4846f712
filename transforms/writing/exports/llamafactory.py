"""LLaMA-Factory's ranking format as the reward trainer of Omni-RewardData reads it.

A row is ``{"conversations", "chosen", "rejected", "images"|"videos"|"audios"}``. The trainer tells
the forms apart by counting media, so a row that would be taken for another form is never written:

* the criterion is the system turn, and nothing else is;
* two media, or more where chosen and rejected are equal, are halves: one for each side;
* otherwise all media belong to both sides;
* the placeholders in the conversation are those of one side, all in one turn.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, get_args

from schemas.tasks import TaskName
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.writing.exports import row as rows
from transforms.writing.exports.clips import clip_frames, evenly
from transforms.writing.exports.format import Options, Part, PartCounts, UnfitError, subsets_of
from transforms.writing.exports.json_list import JsonList
from transforms.writing.exports.llamafactory_names import names_of
from transforms.writing.exports.media_files import MediaFiles
from transforms.writing.exports.placeholders import (
    AUDIO,
    IMAGE,
    VIDEO,
    cut,
    escaped,
    folded,
    own_of_frames,
    placed,
    without_own,
)
from transforms.writing.exports.row import Medium, Row

_FROM: Final = {"user": "human", "assistant": "gpt"}
_INFO: Final = "dataset_info.json"
_COLUMN: Final = {IMAGE: "images", VIDEO: "videos", AUDIO: "audios"}

Made = dict[str, Any]
#: A placeholder, and how often it stands for media of a prompt.
Own = tuple[str, int]


class LlamaFactory:
    """One JSON list a part, media as files beside it, and `dataset_info.json`."""

    name = "llamafactory"
    about = "LLaMA-Factory's ranking format, as the reward trainer of Omni-RewardData reads it"
    tasks: frozenset[TaskName] = frozenset(get_args(TaskName))

    @contextmanager
    def sink(self, part: Part, folder: str, options: Options) -> Iterator[_Sink]:
        """Open the JSON list of a part."""
        with JsonList(files.join(folder, f"{_key(part)}.json")) as out:
            yield _Sink(part, folder, options, out)

    def finish(self, folder: str, parts: Sequence[PartCounts], gone: Collection[str]) -> None:
        """Enter the parts into `dataset_info.json`; entries of others stay, but for files gone.

        Raises:
            BuildError: there is a file of that name, and it is not JSON.
        """
        path = files.join(folder, _INFO)
        info: dict[str, Any] = {}
        if files.exists(path):
            try:
                info = dict(json.loads(files.read_bytes(path)))
            except (ValueError, TypeError):
                raise BuildError(f"{path}: not a JSON object; move it away") from None
        info = {key: entry for key, entry in info.items() if _file_of(entry) not in gone}
        for counts in parts:
            if counts.files:
                info[_key(counts.part)] = _entry(counts.part)
        data = json.dumps(info, indent=2, ensure_ascii=False) + "\n"
        files.write_once(path, data.encode())

    def remarks(self, parts: Sequence[PartCounts]) -> list[str]:
        """Which paths bind the export to its folder."""
        bound = subsets_of(one for one in parts if one.part.task == "ti2i" and one.rows_out)
        if not bound:
            return []
        return [
            f"{', '.join(bound)}: paths of pictures are absolute, as the trainer joins no folder "
            "to them; if you move the folder, export again"
        ]


def _file_of(entry: object) -> object:
    return entry.get("file_name") if isinstance(entry, dict) else None


def _key(part: Part) -> str:
    key = names_of(part.subset).key
    return key if part.split == "train" else f"{key}_{part.split}"


def _entry(part: Part) -> dict[str, Any]:
    columns = {"messages": "conversations", "chosen": "chosen", "rejected": "rejected"}
    columns |= {name: name for name in _MEDIA_COLUMNS[part.task]}
    return {
        "file_name": f"{_key(part)}.json",
        "formatting": "sharegpt",
        "ranking": True,
        "columns": columns,
    }


class _Sink:
    """Writes the rows of one part in the form of its task."""

    def __init__(self, part: Part, folder: str, options: Options, out: JsonList) -> None:
        self.media = MediaFiles(folder, names_of(part.subset).media)
        self.folder, self.options, self.out = folder, options, out
        self.shape = _SHAPES[part.task]

    def add(self, row: Row) -> Sequence[str]:
        """Write a row."""
        notes: list[str] = []
        self.out.add(self.shape(self, row, notes))
        return notes

    def files(self) -> list[str]:
        """The JSON list; none without a row."""
        return [self.out.path.rsplit("/", 1)[-1]] if self.out.any else []

    def put(self, media: Sequence[Medium]) -> list[str]:
        """Write media; gives their paths."""
        return [self.media.put(one) for one in media]


def _ranked(
    row: Row, turns: Sequence[tuple[str, str]], answers: tuple[str, str], notes: list[str]
) -> Made:
    """A row of the format but for its media; turns are ready, the rest is escaped here."""
    said = [{"from": _FROM[role], "value": value} for role, value in turns]
    criterion = row["criterion"]
    if criterion is not None:
        if not criterion.strip():
            raise UnfitError("empty_criterion")
        said.insert(0, {"from": "system", "value": escaped(criterion, notes)})
    chosen, rejected = ({"from": "gpt", "value": escaped(one, notes)} for one in answers)
    return {"conversations": said, "chosen": chosen, "rejected": rejected}


def _shared(
    sink: _Sink, row: Row, notes: list[str], token: str, media: Sequence[Medium], *own: Own
) -> Made:
    """Answers in text, and media that belong to both; `own` are the prompt's placeholders of them.

    Whether answers are equal is asked of what is written: escaping makes some so.
    """
    who = rows.sides(row)
    answers = rows.text_of(row, who.chosen), rows.text_of(row, who.rejected)
    if token and not media:
        raise UnfitError("no_prompt_medium")
    if len(media) == 2:
        raise UnfitError("two_shared_media")
    turns, was = folded(cut(rows.turns(row), own))
    if was:
        notes.append("system_turn_folded")
    made = _ranked(row, placed(turns, token, len(media), notes), answers, notes)
    if len(media) > 2 and made["chosen"] == made["rejected"]:
        raise UnfitError("equal_answers")
    return made | ({_COLUMN[token]: sink.put(media)} if token else {})


def _halves(
    sink: _Sink, row: Row, notes: list[str], token: str, sides: Sequence[Sequence[Medium]]
) -> Made:
    """Answers that are media, as many on each side; the prompt's text stands on both.

    Placeholders of media that the prompt shows are not of its text: all media stand in the turn.
    """
    own = (IMAGE, len(rows.media(row, "prompt_images")))
    ((_, pieces),) = cut([("user", rows.one_text(row))], [own])
    text = without_own(pieces)
    if not text.strip():
        raise UnfitError("no_prompt")
    made = _ranked(row, [("user", token * len(sides[0]))], (text, text), notes)
    return made | {_COLUMN[token]: [path for side in sides for path in sink.put(side)]}


def _t2t(sink: _Sink, row: Row, notes: list[str]) -> Made:
    return _shared(sink, row, notes, "", ())


def _ti2t(sink: _Sink, row: Row, notes: list[str]) -> Made:
    media = rows.media(row, "prompt_images")
    return _shared(sink, row, notes, IMAGE, media, (IMAGE, len(media)))


def _ta2t(sink: _Sink, row: Row, notes: list[str]) -> Made:
    media = rows.media(row, "prompt_audios")
    return _shared(sink, row, notes, AUDIO, media, (AUDIO, len(media)))


def _tv2t(sink: _Sink, row: Row, notes: list[str]) -> Made:
    """A clip that exists as frames is given as pictures. Both columns are there in every row."""
    videos = rows.media(row, "prompt_videos")
    if videos:
        return _shared(sink, row, notes, VIDEO, videos, (VIDEO, len(videos))) | {"images": []}
    frames = rows.media(row, "prompt_frames")
    few, own = evenly(frames, sink.options.frames), own_of_frames(frames)
    return _shared(sink, row, notes, IMAGE, few, *own) | {"videos": []}


def _t2i(sink: _Sink, row: Row, notes: list[str]) -> Made:
    return _halves(sink, row, notes, IMAGE, _each(row, "image"))


def _t2a(sink: _Sink, row: Row, notes: list[str]) -> Made:
    return _halves(sink, row, notes, AUDIO, _each(row, "audio"))


def _t2v(sink: _Sink, row: Row, notes: list[str]) -> Made:
    who = rows.sides(row)
    clips = [clip_frames(row, side, sink.options.frames) for side in (who.chosen, who.rejected)]
    number = min(len(clip) for clip in clips)
    return _halves(sink, row, notes, IMAGE, [evenly(clip, number) for clip in clips])


def _t23d(sink: _Sink, row: Row, notes: list[str]) -> Made:
    sides = _each(row, "views")
    number = min(len(side) for side in sides)
    return _halves(sink, row, notes, IMAGE, [evenly(side, number) for side in sides])


def _ti2i(sink: _Sink, row: Row, notes: list[str]) -> Made:
    """A list a side; the trainer joins no folder to paths inside lists, so they are absolute."""
    shown = rows.media(row, "prompt_images")
    if not shown:
        raise UnfitError("no_prompt_medium")
    sides = [[*shown, *side] for side in _each(row, "image")]
    made = _halves(sink, row, notes, IMAGE, sides)
    top = os.path.abspath(sink.folder) if files.is_local(sink.folder) else sink.folder
    made["images"] = [[files.join(top, path) for path in sink.put(side)] for side in sides]
    return made


def _each(row: Row, slot: str) -> list[Sequence[Medium]]:
    """What fills a slot of the chosen response, and of the rejected one."""
    who = rows.sides(row)
    return [rows.response_media(row, side, slot)[1] for side in (who.chosen, who.rejected)]


_SHAPES: Final[Mapping[str, Callable[[_Sink, Row, list[str]], Made]]] = {
    "t2t": _t2t, "ti2t": _ti2t, "tv2t": _tv2t, "ta2t": _ta2t, "t2i": _t2i, "t2v": _t2v,
    "t2a": _t2a, "t23d": _t23d, "ti2i": _ti2i,
}  # fmt: skip

_MEDIA_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "t2t": (), "ti2t": ("images",), "tv2t": ("images", "videos"), "ta2t": ("audios",),
    "t2i": ("images",), "t2v": ("images",), "t2a": ("audios",), "t23d": ("images",),
    "ti2i": ("images",),
}  # fmt: skip
