"""Rows whose media copy an item's: the same file, made smaller, recompressed, or cropped."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

import numpy as np
from benchmark_rows import SETTINGS, index_of, medium_part, ref, row, rows_of, text_part
from made_media import copies, cropped, file, picture
from PIL import Image

from transforms.dedup.benchmarks.contaminated import contaminated, removed_rows
from transforms.dedup.settings_media import PerceptualSettings
from transforms.media.image.hash import perceptual_hash
from transforms.media.variants import variants

ITEMS = 8


@cache
def item(seed: int) -> bytes:
    return file(picture(seed))


@cache
def hashes(seed: int) -> tuple[str, ...]:
    return tuple(variants(item(seed), "image"))


def phash(data: bytes) -> str:
    with Image.open(io.BytesIO(data)) as made:
        return perceptual_hash(made.convert("RGB"))


def response(data: bytes) -> dict[str, Any]:
    return row("x", a_media=[ref(data, phash(data))])


def responses_index() -> Any:
    return index_of([medium_part(n, "response_medium", item(n), hashes(n)) for n in range(ITEMS)])


def test_copies_are_found_and_strangers_stay() -> None:
    index = responses_index()
    planted = []
    for seed in range(ITEMS):
        made = picture(seed)
        planted += [item(seed), *copies(made).values()]
        planted += [file(cropped(made, *(0.05,) * 4)), file(cropped(made, 0.05, 0, 0, 0.05))]
        planted.append(file(cropped(made, *(0.025,) * 4), "JPEG", quality=80))
    table = rows_of(*map(response, planted))
    found = contaminated(table, index, SETTINGS)
    assert np.asarray(removed_rows(table, found)).mean() >= 0.97
    exact = [one for one in found.to_pylist() if one["likeness"] == "exact"]
    assert [one["item"] for one in exact] == [str(n) for n in range(ITEMS)]
    assert {one["strength"] for one in exact} == {0}
    right = [one["item"] == str(one["row"] // (len(planted) // ITEMS)) for one in found.to_pylist()]
    assert np.mean(right) == 1
    strangers = rows_of(*(response(file(picture(1_000 + seed))) for seed in range(50)))
    assert contaminated(strangers, index, SETTINGS).num_rows == 0


def test_edits_of_a_picture_go_by_their_files_alone() -> None:
    index = responses_index()
    small = copies(picture(3))["half"]
    source = ref(b"source", None, "prompt_images")
    table = rows_of(
        *(
            row("Make it blue", prompt_media=[source], a_media=[ref(data, phash(data))])
            for data in (small, item(3))
        )
    )
    found = contaminated(table, index, SETTINGS)
    assert found["removed"].to_pylist() == [False, True]
    by_hash = contaminated(table, index, SETTINGS, PerceptualSettings(edits="hash"))
    assert by_hash["removed"].to_pylist() == [True, True]


def test_a_prompt_medium_goes_with_its_text_and_alone_is_reported() -> None:
    parts = [
        text_part(0, "prompt", "What is this?"),
        medium_part(0, "prompt_medium", item(0), hashes(0)),
        text_part(1, "prompt", "How many birds are there?"),
        medium_part(1, "prompt_medium", item(1), hashes(1)),
        medium_part(2, "prompt_medium", item(2), hashes(2)),
    ]
    index = index_of(parts)

    def asked(text: str, seed: int) -> dict[str, Any]:
        data = copies(picture(seed))["jpeg 40"]
        return row(text, prompt_media=[ref(data, phash(data), "prompt_images")])

    table = rows_of(
        asked("<image> what is THIS", 0),
        asked("How many birds are there?", 0),
        asked("How many birds are there?", 1),
        asked("What is this?", 2),
    )
    found = contaminated(table, index, SETTINGS).to_pylist()
    assert [(one["row"], one["item"], one["rule"], one["removed"]) for one in found] == [
        (0, "0", "prompt_medium_and_text", True),
        (1, "0", "prompt_medium", False),
        (2, "1", "prompt_medium_and_text", True),
        (3, "2", "prompt_medium", False),
    ]
    assert {one["likeness"] for one in found} == {"perceptual"}


def test_blank_pictures_and_other_modalities_are_no_evidence() -> None:
    blank = file(Image.new("RGB", (64, 64), "white"))
    other = file(Image.new("RGB", (80, 60), "white"))
    index = index_of([medium_part(0, "response_medium", blank, variants(blank, "image"))])
    table = rows_of(response(other), response(blank))
    assert np.asarray(removed_rows(table, contaminated(table, index, SETTINGS))).tolist() == [
        False,
        True,
    ]
    sound = index_of([medium_part(0, "response_medium", item(0), hashes(0)[:1], "audio")])
    table = rows_of(response(copies(picture(0))["half"]))
    assert contaminated(table, sound, SETTINGS).num_rows == 0
