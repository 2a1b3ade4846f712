"""A corpus that has criteria of its own: a pair under several of them is several rows."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from sample_build import build_with

from pipelines.recipe import load_recipe

RECIPE = """\
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
SHORT, WARM = "The answer should be short.", "The answer should sound warm."


def _row(criterion: str, chosen: str, rejected: str) -> dict[str, object]:
    turns = [("system", criterion), ("human", "How are you?")]
    return {
        "conversations": [{"from": who, "value": said} for who, said in turns],
        "chosen": {"from": "gpt", "value": chosen},
        "rejected": {"from": "gpt", "value": rejected},
        "images": [],
    }


def test_only_a_row_under_the_same_criterion_is_a_copy(tmp_path: Path) -> None:
    rows = [
        _row(SHORT, "Well.", "I am well, and glad that you ask me."),
        _row(WARM, "I am well, and glad that you ask me.", "Well."),
        _row(WARM, "I am well, and glad that you ask me.", "Well."),
    ]
    (tmp_path / "T").mkdir()
    schema = {"images": pl.List(pl.String)}
    pl.DataFrame(rows, schema_overrides=schema).write_parquet(tmp_path / "T" / "train.parquet")
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    recipe = load_recipe(tmp_path / "recipe.yaml")
    assert recipe.dedup.copies == "remove"
    built = build_with(recipe, tmp_path, tmp_path / "out", ["Mine"])
    found = pl.read_parquet(built.output / "data" / "Mine" / "*.parquet").sort("criterion")
    assert found["criterion"].to_list() == [SHORT, WARM]
    assert found["pair_id"].n_unique() == 1
    assert found["preference"].n_unique() == 2
    gone = pl.read_parquet(built.output / "duplicates" / "Mine.parquet")
    assert gone["rule"].to_list() == ["duplicate_exact"]
