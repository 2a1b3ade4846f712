"""How the authors' trainer reads a ranking export, as checks: what it would drop or misread.

Each check follows one rule of the trainer's code. They know nothing of the exporter: they read the
folder as the trainer does, from `dataset_info.json` on.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from PIL import Image

MEDIA = {"images": "<image>", "videos": "<video>", "audios": "<audio>"}
#: The names that the training script lists.
TRAIN_MIX = (
    "rlaifv", "omnialign", "omni_ti2t_rlaifv", "omni_ti2t_vlfeedback", "hpdv2", "evalmuse",
    "omni_t2i_hpd", "omni_t2i_oip", "videodpo", "visionreward", "skywork_reward",
    "omni_t2t_skywork", "omni_t2t_ultrafeedback",
)  # fmt: skip


@dataclass(frozen=True)
class Read:
    """A row as the trainer holds it: `sides` are the media that go with chosen and rejected."""

    system: str
    turns: list[tuple[str, str]]
    chosen: str
    rejected: str
    kind: str | None
    shared: bool
    sides: tuple[list[str], list[str]]


def load(folder: Path, key: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The entry of a key, and the rows of its file."""
    entry = json.loads((folder / "dataset_info.json").read_text())[key]
    assert entry["formatting"] == "sharegpt"
    assert entry["ranking"] is True
    columns = entry["columns"]
    assert (columns["messages"], columns["chosen"], columns["rejected"]) == (
        "conversations", "chosen", "rejected",
    )  # fmt: skip
    rows = json.loads((folder / entry["file_name"]).read_text())
    for row in rows:
        assert set(columns.values()) == set(row), row
    return entry, rows


def read(folder: Path, key: str) -> list[Read]:
    """All rows of a key as the trainer reads them, each rule checked on the way."""
    _, rows = load(folder, key)
    return [_read(folder, row) for row in rows]


def _read(folder: Path, row: dict[str, Any]) -> Read:
    turns = [(turn["from"], turn["value"]) for turn in row["conversations"]]
    # Rule 1: a first system turn is the criterion, and there is no other slot.
    system = ""
    if turns and turns[0][0] == "system":
        system = turns.pop(0)[1]
        assert system.strip()
    # Rule 2: what follows alternates, and there is an odd number of turns.
    assert len(turns) % 2 == 1
    assert [role for role, _ in turns] == (["human", "gpt"] * len(turns))[: len(turns)]
    # Rule 3: chosen and rejected are objects of the role gpt.
    for name in ("chosen", "rejected"):
        assert set(row[name]) == {"from", "value"}
        assert row[name]["from"] == "gpt"
        assert isinstance(row[name]["value"], str)
        assert row[name]["value"]
    chosen, rejected = row["chosen"]["value"], row["rejected"]["value"]
    used = [name for name in MEDIA if row.get(name)]
    # Rule 5, last part: never pictures and clips together.
    assert len(used) <= 1
    kind = used[0] if used else None
    media = row[kind] if kind else []
    # Rule 4: two media, or more with equal answers, are halves; else they are shared.
    if len(media) == 2 or (len(media) > 2 and chosen == rejected):
        assert len(media) % 2 == 0
        half = len(media) // 2
        sides = (media[:half], media[half:])
        if isinstance(media[0], list):
            sides = (media[0], media[1])
        shared = False
        assert chosen == rejected
    else:
        sides, shared = (media, media), True
    # Rule 5: a side has as many placeholders as media, all in one turn, and none elsewhere.
    everything = [value for _, value in turns]
    for side, answer in zip(sides, (chosen, rejected), strict=True):
        texts = [system, *everything, answer]
        for name, token in MEDIA.items():
            count = [text.count(token) for text in texts]
            assert sum(count) == (len(side) if name == kind else 0), (name, count, side)
            assert sum(map(bool, count)) <= 1
            assert count[0] == count[-1] == 0
    # Rule 6: paths lie below the folder; those inside lists are absolute.
    for path in [one for side in sides for one in side]:
        nested = isinstance(media[0], list)
        assert Path(path).is_absolute() == nested
        assert ".." not in Path(path).parts
        assert (folder / path).resolve().is_relative_to(folder.resolve())
        assert (folder / path).is_file()
    return Read(system, turns, chosen, rejected, kind, shared, sides)


def decodes(folder: Path, path: str) -> bool:
    """Whether a medium opens in the way of its ending."""
    data = (folder / path).read_bytes()
    if re.search(r"\.(png|jpe?g|webp)$", path):
        Image.open(io.BytesIO(data)).load()
        return True
    with av.open(io.BytesIO(data)) as container:
        return bool(container.streams)


def all_media(rows: list[Read]) -> Iterator[str]:
    """Every path, as often as it stands there."""
    for row in rows:
        yield from row.sides[0]
        yield from row.sides[1]
