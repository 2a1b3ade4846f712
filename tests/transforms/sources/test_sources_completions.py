"""Rated completions: what counts as a rating, which take part, how pairs and keys come out."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from transforms.sources.completions import Completion, completions_of, rated_drafts
from transforms.sources.draft import Draft, Dropped, Reject, Response, Turn
from transforms.sources.settings import PairRule

ASPECTS = ("Help", "Truth")
PROMPT = (Turn("user", "Q"),)


def completion(
    *ratings: object, response: object = "text", model: object = "m"
) -> dict[str, object]:
    annotations = {
        aspect: {"Rating": rating, "Rationale": "since"}
        for aspect, rating in zip(ASPECTS, ratings, strict=True)
    }
    return {"annotations": annotations, "model": model, "response": response}


def read(*completions: dict[str, object], least: int = 1) -> list[Completion]:
    return completions_of({"completions": list(completions)}, ASPECTS, least)


def drawn(completions: list[Completion], **rule: Any) -> list[Draft]:
    return list(rated_drafts("k", completions, PairRule(**rule), partial(Draft, prompt=PROMPT)))


@pytest.mark.parametrize(
    ("rating", "score"),
    [
        ("4", 3.0),  # with the other aspect's 2
        (" 4 \n", 3.0),
        ("4.5", 3.25),
        (4, 3.0),
        (4.5, 3.25),
        ("1", 1.5),
        ("5", 3.5),
        # What is no rating: the mean is that of the other aspect.
        ("N/A", 2.0),
        ("", 2.0),
        (None, 2.0),
        ("four", 2.0),
        ("4/5", 2.0),
        ("0", 2.0),
        ("0.99", 2.0),
        ("5.01", 2.0),
        ("10", 2.0),
        ("nan", 2.0),
        ("inf", 2.0),
        (True, 2.0),
        ([4], 2.0),
        ({"Rating": "4"}, 2.0),
        (10**400, 2.0),
    ],
)
def test_a_score_is_the_mean_of_ratings_from_1_to_5(rating: object, score: float) -> None:
    (one,) = read(completion(rating, "2"))
    assert one.score == score
    assert one.notes == (("mean_of_fewer_ratings",) if score == 2.0 else ())


@pytest.mark.parametrize(
    "annotations",
    [None, "5", [], {}, {"Help": "5"}, {"Help": ["5"], "Truth": None}, {"help": {"Rating": "5"}}],
)
def test_annotations_of_another_shape_are_no_ratings(annotations: object) -> None:
    (one,) = read({**completion("5", "5"), "annotations": annotations})
    assert one == Completion("text", "m", None, ("completion_without_rating",))


def test_a_completion_needs_as_many_ratings_as_the_recipe_says() -> None:
    one, other = read(completion("5", "N/A"), completion("4", "2"), least=2)
    assert (one.score, one.notes) == (None, ("completion_without_rating",))
    assert (other.score, other.notes) == (3.0, ())


@pytest.mark.parametrize("response", [None, "", "  ", "\n\t\r\n"])
def test_a_blank_response_takes_no_part_whatever_its_ratings(response: object) -> None:
    completions = read(
        completion("5", "5", response=response), completion("4", "4"), completion("1", "1")
    )
    assert completions[0].text is None
    (draft,) = drawn(completions)
    assert draft.key == "k/1-2"
    assert draft.notes == ("completion_without_text",)


@pytest.mark.parametrize("model", [None, 7, ["gpt"]])
def test_a_model_that_is_no_name_is_left_out(model: object) -> None:
    assert read(completion("5", "5", model=model))[0].model is None


def test_an_object_of_lists_reads_as_a_list_of_objects() -> None:
    rows = [completion("5", "4", response="a", model="x"), completion("1", "N/A", response="b")]
    lists = {name: [row[name] for row in rows] for name in rows[0]}
    assert completions_of({"completions": lists}, ASPECTS, 1) == read(*rows)
    assert completions_of({"completions": {}}, ASPECTS, 1) == []


@pytest.mark.parametrize(
    ("completions", "reason"),
    [
        (None, "missing_field"),
        ("text", "malformed_completions"),
        (3, "malformed_completions"),
        ([completion("5", "5"), "text"], "malformed_completions"),
        ([None, completion("5", "5")], "malformed_completions"),
        (completion("5", "5"), "malformed_completions"),
        ({"response": ["a", "b"], "model": ["x"]}, "malformed_completions"),
        ({"response": ["a", "b"], "model": None}, "malformed_completions"),
        ([completion("5", "5"), completion("1", "1", response=7)], "not_text"),
        ([completion("5", "5"), completion("1", "1", response={"text": "a"})], "not_text"),
    ],
)
def test_completions_of_another_shape_are_refused(completions: object, reason: str) -> None:
    with pytest.raises(Reject) as error:
        completions_of({"completions": completions}, ASPECTS, 1)
    assert error.value.reason == reason


@pytest.mark.parametrize(
    "completions",
    [
        [],
        [completion("5", "5")],
        [completion("5", "5"), completion("N/A", "N/A")],
        [completion("5", "5"), completion("1", "1", response=" ")],
    ],
)
def test_fewer_than_two_usable_completions_give_no_pair(completions: list[dict[str, Any]]) -> None:
    with pytest.raises(Reject) as error:
        drawn(read(*completions))
    assert error.value.reason == "too_few_responses"
    assert error.value.message.startswith(f"{min(1, len(completions))} of {len(completions)} ")


FOUR = [
    completion("3", "3", response="c", model="mc"),
    completion("1", "2", response="d", model="md"),
    completion("5", "4", response="a", model="ma"),
    completion("4", "N/A", response="b", model="mb"),
]


def test_best_against_worst_is_one_whole_draft() -> None:
    assert drawn(read(*FOUR)) == [
        Draft(
            key="k/2-1",
            prompt=PROMPT,
            first=Response(text="a", model="ma", score=4.5),
            second=Response(text="d", model="md", score=1.5),
            preferred="first",
            margin=3.0,
            notes=("mean_of_fewer_ratings",),
        )
    ]


@pytest.mark.parametrize(
    ("rule", "keys"),
    [
        ({"rule": "adjacent"}, ["k/2-3", "k/3-0", "k/0-1"]),
        ({"rule": "all"}, ["k/2-3", "k/2-0", "k/2-1", "k/3-0", "k/3-1", "k/0-1"]),
        ({"rule": "all", "min_margin": 2.0}, ["k/2-1", "k/3-1"]),
    ],
)
def test_a_pair_has_the_same_key_whichever_others_are_drawn(
    rule: dict[str, Any], keys: list[str]
) -> None:
    assert [draft.key for draft in drawn(read(*FOUR), **rule)] == keys


@pytest.mark.parametrize(
    ("ratings", "min_margin"),
    [(("3", "4"), 0.0), (("5", "3"), 1.0), (("N/A", "3.5"), 0.5)],
)
def test_means_that_are_equal_or_too_near_are_ties(
    ratings: tuple[str, str], min_margin: float
) -> None:
    pair = read(completion("4", "3", response="a"), completion(*ratings, response="b"))
    with pytest.raises(Dropped) as drop:
        drawn(pair, min_margin=min_margin)
    assert drop.value.rule == "tie"
    (draft,) = drawn(pair, min_margin=min_margin, ties="keep")
    assert draft.preferred == "tie"
