"""UltraFeedback: JSON lines, one file a source of instructions, four rated completions a record.

Layout, sources and their sizes from the README of OpenBMB/UltraFeedback; the summary scores and
the critique from the card of openbmb/UltraFeedback.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np

from pipelines.sample_corpora import rated
from pipelines.sample_corpora.files import write_lines
from pipelines.sample_corpora.planted import Corpus, Planted
from pipelines.sample_corpora.scheduling import FAULT_SHARE, Mark, counts, scaled, spread, stream
from pipelines.sample_corpora.text import BLANKS, Texts, length, texts

NAME: Final = "ultrafeedback"
#: Records by source; the file of a source bears its name.
SOURCES: Final = {
    "evol_instruct": 10_000,
    "false_qa": 2_339,
    "flan": 20_939,
    "sharegpt": 19_949,
    "truthful_qa": 811,
    "ultrachat": 9_929,
}
FULL_SCALE: Final = sum(SOURCES.values())
#: The source that the shipped recipe leaves out.
LEFT_OUT: Final = "truthful_qa"

ASPECTS: Final = ("instruction_following", "honesty", "truthfulness", "helpfulness")

FAULTS: Final = dict.fromkeys(
    (
        "not_json",
        "missing_field",
        "not_text",
        "malformed_completions",
        "too_few_responses",
        "identical_responses",
        "lone_surrogate",
    ),
    FAULT_SHARE,
)
NATIVE_TRAPS: Final = {
    "non_ascii": 0.03,
    "rating_missing": 0.03,
    "scores_disagree": 0.02,
    "fewer_completions": 0.01,
}
ODD_TRAPS: Final = {
    "rating_unreadable": 0.005,
    "rating_number": 0.005,
    "completion_unrated": 0.005,
    "completion_empty": 0.005,
}
NATIVE_DROPPED: Final = {"tie": 0.05}

_MODELS: Final = ("gpt-4", "gpt-3.5-turbo", "bard", "alpaca-7b", "falcon-40b-instruct", "starchat")
_PRINCIPLES: Final = ("helpfulness", "truthfulness", "honesty", "verbalized_calibration")
_COMPLETIONS: Final = 4
#: Enough for every mark at the smallest scale.
_LEAST: Final = 14

Record = dict[str, object]


def write(folder: Path, scale: float, seed: int, faults: bool) -> Planted:
    """Write the corpus into `folder`, one record in memory at a time."""
    sizes = {
        source: scaled(full, scale, least=4 if source == LEFT_OUT else _LEAST)
        for source, full in SOURCES.items()
    }
    records = sum(sizes.values())
    # The first record of a file stays plain: the native keys are looked up in it.
    marked = [source for source in SOURCES if source != LEFT_OUT]
    places = [(source, at) for source in marked for at in range(1, sizes[source])]
    bad = counts(records, FAULTS) if faults else {}
    dropped = counts(records, NATIVE_DROPPED)
    odd = counts(records, NATIVE_TRAPS | (ODD_TRAPS if faults else {}))
    slots = spread(len(places), bad | dropped | odd, stream(seed, NAME, "plan"))
    marks = {places[slot]: mark for slot, mark in slots.items()}
    for source, size in sizes.items():
        write_lines(folder / f"{source}.jsonl", _lines(source, size, marks, seed))
    dropped["source_left_out"] = sizes[LEFT_OUT]
    good = records - sum(bad.values()) - sum(dropped.values())
    files = tuple(f"{source}.jsonl" for source in SOURCES)
    return Planted(NAME, records, good, bad, odd, files, dropped)


CORPUS: Final = Corpus(NAME, FULL_SCALE, write)


def _lines(
    source: str, size: int, marks: Mapping[tuple[str, int], Mark], seed: int
) -> Iterator[Record | str]:
    for at in range(size):
        rng = stream(seed, NAME, source, at)
        yield _line(texts(seed), rng, source, marks.get((source, at), Mark("", 0)))


def _line(pool: Texts, rng: np.random.Generator, source: str, mark: Mark) -> Record | str:
    code, nth = mark
    count = _COMPLETIONS - 1 - nth % 2 if code == "fewer_completions" else _COMPLETIONS
    ranks = rated.ratings(rng, count, len(ASPECTS), mark)
    models = [_MODELS[at] for at in rng.permutation(len(_MODELS))[:count]]
    completions = [
        _completion(pool, rng, model, row) for model, row in zip(models, ranks.rows, strict=True)
    ]
    instruction = pool.prompt(rng, length(rng, 250))
    if code == "non_ascii":
        instruction = pool.foreign(rng, 80)
    _bend(completions, ranks, mark)
    record: Record = {
        "source": source,
        "instruction": instruction,
        "models": models,
        "completions": completions,
        "correct_answers": ["None"],
        "incorrect_answers": ["None"],
    }
    if code == "missing_field":
        record[("instruction", "completions")[nth % 2]] = None
    elif code == "malformed_completions":
        record["completions"] = rated.malformed(completions, nth)
    elif code == "too_few_responses":
        record["completions"] = rated.too_few(completions, nth)
    elif code == "not_json":
        whole = json.dumps(record)
        return whole[: len(whole) // 2]
    elif code == "lone_surrogate":
        completions[ranks.best]["response"] += "\ud83d"
        return json.dumps(record)
    return record


def _bend(completions: list[rated.Completion], ranks: rated.Ratings, mark: Mark) -> None:
    """What a mark does to single completions. The best and the worst stay what they are."""
    code, nth = mark
    aspect = ASPECTS[nth % len(ASPECTS)]
    best, worst = completions[ranks.best], completions[ranks.worst]
    if code == "rating_missing":
        rated.with_odd_rating(worst, aspect, rated.NOT_RATED)
    elif code == "rating_unreadable":
        rated.with_odd_rating(best, aspect, rated.UNREADABLE[nth % len(rated.UNREADABLE)])
    elif code == "rating_number":
        rated.with_odd_rating(best, aspect, (5, 4.5)[nth % 2])
    elif code == "scores_disagree":
        best |= {"overall_score": 1.0, "fine-grained_score": 4.75}
        worst |= {"overall_score": 10.0, "fine-grained_score": 1.25}
    elif code == "completion_unrated":
        rated.without_ratings(completions[ranks.middle[0]])
    elif code == "completion_empty":
        completions[ranks.middle[0]]["response"] = (None, *BLANKS)[nth % (1 + len(BLANKS))]
    elif code == "not_text":
        completions[ranks.middle[0]]["response"] = (17, ["a", "b"], {"text": "a"})[nth % 3]
    elif code == "identical_responses":
        rated.with_same_response(completions, ranks.best, ranks.worst)


def _completion(
    pool: Texts, rng: np.random.Generator, model: str, row: list[str]
) -> rated.Completion:
    mean = sum(map(int, row)) / len(row)
    return {
        "annotations": {
            aspect: _annotation(pool, rng, aspect, rating)
            for aspect, rating in zip(ASPECTS, row, strict=True)
        },
        "custom_system_prompt": " ".join(pool.english.pick(rng, 2)),
        "model": model,
        "principle": _PRINCIPLES[rng.integers(len(_PRINCIPLES))],
        # The model's name makes responses of one record distinct.
        "response": f"{pool.response(rng, length(rng, 1_000))}\n\n{pool.english.one(rng)} {model}",
        "critique": pool.response(rng, length(rng, 600)),
        "overall_score": float(min(10, max(1, round(2 * mean)))),
        "fine-grained_score": mean,
    }


def _annotation(
    pool: Texts, rng: np.random.Generator, aspect: str, rating: str
) -> dict[str, object]:
    rationale = pool.english.one(rng)
    if aspect in ("truthfulness", "helpfulness"):
        why = pool.english.one(rng)
        return {
            "Type": ["1", "2"],
            "Rationale": rationale,
            "Rating": rating,
            "Rationale For Rating": why,
        }
    return {"Rating": rating, "Rationale": rationale}
