"""VLFeedback, as lines with an archive and as Parquet: both layouts, and each trap by itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from schemas.media import MediaRef
from tests.transforms.sources.adapter_case import AdapterCase
from transforms.beamkit.errors import BuildError
from transforms.sources.adapter import Place, SourceFile
from transforms.sources.draft import Draft, Dropped, Reject, Response, Turn
from transforms.sources.settings import Corpus, PairRule
from transforms.sources.vlfeedback import VlFeedback, VlFeedbackOptions


class TestVlFeedback(AdapterCase):
    corpus = "vlfeedback"


class TestVlFeedbackParquet(AdapterCase):
    corpus = "vlfeedback_parquet"


LINE = Place("vlfeedback_80k.jsonl", 512)
CELL = Place("data/train-00000-of-00009.parquet", 5, 2)


def adapter(pairs: PairRule | None = None, **options: Any) -> VlFeedback:
    corpus = Corpus("x", "r", "mit", ("*",), "model", pairs=pairs or PairRule(), options=options)
    return VlFeedback(corpus, "corpus", "Subset")


def one(record: dict[str, Any], place: Place = LINE, **how: Any) -> Draft:
    (draft,) = adapter(**how).pairs(record, place)
    return draft


def completion(model: str, rating: str, response: str) -> dict[str, Any]:
    aspects = ("Helpfulness", "Ethical Considerations", "Visual Faithfulness")
    annotations = {aspect: {"Rating": rating, "Rationale": "."} for aspect in aspects}
    return {"annotations": annotations, "model": model, "response": response}


ROWS = [
    completion("fuyu", "2", "A cat."),
    completion("gpt4v", "5", "A grey cat."),
    completion("mmgpt", "3", "A dog."),
]
RECORD: dict[str, Any] = {
    "id": "svit-7",
    "prompt": "What is it?",
    "models": [row["model"] for row in ROWS],
    "completions": ROWS,
    "img_path": "merged_images/svit-7.jpg",
}
LISTS = {name: [row[name] for row in ROWS] for name in ROWS[0]}


def citing(*places: int) -> dict[str, Any]:
    """The record, citation marks in the responses at these places."""
    rows = [
        row | {"response": "A【5†source】 cat【12:1†source】."} if at in places else row
        for at, row in enumerate(ROWS)
    ]
    return {**RECORD, "completions": rows}


@pytest.mark.parametrize("completions", [ROWS, LISTS], ids=["rows", "lists"])
@pytest.mark.parametrize(
    ("place", "options", "media"),
    [
        (LINE, {}, MediaRef("prompt_images", "merged_images.zip", "svit-7.jpg")),
        (LINE, {"archive": "pictures"}, MediaRef("prompt_images", "pictures", "svit-7.jpg")),
        (CELL, {"archive": None}, MediaRef("prompt_images", CELL.file, "image/2/5")),
        (CELL, {}, MediaRef("prompt_images", "merged_images.zip", "svit-7.jpg")),
    ],
)
def test_a_record_is_one_whole_draft_in_every_layout(
    place: Place, options: dict[str, Any], media: MediaRef, completions: object
) -> None:
    record = {**RECORD, "completions": completions}
    key = adapter().key(record)
    assert key.startswith("svit-7/sha256:")
    assert one(record, place, **options) == Draft(
        key=f"{key}/1-0",
        prompt=(Turn("user", "What is it?"),),
        prompt_media=(media,),
        first=Response(text="A grey cat.", model="gpt4v", score=5.0),
        second=Response(text="A cat.", model="fuyu", score=2.0),
        preferred="first",
        margin=3.0,
        where=str(place),
    )


@pytest.mark.parametrize(
    ("change", "member"),
    [
        ({"img_path": None}, "svit-7.jpg"),
        ({"img_path": None, "id": 12}, "12.jpg"),
        ({"img_path": "x.png"}, "x.png"),
        ({"img_path": "part/x.png"}, "part/x.png"),
        ({"img_path": "merged_images/part/x.png"}, "part/x.png"),
        ({"img_path": "/root/.cache/extracted/ab12/merged_images/x.jpg"}, "x.jpg"),
        ({"img_path": "/mnt/vl/x.jpg"}, "x.jpg"),
        ({"img_path": "unmerged_images/x.jpg"}, "unmerged_images/x.jpg"),
    ],
)
def test_the_picture_is_found_by_path_or_else_by_id(change: dict[str, Any], member: str) -> None:
    (media,) = one({**RECORD, **change}).prompt_media
    assert media.member == member


def test_records_that_share_an_id_have_keys_of_their_own() -> None:
    assert one({**RECORD, "prompt": "Where is it?"}).key != one(RECORD).key
    assert adapter().key({**RECORD, "id": {"n": 1}}).startswith("sha256:")


@pytest.mark.parametrize("place", [0, 1])
def test_citation_marks_drop_a_pair_are_stripped_or_kept_by_the_recipe(place: int) -> None:
    with pytest.raises(Dropped) as drop:
        one(citing(place))
    assert drop.value.rule == "citation_artefact"

    def text(draft: Draft) -> str | None:
        return (draft.second, draft.first)[place].text

    stripped = one(citing(place), citations="strip")
    assert (text(stripped), stripped.notes) == ("A cat.", ("citation_stripped",))
    assert text(one(citing(place), citations="keep")) == "A【5†source】 cat【12:1†source】."


def test_citation_marks_drop_the_pairs_that_hold_them_only() -> None:
    assert one(citing(2)).preferred == "first"
    drafts = list(adapter(PairRule(rule="all")).pairs(citing(1), LINE))
    assert [(draft.first.model, draft.second.model) for draft in drafts] == [("mmgpt", "fuyu")]


@pytest.mark.parametrize("text", ["See [5].", "†source", "【source】", "【5】", "【a†source】"])
def test_other_marks_are_no_citations(text: str) -> None:
    rows = [ROWS[0] | {"response": text}, *ROWS[1:]]
    assert one({**RECORD, "completions": rows}).second.text == text


def test_a_response_that_is_marks_alone_takes_no_part_once_stripped() -> None:
    rows = [ROWS[0] | {"response": "【5†source】 "}, *ROWS[1:]]
    draft = one({**RECORD, "completions": rows}, citations="strip")
    assert draft.second.model == "mmgpt"
    assert draft.notes == ("completion_without_text",)


def test_a_tie_is_a_tie_before_its_citations_are_looked_at() -> None:
    rows = [row | {"annotations": ROWS[0]["annotations"]} for row in citing(0, 1)["completions"]]
    with pytest.raises(Dropped) as drop:
        one({**RECORD, "completions": rows})
    assert drop.value.rule == "tie"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"prompt": None}, "missing_field"),
        ({"prompt": ["Q"]}, "not_text"),
        ({"completions": None}, "missing_field"),
        ({"completions": {"response": ["a"], "model": []}}, "malformed_completions"),
        ({"completions": ROWS[:1]}, "too_few_responses"),
        ({"img_path": ["x.jpg"]}, "malformed_images"),
        ({"img_path": " "}, "malformed_images"),
        ({"img_path": None, "id": None}, "missing_field"),
        ({"img_path": None, "id": True}, "missing_field"),
        ({"img_path": None, "id": ["a"]}, "missing_field"),
        ({"img_path": None, "id": " "}, "missing_field"),
    ],
)
def test_a_bad_record_is_refused_for_its_reason(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(Reject) as error:
        one({**RECORD, **change})
    assert error.value.reason == reason


def test_cells_are_asked_of_parquet_files_only(tmp_path: Path) -> None:
    file = tmp_path / "vlfeedback_80k.jsonl"
    file.write_text(json.dumps(RECORD) + "\n", encoding="utf-8")
    files = [SourceFile(file.name, str(file), file.stat().st_size)]
    assert len(adapter().units(files)) == 1
    with pytest.raises(BuildError, match=r"with `archive: null`.*is not one; name the archive"):
        adapter(archive=None).units(files)


@pytest.mark.parametrize("number", [0, 4])
def test_an_impossible_number_of_ratings_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="min_ratings must be from 1 to 3"):
        VlFeedbackOptions(min_ratings=number)
