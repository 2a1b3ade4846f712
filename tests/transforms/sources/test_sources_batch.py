"""Batches of drafts: text that no table can hold is refused, wherever in a draft it stands."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from schemas.media import MediaRef
from transforms.sources.adapter import Place, RecordAdapter
from transforms.sources.batch import Batch
from transforms.sources.draft import Draft, Response, Turn
from transforms.sources.settings import Corpus
from transforms.sources.ultrafeedback import UltraFeedback
from transforms.sources.videodpo_original import VideoDpoOriginal

BAD = "A/\ud800.png"
GOOD = Draft("k", (Turn("user", "Q"),), Response(text="a"), Response(text="b"), "first")


@pytest.mark.parametrize(
    "draft",
    [
        replace(GOOD, first=Response(media=(MediaRef("image", "a.zip", BAD),))),
        replace(GOOD, second=Response(text="b", model=BAD)),
        replace(GOOD, prompt_media=(MediaRef("prompt_images", "a.zip", BAD),)),
        replace(GOOD, prompt=(Turn("user", BAD),)),
    ],
    ids=["name of a medium", "model", "name of a prompt's medium", "prompt"],
)
def test_a_lone_surrogate_makes_a_dead_letter(draft: Draft) -> None:
    batch = Batch(RecordAdapter(Corpus("x", "r", "mit", ("*",), "human"), "corpus", "Subset"))
    batch.add(Place("f.jsonl", 0), {"name": BAD}, lambda _: [draft])
    done = batch.done()
    assert (done.drafts.num_rows, done.records) == (0, 1)
    assert done.dead["reason"].to_pylist() == ["lone_surrogate"]


HALF = "\ud800"
CLIP = {"basic": {"clip_path": f"winvideos/{HALF}.mp4"}, "misc": {}}


@pytest.mark.parametrize(
    ("kind", "record", "reason"),
    [
        (UltraFeedback, {"instruction": "Q", "completions": {HALF: 5}}, "malformed_completions"),
        (
            VideoDpoOriginal,
            {"video1": 0, "video2": 1, "video1_metadata": CLIP, "video2_metadata": CLIP},
            "clip_disagrees",
        ),
    ],
)
def test_a_complaint_may_quote_half_a_character(
    kind: type[RecordAdapter], record: dict[str, Any], reason: str
) -> None:
    adapter = kind(Corpus("x", "r", "mit", ("*",), "model"), "corpus", "Subset")
    place = Place("f.jsonl", 0)
    batch = Batch(adapter)
    batch.add(place, record, partial(adapter.pairs, place=place))
    (letter,) = batch.done().dead.to_pylist()
    assert letter["reason"] == reason
    assert "\\ud800" in letter["message"]


def test_a_batch_of_many_media_is_full_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transforms.sources.batch.BATCH_MEDIA", 12)
    frames = tuple(MediaRef("frames", "a.zip", f"{at}.jpg") for at in range(3))
    draft = replace(GOOD, first=Response(media=frames), second=Response(media=frames))
    batch = Batch(RecordAdapter(Corpus("x", "r", "mit", ("*",), "human"), "corpus", "Subset"))
    batch.add(Place("f.jsonl", 0), {}, lambda _: [draft])
    assert not batch.is_full
    batch.add(Place("f.jsonl", 1), {}, lambda _: [draft])
    assert batch.is_full
    assert batch.done().drafts.num_rows == 2
