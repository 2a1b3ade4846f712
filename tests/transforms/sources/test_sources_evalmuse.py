"""EvalMuse: its sample corpora, and what rated pictures of one prompt give."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.sample_corpora import CORPORA
from schemas.media import MediaRef
from tests.transforms.sources.adapter_case import AdapterCase, written
from transforms.beamkit.errors import BuildError
from transforms.media.containers import reader_of
from transforms.sources.adapter import SourceFile
from transforms.sources.batch import SourceBatch
from transforms.sources.draft import Dropped, Reject
from transforms.sources.evalmuse import Evalmuse
from transforms.sources.settings import Corpus, PairRule

BEST_WORST = PairRule("best-worst", min_margin=1.0)


class TestEvalmuse(AdapterCase):
    corpus = "evalmuse"


class TestEvalmusePairwise(AdapterCase):
    corpus = "evalmuse_pairwise"


def rated(name: str, scores: Any, **changes: Any) -> dict[str, Any]:
    """A rated picture; a field changed to None is null."""
    return {
        "prompt_id": "007",
        "prompt": "a cat",
        "type": "real",
        "img_path": name,
        "total_score": scores,
        "element_score": {"cat (animal)": [1, 1, 0]},
        "promt_meaningless": [0, 0, 0],
        "split_confidence": [1, 1, 1],
        "attribute_confidence": [1, 1, 1],
        "fidelity_label": ["0", "1", "1"],
        **changes,
    }


def adapter(rule: PairRule = BEST_WORST, **options: Any) -> Evalmuse:
    corpus = Corpus("evalmuse", "r", "mit", ("*",), "human", pairs=rule, options=options)
    return Evalmuse(corpus, "corpus", "Subset")


def read(
    folder: Path, records: list[dict[str, Any]], rule: PairRule = BEST_WORST, **options: Any
) -> SourceBatch:
    path = folder / "train_list.json"
    path.write_text(json.dumps(records), encoding="utf-8")
    reader = adapter(rule, **options)
    units = reader.units([SourceFile(path.name, str(path), path.stat().st_size)])
    (batch,) = [batch for unit in units for batch in reader.read(unit)]
    return batch


def names(batch: SourceBatch) -> list[tuple[str, str]]:
    """The names of both pictures of each draft, sorted."""
    return sorted(
        (draft["first_media"][0]["member"], draft["second_media"][0]["member"])
        for draft in batch.drafts.to_pylist()
    )


def test_the_best_and_the_worst_picture_of_a_prompt_make_a_pair(tmp_path: Path) -> None:
    batch = read(
        tmp_path,
        [rated("B/1.png", [2, 3, 1]), rated("A/1.png", [4, 3, 4]), rated("C/1.png", [5, 4, 4])],
    )
    (draft,) = batch.drafts.to_pylist()
    assert draft["key"].startswith("007/sha256:")
    assert draft["prompt"] == [{"role": "user", "content": "a cat"}]
    refs = [
        MediaRef("image", "images.zip", "C/1.png").as_row(),
        MediaRef("image", "images.zip", "B/1.png").as_row(),
    ]
    assert [draft["first_media"], draft["second_media"]] == [[ref] for ref in refs]
    assert (draft["first_model"], draft["second_model"]) == ("C", "B")
    assert draft["first_score"] == pytest.approx(13 / 3)
    assert draft["second_score"] == pytest.approx(2)
    assert draft["margin"] == pytest.approx(13 / 3 - 2, abs=1e-5)
    assert draft["preferred"] == "first"
    assert draft["where"] == "train_list.json row 2 and train_list.json row 0"


@pytest.mark.parametrize(
    ("scores", "rule", "pairs"),
    [
        ([[4], [3], [1]], PairRule("all", min_margin=1.0), 3),
        ([[4], [4], [1]], PairRule("all", min_margin=1.0), 2),
        ([[4], [3], [1]], PairRule("all", min_margin=2.0), 2),
        ([[4], [3], [1]], PairRule("adjacent", min_margin=2.0), 1),
        ([[4], [4]], PairRule(ties="keep"), 1),
    ],
)
def test_the_recipe_s_rule_makes_the_pairs(
    tmp_path: Path, scores: list[list[int]], rule: PairRule, pairs: int
) -> None:
    batch = read(tmp_path, [rated(f"{at}.png", s) for at, s in enumerate(scores)], rule)
    keys = batch.drafts["key"].to_pylist()
    assert len(set(keys)) == len(keys) == pairs


def test_close_scores_are_a_tie(tmp_path: Path) -> None:
    batch = read(tmp_path, [rated("A/1.png", [3, 4, 3]), rated("B/1.png", [3, 3, 3])])
    assert (batch.drafts.num_rows, batch.dropped) == (0, {"tie": 2})


def test_ratings_that_cannot_be_read_count_for_nothing(tmp_path: Path) -> None:
    batch = read(tmp_path, [rated("A/1.png", [5, "N/A", None, "4"]), rated("B/1.png", [1])])
    assert batch.drafts["first_score"].to_pylist() == [4.5]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"prompt_id": None}, "missing_field"),
        ({"prompt_id": ["007"]}, "not_text"),
        ({"prompt_id": True}, "not_text"),
        ({"prompt": None}, "missing_field"),
        ({"prompt": 5}, "not_text"),
        ({"img_path": None}, "missing_field"),
        ({"img_path": ""}, "missing_field"),
        ({"total_score": None}, "missing_field"),
        ({"total_score": 4}, "malformed_scores"),
        ({"total_score": {"rater": 4}}, "malformed_scores"),
        ({"total_score": []}, "no_ratings"),
        ({"total_score": ["N/A", None, True, {}]}, "no_ratings"),
        ({"total_score": [3, 6]}, "score_out_of_range"),
        ({"total_score": [0, 3]}, "score_out_of_range"),
        ({"promt_meaningless": None}, "missing_field"),
        ({"promt_meaningless": "0"}, "malformed_marks"),
        ({"promt_meaningless": [0, 2]}, "malformed_marks"),
        ({"promt_meaningless": [{}]}, "malformed_marks"),
    ],
)
def test_a_picture_without_what_is_needed_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(Reject) as error:
        adapter().check(rated("A/1.png", [3], **changes))
    assert error.value.reason == reason


@pytest.mark.parametrize(
    ("marks", "rule", "left_out"),
    [
        ([[1, 1, 0], [1, 0, 1]], "majority", True),
        ([[1, 1, 1], [0, 0, 0]], "majority", False),  # half of them: no majority
        ([[1, 1, 1], [1, 0, 0]], "majority", True),  # all raters of the prompt count together
        ([[1, 0, 0], [0, 0, 0]], "any", True),
        ([[0, 0, 0], [0, 0, 0]], "any", False),
        ([[1, 1, 1], [1, 1, 1]], "keep", False),
        ([[], []], "majority", False),
    ],
)
def test_meaningless_prompts_are_left_out_by_the_recipe_s_rule(
    tmp_path: Path, marks: list[list[int]], rule: str, left_out: bool
) -> None:
    pictures = [
        rated(f"{at}.png", [1 + 4 * at], promt_meaningless=said) for at, said in enumerate(marks)
    ]
    batch = read(tmp_path, pictures, meaningless=rule)
    assert batch.dropped == ({"meaningless_prompt": 2} if left_out else {})
    assert batch.drafts.num_rows == (0 if left_out else 1)


def test_the_mark_is_read_in_either_spelling() -> None:
    spelt = rated("A/1.png", [3])
    spelt["prompt_meaningless"] = spelt.pop("promt_meaningless")
    adapter().check(spelt)


def test_pictures_in_dispute_are_left_out_where_the_recipe_says_so() -> None:
    disputed = rated("A/1.png", [1, 3, 5])
    adapter().check(disputed)
    adapter(max_dispute=4).check(disputed)
    with pytest.raises(Dropped, match="raters_disagree"):
        adapter(max_dispute=3).check(disputed)


def test_one_id_of_several_prompts_pairs_only_pictures_of_the_same_prompt(tmp_path: Path) -> None:
    batch = read(
        tmp_path,
        [
            rated("A/1.png", [5]),
            rated("B/1.png", [1], prompt="a dog"),
            rated("C/1.png", [3]),
            rated("D/1.png", [4], prompt="a dog"),
            rated("E/1.png", [1], prompt="an owl"),
        ],
    )
    assert names(batch) == [("A/1.png", "C/1.png"), ("D/1.png", "B/1.png")]
    assert batch.notes == {"prompt_id_of_several_prompts": 2}
    assert batch.dead["reason"].to_pylist() == ["too_few_responses"]


def test_half_a_character_in_the_name_of_a_picture_stops_nothing(tmp_path: Path) -> None:
    rows = [rated("\ud800", scores) for scores in ([5], [1])]
    batch = read(tmp_path, rows)
    assert batch.dead["reason"].to_pylist() == ["image_rated_twice"] * 2
    assert {message[:6] for message in batch.dead["message"].to_pylist()} == {"\\ud800"}


def test_a_picture_that_is_named_twice_is_used_once_or_not_at_all(tmp_path: Path) -> None:
    best, worst, between = rated("A/1.png", [5]), rated("B/1.png", [1]), rated("C/1.png", [3])
    repeated = read(tmp_path, [best, worst, dict(best)])
    assert (names(repeated), repeated.dropped) == ([("A/1.png", "B/1.png")], {"repeated_record": 1})
    disputed = read(tmp_path, [best, worst, between, rated("A/1.png", [2])])
    assert names(disputed) == [("C/1.png", "B/1.png")]
    assert disputed.dead["reason"].to_pylist() == ["image_rated_twice"] * 2
    for batch, records in ((repeated, 3), (disputed, 4)):
        assert batch.records == records


@pytest.mark.parametrize("as_text", [False, True])
def test_elements_may_rank_the_pictures(tmp_path: Path, *, as_text: bool) -> None:
    def elements(**scores: list[int]) -> Any:
        return json.dumps(scores) if as_text else scores

    batch = read(
        tmp_path,
        [
            rated("A/1.png", [5], element_score=elements(cat=[0, 0], red=[1, 0])),
            rated("B/1.png", [1], element_score=elements(cat=[1, 1], hat=[1, 1], owl=[1, 0])),
        ],
        PairRule(min_margin=0.2),
        score="elements",
    )
    assert names(batch) == [("B/1.png", "A/1.png")]
    assert batch.drafts["margin"].to_pylist() == [pytest.approx(2.5 / 3 - 0.25, abs=1e-5)]


@pytest.mark.parametrize(
    ("elements", "reason"),
    [
        (None, "missing_field"),
        ("{'cat': [1]}", "malformed_scores"),
        ("[1, 0]", "malformed_scores"),
        ([1, 0], "malformed_scores"),
        ({}, "no_ratings"),
        ({"cat": []}, "no_ratings"),
    ],
)
def test_elements_that_cannot_be_read_matter_only_where_they_rank(
    elements: Any, reason: str
) -> None:
    record = rated("A/1.png", [3], element_score=elements)
    adapter().check(record)
    with pytest.raises(Reject) as error:
        adapter(score="elements").check(record)
    assert error.value.reason == reason


@pytest.mark.parametrize("which", [0, 2, -1])
def test_a_missing_part_of_the_archive_stops_the_build(tmp_path: Path, which: int) -> None:
    folder = written("evalmuse", AdapterCase.scale)[0] / "evalmuse"
    parts = sorted(folder.glob("images.zip.part-*"))
    assert len(parts) > 3
    for part in parts:
        if part != parts[which]:
            (tmp_path / part.name).symlink_to(part)
    member = json.loads((folder / "train_list.json").read_text(encoding="utf-8"))[5]["img_path"]
    container = str(tmp_path / "images.zip")
    with pytest.raises(BuildError, match="download"):
        list(reader_of(container)(container, [member]))


@pytest.mark.parametrize("name", ["evalmuse", "evalmuse_pairwise"])
def test_written_without_faults_nothing_is_refused_or_dropped(tmp_path: Path, name: str) -> None:
    planted = CORPORA[name].write(tmp_path, AdapterCase.scale, 7, False)
    assert (planted.good, planted.faults, planted.dropped) == (planted.records, {}, {})
    assert planted.pair_faults == {}
