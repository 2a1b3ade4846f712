"""OmniAlign-V-DPO: six JSON-lines files and one plain tar with the pictures, in two layouts.

File names, row counts and columns from the repository's listing and the project's training code
(PhoenixZ810/OmniAlign-V). Whether members of the tar begin with ``images/`` as the records' paths
do, and whether there is an ``id``, is not known: the layout `older` has it the other way, and says
``answer`` for ``chosen``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from itertools import accumulate, chain, pairwise
from pathlib import Path
from typing import Final

from pipelines.sample_corpora.files import write_lines, write_tar
from pipelines.sample_corpora.pictures import noise, picture, truncated, web_page
from pipelines.sample_corpora.planted import Corpus, Planted
from pipelines.sample_corpora.scheduling import FAULT_SHARE, Mark, counts, scaled, spread, stream
from pipelines.sample_corpora.text import BLANKS, differing, length, texts

NAME: Final = "omnialign_v"
#: Rows of each file as published.
TOPICS: Final = {
    "knowledge": 40_804,
    "ins_follow": 40_262,
    "creation": 9_697,
    "chart": 11_158,
    "diagram": 8_385,
    "poster": 23_035,
}
FULL_SCALE: Final = sum(TOPICS.values())
ARCHIVE_FILE: Final = "images.tar"
PREFIX: Final = "images/"
TOKEN: Final = "<image>"  # noqa: S105 - a placeholder in a prompt

FAULTS: Final = dict.fromkeys(
    (
        "media_missing",
        "image_undecodable",
        "empty_response",
        "identical_responses",
        "missing_field",
        "not_text",
        "too_many_image_tokens",
        "empty_prompt",
        "not_json",
    ),
    FAULT_SHARE,
)
#: `decoy`: an entry of the tar whose name merely ends as the wanted one does.
ODD_TRAPS: Final = {"decoy": 0.002, "dot_path": 0.005, "carriage_returns": 0.005}
NATIVE_TRAPS: Final = {"shared_image": 0.03, "non_ascii": 0.03}

#: The prompt with its placeholder; a third of the rows has none.
_SPELLINGS: Final = ("{0}\n{1}", "{1}", "{1}\n{0}")

Row = dict[str, object]


def write(folder: Path, scale: float, seed: int, faults: bool, *, older: bool = False) -> Planted:
    """Write the corpus into `folder`; memory does not grow with the number of pictures."""
    records = scaled(FULL_SCALE, scale, least=60)
    starts = [round(records * n / FULL_SCALE) for n in accumulate(TOPICS.values(), initial=0)]
    bad = counts(records, FAULTS) if faults else {}
    odd = counts(records, NATIVE_TRAPS | (ODD_TRAPS if faults else {}))
    # The first record of a file is sound: its keys are what the file is known by.
    plain = [number for number in range(records) if number not in starts]
    slots = spread(len(plain), bad | odd, stream(seed, NAME, "plan"))
    marks = {plain[slot]: mark for slot, mark in slots.items()}
    corpus = _Contents(seed, marks, older)

    numbers = {topic: range(*ends) for topic, ends in zip(TOPICS, pairwise(starts), strict=True)}
    for topic, own in numbers.items():
        write_lines(folder / f"{topic}.jsonl", map(partial(corpus.line, topic), own))
    members = (corpus.members(topic, at) for topic, own in numbers.items() for at in own)
    write_tar(folder / ARCHIVE_FILE, chain.from_iterable(members))
    files = (*(f"{topic}.jsonl" for topic in TOPICS), ARCHIVE_FILE)
    name = OLDER.name if older else NAME
    return Planted(name, records, records - sum(bad.values()), bad, odd, files)


class _Contents:
    """What stands in each row and in the archive, made anew from the row's number."""

    def __init__(self, seed: int, marks: dict[int, Mark], older: bool) -> None:
        self._seed, self._marks, self._older = seed, marks, older

    def line(self, topic: str, number: int) -> Row | str:
        """The row `number`, or its text where that is no JSON."""
        code, nth = self._marks.get(number) or Mark("", 0)
        pool, rng = texts(self._seed), stream(self._seed, NAME, "row", number)
        question = pool.visual_questions.one(rng)
        chosen = pool.description(rng, length(rng, 700))
        rejected = pool.description(rng, length(rng, 500))
        if code == "non_ascii":
            question, chosen = pool.foreign(rng, 60), chosen + " " + pool.foreign(rng, 120)
        rejected = differing(chosen, rejected, more=pool.visual.one(rng))
        prompt = _SPELLINGS[number % len(_SPELLINGS)].format(TOKEN, question)
        path = PREFIX + self._name(number, topic)
        row: Row = {"image": path, "prompt": prompt, "chosen": chosen, "rejected": rejected}
        if code == "dot_path":
            row["image"] = "./" + path
        elif code == "carriage_returns":
            row["prompt"] = f"{TOKEN}\r\n{question}"
        elif code == "empty_response":
            row[("chosen", "rejected")[nth % 2]] = BLANKS[nth // 2 % len(BLANKS)]
        elif code == "identical_responses":
            row["rejected"] = chosen
        elif code == "missing_field":
            row[("image", "prompt", "chosen", "rejected")[nth % 4]] = None
        elif code == "not_text":
            field = ("image", "prompt", "rejected")[nth % 3]
            row[field] = ([row[field]], {"text": row[field]})[nth // 3 % 2]
        elif code == "too_many_image_tokens":
            row["prompt"] = f"{TOKEN}\n{TOKEN}\n{question}"
        elif code == "empty_prompt":
            row["prompt"] = (TOKEN, f"{TOKEN}\n", "  ")[nth % 3]
        if self._older:
            row = {"id": number % 1_000, **row, "answer": row["chosen"]}
            del row["chosen"]
        return json.dumps(row)[: -len(rejected) // 2] if code == "not_json" else row

    def members(self, topic: str, number: int) -> Iterator[tuple[str, bytes]]:
        """The entries of the archive that belong to a row; none where it shares a picture."""
        code, nth = self._marks.get(number) or Mark("", 0)
        if code == "shared_image":
            return
        rng = stream(self._seed, NAME, "picture", number)
        data = picture(rng)
        name = f"{'' if self._older else PREFIX}{topic}/{number:06d}.jpg"
        if code == "image_undecodable":
            data = (truncated(data), noise(rng, len(data)), web_page(number))[nth % 3]
        if code in ("media_missing", "decoy"):
            yield f"old/{name}", picture(rng)
        if code != "media_missing":
            yield name, data

    def _name(self, number: int, topic: str) -> str:
        """The picture of a row; one that shares shows that of the last sound row before it."""
        shown = number
        while self._code(shown) == "shared_image" or (
            shown != number and self._code(shown) in ("media_missing", "image_undecodable")
        ):
            shown -= 1
        return f"{topic}/{shown:06d}.jpg"

    def _code(self, number: int) -> str:
        mark = self._marks.get(number)
        return mark.code if mark else ""


CORPUS: Final = Corpus(NAME, FULL_SCALE, write)
OLDER: Final = Corpus(
    "omnialign_v_older",
    FULL_SCALE,
    partial(write, older=True),
    of=NAME,
    recipe={"options": {"strip": PREFIX}},
)
