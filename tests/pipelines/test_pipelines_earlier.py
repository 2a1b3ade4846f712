"""What subsets are compared with: published rows of earlier ones under criteria of one kind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from sample_build import GENERAL, Built, Sample, build_with

from pipelines.layout import Layout
from pipelines.opening import Corpora
from pipelines.planning import plan_subsets
from pipelines.recipe import Recipe, Subset
from tests.far_filesystem import FarFileSystem

SKYWORK = GENERAL[0]
FIRST, SECOND, MEASURED, ANOTHER = "First", "Second", "Measured-T2T", "Measured-More"


def recipe_of(sample: Sample) -> Recipe:
    """Two general subsets and two of measured criteria over one corpus; copies are many."""
    whole = sample.whole()
    general = Subset("skywork", "t2t", "general", None)
    measured = Subset("skywork", "t2t", "instruction", None, criteria="measured")
    subsets = {
        FIRST: replace(general, target=20),
        SECOND: general,
        MEASURED: replace(measured, target=20),
        ANOTHER: measured,
    }
    return replace(whole, subsets=subsets)


@pytest.fixture(scope="module")
def built(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Built:
    output = tmp_path_factory.mktemp("earlier")
    recipe = recipe_of(sample)
    return build_with(recipe, sample.folder, output, tuple(recipe.subsets))


def pairs_of(built: Built, subset: str) -> set[str]:
    rows = pl.read_parquet(built.output / "data" / subset / "*.parquet", columns=["pair_id"])
    return set(rows["pair_id"])


def test_the_reserve_of_an_earlier_subset_removes_nothing(sample: Sample, built: Built) -> None:
    """The first 20 pairs are in the first subset, all others in the second: none in neither."""
    recipe = recipe_of(sample)
    alone = replace(recipe, subsets={SECOND: recipe.subsets[SECOND]})
    whole = build_with(alone, sample.folder, built.output.parent / "alone", (SECOND,))
    first, second = pairs_of(built, FIRST), pairs_of(built, SECOND)
    assert len(first) == 20
    assert not first & second
    assert first | second == pairs_of(whole, SECOND)


def test_general_pairs_may_be_asked_about_and_two_ways_of_asking_differ(
    sample: Sample, built: Built
) -> None:
    assert len(pairs_of(built, MEASURED)) == 20
    assert pairs_of(built, MEASURED) & (pairs_of(built, FIRST) | pairs_of(built, SECOND))
    # Measured in the same way they would be the same rows again.
    assert pairs_of(built, ANOTHER)
    assert not pairs_of(built, ANOTHER) & pairs_of(built, MEASURED)
    told = {name: entry["compared_with"] for name, entry in built.record["subsets"].items()}
    assert told == {FIRST: [], SECOND: [FIRST], MEASURED: [], ANOTHER: [MEASURED]}


@pytest.mark.parametrize(
    ("origin", "rivals"),
    [("measured", [MEASURED]), ("llm", []), ("corpus", [])],
)
def test_criteria_of_another_origin_make_no_copies(
    sample: Sample, built: Built, origin: str, rivals: list[str]
) -> None:
    recipe = recipe_of(sample)
    other = replace(recipe.subsets[ANOTHER], criteria=origin)
    recipe = replace(recipe, subsets={**recipe.subsets, ANOTHER: other})
    layout = Layout.of(str(built.output))
    (plan,) = plan_subsets(recipe, [ANOTHER], Corpora(sample.folder, layout), layout)
    assert [one.subset for one in plan.earlier] == [FIRST, SECOND, MEASURED]
    assert [one.subset for one in plan.earlier if one.rival] == rivals


def test_what_is_published_of_an_earlier_subset_decides_about_a_later_one(
    sample: Sample, built: Built
) -> None:
    recipe, layout = recipe_of(sample), Layout.of(str(built.output))
    less = replace(recipe.subsets[FIRST], target=19)
    changed = replace(recipe, subsets={**recipe.subsets, FIRST: less})
    corpora = Corpora(sample.folder, layout)
    (before,) = plan_subsets(recipe, [SECOND], corpora, layout)
    (after,) = plan_subsets(changed, [SECOND], corpora, layout)
    assert before.published is not None
    assert after.select_inputs != before.select_inputs


def test_groups_reach_over_kinds(built: Built) -> None:
    def groups(subset: str) -> pl.DataFrame:
        path = built.output / "data" / subset / "*.parquet"
        return pl.read_parquet(path, columns=["pair_id", "prompt_group"]).unique()

    mine, theirs = groups(MEASURED), groups(FIRST)
    both = mine.join(theirs, on="pair_id")
    assert both.height
    assert (both["prompt_group"] == both["prompt_group_right"]).all()


def test_a_moved_dataset_keeps_its_subsets(
    sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = recipe_of(sample)
    recipe = replace(recipe, subsets={name: recipe.subsets[name] for name in (FIRST, SECOND)})
    monkeypatch.chdir(tmp_path)
    before = build_with(recipe, sample.folder, Path("out"), (FIRST, SECOND))
    moved = tmp_path / "elsewhere" / "moved"
    moved.parent.mkdir()
    (tmp_path / "out").rename(moved)
    monkeypatch.chdir(tmp_path / "elsewhere")
    less = replace(recipe.subsets[SECOND], target=30)
    changed = replace(recipe, subsets={**recipe.subsets, SECOND: less})
    again = build_with(changed, sample.folder, moved, (SECOND,))
    assert 0 < again.record["subsets"][SECOND]["rows"] < before.record["subsets"][SECOND]["rows"]
    assert again.record["subsets"][SECOND]["compared_with"] == [FIRST]
    assert again.record["subsets"][FIRST] == before.record["subsets"][FIRST]
    assert not pairs_of(again, FIRST) & pairs_of(again, SECOND)
    whole = build_with(changed, sample.folder, Path("moved"), (FIRST, SECOND))
    assert [whole.record["subsets"][name]["resumed"] for name in (FIRST, SECOND)] == ["all", "all"]
    assert not (tmp_path / "elsewhere" / "out").exists()
    fresh = build_with(changed, sample.folder, tmp_path / "fresh", (FIRST, SECOND))
    assert whole.digests() == fresh.digests()


def test_an_earlier_subset_whose_work_is_gone_counts_as_not_built(
    sample: Sample, tmp_path: Path
) -> None:
    recipe = recipe_of(sample)
    recipe = replace(recipe, subsets={name: recipe.subsets[name] for name in (FIRST, SECOND)})
    build_with(recipe, sample.folder, tmp_path, (FIRST,))
    for index in (tmp_path / ".work" / FIRST / "select").glob("index-*"):
        index.unlink()
    alone = build_with(recipe, sample.folder, tmp_path, (SECOND,))
    assert alone.record["subsets"][SECOND]["compared_with"] == []


@pytest.mark.parametrize(
    ("output", "store", "identity"),
    [
        ("out", None, ".work/media"),
        ("{tmp}/out", None, ".work/media"),
        ("{tmp}/link", "out/.work/media", ".work/media"),
        ("out", "media", "{tmp}/media"),
        ("out", "../cwd/media/", "{tmp}/media"),
        ("far://bucket/out", None, ".work/media"),
        ("far://bucket/out", "far://bucket/media/", "far://bucket/media"),
        ("far://bucket/out", "media", "{tmp}/media"),
        ("out", "far://bucket/media", "far://bucket/media"),
    ],
)
def test_a_store_is_told_from_others_by_its_place_not_its_spelling(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    output: str,
    store: str | None,
    identity: str,
) -> None:
    assert FarFileSystem.scheme() == "far"
    cwd = tmp_path.resolve() / "cwd"
    (cwd / "out").mkdir(parents=True)
    (cwd / "link").symlink_to("out")
    monkeypatch.chdir(cwd)
    layout = Layout.of(output.format(tmp=cwd), store)
    assert layout.store_identity == identity.format(tmp=cwd)
