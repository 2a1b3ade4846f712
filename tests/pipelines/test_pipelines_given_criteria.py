"""Criteria that come with pairs, of the corpus or published: copies are rows under the same one."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from sample_build import build_with

from pipelines.recipe import load_recipe

OWN = """\
version: 1
name: mine
seed: 1
corpora:
  theirs:
    adapter: omni_reward_data
    repo: a/b
    revision: main
    licence: mit
    annotator: model
    path: .
    files: [T/*.parquet]
    options: {task: t2t, criteria: true}
subsets:
  Mine: {corpus: theirs, task: t2t, kind: instruction, criteria: corpus, target: null, min_count: 1}
"""
PUBLISHED = """\
version: 1
name: mine
seed: 1
corpora:
  theirs:
    adapter: ultrafeedback
    repo: a/b
    revision: main
    licence: mit
    annotator: model
    path: .
    files: [rated.jsonl]
    published: {pairs: {rule: all, ties: keep}}
subsets:
  T: {corpus: theirs, task: t2t, kind: instruction, criteria: published, target: null, min_count: 1}
relabel: {origin: published, published: {path: .}}
"""
SHORT, WARM = "The answer should be short.", "The answer should sound warm."


def _row(criterion: str, chosen: str, rejected: str) -> dict[str, object]:
    turns = [("system", criterion), ("human", "How are you?")]
    return {
        "conversations": [{"from": who, "value": said} for who, said in turns],
        "chosen": {"from": "gpt", "value": chosen},
        "rejected": {"from": "gpt", "value": rejected},
        "images": [],
    }


def _write(folder: Path, *rows: dict[str, object]) -> None:
    (folder / "T").mkdir()
    schema = {"images": pl.List(pl.String)}
    pl.DataFrame(rows, schema_overrides=schema).write_parquet(folder / "T" / "train.parquet")


def test_only_a_row_under_the_same_criterion_is_a_copy(tmp_path: Path) -> None:
    _write(
        tmp_path,
        _row(SHORT, "Well.", "I am well, and glad that you ask me."),
        _row(WARM, "I am well, and glad that you ask me.", "Well."),
        _row(WARM, "I am well, and glad that you ask me.", "Well."),
    )
    (tmp_path / "recipe.yaml").write_text(OWN)
    recipe = load_recipe(tmp_path / "recipe.yaml")
    assert recipe.dedup.copies == "remove"
    built = build_with(recipe, tmp_path, tmp_path / "out", ["Mine"])
    found = pl.read_parquet(built.output / "data" / "Mine" / "*.parquet").sort("criterion")
    assert found["criterion"].to_list() == [SHORT, WARM]
    assert found["pair_id"].n_unique() == 1
    assert found["preference"].n_unique() == 2
    gone = pl.read_parquet(built.output / "duplicates" / "Mine.parquet")
    assert gone["rule"].to_list() == ["duplicate_exact"]


def _completion(text: str, rating: int) -> dict[str, object]:
    aspects = ("helpfulness", "honesty", "instruction_following", "truthfulness")
    rated = {aspect: {"Rating": str(rating), "Rationale": ""} for aspect in aspects}
    return {"model": "m", "response": text, "annotations": rated}


@pytest.mark.parametrize("ratings", [[(5, 4, 1)], [(5, 4, 1), (1, 2, 5)]])
def test_a_published_row_finds_its_pair_whatever_other_copies_there_are(
    tmp_path: Path, ratings: list[tuple[int, ...]]
) -> None:
    long = "I am well, for the weather is fine, and I have slept for nine hours without a dream"
    answers = [f"{long} tonight.", f"{long} last night.", "Well."]
    lines = [
        {
            "source": "x", "instruction": "How are you?", "models": [], "correct_answers": [],
            "incorrect_answers": [],
            "completions": [_completion(text, at) for text, at in zip(answers, rated, strict=True)],
        }
        for rated in ratings
    ]  # fmt: skip
    (tmp_path / "rated.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    _write(tmp_path, _row(SHORT, answers[2], answers[0]), _row(WARM, answers[1], answers[2]))
    (tmp_path / "recipe.yaml").write_text(PUBLISHED)
    recipe = load_recipe(tmp_path / "recipe.yaml")
    built = build_with(recipe, tmp_path, tmp_path / "out", ["T"])
    found = pl.read_parquet(built.output / "data" / "T" / "*.parquet").sort("criterion")
    assert found["criterion"].to_list() == [SHORT, WARM]
    if len(ratings) == 1:
        assert found["flipped"].to_list() == [True, False]
