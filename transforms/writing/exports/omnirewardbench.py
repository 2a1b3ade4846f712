"""The columns of Omni-RewardBench, so that its evaluation scripts read a dataset of this schema.

Response 1 is A and response 2 is B: which is which was decided by a hash, so position says nothing
of the label. Ties have a place here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, get_args

import pyarrow as pa

from schemas.tasks import TaskName
from transforms.beamkit import files
from transforms.writing.exports import row as rows
from transforms.writing.exports.dataset_card import write_card
from transforms.writing.exports.format import Options, Part, PartCounts, UnfitError, subsets_of
from transforms.writing.exports.media_files import MediaFiles, named
from transforms.writing.exports.parquet_files import MEDIUM, TEXT, ParquetFiles, schema_of
from transforms.writing.exports.row import Medium, Row

_PREFERENCES: Final = {"a": "response1", "b": "response2", "tie": "tie"}


@dataclass(frozen=True)
class _Form:
    """How a task stands in the columns.

    Attributes:
        config: the benchmark's name of the task.
        prompt: column of the prompt's medium and the slot that fills it.
        response: slot that fills the responses; None for text.
        cells: columns that hold media themselves, with their feature.
    """

    config: str
    prompt: tuple[str, str] | None
    response: str | None
    cells: dict[str, str]


_BOTH_IMAGES: Final = {"response1": "Image", "response2": "Image"}

_FORMS: Final[dict[TaskName, _Form]] = {
    "t2t": _Form("text_to_text", None, None, {}),
    "ti2t": _Form("text_image_to_text", ("image", "prompt_images"), None, {"image": "Image"}),
    "tv2t": _Form("text_video_to_text", ("video", "prompt_videos"), None, {}),
    "ta2t": _Form("text_audio_to_text", ("audio", "prompt_audios"), None, {"audio": "Audio"}),
    "t2i": _Form("text_to_image", None, "image", _BOTH_IMAGES),
    "t2v": _Form("text_to_video", None, "video", {}),
    "t2a": _Form("text_to_audio", None, "audio", {"response1": "Audio", "response2": "Audio"}),
    "t23d": _Form("text_to_3D", None, "views", _BOTH_IMAGES),
    "ti2i": _Form(
        "text_image_to_image",
        ("image", "prompt_images"),
        "image",
        {"image": "Image", **_BOTH_IMAGES},
    ),
}


class OmniRewardBench:
    """Parquet files a task, with media as files beside them too."""

    name = "omnirewardbench"
    about = "the columns of Omni-RewardBench, for its evaluation scripts"
    tasks: frozenset[TaskName] = frozenset(get_args(TaskName))

    @contextmanager
    def sink(self, part: Part, folder: str, options: Options) -> Iterator[_Sink]:
        """Open the Parquet files of a part."""
        form = _FORMS[part.task]
        stem = f"{form.config}/{part.subset}-{part.split}"
        with ParquetFiles(folder, stem, _schema(form)) as out:
            yield _Sink(form, MediaFiles(folder, "media"), out)

    def finish(self, folder: str, parts: Sequence[PartCounts], gone: Collection[str]) -> None:
        """Write the README over all tasks that are there."""
        configs = {
            form.config: {"test": f"{form.config}/*.parquet"}
            for form in _FORMS.values()
            if files.find(folder, form.config, "*.parquet")
        }
        lines = (
            "",
            "Preference pairs in the columns of Omni-RewardBench, by task. All rows are in the",
            "split `test`, as its scripts expect; paths are relative to this folder.",
            *(line for remark in self.remarks(parts) for line in ("", remark)),
        )
        write_card(folder, configs, lines)

    def remarks(self, parts: Sequence[PartCounts]) -> list[str]:
        """Which clips have no form: a video column takes a file."""
        lost = [one for one in parts if _of_frames(one)]
        if not lost:
            return []
        number = sum(map(_of_frames, lost))
        return [
            f"{', '.join(subsets_of(lost))}: clips that are there as frames only have no form in "
            f"{self.name} ({number:,} row{'s' if number > 1 else ''})"
        ]


def _of_frames(counts: PartCounts) -> int:
    """Rows left out for want of a video file; what such a row holds are the frames of one."""
    return counts.dropped["no_video"] + counts.dropped["no_prompt_videos"]


def _schema(form: _Form) -> pa.Schema:
    columns: dict[str, pa.DataType] = {"id": TEXT, "prompt": TEXT}
    if form.prompt is not None:
        columns |= {form.prompt[0]: TEXT, f"{form.prompt[0]}_path": TEXT}
    columns |= {"response1": TEXT, "response2": TEXT}
    if form.response is not None:
        columns |= {"response1_path": TEXT, "response2_path": TEXT}
    columns |= dict.fromkeys(("model1", "model2", "criteria", "criteria_preference"), TEXT)
    columns |= dict.fromkeys(form.cells, MEDIUM)
    return schema_of(columns, form.cells)


class _Sink:
    def __init__(self, form: _Form, media: MediaFiles, out: ParquetFiles) -> None:
        self.form, self.media, self.out = form, media, out

    def add(self, row: Row) -> Sequence[str]:
        """Write a row."""
        preferred = _PREFERENCES.get(row["preference"])
        if preferred is None:
            raise UnfitError("no_preference")
        turns, folded = rows.with_system_folded(rows.turns(row))
        if len(turns) != 1:
            raise UnfitError("several_turns")
        held = self._media(row)
        made: dict[str, Any] = {
            "id": row["row_id"],
            "prompt": turns[0][1],
            "model1": row["response_a_model"],
            "model2": row["response_b_model"],
            "criteria": row["criterion"],
            "criteria_preference": preferred,
        }
        for name, side in (("response1", "a"), ("response2", "b")):
            if name not in held:
                made[name] = rows.text_of(row, side)
        for name, medium in held.items():
            path = self.media.put(medium)
            made[f"{name}_path"] = path
            made[name] = named(medium) if name in self.form.cells else path
        self.out.add(made, sum(len(one["bytes"]) for one in held.values()) + len(str(made)))
        return ["system_turn_folded"] if folded else []

    def files(self) -> list[str]:
        """The Parquet files."""
        return list(self.out.names)

    def _media(self, row: Row) -> dict[str, Medium]:
        """The medium of each column that has one."""
        held = {}
        if self.form.prompt is not None:
            column, slot = self.form.prompt
            held[column] = _only(rows.media(row, slot), slot)
        if self.form.response is not None:
            slot = self.form.response
            for name, side in (("response1", "a"), ("response2", "b")):
                held[name] = _only(rows.response_media(row, side, slot)[1], slot)
        return held


def _only(media: Sequence[Medium], slot: str) -> Medium:
    if len(media) != 1:
        raise UnfitError(f"{'several' if media else 'no'}_{slot}")
    return media[0]
