"""EditReward-Data and Rapidata: votes of people in all their spellings."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.media import MediaRef
from transforms.sources.adapter import Place
from transforms.sources.draft import Draft, Dropped, Reject
from transforms.sources.edit_reward import EditReward
from transforms.sources.rapidata import Rapidata, RapidataOptions
from transforms.sources.settings import Corpus, PairRule

PLACE = Place("data/train-0.parquet", 5, 2)
KEEP = PairRule(ties="keep")

EDIT = {
    "key": "7",
    "unique_key": "7_1",
    "instruction": "Make the hat red",
    "vote_type": "leftvote",
    "source_img": {"path": "s.png"},
    "left_output_image": {"path": "l.png"},
    "right_output_image": {"path": "r.png"},
    "left_model": "MagicBrush",
    "right_model": "InfEdit",
    "left_overall_score": 7.5,
    "right_overall_score": 5.0,
}
CLIPS = {
    "prompt": "a cat",
    "file_name1": "sora/1.mp4",
    "file_name2": "hunyuan/1.mp4",
    "model1": "sora",
    "model2": "hunyuan",
    "weighted_results1_Preference": 0.7,
    "weighted_results2_Preference": 0.3,
    "weighted_results1_Coherence": 0.2,
    "weighted_results2_Coherence": 0.8,
}
PICTURES = {
    "id": "3368-quality",
    "prompt": "a street",
    "image1": {"path": "flux_3368.jpg"},
    "image2": {"path": "sd3_3368.jpg"},
    "model1": "flux",
    "model2": "sd3",
}
IMAGES = {"slot": "image", "root": None}
AGGREGATED = IMAGES | {"votes": "aggregated", "column": "told"}
DETAILED = IMAGES | {"votes": "detailed", "column": "told"}


def edited(record: dict[str, Any], rule: PairRule | None = None) -> Draft:
    corpus = Corpus("x", "r", "mit", ("*",), "human", pairs=rule or PairRule())
    (draft,) = EditReward(corpus, "corpus", "Subset").pairs(record, PLACE)
    return draft


def rapidata(record: dict[str, Any], rule: PairRule | None = None, **options: Any) -> Draft:
    corpus = Corpus("x", "r", "mit", ("*",), "human", pairs=rule or PairRule(), options=options)
    (draft,) = Rapidata(corpus, "corpus", "Subset").pairs(record, PLACE)
    return draft


def told(votes: Any) -> dict[str, Any]:
    return PICTURES | {"told": votes if isinstance(votes, str) else json.dumps(votes)}


def test_an_edit_points_to_three_cells_and_keeps_its_scores() -> None:
    draft = edited(EDIT)
    assert draft.prompt_media == (
        MediaRef("prompt_images", "data/train-0.parquet", "source_img/2/5"),
    )
    assert draft.first.media == (
        MediaRef("image", "data/train-0.parquet", "left_output_image/2/5"),
    )
    assert (draft.first.model, draft.second.model) == ("MagicBrush", "InfEdit")
    assert (draft.first.score, draft.second.score, draft.margin) == (7.5, 5.0, 2.5)
    assert (draft.preferred, draft.notes) == ("first", ())
    assert draft.key.startswith("7_1/sha256:")


def test_the_vote_decides_and_a_contradiction_is_noted() -> None:
    draft = edited(EDIT | {"vote_type": "rightvote"})
    assert (draft.preferred, draft.margin) == ("second", None)
    assert draft.notes == ("scores_contradict_vote",)
    without = edited(EDIT | {"left_overall_score": None})
    assert (without.preferred, without.margin, without.notes) == ("first", None, ())


def test_a_tied_vote_follows_the_rule() -> None:
    tied = EDIT | {"vote_type": "tie"}
    assert (edited(tied, KEEP).preferred, edited(tied, KEEP).margin) == ("tie", 2.5)
    with pytest.raises(Dropped):
        edited(tied)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"instruction": None}, "missing_field"),
        ({"instruction": " "}, "empty_prompt"),
        ({"vote_type": None}, "missing_field"),
        ({"vote_type": "bothbad_vote"}, "label_unknown"),
        ({"vote_type": "LeftVote"}, "label_unknown"),
    ],
)
def test_a_bad_edit_is_refused_for_its_reason(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(Reject) as error:
        edited(EDIT | change)
    assert error.value.reason == reason


def test_weighted_shares_decide_by_the_question_that_is_asked() -> None:
    draft = rapidata(CLIPS)
    assert draft.first.media == (MediaRef("video", "videos", "sora/1.mp4"),)
    assert (draft.preferred, draft.margin) == ("first", pytest.approx(0.4))
    assert (draft.first.score, draft.second.score) == (0.7, 0.3)
    assert (draft.first.model, draft.second.model) == ("sora", "hunyuan")
    assert rapidata(CLIPS, question="Coherence").preferred == "second"
    with pytest.raises(Dropped):
        rapidata(CLIPS, PairRule(min_margin=0.5))


@pytest.mark.parametrize(
    ("stated", "parts", "member"),
    [
        ("1.mp4", 0, "1.mp4"),
        ("sora/1.mp4", 0, "sora/1.mp4"),
        ("./data/sora/1.mp4", 2, "sora/1.mp4"),
        ("/data/sora/1.mp4", 1, "1.mp4"),
        ("https://example.org/v/sora/1%20a.mp4?sign=a/b", 0, "1 a.mp4"),
        ("https://example.org/v/sora/1.mp4", 2, "sora/1.mp4"),
        ("https://[example/v/1.mp4", 1, "1.mp4"),
    ],
)
def test_clips_are_named_by_path_or_url(stated: str, parts: int, member: str) -> None:
    draft = rapidata(CLIPS | {"file_name1": stated}, name_parts=parts)
    assert draft.first.media[0].member == member


@pytest.mark.parametrize(
    "votes",
    [
        {"flux_3368.jpg": 3, "sd3_3368.jpg": 7},
        {"sd3_3368.jpg": 7, "flux_3368.jpg": 3},
        "{'flux_3368.jpg': 3, 'sd3_3368.jpg': 7}",
        {"flux": 3, "SD3": 7},
        {"image1": 0.3, "image2": 0.7},
        {"image_1": "3", "image_2": "7"},
        {"1": 3, "2": 7},
        "{1: 3, 2: 7}",
        {"https://assets.example.org/a/flux_3368.jpg": 3, "x/sd3_3368.webp": 7},
    ],
)
def test_votes_by_side_are_read_in_every_spelling(votes: Any) -> None:
    draft = rapidata(told(votes), **AGGREGATED)
    assert (draft.preferred, draft.margin) == ("second", pytest.approx(0.4))
    assert draft.first.media == (MediaRef("image", "data/train-0.parquet", "image1/2/5"),)
    assert draft.key.startswith("3368-quality/sha256:")


def test_answers_one_a_voter_are_counted() -> None:
    answers = [{"votedFor": "sd3_3368.jpg", "userDetails": {}}] * 3 + [
        {"votedFor": "flux_3368.jpg"}
    ]
    assert rapidata(told(answers), **DETAILED).first.score == 0.25
    assert rapidata(told(["image1", "image1", "image2"]), **DETAILED).preferred == "first"
    named = [{"selected": "flux"}, {"selected": "flux"}]
    assert rapidata(told(named), **DETAILED, voted_for="selected").second.score == 0.0


@pytest.mark.parametrize(
    ("record", "options", "reason"),
    [
        (CLIPS | {"prompt": None}, {}, "missing_field"),
        (CLIPS | {"prompt": ""}, {}, "empty_prompt"),
        (CLIPS | {"file_name2": None}, {}, "missing_field"),
        (CLIPS | {"file_name2": "sora/"}, {}, "malformed_path"),
        (CLIPS | {"file_name2": "../1.mp4"}, {}, "malformed_path"),
        (CLIPS | {"weighted_results1_Preference": None}, {}, "missing_field"),
        (CLIPS | {"weighted_results1_Preference": -0.1}, {}, "malformed_votes"),
        (CLIPS, {"question": "Beauty"}, "missing_field"),
        (CLIPS | {f"weighted_results{n}_Preference": 0 for n in (1, 2)}, {}, "no_votes"),
        (PICTURES, AGGREGATED, "missing_field"),
        (told("{'flux': 3,"), AGGREGATED, "malformed_votes"),
        (told("__import__('os').getcwd()"), AGGREGATED, "malformed_votes"),
        (told("(" * 90_000), AGGREGATED, "malformed_votes"),
        (told("-" * 90_000 + "1"), AGGREGATED, "malformed_votes"),
        (told("[" * 90_000), AGGREGATED, "malformed_votes"),
        (told(" " * 200_000), AGGREGATED, "malformed_votes"),
        (told([3, 7]), AGGREGATED, "malformed_votes"),
        (told({"flux": "many", "sd3": 7}), AGGREGATED, "malformed_votes"),
        (told({"flux": -3, "sd3": 7}), AGGREGATED, "malformed_votes"),
        (told({"left": 3, "right": 7}), AGGREGATED, "label_unknown"),
        (told({"flux": 3, "sd3": 7, "both": 1}), AGGREGATED, "label_unknown"),
        (told({"flux": 0, "sd3": 0}), AGGREGATED, "no_votes"),
        (told({"flux": 2, "sd3": 1}), AGGREGATED | {"min_votes": 5}, "too_few_votes"),
        (told({}), AGGREGATED, "malformed_votes"),
        (told([]), DETAILED, "no_votes"),
        (told([{"votedFor": None}]), DETAILED, "malformed_votes"),
        (told([7]), DETAILED, "malformed_votes"),
    ],
)
def test_bad_votes_are_refused_for_their_reason(
    record: dict[str, Any], options: dict[str, Any], reason: str
) -> None:
    with pytest.raises(Reject) as error:
        rapidata(record, **options)
    assert error.value.reason == reason


def test_two_pictures_of_one_model_are_not_told_apart_by_it() -> None:
    record = told({"flux": 7, "image2": 3}) | {"model2": "flux"}
    with pytest.raises(Reject) as error:
        rapidata(record, **AGGREGATED)
    assert error.value.reason == "label_unknown"
    assert "which side?" in error.value.message


@pytest.mark.parametrize(
    "options",
    [{"votes": "aggregated"}, {"column": "told"}, {"name_parts": -1}, {"min_votes": 0}],
)
def test_options_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"column names|name_parts"):
        RapidataOptions(**options)
