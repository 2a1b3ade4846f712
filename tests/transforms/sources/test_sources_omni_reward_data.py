"""Rows of OmniRewardData by task: whole drafts, and reasons for refusals."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.media import MediaRef
from transforms.sources.adapter import Place
from transforms.sources.draft import Draft, Reject, Response, Turn
from transforms.sources.omni_reward_data import OmniRewardData
from transforms.sources.settings import Corpus

PLACE = Place("Subset/train-00000-of-00001.parquet", 3, 0)
CRITERION = "The response should be short."


def turn(who: str, said: Any) -> dict[str, Any]:
    return {"from": who, "value": said}


def record(
    *turns: dict[str, Any], answers: tuple[Any, Any] = ("good", "bad"), images: tuple[str, ...] = ()
) -> dict[str, Any]:
    chosen, rejected = (None if one is None else turn("gpt", one) for one in answers)
    return {
        "conversations": list(turns), "chosen": chosen, "rejected": rejected, "images": list(images)
    }  # fmt: skip


def one(row: dict[str, Any], task: str, *, criteria: bool = False, **options: Any) -> Draft:
    corpus = Corpus(
        "omni_reward_data", "r", "unknown", ("*",), "model",
        options={"task": task, "criteria": criteria, **options},
    )  # fmt: skip
    (draft,) = OmniRewardData(corpus, "corpus", "Subset").pairs(row, PLACE)
    return draft


def test_a_text_pair_under_a_criterion() -> None:
    row = record(
        turn("system", CRITERION), turn("human", "Q"), turn("gpt", "A"), turn("human", "R")
    )
    draft = one(row, "t2t", criteria=True)
    assert draft == Draft(
        key=draft.key,
        prompt=(Turn("user", "Q"), Turn("assistant", "A"), Turn("user", "R")),
        first=Response(text="good"),
        second=Response(text="bad"),
        preferred="first",
        criterion=CRITERION,
        criterion_origin="published",
        where="Subset/train-00000-of-00001.parquet group 0 row 3",
    )
    assert draft.key.startswith("sha256:")


def test_without_criteria_a_turn_from_system_belongs_to_the_prompt() -> None:
    draft = one(record(turn("system", "Be kind."), turn("human", "Q")), "t2t")
    assert draft.prompt == (Turn("system", "Be kind."), Turn("user", "Q"))
    assert (draft.criterion, draft.criterion_origin, draft.flipped) == (None, None, None)


def test_a_question_about_a_picture_has_no_placeholder() -> None:
    row = record(turn("human", "<image>\nQ"), images=("rlaifv/a/1.jpg",))
    draft = one(row, "ti2t", locations={"rlaifv": {"container": "media/x.tar", "add": "/"}})
    assert draft.prompt == (Turn("user", "Q"),)
    assert draft.prompt_media == (MediaRef("prompt_images", "media/x.tar", "/a/1.jpg"),)
    assert one(row, "ti2t").prompt_media == (MediaRef("prompt_images", "media", "rlaifv/a/1.jpg"),)


@pytest.mark.parametrize(("task", "slot", "number"), [("t2i", "image", 2), ("t2v", "frames", 6)])
def test_pictures_and_clips_are_answers_to_chosen(task: str, slot: str, number: int) -> None:
    paths = tuple(f"x/{at}.jpg" for at in range(number))
    row = record(turn("human", "<image>"), answers=("A cat", "A cat"), images=paths)
    draft = one(row, task)
    assert draft.prompt == (Turn("user", "A cat"),)
    assert draft.prompt_media == ()
    refs = tuple(MediaRef(slot, "media", path) for path in paths)
    assert draft.first == Response(media=refs[: number // 2])
    assert draft.second == Response(media=refs[number // 2 :])


ASKED = turn("human", "Q")


@pytest.mark.parametrize(
    ("row", "task", "criteria", "reason"),
    [
        (record(), "t2t", False, "no_prompt"),
        (record(turn("system", CRITERION)), "t2t", True, "no_prompt"),
        (record(ASKED), "t2t", True, "no_criterion"),
        (record(turn("system", " "), ASKED), "t2t", True, "no_criterion"),
        (record(ASKED, answers=(None, "bad")), "t2t", False, "no_response"),
        (record(ASKED, answers=("good", " ")), "t2t", False, "no_response"),
        (record(ASKED, answers=(None, None), images=("a", "b")), "t2i", False, "no_response"),
        (record(turn("tool", "Q")), "t2t", False, "unknown_role"),
        (record(turn("human", None)), "t2t", False, "not_text"),
        (record(ASKED, images=("a",)), "t2t", False, "images_unfit"),
        (record(ASKED, images=("a", "b")), "ti2t", False, "images_unfit"),
        (record(ASKED, images=("a",)), "t2i", False, "images_unfit"),
        (record(ASKED), "t2v", False, "images_unfit"),
        (record(ASKED, images=("a", "b", "c")), "t2v", False, "images_unfit"),
        (record(turn("human", "<image><image>Q"), images=("a",)), "ti2t", False,
         "too_many_image_tokens"),
        (record(turn("human", "<image>"), images=("a",)), "ti2t", False, "empty_prompt"),
    ],
)  # fmt: skip
def test_what_is_refused(row: dict[str, Any], task: str, criteria: bool, reason: str) -> None:
    with pytest.raises(Reject) as refused:
        one(row, task, criteria=criteria)
    assert refused.value.reason == reason


def test_a_task_that_the_set_has_no_rows_of() -> None:
    with pytest.raises(ValueError, match="task: 't2a' is none of t2t, ti2t, t2i, t2v"):
        one(record(ASKED), "t2a")
