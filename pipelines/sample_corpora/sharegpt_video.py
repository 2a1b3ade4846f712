"""ShareGPTVideo, preference part: JSON lines, and frames of clips in gzipped tar archives.

Layout from the dataset card, its file list and public copies (records, names of clips and of
frames). Invented: the folder above the clips' own, the lines' other keys, how clips are spread.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from pipelines.sample_corpora.clips import frames
from pipelines.sample_corpora.files import TarGz, write_lines
from pipelines.sample_corpora.pictures import truncated
from pipelines.sample_corpora.planted import Corpus, Planted
from pipelines.sample_corpora.scheduling import FAULT_SHARE, Mark, counts, scaled, spread, stream
from pipelines.sample_corpora.text import BLANKS, differing, length, texts

NAME: Final = "sharegpt_video"
FULL_SCALE: Final = 17_000
RECORDS_FILE: Final = "video_instruction/train/dpo/sft_dpo_17k.jsonl"
ARCHIVE_FILES: Final = tuple(f"train_300k/chunk_{number}.tar.gz" for number in range(3))
FRAMES: Final = 6

#: Refused by the adapter; the last two because of what the archives hold.
RECORD_FAULTS: Final[tuple[str, ...]] = (
    "missing_field",
    "empty_prompt",
    "empty_response",
    "not_text",
    "score_out_of_range",
    "label_contradictory",
    "malformed_path",
    "media_missing",
    "clip_ambiguous",
)
MEDIA_FAULTS: Final[tuple[str, ...]] = ("image_undecodable", "identical_responses")
TIE: Final[str] = "tie"
TRAPS: Final[tuple[str, ...]] = (
    "no_scores",
    "score_as_text",
    "mark_missing",
    "answer_as_turn",
    "path_of_clip",
    "extra_members",
)

Record = dict[str, Any]


def write(folder: Path, scale: float, seed: int, faults: bool) -> Planted:
    """Write the corpus into `folder`; frames are made clip by clip."""
    records = scaled(FULL_SCALE, scale, least=40)
    codes = (*RECORD_FAULTS, *MEDIA_FAULTS, TIE, *TRAPS)
    planned = counts(records, dict.fromkeys(codes, FAULT_SHARE) if faults else {})
    marks = spread(records, planned, stream(seed, NAME, "plan"))
    write_lines(
        folder / RECORDS_FILE,
        (_record(number, marks.get(number), seed) for number in range(records)),
    )
    with ExitStack() as stack:
        archives = [stack.enter_context(TarGz.writing(folder / name)) for name in ARCHIVE_FILES]
        for number in range(records):
            for at, name, data in _members(number, marks.get(number), seed):
                archives[at % len(archives)].add(name, data)
    bad = {code: planned[code] for code in (*RECORD_FAULTS, *MEDIA_FAULTS) if code in planned}
    dropped = {TIE: planned[TIE]} if faults else {}
    traps = {code: planned[code] for code in TRAPS if code in planned}
    good = records - sum(bad.values()) - sum(dropped.values())
    files = (RECORDS_FILE, *ARCHIVE_FILES)
    return Planted(NAME, records, good, bad, traps, files, dropped)


CORPUS: Final = Corpus(NAME, FULL_SCALE, write)


def _clip(number: int) -> str:
    """The name of a record's clip."""
    return f"v_{number * 7919:011d}-Scene-{number % 40:03d}"


def _record(number: int, mark: Mark | None, seed: int) -> Record:
    code, nth = mark or Mark("", 0)
    rng, pool = stream(seed, NAME, "row", number), texts(seed)
    chosen = pool.description(rng, length(rng, 250))
    rejected = pool.description(rng, length(rng, 250))
    scores = sorted(int(score) for score in rng.choice(5, 2, replace=False) + 1)
    record: Record = {
        "id": f"{_clip(number)}_{number % 3}",
        "video": _clip(number),
        "prompt": f"<video>\n{pool.visual_questions.one(rng)}",
        "answer": pool.description(rng, 120),
        "chosen": chosen,
        "rejected": differing(chosen, rejected, more=pool.visual.one(rng)),
        "chosen_score": scores[1],
        "rejected_score": scores[0],
    }
    _spoil(record, code, nth)
    _vary(record, code)
    return record


def _spoil(record: Record, code: str, nth: int) -> None:
    """Plant the fault that a record carries."""
    better, worse = record["chosen_score"], record["rejected_score"]
    match code:
        case "missing_field":
            record[("video", "prompt", "chosen", "rejected")[nth % 4]] = None
        case "empty_prompt":
            record["prompt"] = ("<video>\n", " <video> ")[nth % 2]
        case "empty_response":
            record[("chosen", "rejected")[nth % 2]] = BLANKS[nth // 2 % len(BLANKS)]
        case "not_text":
            record["rejected"] = ([record["rejected"]], 4)[nth % 2]
        case "score_out_of_range":
            record["chosen_score"] = (10, 0)[nth % 2]
        case "label_contradictory":
            record |= {"chosen_score": worse, "rejected_score": better}
        case "malformed_path":
            record["video"] = ("", "..", "clips/..")[nth % 3]
        case "identical_responses":
            record["rejected"] = record["chosen"]


def _vary(record: Record, code: str) -> None:
    """Plant the trap or tie that a record carries."""
    match code:
        case "tie":
            record["rejected_score"] = record["chosen_score"]
        case "no_scores":
            del record["chosen_score"], record["rejected_score"]
        case "score_as_text":
            record["chosen_score"] = f"{record['chosen_score']}"
        case "mark_missing":
            record["prompt"] = record["prompt"].removeprefix("<video>\n")
        case "answer_as_turn":
            record |= {
                name: {"from": "gpt", "value": record[name]} for name in ("chosen", "rejected")
            }
        case "path_of_clip":
            record["video"] = f"train_300k/{record['video']}.mp4"


def _members(number: int, mark: Mark | None, seed: int) -> Iterator[tuple[int, str, bytes]]:
    """The frames of a clip, each with the number of its archive; taken at uneven distances."""
    code, nth = mark or Mark("", 0)
    if code == "media_missing":
        return
    rng = stream(seed, NAME, "clip", number)
    pictures = frames(rng, FRAMES, 48)
    moments = sorted({1, *(int(moment) for moment in rng.choice(400, FRAMES - 1) + 2)})
    for at, (moment, data) in enumerate(zip(moments, pictures, strict=False)):
        broken = code == "image_undecodable" and at == nth % len(moments)
        name = f"train_300k/{_clip(number)}/c01_{moment:04d}.jpeg"
        yield number, name, truncated(data) if broken else data
    if code == "clip_ambiguous":
        yield number + 1, f"train_300k/{_clip(number)}/c01_0001.jpeg", pictures[0]
    if code == "extra_members":
        yield number, f"train_300k/v_unasked-Scene-{number:03d}/c01_0001.jpeg", pictures[0]
        yield number, f"train_300k/{_clip(number)}/notes.txt", b"one scene"
