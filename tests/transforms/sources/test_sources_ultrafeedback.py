"""UltraFeedback, as released and binarized: both layouts, and each trap by itself."""

from __future__ import annotations

from typing import Any

import pytest

from tests.transforms.sources.adapter_case import AdapterCase
from transforms.sources.adapter import Place, RecordAdapter
from transforms.sources.draft import Draft, Dropped, Reject, Response, Turn
from transforms.sources.settings import Corpus, PairRule
from transforms.sources.ultrafeedback import UltraFeedback, UltraFeedbackOptions
from transforms.sources.ultrafeedback_binarized import UltraFeedbackBinarized


class TestUltraFeedback(AdapterCase):
    corpus = "ultrafeedback"


class TestUltraFeedbackBinarized(AdapterCase):
    corpus = "ultrafeedback_binarized"


PLACE = Place("sharegpt.jsonl", 80)


def adapter(
    kind: type[RecordAdapter], pairs: PairRule | None = None, **options: Any
) -> RecordAdapter:
    corpus = Corpus("x", "r", "mit", ("*",), "model", pairs=pairs or PairRule(), options=options)
    return kind(corpus, "corpus", "Subset")


def one(kind: type[RecordAdapter], record: dict[str, Any], **how: Any) -> Draft:
    (draft,) = adapter(kind, **how).pairs(record, PLACE)
    return draft


def completion(model: str, ratings: tuple[str, str, str, str], **more: Any) -> dict[str, Any]:
    following, honesty, truth, help_ = ratings
    return {
        "model": model,
        "principle": "honesty",
        "custom_system_prompt": f"Answer as {model} would.",
        "response": f"  by {model}\r\n",
        "critique": "Fair.",
        "overall_score": 5.0,
        "fine-grained_score": 3.0,
        "annotations": {
            "instruction_following": {"Rating": following, "Rationale": "."},
            "honesty": {"Rating": honesty, "Rationale": "."},
            "truthfulness": {"Type": ["1"], "Rating": truth, "Rationale For Rating": "."},
            "helpfulness": {"Type": ["None"], "Rating": help_, "Rationale": "."},
        },
        **more,
    }


RECORD: dict[str, Any] = {
    "source": "sharegpt",
    "instruction": "Plan a trip.",
    "models": ["bard", "gpt-4", "starchat"],
    # The summary scores say the opposite of the ratings, and 10 stands where 1 was meant.
    "completions": [
        completion("bard", ("2", "N/A", "3", "1"), overall_score=10.0, **{"fine-grained_score": 5}),
        completion("gpt-4", ("5", "5", "4", "5"), overall_score=1.0, **{"fine-grained_score": 1}),
        completion("starchat", ("3", "3", "3", "3")),
    ],
    "correct_answers": ["None"],
    "incorrect_answers": ["None"],
}


def test_the_mean_of_the_ratings_ranks_and_the_instruction_is_the_prompt() -> None:
    key = adapter(UltraFeedback).key(RECORD)
    assert key.startswith("sha256:")
    assert one(UltraFeedback, RECORD) == Draft(
        key=f"{key}/1-0",
        prompt=(Turn("user", "Plan a trip."),),
        first=Response(text="  by gpt-4\r\n", model="gpt-4", score=4.75),
        second=Response(text="  by bard\r\n", model="bard", score=2.0),
        preferred="first",
        margin=2.75,
        where="sharegpt.jsonl row 80",
        notes=("mean_of_fewer_ratings",),
    )


def test_completions_with_too_few_ratings_can_be_left_out() -> None:
    draft = one(UltraFeedback, RECORD, min_ratings=4)
    assert (draft.first.model, draft.second.model) == ("gpt-4", "starchat")
    assert draft.notes == ("completion_without_rating",)


@pytest.mark.parametrize("number", [0, 5])
def test_an_impossible_number_of_ratings_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="min_ratings must be from 1 to 4"):
        UltraFeedbackOptions(min_ratings=number)


