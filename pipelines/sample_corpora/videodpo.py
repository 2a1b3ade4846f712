"""VideoDPO as frames: comparisons of two runs of pictures in words, and two zip archives.

Layout from the file list of CodeGoat24/VideoDPO and public loaders of its format. Invented: how
many frames a clip has, how they are named below ``winvideos`` and ``losevideos``, and that
swapped copies (``_rev``), which later files bring, stand in the same list.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from pipelines.sample_corpora.clips import frames
from pipelines.sample_corpora.copied_media import (
    MediaPair,
    copied_media,
    pictures,
    several,
)
from pipelines.sample_corpora.copies import Copies, Made, plain_records
from pipelines.sample_corpora.files import replacing, write_zip
from pipelines.sample_corpora.keys import record_key
from pipelines.sample_corpora.pictures import truncated
from pipelines.sample_corpora.planted import Corpus, Planted
from pipelines.sample_corpora.scheduling import FAULT_SHARE, Mark, counts, scaled, spread, stream
from pipelines.sample_corpora.text import texts

NAME: Final = "videodpo"
FULL_SCALE: Final = 10_000
RECORDS_FILE: Final = "train_data.json"
FOLDERS: Final = ("winvideos", "losevideos")
FRAMES: Final = 8

RECORD_FAULTS: Final[tuple[str, ...]] = (
    "label_missing",
    "label_ambiguous",
    "label_contradictory",
    "malformed_images",
    "malformed_conversation",
    "missing_field",
)
MEDIA_FAULTS: Final[tuple[str, ...]] = ("media_missing", "image_undecodable", "identical_responses")
#: Extra records beside a good one, and records that call both clips alike.
TWINS: Final[tuple[str, ...]] = ("reversed_twin", "repeated_record")
TIE: Final[str] = "tie"
TRAPS: Final[tuple[str, ...]] = (
    "prompt_in_question",
    "foreign_prefix",
    "one_frame",
    "extra_members",
)

_QUESTION: Final = (
    "{}\nTwo clips were generated from one text caption. Say which follows it better and looks "
    "better: \"Video 1 is better.\", \"Video 2 is better.\" or \"Both videos are equally good.\"\n"
    "Text Caption: [{}]"
)  # fmt: skip
_NO_VERDICT: Final = ("Both have their merits.", "The second one.", "")

Record = dict[str, Any]


def write(folder: Path, scale: float, seed: int, faults: bool, copies: bool = False) -> Planted:
    """Write the corpus into `folder`. Memory does not grow with the number of frames."""
    pairs = scaled(FULL_SCALE, scale, least=40)
    codes = (*RECORD_FAULTS, *MEDIA_FAULTS, *TWINS, TIE, *TRAPS)
    planned = counts(pairs, dict.fromkeys(codes, FAULT_SHARE) if faults else {})
    marks = spread(pairs, planned, stream(seed, NAME, "plan"))
    plain = plain_records(pairs, marks) if copies else []
    more = Copies.planned(NAME, plain, _COPIED.ways("as_is", "swapped"), seed, copies)
    made: list[Made[MediaPair]] = []

    records = 0
    with (
        replacing(folder / RECORDS_FILE) as temporary,
        temporary.open("w", encoding="utf-8") as listing,
    ):
        for pair in range(pairs):
            found = [*_records(pair, marks.get(pair), seed)]
            if pair in more.jobs:
                made.append(_made(pair, found[0], more, seed))
                found.append(_copy(pairs + len(made) - 1, made[-1], found[0], more))
            for record in found:
                listing.write(", " if records else "[")
                listing.write(json.dumps(record, ensure_ascii=False))
                records += 1
        listing.write("]")
    for side, name in enumerate(FOLDERS):
        write_zip(folder / f"{name}.zip", _members(side, pairs, marks, made, seed))

    bad = {code: planned[code] for code in (*RECORD_FAULTS, *MEDIA_FAULTS) if code in planned}
    dropped = {code: planned[code] for code in (*TWINS, TIE) if code in planned}
    traps = {code: planned[code] for code in TRAPS if code in planned}
    good = records - sum(bad.values()) - sum(dropped.values())
    files = (RECORDS_FILE, *(f"{name}.zip" for name in FOLDERS))
    return Planted(NAME, records, good, bad, traps, files, dropped, **more.truth())


CORPUS: Final = Corpus(NAME, FULL_SCALE, write, plants_copies=True)
_COPIED: Final = pictures("text_to_video", frames)


def _made(number: int, record: Record, more: Copies, seed: int) -> Made[MediaPair]:
    """The copy, lookalike or leak of a plain pair; its clips are frames in the same order."""
    won, lost = (
        frames(stream(seed, NAME, f"clip {side}", number), FRAMES) for side in range(len(FOLDERS))
    )
    return copied_media(MediaPair(record["prompt"], won, lost), number, more, _COPIED)


def _copy(number: int, made: Made[MediaPair], record: Record, more: Copies) -> Record:
    """The record of a copy, whose clips have a number of their own."""
    names = [[f"{name}/{number:06d}/{at:02d}.jpg" for at in range(FRAMES)] for name in FOLDERS]
    said = record["conversations"][1]["value"]
    won = ("Video 2" in said) != made.swapped
    images = names[won] + names[not won]
    copy = _record(f"{number:06d}", made.pair.prompt, images, int(won))
    key = record_key(NAME)
    made.note(more, key(copy), key(record))
    return copy


def _records(number: int, mark: Mark | None, seed: int) -> Iterator[Record]:
    """The records of a pair: one, and a copy where a twin is planted."""
    code, nth = mark or Mark("", 0)
    rng = stream(seed, NAME, "pair", number)
    prompt = f"{texts(seed).scenes.one(rng)}, {texts(seed).scenes.one(rng)}"
    shown = 1 if code == "one_frame" else FRAMES
    sides = [[f"{name}/{number:06d}/{at:02d}.jpg" for at in range(shown)] for name in FOLDERS]
    won = int(rng.integers(2))  # the place at which the clip that won is shown
    record = _record(f"{number:06d}", prompt, sides[won] + sides[1 - won], won)
    yield _spoiled(record, code, nth, won)
    if code == "reversed_twin":
        yield _record(f"{number:06d}_rev", prompt, sides[1 - won] + sides[won], 1 - won)
    if code == "repeated_record":
        yield record


def _record(name: str, prompt: str, images: list[str], won: int) -> Record:
    return {
        "id": name,
        "images": images,
        "prompt": prompt,
        "conversations": [
            {"from": "human", "value": _QUESTION.format("<image>" * len(images), prompt)},
            {"from": "gpt", "value": f"Video {won + 1} is better."},
        ],
    }


def _spoiled(record: Record, code: str, nth: int, won: int) -> Record:
    """The record with its fault or trap; those of media are made in the archives."""
    images, talk = record["images"], record["conversations"]
    question, answer = talk
    match code:
        case "label_missing":
            return record | {"conversations": [question, answer | {"value": _NO_VERDICT[nth % 3]}]}
        case "label_ambiguous":
            said = "Video 1 is better. Video 2 is better."
            return record | {"conversations": [question, answer | {"value": said}]}
        case "label_contradictory":
            said = f"Video {2 - won} is better."
            return record | {"conversations": [question, answer | {"value": said}]}
        case "tie":
            said = "Both videos are equally good."
            return record | {"conversations": [question, answer | {"value": said}]}
        case "malformed_images":
            other = [f"elsewhere/{name}".replace("videos/", "clips/") for name in images]
            mixed = [*images[1:], images[0]]
            return record | {"images": (images[1:], other, mixed, {"0": images})[nth % 4]}
        case "malformed_conversation":
            return record | {"conversations": (talk[0], talk[:1], [talk, talk])[nth % 3]}
        case "missing_field":
            return record | {("images", "conversations")[nth % 2]: None}
        case "prompt_in_question":
            return {name: value for name, value in record.items() if name != "prompt"}
        case "foreign_prefix":
            return record | {"images": [f"videodpo_image/{name}" for name in images]}
    return record


def _members(
    side: int, pairs: int, marks: dict[int, Mark], made: Sequence[Made[MediaPair]], seed: int
) -> Iterator[tuple[str, bytes]]:
    """The members of one archive; a fault of media lies on either side in turn."""
    for number in range(pairs):
        code, nth = marks.get(number) or Mark("", 0)
        twin = side == 1 and code == "identical_responses"
        pictures = frames(stream(seed, NAME, f"clip {0 if twin else side}", number), FRAMES)
        hurt = nth % FRAMES if nth % 2 == side else None
        for at, data in enumerate(pictures):
            if at == hurt and code == "media_missing":
                continue
            broken = at == hurt and code == "image_undecodable"
            name = f"{FOLDERS[side]}/{number:06d}/{at:02d}.jpg"
            yield name, truncated(data) if broken else data
        if code == "extra_members":
            yield f"{FOLDERS[side]}/{number:06d}/{FRAMES:02d}.jpg", pictures[0]
    for number, copy in enumerate(made, start=pairs):
        for at, data in enumerate(several((copy.pair.chosen, copy.pair.rejected)[side])):
            yield f"{FOLDERS[side]}/{number:06d}/{at:02d}.jpg", data
