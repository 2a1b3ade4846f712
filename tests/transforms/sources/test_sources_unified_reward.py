"""The UnifiedReward format: verdicts in words, prompts in questions, reversed twins."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest

from transforms.sources.adapter import SourceFile
from transforms.sources.batch import SourceBatch
from transforms.sources.draft import Reject
from transforms.sources.evalmuse_pairwise import EvalmusePairwise
from transforms.sources.pairing import Verdict
from transforms.sources.settings import Corpus, PairRule
from transforms.sources.unified_reward import (
    Comparison,
    comparison,
    prompt_of,
    verdict_of,
)

QUESTION = (
    "<image>\n<image>\nWhich is better? Image 1 is better, or ...\nText Caption: [a [red] cat]"
)


def record(answer: str = "Image 1 is better", **changes: Any) -> dict[str, Any]:
    """A comparison of two pictures; a field changed to None is left out."""
    whole = {
        "images": ["M/1.png", "N/1.png"],
        "prompt": "a cat",
        "conversations": [
            {"from": "human", "value": QUESTION},
            {"from": "gpt", "value": answer},
        ],
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def twin(answer: str = "Image 2 is better", **changes: Any) -> dict[str, Any]:
    return record(answer, images=["N/1.png", "M/1.png"], **changes)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("Image 1 is better", "first"),
        ("Image 2 is better than Image 1.", "second"),
        ("video 2  is BETTER.", "second"),
        ("Image 1 is better. It is sharp. So Image 1 is better.", "first"),
        ("Image 1 is better because Image 2 does not show a cat.", "first"),
        ("Both images are equally good.", "tie"),
        ("Both videos are equally bad.", "tie"),
        ("<think>Image 1 is better at first sight</think><answer>Image 2 is better</answer>",
         "second"),
        ("It is not sharp. Image 2 is better.", "second"),
    ],
)  # fmt: skip
def test_a_verdict_is_read_from_words(answer: str, verdict: Verdict) -> None:
    assert verdict_of(answer) == verdict


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("", "label_missing"),
        ("The second one is better", "label_missing"),
        ("Image 12 is better", "label_missing"),
        ("Image 3 is better", "label_missing"),
        ("<think>Image 1 is better</think><answer>Hm.</answer>", "label_missing"),
        ("Image 1 is better. Image 2 is better.", "label_ambiguous"),
        ("Image 1 is better, though both images are equally good.", "label_ambiguous"),
        ("It is not true that Image 1 is better", "label_ambiguous"),
        ("I can't tell whether Image 2 is better.", "label_ambiguous"),
        ("Nothing in Image 1 is better than in Image 2", "label_ambiguous"),
    ],
)
def test_what_is_no_single_verdict_is_refused(answer: str, reason: str) -> None:
    with pytest.raises(Reject) as error:
        verdict_of(answer)
    assert error.value.reason == reason


def test_a_comparison_has_half_of_the_images_on_each_side() -> None:
    frames = [f"w/{n}.jpg" for n in range(3)], [f"l/{n}.jpg" for n in range(3)]
    assert comparison(record("Video 2 is better", images=[*frames[0], *frames[1]])) == Comparison(
        "a cat", tuple(frames[0]), tuple(frames[1]), "second"
    )


def test_tags_and_brackets_without_an_end_are_passed_over_once() -> None:
    assert verdict_of("<answer>Image 2 is better</answer>" + "<ANSWER>" * 50_000) == "second"
    assert verdict_of("<answer>" * 50_000 + "Image 1 is better") == "first"
    assert verdict_of("Image 1 is better " * 20_000) == "first"
    opened = "Text Caption: [" * 50_000
    with pytest.raises(Reject) as error:
        prompt_of({}, opened)
    assert error.value.reason == "missing_field"
    assert prompt_of({}, f"] Text Caption:\n[a]{opened}] x") == f"a]{opened}"


@pytest.mark.parametrize("doubt", ["not", "if", "isn't"])
def test_doubt_counts_before_a_verdict_alone(doubt: str) -> None:
    assert verdict_of(f"Image 1 is better and {doubt} sharp") == "first"
    with pytest.raises(Reject, match="negated or in doubt"):
        verdict_of(f"Image 1 is better, {doubt} Image 1 is better")


def test_the_prompt_is_quoted_by_the_question_and_turns_may_be_messages() -> None:
    messages = [
        {"role": "user", "content": QUESTION},
        {"role": "assistant", "content": "Image 2 is better"},
    ]
    assert comparison(record(prompt=None, conversations=None, messages=messages)) == Comparison(
        "a [red] cat", ("M/1.png",), ("N/1.png",), "second"
    )


TURNS = record()["conversations"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"images": None}, "missing_field"),
        ({"images": ["a.jpg"]}, "malformed_images"),
        ({"images": []}, "malformed_images"),
        ({"images": ["a.jpg", "b.jpg", "c.jpg"]}, "malformed_images"),
        ({"images": {"1": "a.jpg", "2": "b.jpg"}}, "malformed_images"),
        ({"images": ["a.jpg", ""]}, "malformed_images"),
        ({"images": "ab"}, "malformed_images"),
        ({"conversations": None}, "missing_field"),
        ({"conversations": {"gpt": "Image 1 is better"}}, "malformed_conversation"),
        ({"conversations": ["Image 1 is better"]}, "malformed_conversation"),
        ({"conversations": TURNS[:1]}, "malformed_conversation"),
        ({"conversations": TURNS * 2}, "malformed_conversation"),
        ({"conversations": [TURNS[0], {"from": "gpt", "value": 1}]}, "malformed_conversation"),
        ({"conversations": [TURNS[0], {"from": ["gpt"], "value": "x"}]}, "malformed_conversation"),
        ({"prompt": 5}, "not_text"),
        ({"prompt": None, "conversations": [{"from": "human", "value": "?"}, TURNS[1]]},
         "missing_field"),
    ],
)  # fmt: skip
def test_what_is_no_comparison_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(Reject) as error:
        comparison(record(**changes))
    assert error.value.reason == reason


class TestTwins:
    """Records of one pair, in files of any name and order."""

    PAIRS: ClassVar = PairRule(ties="drop")

    def read(self, folder: Path, **files: list[dict[str, Any]]) -> SourceBatch:
        sources = []
        for name, records in files.items():
            path = folder / f"{name}.json"
            path.write_text(json.dumps(records), encoding="utf-8")
            sources.append(SourceFile(path.name, str(path), path.stat().st_size))
        corpus = Corpus("x", "r", "mit", ("*",), "human", pairs=self.PAIRS)
        adapter = EvalmusePairwise(corpus, "corpus", "Subset")
        (batch,) = [batch for unit in adapter.units(sources) for batch in adapter.read(unit)]
        assert batch.records == sum(map(len, files.values()))
        return batch

    def test_a_reversed_twin_is_counted_once_and_the_original_is_kept(self, tmp_path: Path) -> None:
        batch = self.read(tmp_path, a_rev=[twin()], b=[record()])
        (draft,) = batch.drafts.to_pylist()
        assert [ref["member"] for ref in draft["first_media"]] == ["M/1.png"]
        assert (draft["preferred"], draft["where"]) == ("first", "b.json row 0")
        assert batch.dropped == {"reversed_twin": 1}
        assert batch.dead.num_rows == 0

    def test_a_twin_may_be_named_by_its_id(self, tmp_path: Path) -> None:
        batch = self.read(tmp_path, a=[twin(id="7_rev"), record(id="7")])
        assert batch.drafts["where"].to_pylist() == ["a.json row 1"]
        assert batch.dropped == {"reversed_twin": 1}

    def test_a_twin_without_an_original_gives_the_pair_and_the_same_key(
        self, tmp_path: Path
    ) -> None:
        alone = self.read(tmp_path, a_rev=[twin()])
        both = self.read(tmp_path, a=[record()], b_rev=[twin()])
        assert alone.drafts["preferred"].to_pylist() == ["second"]
        assert alone.drafts["key"].to_pylist() == both.drafts["key"].to_pylist()

    def test_a_repetition_is_dropped_by_its_own_name(self, tmp_path: Path) -> None:
        batch = self.read(tmp_path, a=[record(), record(), twin()])
        assert batch.drafts.num_rows == 1
        assert batch.dropped == {"repeated_record": 1, "reversed_twin": 1}

    @pytest.mark.parametrize(
        "other",
        [
            twin("Image 1 is better"),
            record("Image 2 is better"),
            twin("Both images are equally good."),
        ],
    )
    def test_contradicting_records_are_all_refused(
        self, tmp_path: Path, other: dict[str, Any]
    ) -> None:
        batch = self.read(tmp_path, a=[record()], b=[other])
        assert batch.drafts.num_rows == 0
        assert batch.dead["reason"].to_pylist() == ["contradicting_verdicts"] * 2
        assert batch.dropped == {}

    def test_a_tie_and_its_twin_are_both_counted(self, tmp_path: Path) -> None:
        tie = "Both images are equally good."
        batch = self.read(tmp_path, a=[record(tie)], b=[twin(tie)])
        assert batch.drafts.num_rows == 0
        assert batch.dropped == {"tie": 1, "reversed_twin": 1}

    def test_other_prompts_and_other_pictures_are_other_pairs(self, tmp_path: Path) -> None:
        batch = self.read(
            tmp_path, a=[record(), record(prompt="a dog"), record(images=["M/1.png", "N/2.png"])]
        )
        assert batch.drafts.num_rows == 3

    def test_more_than_one_picture_a_side_is_refused(self, tmp_path: Path) -> None:
        batch = self.read(tmp_path, a=[record(images=["1", "2", "3", "4"])])
        assert batch.dead["reason"].to_pylist() == ["malformed_images"]
