"""HPDv2: preferences between generated pictures, one JSON list beside one tar.gz.

Layout from the README (tgxs002/HPSv2), the card (ymhao/HPDv2) and public loaders. The published
numbers fit prompts of four pictures each, compared in all six pairs: 107,515 prompts give 430,060
pictures and 645,090 pairs. Members lie under ``train/``; records name bare files.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import numpy as np

from pipelines.sample_corpora.copied_media import MediaPair, copied_media, whole
from pipelines.sample_corpora.copied_media import pictures as pictures_like
from pipelines.sample_corpora.copies import Copies, plain_records
from pipelines.sample_corpora.files import TarGz, replacing
from pipelines.sample_corpora.keys import record_key
from pipelines.sample_corpora.pictures import picture, truncated
from pipelines.sample_corpora.planted import Corpus, Planted
from pipelines.sample_corpora.scheduling import FAULT_SHARE, Mark, counts, scaled, spread, stream
from pipelines.sample_corpora.text import Texts, texts

NAME: Final = "hpdv2"
PROMPTS: Final = 107_515
PICTURES_OF_PROMPT: Final = 4
PAIRS: Final = tuple(combinations(range(PICTURES_OF_PROMPT), 2))
FULL_SCALE: Final = PROMPTS * len(PAIRS)
RECORDS_FILE: Final = "train.json"
ARCHIVE_FILE: Final = "train.tar.gz"

#: Members that public loaders skip as corrupt.
KNOWN_CORRUPT: Final = ("00006811.jpg", "00168743.jpg", "00331911.jpg", "00310087.jpg")

FAULTS: Final = dict.fromkeys(
    (
        "label_not_one_hot",
        "known_corrupt_image",
        "image_undecodable",
        "media_missing",
        "identical_responses",
        "malformed_images",
        "missing_field",
    ),
    FAULT_SHARE,
)
ODD_TRAPS: Final = {"extra_members": 0.001}

_BAD_LABELS: Final[tuple[list[float], ...]] = ([1, 1], [0, 0], [0.5, 0.5])

_COPIED: Final = pictures_like("text_to_image", picture)

Record = dict[str, object]


def write(folder: Path, scale: float, seed: int, faults: bool, copies: bool = False) -> Planted:
    """Write the corpus into `folder`. Memory does not grow with the number of pictures."""
    prompts = scaled(PROMPTS, scale, least=48 if copies else 20)
    records = prompts * len(PAIRS)
    bad = counts(records, FAULTS) if faults else {}
    if bad:
        # Each corrupt picture is named, and like any other by three records at most.
        number = bad["known_corrupt_image"]
        bad["known_corrupt_image"] = min(max(number, len(KNOWN_CORRUPT)), 3 * len(KNOWN_CORRUPT))
    odd = counts(records, ODD_TRAPS) if faults else {}
    # One mark a prompt at most: every picture of the prompt stays in a good record.
    marks = spread(prompts, bad | odd, stream(seed, NAME, "plan"))
    plain = plain_records(prompts, marks) if copies else []
    ways = _COPIED.ways("swapped", "other_names")
    more = Copies.planned(NAME, plain, ways, seed, copies, each=len(PAIRS))

    traps: Counter[str] = Counter(odd)
    with (
        replacing(folder / RECORDS_FILE) as temporary,
        temporary.open("w", encoding="utf-8") as listing,
        TarGz.writing(folder / ARCHIVE_FILE) as archive,
    ):
        gallery = _Gallery(archive, seed)
        lead = "["
        for prompt in range(prompts):
            rng = stream(seed, NAME, "prompt", prompt)
            for record, is_good in _group(texts(seed), rng, gallery, prompt, marks.get(prompt)):
                listing.write(lead + json.dumps(record))
                lead = ", "
                if is_good:
                    traps["shared_prompt"] += 1
                    traps["file_path_key"] += "file_path" in record
                    traps["label_reversed"] += record["human_preference"] == [0, 1]
            if prompt in more.jobs:
                listing.write(lead + json.dumps(_copy(gallery, prompt, more)))
        listing.write("]")
    files = (RECORDS_FILE, ARCHIVE_FILE)
    records += more.made
    good = records - sum(bad.values())
    return Planted(NAME, records, good, bad, dict(traps), files, **more.truth())


CORPUS: Final = Corpus(NAME, FULL_SCALE, write, plants_copies=True)


class _Gallery:
    """The pictures of the archive, added one by one under running numbers."""

    def __init__(self, archive: TarGz, seed: int) -> None:
        self._archive = archive
        self._seed = seed
        self._made = 0
        self._number = 0
        self._corrupt: set[str] = set()
        #: The last plain record, and the pictures of its prompt by name.
        self.record: Record = {}
        self.shown: dict[str, bytes] = {}

    def name(self) -> str:
        """The next file name, free of the names that are known to be corrupt."""
        self._number += 1
        name = f"{self._number:08d}.jpg"
        return self.name() if name in KNOWN_CORRUPT else name

    def make(self) -> bytes:
        """A new picture, not in the archive."""
        self._made += 1
        return picture(stream(self._seed, NAME, "picture", self._made))

    def add(self, data: bytes) -> str:
        """Put `data` into the archive under the next name."""
        name = self.name()
        self._archive.add(f"train/{name}", data)
        return name

    def add_known_corrupt(self, nth: int) -> str:
        """Put one of the known corrupt pictures into the archive, unless it is there."""
        name = KNOWN_CORRUPT[nth % len(KNOWN_CORRUPT)]
        if name not in self._corrupt:
            self._corrupt.add(name)
            self._archive.add(f"train/{name}", truncated(self.make()))
        return name


def _group(
    pool: Texts, rng: np.random.Generator, gallery: _Gallery, number: int, mark: Mark | None
) -> Iterator[tuple[Record, bool]]:
    """The records of one prompt, each with whether it is good; their pictures are archived."""
    code, nth = mark or Mark("", 0)
    prompt = pool.scenes.one(rng) + ", " + pool.scenes.one(rng)
    pictures = [gallery.make() for _ in range(PICTURES_OF_PROMPT)]
    names = [gallery.add(data) for data in pictures]
    quality = rng.permutation(PICTURES_OF_PROMPT)
    flips = rng.random(len(PAIRS)) < 0.5
    gallery.shown = dict(zip(names, pictures, strict=True))
    if code == "extra_members":
        gallery.add(gallery.make())
    spoiled = int(rng.integers(len(PAIRS))) if code in FAULTS else None
    for at, pair in enumerate(PAIRS):
        first, second = pair[::-1] if flips[at] else pair
        images = [names[first], names[second]]
        label: list[float] = [1, 0] if quality[first] > quality[second] else [0, 1]
        text: str | None = prompt
        if at == spoiled:
            if code == "label_not_one_hot":
                label = _BAD_LABELS[nth % len(_BAD_LABELS)]
            elif code == "missing_field":
                text = None
            elif code == "malformed_images":
                others = [name for name in names if name not in images]
                images = images[:1] if nth % 2 == 0 else [*images, others[0]]
            elif code == "identical_responses":
                images[1] = gallery.add(pictures[first])
            else:
                images[nth // len(KNOWN_CORRUPT) % 2] = _bad_name(code, nth, gallery)
        key = "file_path" if (number + at) % 2 else "image_path"
        gallery.record = {"prompt": text, key: images, "human_preference": label}
        yield gallery.record, at != spoiled


def _copy(gallery: _Gallery, number: int, more: Copies) -> Record:
    """The copy, lookalike or leak that follows the records of a plain prompt."""
    record: Any = gallery.record
    name_key = "file_path" if "file_path" in record else "image_path"
    names, label = record[name_key], record["human_preference"]
    won = label.index(1)
    shown = [gallery.shown[name] for name in names]
    pair = MediaPair(record["prompt"], shown[won], shown[1 - won])
    made = copied_media(pair, number, more, _COPIED)
    if made.swapped:
        names = names[::-1]
    elif made.job.kind != "contradiction":
        answers = (made.pair.chosen, made.pair.rejected)
        names = [gallery.add(whole(data)) for data in (answers if won == 0 else answers[::-1])]
    if made.swapped or made.job.kind == "contradiction":
        label = label[::-1]
    copy: Record = {"prompt": made.pair.prompt, name_key: names, "human_preference": label}
    key = record_key(NAME)
    made.note(more, key(copy), key(record))
    return copy


def _bad_name(code: str, nth: int, gallery: _Gallery) -> str:
    """The name of a picture that cannot be had."""
    if code == "known_corrupt_image":
        return gallery.add_known_corrupt(nth)
    if code == "image_undecodable":
        return gallery.add(truncated(gallery.make()))
    return gallery.name()
