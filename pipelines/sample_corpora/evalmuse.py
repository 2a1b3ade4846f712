"""EvalMuse-40K: rated pictures in one JSON list, and a zip that is published in parts.

Layout from the card (DY-Evalab/EvalMuse): about 40,000 pictures of some 4,000 prompts, of which
about 30,000 have published ratings. Numbers of pictures a prompt and of raters are invented.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from pipelines.sample_corpora.files import replacing, write_zip
from pipelines.sample_corpora.pictures import picture, truncated
from pipelines.sample_corpora.planted import Corpus, Planted
from pipelines.sample_corpora.scheduling import Mark, counts, scaled, spread, stream
from pipelines.sample_corpora.text import texts

NAME: Final = "evalmuse"
PROMPTS: Final = 3_000
PICTURES_OF_PROMPT: Final = 10
FULL_SCALE: Final = PROMPTS * PICTURES_OF_PROMPT
RECORDS_FILE: Final = "train_list.json"
ARCHIVE_FILE: Final = "images.zip"
#: Bytes of a part of the archive for each picture, so that there are about six.
_PART_SHARE: Final = 1_300
_SIZE: Final = 64

#: One record each, of a picture that would neither be the best nor the worst.
RECORD_FAULTS: Final = (
    "missing_field",
    "not_text",
    "malformed_scores",
    "no_ratings",
    "score_out_of_range",
    "malformed_marks",
)
#: All records of a prompt, or of a picture.
GROUP_FAULTS: Final = ("image_rated_twice", "too_few_responses")
PAIR_FAULTS: Final = ("image_undecodable", "media_missing", "identical_responses")
DROPPED: Final = ("tie", "meaningless_prompt", "repeated_record")
TRAPS: Final = (
    "element_score_as_text",
    "prompt_id_of_several_prompts",
    "rating_not_a_number",
    "unused_broken_picture",
    "extra_members",
)
NATIVE_TRAPS: Final = {"raters_disagree": 0.1, "meaningless_for_a_minority": 0.05}
_SHARE: Final = 0.004

_MODELS: Final = (
    "SDXL", "SDXL-Turbo", "SD3", "SD_v1.5", "SD_v2.1", "Kandinsky3", "PixArt-Sigma", "Playground",
    "LCM", "Midjourney",
)  # fmt: skip
_KINDS: Final = ("object", "attribute", "activity", "location", "color", "counting")
_RATERS: Final = 3
_BEST, _WORST = 0, 1

Record = dict[str, Any]

#: What one record of a prompt says instead, by turns; the record takes no part in a good pair.
_CHANGES: Final[dict[str, tuple[Record, ...]]] = {
    "missing_field": tuple(
        {name: None}
        for name in ("prompt_id", "img_path", "total_score", "promt_meaningless", "prompt")
    ),
    "not_text": ({"prompt": ["a", "list"]}, {"prompt_id": {"id": 3}}, {"img_path": 7}),
    "malformed_scores": ({"total_score": 3.5}, {"total_score": {"1": 4}}, {"total_score": "4"}),
    "no_ratings": ({"total_score": []}, {"total_score": ["N/A", None, "N/A"]}),
    "score_out_of_range": ({"total_score": [3, 7, 3]}, {"total_score": [0, 3, 3]}),
    "malformed_marks": (
        {"promt_meaningless": "0"},
        {"promt_meaningless": ["no", "no"]},
        {"promt_meaningless": {"0": 0}},
    ),
    "raters_disagree": ({"total_score": [1, 5, 3]},),
    "meaningless_for_a_minority": ({"promt_meaningless": [1, 1, 1]},),
}


@dataclass
class _Group:
    """The records of one prompt, and what the archive has for them: name -> how it is made."""

    records: list[Record] = field(default_factory=list)
    members: dict[str, str] = field(default_factory=dict)


def write(folder: Path, scale: float, seed: int, faults: bool) -> Planted:
    """Write the corpus into `folder`, its archive in parts. Memory does not grow with pictures."""
    prompts = scaled(PROMPTS, scale, least=30)
    codes = (*RECORD_FAULTS, *GROUP_FAULTS, *PAIR_FAULTS, *DROPPED, *TRAPS)
    planned = counts(prompts, NATIVE_TRAPS | (dict.fromkeys(codes, _SHARE) if faults else {}))
    marks = spread(prompts, planned, stream(seed, NAME, "plan"))

    records = pictures = 0
    with (
        replacing(folder / RECORDS_FILE) as temporary,
        temporary.open("w", encoding="utf-8") as listing,
    ):
        for number in range(prompts):
            group = _group(number, marks.get(number), seed)
            for record in group.records:
                listing.write((", " if records else "[") + json.dumps(record, ensure_ascii=False))
                records += 1
            pictures += len(group.members)
        listing.write("]")
    for old in folder.glob(f"{ARCHIVE_FILE}.part-*"):
        old.unlink()
    members = _members(prompts, marks, seed)
    parts = write_zip(folder / ARCHIVE_FILE, members, part_bytes=pictures * _PART_SHARE)
    return _planted(prompts, records, planned, (RECORDS_FILE, *(part.name for part in parts)))


CORPUS: Final = Corpus(NAME, FULL_SCALE, write)


def _planted(
    prompts: int, records: int, planned: dict[str, int], files: tuple[str, ...]
) -> Planted:
    count = Counter(planned)
    bad: dict[str, int] = {code: count[code] for code in RECORD_FAULTS if code in planned}
    if "too_few_responses" in planned:
        bad["too_few_responses"] = count["too_few_responses"]
        bad["image_rated_twice"] = 2 * count["image_rated_twice"]
    dropped: dict[str, int] = {
        code: count[code] * (1 if code == "repeated_record" else PICTURES_OF_PROMPT)
        for code in DROPPED
        if code in planned
    }
    unpaired = count["too_few_responses"] + count["tie"] + count["meaningless_prompt"]
    return Planted(
        NAME,
        records,
        records - sum(bad.values()) - sum(dropped.values()),
        bad,
        {code: count[code] for code in (*NATIVE_TRAPS, *TRAPS) if code in planned},
        files,
        dropped,
        pairs=prompts - unpaired,
        pair_faults={code: count[code] for code in PAIR_FAULTS if code in planned},
    )


def _group(number: int, mark: Mark | None, seed: int) -> _Group:
    """The records of a prompt: one picture best of all, one worst, the others between them."""
    code, nth = mark or Mark("", 0)
    rng = stream(seed, NAME, "prompt", number)
    prompt = texts(seed).scenes.one(rng)
    # An id that serves two prompts: the one of the neighbour, which has another text.
    told = number if code != "prompt_id_of_several_prompts" else number + (-1 if number else 1)
    if told != number:
        prompt += f", seen for the {number}th time"
    group = _Group()
    for at in range(1 if code == "too_few_responses" else PICTURES_OF_PROMPT):
        name = f"{_MODELS[at]}/{number:05d}.png"
        group.members[name] = "plain"
        group.records.append(
            {
                "prompt_id": f"{told:05d}",
                "prompt": prompt,
                "type": "real" if number % 2 else "synthetic",
                "img_path": name,
                "total_score": _ratings(rng, at, flat=code == "tie"),
                "element_score": _elements(rng, prompt),
                "promt_meaningless": [int(code == "meaningless_prompt"), 0, 0],
                "split_confidence": [1] * _RATERS,
                "attribute_confidence": [1] * _RATERS,
                "fidelity_label": [str(label) for label in rng.integers(0, 2, _RATERS)],
            }
        )
        if code == "meaningless_prompt":
            group.records[-1]["promt_meaningless"] = [1, 1, int(at % 2)]
    _spoil(group, code, nth)
    order = rng.permutation(len(group.records)).tolist()
    group.records = [group.records[at] for at in order]
    return group


def _spoil(group: _Group, code: str, nth: int) -> None:
    """Plant what changes fields of one record, or what the archive has for it."""
    middle = group.records[-1]
    if code in _CHANGES:
        changes = _CHANGES[code]
        middle.update(changes[nth % len(changes)])
        return
    if len(group.records) == 1:
        return
    end = group.records[(_BEST, _WORST)[nth % 2]]
    match code:
        case "image_undecodable":
            group.members[end["img_path"]] = "broken"
        case "unused_broken_picture":
            group.members[middle["img_path"]] = "broken"
        case "media_missing":
            del group.members[end["img_path"]]
        case "identical_responses":
            best, worst = (group.records[at]["img_path"] for at in (_BEST, _WORST))
            group.members[worst] = best
        case "extra_members":
            group.members[f"Unrated/{middle['img_path'].rsplit('/', 1)[-1]}"] = "plain"
        case _:
            _spoil_records(group.records, code, nth)


def _spoil_records(records: list[Record], code: str, nth: int) -> None:
    """Plant what concerns several records, or a rating among others."""
    end = records[(_BEST, _WORST)[nth % 2]]
    match code:
        case "image_rated_twice":
            records.append({**records[-1], "total_score": [1, 1, 1]})
        case "repeated_record":
            records.append(dict(end))
        case "element_score_as_text":
            for record in records:
                record["element_score"] = json.dumps(record["element_score"])
        case "rating_not_a_number":
            end["total_score"][nth % _RATERS] = (None, "N/A")[nth % 2]


def _ratings(rng: np.random.Generator, at: int, *, flat: bool) -> list[int]:
    """One rating a rater. The best picture has 4.67 on average or more, the worst 1.33 or less."""
    odd = int(rng.integers(2))
    if flat:
        return [3, 3, 3 + odd]
    if at == _BEST:
        return [5, 5 - odd, 5]
    if at == _WORST:
        return [1, 1, 1 + odd]
    return [int(rating) for rating in rng.integers(2, 5, _RATERS)]


def _elements(rng: np.random.Generator, prompt: str) -> dict[str, list[int]]:
    """Element by element whether the picture shows it, a rater each; every prompt has its own."""
    words = sorted({word.strip(",.") for word in prompt.split() if len(word) > 3})
    return {
        f"{word} ({_KINDS[len(word) % len(_KINDS)]})": rng.integers(0, 2, _RATERS).tolist()
        for word in words[:4]
    }


def _members(prompts: int, marks: dict[int, Mark], seed: int) -> Iterator[tuple[str, bytes]]:
    """The archive's members; a copy repeats the bytes of another picture."""
    for number in range(prompts):
        made: dict[str, bytes] = {}
        for at, (name, how) in enumerate(_group(number, marks.get(number), seed).members.items()):
            rng = stream(seed, NAME, f"picture {at}", number)
            made[name] = made.get(how) or picture(rng, _SIZE, "PNG")
            yield f"images/{name}", truncated(made[name]) if how == "broken" else made[name]
