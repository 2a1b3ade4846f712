"""Criteria read from the published set, from end to end."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from sample_build import build_with

from pipelines.publishing.contents import gather
from pipelines.recipe import Recipe, load_recipe
from pipelines.sample_corpora import write_corpora
from pipelines.sample_corpora.published_set import PublishedRow, write_published_set
from pipelines.sample_recipe import write_sample_recipe
from transforms.dedup.settings_benchmarks import DecontaminationSettings

SUBSET = "Omni-UltraFeedback"


class Set:
    """A sample corpus of several completions a record, and the published set made of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        planted = write_corpora(folder, 0.001, only=["ultrafeedback"], copies=False)
        recipe = load_recipe(write_sample_recipe(folder, planted))
        self.truth: list[PublishedRow] = write_published_set(folder, recipe, 7)[SUBSET]
        subsets = {SUBSET: replace(recipe.subsets[SUBSET], target=None, min_count=0)}
        self.recipe: Recipe = replace(
            recipe,
            subsets=subsets,
            decontamination=DecontaminationSettings(),
            quality=replace(recipe.quality, max_dead_share=1.0),
        )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Set:
    return Set(tmp_path_factory.mktemp("published"))


def test_rows_about_any_two_completions_of_a_record_are_built(made: Set, tmp_path: Path) -> None:
    """All that were planted, whatever the corpus's own rule would have drawn, and no more."""
    record = build_with(made.recipe, made.folder, tmp_path, (SUBSET,)).record["subsets"][SUBSET]
    rows = pl.read_parquet(tmp_path / "data" / SUBSET / "*.parquet")
    wanted = {(row.key, row.criterion) for row in made.truth if row.matches}
    built = set(zip(rows["source"].struct.field("key"), rows["criterion"], strict=True))
    assert built == wanted
    letters = pl.read_parquet(tmp_path / "dead_letters" / f"{SUBSET}.parquet")
    missed = Counter(letters.filter(pl.col("stage") == "relabel")["reason"])
    unread = letters.filter(pl.col("reason") == "published_no_prompt")
    assert set(unread["message"]) <= {"this published row has no prompt"}
    assert all(unread["seen"])
    kinds = Counter(row.kind for row in made.truth if not row.matches)
    assert missed["published_unmatched"] == kinds["foreign"] + kinds["edited"]
    assert record["unbalanced"] == []
    # Pairs that the corpus's rule would not draw: closer than its margin, and ties.
    close = rows.filter(pl.col("margin") < 0.5)
    assert 0 < close.height < rows.height
    assert set(rows["source_preference"]) == {"a", "b", "tie"}
    assert set(rows["preference"]) == {"a", "b"}


def test_a_subset_without_criteria_has_no_labels_of_a_former_build(
    made: Set, tmp_path: Path
) -> None:
    """They would be published with it."""
    labels = tmp_path / "labels" / f"{SUBSET}.parquet"
    build_with(made.recipe, made.folder, tmp_path, (SUBSET,))
    assert labels.is_file()
    general = replace(made.recipe.subsets[SUBSET], kind="general")
    recipe = replace(made.recipe, subsets={SUBSET: general})
    record = build_with(recipe, made.folder, tmp_path, (SUBSET,)).record
    assert not labels.exists()
    assert (tmp_path / "dead_letters" / f"{SUBSET}.where.parquet").is_file()
    assert not any(path.startswith("labels/") for path in gather(tmp_path, record, "zoo/rewards"))
