"""align-anything and audio-alpaca: what a record gives, and the reasons why it gives nothing."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.media import MediaRef
from transforms.sources.adapter import Place
from transforms.sources.align_anything import AlignAnything, AlignAnythingOptions
from transforms.sources.audio_alpaca import AudioAlpaca
from transforms.sources.draft import Draft, Dropped, Reject
from transforms.sources.settings import Corpus, PairRule

PLACE = Place("data/train.parquet", 5, 2)
ASKED = {
    "prompt": "What rings?",
    "audio_path": {"path": "1.wav"},
    "response_1": "A bell.",
    "response_2": "A phone.",
    "overall_response": 1,
}
DESCRIBED = {
    "prompt": "A bell rings twice",
    "response_1": {"path": "1.wav"},
    "response_2": {"path": "2.wav"},
    "overall_audio": "2",
}
PAIR = {
    "prompt": "A bell rings twice",
    "chosen": {"path": "chosen_0.wav"},
    "rejected": {"path": "reject_0.wav"},
    "strategy": "x",
}
TO_AUDIO = {"part": "text-to-audio"}


def aligned(record: dict[str, Any], rule: PairRule | None = None, **options: Any) -> Draft:
    corpus = Corpus("x", "r", "mit", ("*",), "human", pairs=rule or PairRule(), options=options)
    (draft,) = AlignAnything(corpus, "corpus", "Subset").pairs(record, PLACE)
    return draft


def alpaca(record: dict[str, Any]) -> Draft:
    corpus = Corpus("x", "r", "mit", ("*",), "metric")
    (draft,) = AudioAlpaca(corpus, "corpus", "Subset").pairs(record, PLACE)
    return draft


def test_a_question_about_a_sound_points_to_its_cell() -> None:
    draft = aligned(ASKED)
    assert draft.prompt[0].content == "What rings?"
    assert draft.prompt_media == (
        MediaRef("prompt_audios", "data/train.parquet", "audio_path/2/5"),
    )
    assert (draft.first.text, draft.second.text, draft.preferred) == (
        "A bell.", "A phone.", "first",
    )  # fmt: skip
    assert draft.first.media == draft.second.media == ()


def test_two_sounds_of_a_description_point_to_their_cells() -> None:
    draft = aligned(DESCRIBED, **TO_AUDIO)
    assert draft.preferred == "second"
    assert draft.first.media == (MediaRef("audio", "data/train.parquet", "response_1/2/5"),)
    assert draft.second.media == (MediaRef("audio", "data/train.parquet", "response_2/2/5"),)
    assert (draft.first.text, draft.prompt_media) == (None, ())


@pytest.mark.parametrize("said", [2, 2.0, "2", " 2 "])
def test_a_label_is_a_number_or_text(said: Any) -> None:
    assert aligned(ASKED | {"overall_response": said}).preferred == "second"
    assert aligned(DESCRIBED | {"overall_audio": said}, **TO_AUDIO).preferred == "second"


@pytest.mark.parametrize("said", [0, 3, -1, 1.5, "tie", "", True])
def test_any_other_label_is_refused_until_the_recipe_explains_it(said: Any) -> None:
    record = ASKED | {"overall_response": said}
    with pytest.raises(Reject) as error:
        aligned(record)
    assert error.value.reason == "label_unknown"
    answers = {"1": "first", "2": "second", str(said): "tie"}
    assert aligned(record, PairRule(ties="keep"), answers=answers).preferred == "tie"
    with pytest.raises(Dropped):
        aligned(record, answers=answers)


def test_options_are_checked() -> None:
    with pytest.raises(ValueError, match="part is one of text-audio-to-text, text-to-audio"):
        AlignAnythingOptions(part="text-to-video")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="answers mean first, second, tie, not better"):
        AlignAnythingOptions(answers={"1": "better"})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("record", "change", "reason"),
    [
        (ASKED, {"prompt": None}, "missing_field"),
        (ASKED, {"prompt": "\n"}, "empty_prompt"),
        (ASKED, {"response_2": None}, "missing_field"),
        (ASKED, {"response_1": " "}, "empty_response"),
        (ASKED, {"overall_response": None}, "missing_field"),
        (DESCRIBED, {"overall_audio": None}, "missing_field"),
        (DESCRIBED, {"prompt": ""}, "empty_prompt"),
        (PAIR, {"prompt": None}, "missing_field"),
        (PAIR, {"prompt": " "}, "empty_prompt"),
    ],
)
def test_a_bad_record_is_refused_for_its_reason(
    record: dict[str, Any], change: dict[str, Any], reason: str
) -> None:
    make = alpaca if record is PAIR else aligned
    with pytest.raises(Reject) as error:
        make(record | change, **(TO_AUDIO if record is DESCRIBED else {}))
    assert error.value.reason == reason


def test_chosen_is_preferred_and_names_are_part_of_the_key() -> None:
    draft = alpaca(PAIR)
    assert draft.preferred == "first"
    assert draft.first.media == (MediaRef("audio", "data/train.parquet", "chosen/2/5"),)
    other = alpaca(PAIR | {"chosen": {"path": "chosen_1.wav"}})
    assert other.key != draft.key
