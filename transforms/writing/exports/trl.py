"""TRL's preference format: conversational, with pictures of the prompt beside it.

`prompt`, `chosen` and `rejected` are lists of ``{"role", "content"}``; the criterion is the system
turn. `images` go before the first user turn when the trainer puts them in. A picture as an answer
has no place in this format.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from schemas.tasks import TaskName
from transforms.beamkit import files
from transforms.writing.exports import row as rows
from transforms.writing.exports.clips import evenly, video_frames
from transforms.writing.exports.dataset_card import write_card
from transforms.writing.exports.format import Options, Part, PartCounts, UnfitError
from transforms.writing.exports.media_files import named
from transforms.writing.exports.parquet_files import MEDIA, TURNS, ParquetFiles, schema_of
from transforms.writing.exports.placeholders import without_placeholders
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
        columns = {"chosen": TURNS, "rejected": TURNS}
        if not options.implicit_prompt:
            columns = {"prompt": TURNS, **columns}
        if part.task in _PICTURED:
            columns["images"] = MEDIA
        schema = schema_of(columns, {"images": "Image"} if "images" in columns else {})
        with ParquetFiles(folder, f"data/{part.subset}/{part.split}", schema) as out:
            yield _Sink(part, options, out)

    def finish(self, folder: str, parts: Sequence[PartCounts]) -> None:
        """Write the README over all parts that are there, those of former exports too."""
        configs: dict[str, dict[str, str]] = {}
        for path, _ in files.matching(files.join(folder, "data", "*", "*.parquet")):
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


class _Sink:
    def __init__(self, part: Part, options: Options, out: ParquetFiles) -> None:
        self.task, self.options, self.out = part.task, options, out

    def add(self, row: Row) -> Sequence[str]:
        """Write a row."""
        notes: list[str] = []
        who = rows.sides(row)
        answers = [rows.text_of(row, side) for side in (who.chosen, who.rejected)]
        pictures = _pictures(row, self.task, self.options.frames)
        prompt = _prompt(row, len(pictures), notes)
        chosen, rejected = ([{"role": "assistant", "content": text}] for text in answers)
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


def _prompt(row: Row, pictures: int, notes: list[str]) -> list[dict[str, str]]:
    """The turns of the prompt, the criterion before them as the system turn."""
    said = rows.turns(row)
    criterion = row["criterion"]
    folded, was = rows.with_system_folded(said)
    if criterion is not None:
        said = [("system", criterion), *folded]
        if was:
            notes.append("system_turn_folded")
    turns = [{"role": role, "content": content} for role, content in said]
    if pictures:
        for turn in turns:
            turn["content"] = without_placeholders(turn["content"])
    return turns


def _pictures(row: Row, task: str, frames: int) -> list[Medium]:
    """The pictures of the prompt, or frames of its clip.

    Raises:
        UnfitError: there are none.
    """
    if task not in _PICTURED:
        return []
    found = list(rows.media(row, "prompt_images"))
    if task == "tv2t":
        clips = rows.media(row, "prompt_videos")
        if len(clips) > 1:
            raise UnfitError("several_clips")
        found = (
            video_frames(clips[0], frames)
            if clips
            else evenly(rows.media(row, "prompt_frames"), frames)
        )
    if not found:
        raise UnfitError("no_prompt_medium")
    return found
