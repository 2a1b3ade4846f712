"""EvalMuse as pairs in the UnifiedReward format: comparisons in words, and copies of them swapped.

Layout from public loaders of CodeGoat24/EvalMuse: ``pairwise/train_data.json``, whose pictures are
named relative to the repository's folder of images; the wording of question and verdict from
the project's inference scripts. How the swapped copies are laid out is not known: here they are a
file ``train_data_rev.json`` in the message format of LLaMA-Factory, which later files are for.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, TextIO

from pipelines.sample_corpora.files import replacing, write_zip
from pipelines.sample_corpora.pictures import picture, truncated
from pipelines.sample_corpora.planted import Corpus, Planted
from pipelines.sample_corpora.scheduling import FAULT_SHARE, Mark, counts, scaled, spread, stream
from pipelines.sample_corpora.text import texts

NAME: Final = "evalmuse_pairwise"
FULL_SCALE: Final = 3_000
RECORDS_FILE: Final = "pairwise/train_data.json"
REVERSED_FILE: Final = "pairwise/train_data_rev.json"
ARCHIVE_FILE: Final = "images.zip"
_SIZE: Final = 64

#: Faults of an original that has no swapped copy.
LONE_FAULTS: Final = (
    "label_missing",
    "label_ambiguous",
    "malformed_images",
    "malformed_conversation",
    "missing_field",
    "not_text",
)
#: Faults of pictures; the swapped copy is dropped as any other.
PICTURE_FAULTS: Final = ("media_missing", "image_undecodable", "identical_responses")
#: An original and its copy that both call the same place the better one.
DISPUTE: Final = "contradicting_verdicts"
DROPPED: Final = ("tie", "repeated_record")
TRAPS: Final = ("twin_alone", "only_twin_readable", "brackets_in_prompt", "twin_named_by_id")
NATIVE_TRAPS: Final = {"prompt_in_question": 0.2, "reasoned_answer": 0.05, "whole_sentence": 0.2}

_QUESTION: Final = (
    "<image>\n <image>\nTwo pictures were generated from one text caption. Compare how well each "
    "follows the caption and how good it looks. Conclude with \"Image 1 is better.\", \"Image 2 is "
    "better.\" or \"Both images are equally good.\"\nYour task is provided as follows:\n"
    "Text Caption: [{}]"
)  # fmt: skip
_NO_VERDICT: Final = ("Both have their merits.", "I prefer the second picture.", "", "Image 3 wins")
_TWO_VERDICTS: Final = (
    "Image 1 is better. Image 2 is better.",
    "Image 2 is better in colour, yet Image 1 is better in all else.",
    "I would not say that Image 1 is better.",
)

Record = dict[str, Any]


def write(folder: Path, scale: float, seed: int, faults: bool) -> Planted:
    """Write the corpus into `folder`. Memory does not grow with the number of pictures."""
    pairs = scaled(FULL_SCALE, scale, least=40)
    codes = (*LONE_FAULTS, *PICTURE_FAULTS, DISPUTE, *DROPPED, *TRAPS)
    planned = counts(pairs, NATIVE_TRAPS | (dict.fromkeys(codes, FAULT_SHARE) if faults else {}))
    marks = spread(pairs, planned, stream(seed, NAME, "plan"))
    number = Counter[str]()
    with ExitStack() as stack:
        listings = [stack.enter_context(_List(folder / f)) for f in (RECORDS_FILE, REVERSED_FILE)]
        for pair in range(pairs):
            mark = marks.get(pair)
            original, twin = _records(pair, mark, seed)
            # Without faults there are no copies: they were added to the corpus later on.
            twin = twin if faults else None
            if mark is not None and mark.code == "repeated_record":
                listings[0].add(original)
            for listing, record in zip(listings, (original, twin), strict=True):
                if record is not None:
                    listing.add(record)
            number["twin"] += original is not None and twin is not None
        number["records"] = sum(listing.records for listing in listings)
    write_zip(folder / ARCHIVE_FILE, _members(pairs, marks, seed))
    bad: dict[str, int] = {
        code: planned[code] for code in (*LONE_FAULTS, *PICTURE_FAULTS) if code in planned
    }
    dropped: dict[str, int] = {}
    if faults:
        bad[DISPUTE] = 2 * planned[DISPUTE]
        bad["label_missing"] += planned["only_twin_readable"]
        dropped = {code: planned[code] for code in DROPPED}
        spared = planned[DISPUTE] + planned["only_twin_readable"]
        dropped["reversed_twin"] = number["twin"] - spared
    traps = {code: planned[code] for code in (*NATIVE_TRAPS, *TRAPS) if code in planned}
    good = number["records"] - sum(bad.values()) - sum(dropped.values())
    files = (RECORDS_FILE, REVERSED_FILE, ARCHIVE_FILE) if faults else (RECORDS_FILE, ARCHIVE_FILE)
    if not faults:
        (folder / REVERSED_FILE).unlink()
    return Planted(NAME, number["records"], good, bad, traps, files, dropped)


CORPUS: Final = Corpus(
    NAME,
    FULL_SCALE,
    write,
    of="evalmuse",
    recipe={
        "adapter": "evalmuse_pairwise",
        "repo": "CodeGoat24/EvalMuse",
        "licence": "mit",
        "files": ["pairwise/*.json", ARCHIVE_FILE],
        "pairs": {"ties": "drop"},
        "options": {"archive": ARCHIVE_FILE},
    },
)


class _List:
    """A JSON list written item by item."""

    def __init__(self, path: Path) -> None:
        self._replacing = replacing(path)
        self._file: TextIO
        self.records = 0

    def __enter__(self) -> _List:
        self._file = self._replacing.__enter__().open("w", encoding="utf-8")
        return self

    def add(self, record: Record | None) -> None:
        """Write one item."""
        self._file.write((", " if self.records else "[") + json.dumps(record, ensure_ascii=False))
        self.records += 1

    def __exit__(self, *error: Any) -> None:
        self._file.write("]" if self.records else "[]")
        self._file.close()
        self._replacing.__exit__(*error)


def _records(pair: int, mark: Mark | None, seed: int) -> tuple[Record | None, Record | None]:
    """The record of a pair and its copy with the sides swapped."""
    code, nth = mark or Mark("", 0)
    rng = stream(seed, NAME, "pair", pair)
    prompt = texts(seed).scenes.one(rng)
    if code == "brackets_in_prompt":
        prompt += ", a sign says [OPEN]"
    names, better = _names(pair), int(rng.integers(2))
    original: Record = {
        "id": f"evalmuse_{pair:05d}",
        "images": names,
        "prompt": prompt,
        "conversations": [
            {"from": "human", "value": _QUESTION.format(prompt)},
            {"from": "gpt", "value": _answer(better, code, nth)},
        ],
    }
    if code in ("prompt_in_question", "brackets_in_prompt"):
        del original["prompt"]
    swapped = better if code == DISPUTE else 1 - better
    said = "" if code in ("label_missing", "label_ambiguous", "only_twin_readable") else code
    twin: Record = {
        "images": names[::-1],
        "messages": [
            {"role": "user", "content": _QUESTION.format(prompt)},
            {"role": "assistant", "content": _answer(swapped, said, nth)},
        ],
    }
    if code == "twin_named_by_id":
        twin["id"] = original["id"] + "_rev"
    _spoil(original, code, nth)
    if code in LONE_FAULTS:
        return original, None
    return (None if code == "twin_alone" else original), twin


def _names(pair: int) -> list[str]:
    return [f"SDXL/{pair:05d}.jpg", f"Kandinsky3/{pair:05d}.jpg"]


def _answer(better: int, code: str, nth: int) -> str:
    """The verdict in words; `better` is the place of the better picture, 0 or 1."""
    verdict = f"Image {better + 1} is better"
    match code:
        case "whole_sentence":
            return f"{verdict} than Image {2 - better}."
        case "reasoned_answer":
            thought = f"In detail Image {2 - better} is better, in content it is not."
            return f"<think>{thought}</think>\n<answer>{verdict}</answer>"
        case "tie":
            return "Both images are equally good."
        case "label_missing" | "only_twin_readable":
            return _NO_VERDICT[nth % len(_NO_VERDICT)]
        case "label_ambiguous":
            return _TWO_VERDICTS[nth % len(_TWO_VERDICTS)]
    return verdict


def _spoil(record: Record, code: str, nth: int) -> None:
    """Plant a fault of form."""
    if code == "malformed_images":
        names = record["images"]
        wrong: tuple[Any, ...] = (names[:1], names + names, {"1": names[0]}, [names[0], None], [])
        record["images"] = wrong[nth % len(wrong)]
    elif code == "malformed_conversation":
        turns = record["conversations"]
        record["conversations"] = (turns[:1], {"gpt": "Image 1 is better"}, turns * 2)[nth % 3]
    elif code == "missing_field":
        record.update(({"images": None}, {"conversations": None})[nth % 2])
    elif code == "not_text":
        record["prompt"] = ["a", "list"]


def _members(pairs: int, marks: dict[int, Mark], seed: int) -> Iterator[tuple[str, bytes]]:
    for pair in range(pairs):
        code, nth = marks.get(pair) or Mark("", 0)
        first, second = (picture(stream(seed, NAME, side, pair), _SIZE) for side in ("one", "two"))
        if code == "identical_responses":
            second = first
        for at, (name, data) in enumerate(zip(_names(pair), (first, second), strict=True)):
            spoiled = at == nth % 2
            if code == "media_missing" and spoiled:
                continue
            broken = code == "image_undecodable" and spoiled
            yield f"images/{name}", truncated(data) if broken else data
