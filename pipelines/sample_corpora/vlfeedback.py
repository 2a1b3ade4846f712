"""VLFeedback: JSON lines with four rated answers to a question, and a zip of pictures.

Layout from the card and the loading script of MMInstruction/VLFeedback: pictures lie in
``merged_images/<id>.jpg``, ratings are text. What a record holds is made here for the Parquet
layout too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from pipelines.sample_corpora import rated
from pipelines.sample_corpora.files import write_lines, write_zip
from pipelines.sample_corpora.pictures import noise, picture, truncated, web_page
from pipelines.sample_corpora.planted import Corpus, Planted
from pipelines.sample_corpora.scheduling import FAULT_SHARE, Mark, counts, scaled, spread, stream
from pipelines.sample_corpora.text import BLANKS, Texts, length, texts

NAME: Final = "vlfeedback"
FULL_SCALE: Final = 80_258
RECORDS_FILE: Final = "vlfeedback_80k.jsonl"
ARCHIVE_FILE: Final = "merged_images.zip"

ASPECTS: Final = ("Helpfulness", "Ethical Considerations", "Visual Faithfulness")

#: Faults that every layout can hold; those of lines need types that Parquet does not allow.
FAULTS: Final = dict.fromkeys(
    (
        "missing_field",
        "malformed_completions",
        "too_few_responses",
        "identical_responses",
        "media_missing",
        "image_undecodable",
    ),
    FAULT_SHARE,
)
LINE_FAULTS: Final = dict.fromkeys(("not_text", "malformed_images"), FAULT_SHARE)
NATIVE_TRAPS: Final = {"repeated_id": 0.1, "rating_missing": 0.01, "non_ascii": 0.02}
ODD_TRAPS: Final = {
    "rating_unreadable": 0.005,
    "completion_unrated": 0.005,
    "completion_empty": 0.005,
    "citation_in_third": 0.002,
}
LINE_TRAPS: Final = {
    "completions_as_lists": 0.02,
    "img_path_of_other_machine": 0.02,
    "img_path_bare": 0.02,
}
NATIVE_DROPPED: Final = {"tie": 0.08, "citation_artefact": 0.005}

_PARTS: Final = ("svit-conversation", "llava-detail", "m3it-vqa", "lrv")
_MODELS: Final = ("gpt4v", "llava_v15_7b", "qwen_vl_chat", "fuyu", "mmgpt", "instructblip")
_COMPLETIONS: Final = 4
_CITATIONS: Final = ("【5†source】", "【12:1†source】")

Record = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """Which record carries which mark, and whose id and picture it bears."""

    seed: int
    records: int
    marks: Mapping[int, Mark]
    twins: Mapping[int, int]

    def mark(self, number: int) -> Mark:
        """The mark of a record, an empty one for plain records."""
        return self.marks.get(number, Mark("", 0))

    def name(self, number: int) -> str:
        """The id of a record: that of another one where ids recur."""
        owner = self.twins.get(number, number)
        return f"{_PARTS[owner % len(_PARTS)]}-{owner}"

    def picture(self, number: int) -> bytes:
        """The picture that belongs to a record, broken where that is its fault."""
        rng = stream(self.seed, NAME, "picture", number)
        data, (code, nth) = picture(rng), self.mark(number)
        if code == "image_undecodable":
            return (truncated(data), noise(rng, len(data)), web_page(number))[nth % 3]
        return data


def plan(records: int, seed: int, planned: Mapping[str, int]) -> Plan:
    """Lay the marks over the records. The first stays plain: native keys are looked up in it."""
    slots = spread(records - 1, planned, stream(seed, NAME, "plan"))
    marks = {slot + 1: mark for slot, mark in slots.items()}
    plain = [number for number in range(records) if number not in marks]
    twins = {
        number: plain[mark.nth % len(plain)]
        for number, mark in marks.items()
        if mark.code == "repeated_id"
    }
    return Plan(seed, records, marks, twins)


def record(plan: Plan, number: int) -> Record:
    """What every layout holds of a record: `completions` as a list of objects, no picture."""
    code, nth = mark = plan.mark(number)
    pool, rng = texts(plan.seed), stream(plan.seed, NAME, "record", number)
    ranks = rated.ratings(rng, _COMPLETIONS, len(ASPECTS), mark)
    models = [_MODELS[at] for at in rng.permutation(len(_MODELS))[:_COMPLETIONS]]
    completions = [
        _completion(pool, rng, model, row) for model, row in zip(models, ranks.rows, strict=True)
    ]
    _bend(completions, ranks, mark)
    prompt = pool.foreign(rng, 40) if code == "non_ascii" else pool.visual_questions.one(rng)
    made: Record = {
        "id": plan.name(number),
        "prompt": prompt,
        "models": models,
        "completions": completions,
    }
    if code == "missing_field":
        made[("prompt", "completions")[nth % 2]] = None
    elif code == "too_few_responses":
        made["completions"] = rated.too_few(completions, nth)
    return made


def write(folder: Path, scale: float, seed: int, faults: bool) -> Planted:
    """Write the corpus into `folder`. Memory does not grow with it."""
    records = scaled(FULL_SCALE, scale, least=80)
    bad = counts(records, FAULTS | LINE_FAULTS) if faults else {}
    dropped = counts(records, NATIVE_DROPPED)
    odd = counts(records, NATIVE_TRAPS | (ODD_TRAPS | LINE_TRAPS if faults else {}))
    planned = plan(records, seed, bad | dropped | odd)
    write_lines(folder / RECORDS_FILE, (_line(planned, at) for at in range(records)))
    write_zip(folder / ARCHIVE_FILE, _members(planned))
    good = records - sum(bad.values()) - sum(dropped.values())
    return Planted(NAME, records, good, bad, odd, (RECORDS_FILE, ARCHIVE_FILE), dropped)


CORPUS: Final = Corpus(NAME, FULL_SCALE, write)


def _line(plan: Plan, number: int) -> Record:
    made, (code, nth) = record(plan, number), plan.mark(number)
    completions = made["completions"]
    if code == "malformed_completions":
        made["completions"] = rated.malformed(completions, nth)
    elif code == "not_text":
        completions[0]["response"] = (3, ["a", "b"], {"text": "a"})[nth % 3]
    elif code == "completions_as_lists":
        made["completions"] = {name: [one[name] for one in completions] for name in completions[0]}
    elif code == "malformed_images":
        made["img_path"] = ([made["id"]], 7, " ")[nth % 3]
    elif code == "img_path_of_other_machine":
        above = ("/data/extracted/f3a9/merged_images/", "/mnt/pictures/")[nth % 2]
        made["img_path"] = f"{above}{made['id']}.jpg"
    elif code == "img_path_bare":
        made["img_path"] = f"{('merged_images/', '')[nth % 2]}{made['id']}.jpg"
    return made


def _members(plan: Plan) -> Iterator[tuple[str, bytes]]:
    for number in range(plan.records):
        if number not in plan.twins and plan.mark(number).code != "media_missing":
            yield f"merged_images/{plan.name(number)}.jpg", plan.picture(number)


def _bend(completions: list[rated.Completion], ranks: rated.Ratings, mark: Mark) -> None:
    """What a mark does to single completions. The best and the worst stay what they are."""
    code, nth = mark
    aspect = ASPECTS[nth % len(ASPECTS)]
    best, worst, third = (completions[at] for at in (ranks.best, ranks.worst, ranks.middle[0]))
    if code == "rating_missing":
        rated.with_odd_rating(worst, aspect, rated.NOT_RATED)
    elif code == "rating_unreadable":
        rated.with_odd_rating(best, aspect, rated.UNREADABLE[nth % len(rated.UNREADABLE)])
    elif code == "completion_unrated":
        rated.without_ratings(third)
    elif code == "completion_empty":
        third["response"] = (None, *BLANKS)[nth % (1 + len(BLANKS))]
    elif code == "citation_artefact":
        (best, worst)[nth % 2]["response"] += f" {_CITATIONS[nth % len(_CITATIONS)]}."
    elif code == "citation_in_third":
        third["response"] += _CITATIONS[0]
    elif code == "identical_responses":
        rated.with_same_response(completions, ranks.best, ranks.worst)


def _completion(
    pool: Texts, rng: np.random.Generator, model: str, row: list[str]
) -> rated.Completion:
    return {
        "annotations": {
            aspect: {"Rating": rating, "Rationale": pool.visual.one(rng)}
            for aspect, rating in zip(ASPECTS, row, strict=True)
        },
        "model": model,
        # The model's name makes responses of one record distinct.
        "response": f"{pool.description(rng, length(rng, 450))} ({model})",
    }