def test_sources_are_left_out_by_the_recipe_alone() -> None:
    record = {**RECORD, "source": "truthful_qa"}
    assert one(UltraFeedback, record).preferred == "first"
    assert one(UltraFeedback, RECORD, drop_sources=["truthful_qa"]).preferred == "first"
    # Also where nothing else of the record could be used.
    with pytest.raises(Dropped) as drop:
        one(UltraFeedback, {**record, "completions": None}, drop_sources=["truthful_qa"])
    assert drop.value.rule == "source_left_out"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"instruction": None}, "missing_field"),
        ({"instruction": {"text": "Q"}}, "not_text"),
        ({"completions": None}, "missing_field"),
        ({"completions": "four"}, "malformed_completions"),
        ({"completions": RECORD["completions"][:1]}, "too_few_responses"),
        ({"completions": []}, "too_few_responses"),
    ],
)
def test_a_bad_record_is_refused_for_its_reason(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(Reject) as error:
        one(UltraFeedback, {**RECORD, **change})
    assert error.value.reason == reason


def turns(prompt: str, response: str) -> list[dict[str, str]]:
    return [{"content": prompt, "role": "user"}, {"content": response, "role": "assistant"}]


BINARIZED: dict[str, Any] = {
    "prompt_id": "ab12",
    "chosen": turns("Q", "  good\r\n"),
    "rejected": turns("Q", "bad"),
    "score_chosen": 8.5,
    "score_rejected": 6.0,
}


def test_a_binarized_record_is_one_whole_draft() -> None:
    content = adapter(UltraFeedbackBinarized).key({**BINARIZED, "prompt_id": None})
    assert content.startswith("sha256:")
    draft = one(UltraFeedbackBinarized, BINARIZED)
    name, _, digest = draft.key.partition("/")
    assert name == "ab12"
    assert digest.startswith("sha256:")
    assert draft == Draft(
        key=draft.key,
        prompt=(Turn("user", "Q"),),
        first=Response(text="  good\r\n", score=8.5),
        second=Response(text="bad", score=6.0),
        preferred="first",
        margin=2.5,
        where="sharegpt.jsonl row 80",
    )


def test_records_of_one_prompt_have_keys_of_their_own() -> None:
    other = {**BINARIZED, "rejected": turns("Q", "worse")}
    assert one(UltraFeedbackBinarized, other).key != one(UltraFeedbackBinarized, BINARIZED).key


@pytest.mark.parametrize(("worse", "margin"), [(8.5, 0.0), (8.0, 1.0)])
def test_equal_or_near_scores_of_a_binarized_record_are_ties(worse: float, margin: float) -> None:
    record = {**BINARIZED, "score_rejected": worse}
    with pytest.raises(Dropped) as drop:
        one(UltraFeedbackBinarized, record, pairs=PairRule(min_margin=margin))
    assert drop.value.rule == "tie"
    kept = one(UltraFeedbackBinarized, record, pairs=PairRule(min_margin=margin, ties="keep"))
    assert (kept.preferred, kept.first.text) == ("tie", "  good\r\n")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"score_rejected": 9.0}, "label_contradicts_scores"),
        ({"score_chosen": None}, "missing_field"),
        ({"score_chosen": "8"}, "malformed_score"),
        ({"score_chosen": True}, "malformed_score"),
        ({"score_rejected": float("nan")}, "malformed_score"),
        ({"score_chosen": 10**400}, "malformed_score"),
        ({"chosen": None}, "missing_field"),
        ({"chosen": "good"}, "not_turns"),
        ({"chosen": turns("R", "good")}, "prompts_differ"),
        ({"chosen": turns("Q", " ")}, "empty_response"),
        ({"chosen": [{"content": "good", "role": ["user"]}]}, "unknown_role"),
    ],
)
def test_a_bad_binarized_record_is_refused_for_its_reason(
    change: dict[str, Any], reason: str
) -> None:
    with pytest.raises(Reject) as error:
        one(UltraFeedbackBinarized, {**BINARIZED, **change})
    assert error.value.reason == reason
