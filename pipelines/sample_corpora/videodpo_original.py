"""VideoDPO as its authors published it: two JSON lists and clips, as files or in tar shards.

Layout from the authors' tools (CIntellifusion/VideoDPO, ``OmniScore``) and a public loader. Both
of their ways to write `globalidx` or `vidproidx`, and captions as text and as lists, occur.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final

from pipelines.sample_corpora.clips import clip
from pipelines.sample_corpora.files import write_json, write_tar
from pipelines.sample_corpora.pictures import truncated, web_page
from pipelines.sample_corpora.planted import Corpus, Planted
from pipelines.sample_corpora.scheduling import FAULT_SHARE, Mark, counts, scaled, spread, stream
from pipelines.sample_corpora.text import texts

FOLDER_NAME: Final = "videodpo_original"
SHARDS_NAME: Final = "videodpo_webdataset"
FULL_SCALE: Final = 10_000
CLIPS_FILE: Final = "metadata.json"
PAIRS_FILE: Final = "pair.json"
SIDES: Final = ("winvideos", "losevideos")
#: Clips of one tar shard.
SHARD_CLIPS: Final = 500
_HOME: Final = "home/someone/dataset/text2video2-10k/total_score_0P_vbscore"

RECORD_FAULTS: Final[tuple[str, ...]] = (
    "missing_field",
    "malformed_index",
    "index_out_of_range",
    "malformed_metadata",
    "malformed_caption",
    "clip_disagrees",
    "label_contradictory",
    "prompts_differ",
    "empty_prompt",
)
MEDIA_FAULTS: Final[tuple[str, ...]] = ("media_missing", "video_undecodable", "identical_responses")
TIE: Final[str] = "tie"
TRAPS: Final[tuple[str, ...]] = ("no_caption_in_metadata", "weight_alone", "no_label", "extra_clip")
NATIVE_TRAPS: Final = {
    "caption_as_list": 0.2,
    "position_as_globalidx": 0.1,
    "vidproidx": 0.1,
    "scored": 0.1,
}

Record = dict[str, Any]
Marks = dict[int, Mark]


def write(folder: Path, scale: float, seed: int, faults: bool, in_shards: bool) -> Planted:
    """Write the corpus into `folder`; clips are made one by one."""
    pairs = scaled(FULL_SCALE, scale, least=40)
    codes = (*RECORD_FAULTS, *MEDIA_FAULTS, TIE, *TRAPS)
    planned = counts(pairs, NATIVE_TRAPS | (dict.fromkeys(codes, FAULT_SHARE) if faults else {}))
    marks = spread(pairs, planned, stream(seed, FOLDER_NAME, "plan"))

    records = [_pair(number, marks.get(number), seed, pairs) for number in range(pairs)]
    write_json(folder / PAIRS_FILE, [pair for pair, _ in records])
    write_json(folder / CLIPS_FILE, [entry for _, entries in records for entry in entries])
    members = _members(pairs, marks, seed)
    files = _in_shards(folder, pairs, members) if in_shards else _as_files(folder, members)

    bad = {code: planned[code] for code in (*RECORD_FAULTS, *MEDIA_FAULTS) if code in planned}
    dropped = {TIE: planned[TIE]} if faults else {}
    traps = {code: planned[code] for code in (*NATIVE_TRAPS, *TRAPS) if code in planned}
    good = pairs - sum(bad.values()) - sum(dropped.values())
    name = SHARDS_NAME if in_shards else FOLDER_NAME
    return Planted(name, pairs, good, bad, traps, (PAIRS_FILE, CLIPS_FILE, *files), dropped)


FOLDER: Final = Corpus(
    FOLDER_NAME,
    FULL_SCALE,
    partial(write, in_shards=False),
    of="videodpo",
    recipe={
        "adapter": "videodpo_original",
        "repo": "CIntellifusion/VideoDPO",
        "licence": "unknown",
        "files": [PAIRS_FILE, CLIPS_FILE, *(f"{side}/*.mp4" for side in SIDES)],
        "options": {},
    },
)

SHARDS: Final = Corpus(
    SHARDS_NAME,
    FULL_SCALE,
    partial(write, in_shards=True),
    of="videodpo",
    recipe={
        "adapter": "videodpo_original",
        "repo": "VideoDPOData/VCDPO2Data",
        "files": [PAIRS_FILE, CLIPS_FILE, "*.tar"],
        "options": {"shards": "*.tar"},
    },
)


def _as_files(folder: Path, members: Iterator[tuple[str, bytes]]) -> list[str]:
    for side in SIDES:
        shutil.rmtree(folder / side, ignore_errors=True)
        (folder / side).mkdir(parents=True)
    names = []
    for name, data in members:
        (folder / name).write_bytes(data)
        names.append(name)
    return names


def _in_shards(folder: Path, pairs: int, members: Iterator[tuple[str, bytes]]) -> list[str]:
    """Tar shards; their members' names are paths of another machine, without the first slash."""
    for old in folder.glob("[0-9]*.tar"):
        old.unlink()
    shards = max(2, 2 * pairs // SHARD_CLIPS)
    size = -(-(3 * pairs) // shards)  # extra clips included
    names = []
    for shard in range(shards):
        names.append(f"{shard:06d}.tar")
        some = islice(members, size)
        write_tar(folder / names[-1], ((f"{_HOME}/{name}", data) for name, data in some))
    return names


def _pair(number: int, mark: Mark | None, seed: int, pairs: int) -> tuple[Record, list[Record]]:
    """A record of ``pair.json`` and its two entries of ``metadata.json``."""
    code, nth = mark or Mark("", 0)
    rng = stream(seed, FOLDER_NAME, "pair", number)
    prompt = f"{texts(seed).scenes.one(rng)}, {texts(seed).scenes.one(rng)}"
    entries: list[Record] = [
        {
            "basic": {
                "clip_duration": 1.6,
                "clip_path": f"/{_HOME}/{side}/{number:06d}.mp4",
                "globalidx": number,
            },
            "misc": {"frame_caption": [prompt]},
        }
        for side in SIDES
    ]
    pair: Record = {
        "video1": 2 * number,
        "video2": 2 * number + 1,
        "label": 0,
        "frame_caption": prompt,
    }
    _spoil(pair, entries, code, nth, 2 * pairs)
    return pair, entries


def _spoil(pair: Record, entries: list[Record], code: str, nth: int, clips: int) -> None:
    """Plant the fault, trap or rule that a pair carries."""
    for at, entry in enumerate(entries):
        _spoil_entry(entry, code, nth, hurt=nth % 2 == at, position=pair[f"video{at + 1}"])
    match code:
        case "missing_field":
            pair[("video1", "video2")[nth % 2]] = None
        case "malformed_index":
            pair["video2"] = (str(pair["video2"]), pair["video2"] + 0.5, [pair["video2"]])[nth % 3]
        case "index_out_of_range":
            pair["video2"] = (clips + 1, -1)[nth % 2]
        case "malformed_caption":
            pair["frame_caption"] = ({"en": pair["frame_caption"]}, 7, [[]])[nth % 3]
        case "empty_prompt":
            pair["frame_caption"] = " "
        case "label_contradictory":
            swapped = {"video1": pair["video2"], "video2": pair["video1"]}
            pair.update((swapped, {"label": 1}, {"diff_score": -0.25})[nth % 3])
        case "tie":
            pair.update({"score": 0.5, "diff_score": 0.0})
        case "weight_alone":
            pair["score"] = 0.42
        case "scored":
            pair.update({"score": 0.375} | ({"diff_score": 0.25} if nth % 2 else {}))
        case "no_label":
            del pair["label"]
        case "caption_as_list":
            pair["frame_caption"] = [pair["frame_caption"]]


def _spoil_entry(entry: Record, code: str, nth: int, *, hurt: bool, position: int) -> None:
    """Plant it in the entry of one clip; a fault in one of the two, which is `hurt`."""
    basic, misc = entry["basic"], entry["misc"]
    match code:
        case "malformed_metadata" if hurt:
            entry["basic"] = (None, [basic], "basic")[nth % 3]
        case "clip_disagrees" if hurt:
            named = {"clip_path": f"videos/{nth:06d}.mp4"}
            basic.update((named, {"globalidx": 7_000_000 + nth})[nth % 2])
        case "prompts_differ" if hurt:
            misc["frame_caption"] = ["something else"]
        case "empty_prompt":
            misc["frame_caption"] = [" "]
        case "no_caption_in_metadata":
            misc["frame_caption"] = []
        case "position_as_globalidx":
            basic["globalidx"] = position
        case "vidproidx":
            basic["vidproidx"] = f"{basic.pop('globalidx'):06d}"
        case "scored":
            basic["score"] = 0.75 - 0.25 * (position % 2)


def _members(pairs: int, marks: Marks, seed: int) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of every clip; a fault lies on either side in turn."""
    for number in range(pairs):
        code, nth = marks.get(number) or Mark("", 0)
        made = [clip(stream(seed, FOLDER_NAME, side, number)) for side in SIDES]
        if code == "identical_responses":
            made[1] = made[0]
        for at, (side, data) in enumerate(zip(SIDES, made, strict=True)):
            hurt = nth % 2 == at
            if code == "media_missing" and hurt:
                continue
            if code == "video_undecodable" and hurt:
                data = web_page(number) if nth // 2 % 2 else truncated(data)  # noqa: PLW2901
            yield f"{side}/{number:06d}.mp4", data
        if code == "extra_clip":
            yield f"{SIDES[0]}/{900_000 + nth:06d}.mp4", made[0]
