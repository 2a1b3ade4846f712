"""Good mirrors of all corpora, written once; tests spoil copies of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from checked_mirror import Mirror

from pipelines.recipe import load_recipe
from pipelines.sample_corpora import write_corpora
from pipelines.sample_recipe import write_sample_recipe


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Mirror]:
    """The corpora of the recipe, without a fault."""
    folder = tmp_path_factory.mktemp("good")
    planted = write_corpora(folder, scale=0.0005, faults=False)
    recipe = load_recipe(write_sample_recipe(folder, planted))
    assert len(recipe.corpora) == 19
    return {
        name: Mirror(name, folder / str(corpus.path), replace(corpus, rows=planted[name].records))
        for name, corpus in recipe.corpora.items()
    }


@pytest.fixture
def mirror(good: Mapping[str, Mirror], tmp_path: Path) -> Callable[[str], Mirror]:
    """A copy of a corpus's good mirror."""
    return lambda name: good[name].copied(tmp_path)
