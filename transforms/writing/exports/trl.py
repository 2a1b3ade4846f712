"""TRL's preference format: conversational, with pictures of the prompt beside it.

`prompt`, `chosen` and `rejected` are lists of ``{"role", "content"}``; the criterion is the system
turn. Where a task shows pictures, a content is a list of parts: ``{"type": "image"}`` where one of
`images` stands, in order, and ``{"type": "text", "text": …}``. A picture as an answer has no place
in this format. Words like ``<image>`` are escaped in all texts, as processors of pictures would
take them for places of some.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from schemas.tasks import TaskName
from transforms.beamkit import files
from transforms.writing.exports import row as rows
from transforms.writing.exports.clips import evenly, video_frames
from transforms.writing.exports.dataset_card import write_card
from transforms.writing.exports.format import Options, Part, PartCounts, UnfitError
from transforms.writing.exports.media_files import named
from transforms.writing.exports.parquet_files import (
    MEDIA,
    TURNS,
    TURNS_OF_PARTS,
    ParquetFiles,
    schema_of,
)
from transforms.writing.exports.placeholders import (
    IMAGE,
    VIDEO,
    Cut,
    cut,
    escaped,
    folded,
    line_end,
    own_of_frames,
    placed,
)
from transforms.writing.exports.row import Medium, Row

_PICTURED: Final = ("ti2t", "tv2t")
_SPLIT: Final = re.compile(r"data/(?P<subset>[^/]+)/(?P<split>[\w-]+)-\d{5}\.parquet")


class Trl:
    """Parquet files a subset, pictures inside, and a README with a configuration each."""

    name = "trl"
    about = "TRL's preference format: conversational, explicit or implicit prompt, pictures"
    tasks: frozenset[TaskName] = frozenset(("t2t", "ti2t", "tv2t"))

    @contextmanager
    def sink(self, part: Part, folder: str, options: Options) -> Iterator[_Sink]:
        """Open the Parquet files of a part."""
        turns = TURNS_OF_PARTS if part.task in _PICTURED else TURNS
        columns = {"chosen": turns, "rejected": turns}
        if not options.implicit_prompt:
            columns = {"prompt": turns, **columns}
        if part.task in _PICTURED:
            columns["images"] = MEDIA
        schema = schema_of(columns, {"images": "Image"} if "images" in columns else {})
        with ParquetFiles(folder, f"data/{part.subset}/{part.split}", schema) as out:
            yield _Sink(part, options, out)

    def finish(self, folder: str, parts: Sequence[PartCounts], gone: Collection[str]) -> None:
        """Write the README over all parts that are there, those of former exports too."""
        configs: dict[str, dict[str, str]] = {}
        for path, _ in files.find(folder, "data", "*", "*.parquet"):
            found = _SPLIT.search(path)
            if found is not None:
                subset, split = found["subset"], found["split"]
                configs.setdefault(subset, {})[split] = f"data/{subset}/{split}-*.parquet"
        lines = (
            "",
            "Preference pairs for TRL's reward and preference trainers.",
            "",
            "```python",
            "from datasets import load_dataset",
            "",
            f'pairs = load_dataset("path/to/this/folder", "{min(configs, default="NAME")}")',
            "```",
        )
        write_card(folder, configs, lines)

    def remarks(self, parts: Sequence[PartCounts]) -> list[str]:
        """None."""
        return []


class _Sink:
    def __init__(self, part: Part, options: Options, out: ParquetFiles) -> None:
        self.task, self.options, self.out = part.task, options, out

    def add(self, row: Row) -> Sequence[str]:
        """Write a row."""
        notes: list[str] = []
        who = rows.sides(row)
        answers = [escaped(rows.text_of(row, side), notes) for side in (who.chosen, who.rejected)]
        if self.task in _PICTURED:
            pictures, own = _pictures(row, self.task, self.options.frames)
            prompt = _in_parts(_prompt(row, own, notes), len(pictures), notes)
            chosen, rejected = ([_turn("assistant", [_text(one)])] for one in answers)
        else:
            pictures = []
            said = placed(_prompt(row, [], notes), "", 0, notes)
            prompt = [_turn(role, content) for role, content in said]
            chosen, rejected = ([_turn("assistant", one)] for one in answers)
        made: dict[str, Any] = {"prompt": prompt, "chosen": chosen, "rejected": rejected}
        if self.options.implicit_prompt:
            made = {"chosen": [*prompt, *chosen], "rejected": [*prompt, *rejected]}
        if self.task in _PICTURED:
            made["images"] = [named(one) for one in pictures]
        size = sum(len(one["bytes"]) for one in pictures) + sum(map(len, answers))
        self.out.add(made, size)
        return notes

    def files(self) -> list[str]:
        """The Parquet files."""
        return list(self.out.names)


def _turn(role: str, content: object) -> dict[str, Any]:
    return {"role": role, "content": content}


def _text(text: str) -> dict[str, str | None]:
    return {"type": "text", "text": text}


def _picture() -> dict[str, str | None]:
    return {"type": "image", "text": None}


def _prompt(row: Row, own: Sequence[tuple[str, int]], notes: list[str]) -> list[Cut]:
    """The turns of the prompt, cut; the criterion before them as the system turn."""
    said = cut(rows.turns(row), own)
    criterion = row["criterion"]
    alone, was = folded(said)
    if criterion is None:
        return said
    if was:
        notes.append("system_turn_folded")
    return [("system", [criterion]), *alone]


def _in_parts(turns: Sequence[Cut], pictures: int, notes: list[str]) -> list[dict[str, Any]]:
    """The turns in parts, with the pictures where the row's own placeholders stand.

    Where those are others in number, all pictures stand at the first; where there are none, before
    the first user turn.
    """
    places = sum(pieces.count(None) for _, pieces in turns)
    each = 1 if places == pictures else pictures
    left = pictures
    made = []
    for role, pieces in turns:
        parts: list[dict[str, str | None]] = []
        if not places and role == "user":
            parts, left = [_picture() for _ in range(left)], 0
        for at, piece in enumerate(pieces):
            if piece is not None:
                text = piece[line_end(piece) :] if at and pieces[at - 1] is None else piece
                parts += [_text(escaped(text, notes))] if text else []
            elif left:
                parts += [_picture() for _ in range(each)]
                left -= each
        made.append(_turn(role, parts or [_text("")]))
    return made


def _pictures(row: Row, task: str, frames: int) -> tuple[list[Medium], list[tuple[str, int]]]:
    """The pictures of the prompt, or frames of its clip; and what may stand for them in its text.

    Raises:
        UnfitError: there are none.
    """
    found = list(rows.media(row, "prompt_images"))
    own = [(IMAGE, len(found))]
    if task == "tv2t":
        clips = rows.media(row, "prompt_videos")
        if len(clips) > 1:
            raise UnfitError("several_clips")
        stored = rows.media(row, "prompt_frames")
        found = video_frames(clips[0], frames) if clips else evenly(stored, frames)
        own = [(VIDEO, 1)] if clips else own_of_frames(stored)
    if not found:
        raise UnfitError("no_prompt_medium")
    return found, own
