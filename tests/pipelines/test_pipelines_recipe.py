"""The recipe: the paper's thirteen subsets, and one clear error for each way to get it wrong."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path

import pytest

from pipelines.recipe import load_recipe
from pipelines.recipe_binding import RecipeError
from pipelines.resources import shipped
from schemas.tasks import TASKS
from transforms.sources.settings import PairRule

SHIPPED = shipped("beam_config.yaml")
TEXT = SHIPPED.read_text()

PAPER = {
    "Skywork-Reward-Preference": 50_000,
    "Omni-Skywork-Reward-Preference": 16_376,
    "Omni-UltraFeedback": 7_901,
    "RLAIF-V": 83_124,
    "OmniAlign-V-DPO": 50_000,
    "Omni-RLAIF-V": 15_867,
    "Omni-VLFeedback": 12_311,
    "HPDv2": 50_000,
    "EvalMuse": 2_944,
    "Omni-HPDv2": 8_959,
    "Omni-Open-Image-Preferences": 8_105,
    "VideoDPO": 10_000,
    "VisionRewardDB-Video": 1_795,
}


#: Subsets of our own; None takes all there is.
BEYOND = {
    "ShareGPTVideo-DPO": 17_000,
    "Align-Anything-TA2T": 30_000,
    "Align-Anything-T2A": 11_000,
    "Audio-Alpaca": 15_000,
    "3DRewardDB": None,
    "3DGen-Bench": None,
    "EditReward-Data": 50_000,
    "Rapidata-Images": 17_000,
    "Rapidata-Video": 6_900,
    "Measured-T2T": 5_000,
    "Measured-TI2T": 5_000,
    "Measured-TV2T": 2_000,
    "Measured-TA2T": 2_000,
    "Measured-T2I": 5_000,
    "Measured-T2V": 2_000,
    "Measured-T2A": 2_000,
    "Measured-T23D": 2_000,
    "Measured-TI2I": 2_000,
}


def test_the_shipped_recipe_has_the_paper_s_table() -> None:
    recipe = load_recipe(SHIPPED)
    targets = {name: subset.target for name, subset in recipe.subsets.items()}
    assert targets == PAPER | BEYOND
    assert sum(PAPER.values()) == 317_382
    assert len({recipe.subsets[name].corpus for name in PAPER}) == 10
    kinds = {name for name, subset in recipe.subsets.items() if subset.kind == "instruction"}
    measured = {name for name in BEYOND if name.startswith("Measured-")}
    assert kinds == {name for name in PAPER if name.startswith("Omni-")} | measured
    # A measured subset for every task, and none of the paper's subsets is measured.
    assert {recipe.subsets[name].task for name in measured} == set(TASKS)
    assert {n for n, subset in recipe.subsets.items() if subset.criteria == "measured"} == measured


def test_beyond_the_paper_every_task_is_there() -> None:
    recipe = load_recipe(SHIPPED)
    assert {subset.task for subset in recipe.subsets.values()} == set(TASKS)
    forbidding = {name for name, corpus in recipe.corpora.items() if corpus.nc}
    assert forbidding == {
        "rlaif_v",
        "align_anything_ta2t",
        "align_anything_t2a",
        "edit_reward",
    }
    assert all("-nc" in recipe.corpora[name].licence for name in forbidding)
    assert not any("GenAI-Bench" in corpus.repo for corpus in recipe.corpora.values())
    # Pickles of a corpus are not even fetched.
    patterns = [pattern for corpus in recipe.corpora.values() for pattern in corpus.files]
    assert not any(fnmatch("data/0/cam_0.pkl", pattern) for pattern in patterns)


def test_where_the_published_set_says_which_pairs_are_meant_every_two_are_candidates() -> None:
    recipe = load_recipe(SHIPPED)
    for name, corpus, options in (
        ("Omni-UltraFeedback", "ultrafeedback", {"drop_sources": []}),
        ("Omni-VLFeedback", "vlfeedback", {"citations": "keep"}),
    ):
        ours = recipe.corpora[corpus]
        assert ours.pairs == PairRule("best-worst", 0.5, "drop")
        read = recipe.corpus_of(name)
        assert read.pairs == PairRule("all", 0.0, "keep")
        assert read.options == {**ours.options, **options}
        assert (
            replace(read, pairs=ours.pairs, options=ours.options, published=ours.published) == ours
        )
    # Where models write the criteria, the corpus's own rule stands.
    asking = replace(recipe, relabel=replace(recipe.relabel, origin="llm"))
    read = asking.corpus_of("Omni-UltraFeedback")
    assert (read.pairs, read.options) == (recipe.corpora["ultrafeedback"].pairs,
                                          recipe.corpora["ultrafeedback"].options)  # fmt: skip
    # A general subset has no criteria, so the published set says nothing of it.
    general = replace(recipe.subsets["Omni-UltraFeedback"], kind="general")
    plain = replace(recipe, subsets={"Plain": general}).corpus_of("Plain")
    assert plain.pairs.rule == "best-worst"


def test_what_is_said_of_one_pair_is_not_lost_with_a_near_equal_one() -> None:
    recipe = load_recipe(SHIPPED)
    general, measured = "Skywork-Reward-Preference", "Measured-T2T"
    assert recipe.dedup_of(general) == recipe.dedup_of(measured) == recipe.dedup
    published = recipe.dedup_of("Omni-UltraFeedback")
    assert (published.copies, published.contradictions) == ("keep", "first")
    subset = replace(recipe.subset("Omni-UltraFeedback"), criteria="corpus")
    recipe = replace(recipe, subsets={**recipe.subsets, "Omni-UltraFeedback": subset})
    assert recipe.dedup_of("Omni-UltraFeedback") == replace(recipe.dedup, copies="keep")


def test_pictures_are_counted_as_each_model_counts_them() -> None:
    models = load_recipe(SHIPPED).relabel.models
    # Shown at 768 x 768 at most: four tiles.
    assert models["gpt-4o"].tokens.image.of(768, 768) == 85 + 4 * 170
    assert models["gpt-4o-mini"].tokens.image.of(768, 768) == 2833 + 4 * 5667


def test_comments_and_order_of_keys_do_not_change_the_digest(tmp_path: Path) -> None:
    file = tmp_path / "r.yaml"
    lines = [line for line in TEXT.splitlines() if not line.strip().startswith("#")]
    file.write_text("\n".join(lines))
    assert load_recipe(file).digest() == load_recipe(SHIPPED).digest()
    file.write_text(TEXT.replace("seed: 20260101", "seed: 7"))
    assert load_recipe(file).digest() != load_recipe(SHIPPED).digest()


def line_of(text: str, fragment: str) -> int:
    return next(n for n, line in enumerate(text.splitlines(), 1) if fragment in line)


@pytest.mark.parametrize(
    ("licence", "nc", "at"),
    [
        ("cc-by-nc-4.0", "", "licence: cc-by-nc-4.0"),
        ("CC-BY-NC-4.0", "", "licence: CC-BY-NC-4.0"),
        ("CC BY NC 4.0", "nc: false", "nc: false"),
    ],
)
def test_a_licence_that_forbids_commercial_use_needs_nc(
    tmp_path: Path, licence: str, nc: str, at: str
) -> None:
    old = "    licence: cc-by-nc-4.0\n    nc: true\n"
    assert old in TEXT
    file = tmp_path / "recipe.yaml"
    text = TEXT.replace(old, f"    licence: {licence}\n    {nc}\n", 1)
    file.write_text(text)
    with pytest.raises(RecipeError) as refused:
        load_recipe(file)
    assert str(refused.value) == (
        f"{file}:{line_of(text, at)}: corpora.rlaif_v.{at.partition(':')[0]}: {licence!r} forbids "
        "commercial use, and the rows of the corpus have to say so: write nc: true"
    )


@pytest.mark.parametrize(
    ("old", "new", "at", "message"),
    [
        ("seed: 20260101", "sead: 1", "sead", "sead: unknown key 'sead'; did you mean 'seed'?"),
        (
            "  reserve: 0.05",
            "  reserve: lots",
            "lots",
            "sampling.reserve: expected a number, found the text 'lots'",
        ),
        (
            "corpus: rlaif_v, task: ti2t, kind: general",
            "corpus: rlaif, task: ti2t, kind: general",
            "corpus: rlaif,",
            "subsets.RLAIF-V.corpus: no corpus 'rlaif' in the recipe; did you mean 'rlaif_v'?",
        ),
        (
            "        drop_sources: []",
            "        drop_source: []",
            "        drop_source: []",
            "corpora.ultrafeedback.published.options.drop_source: unknown key 'drop_source'; did "
            "you mean 'drop_sources'?",
        ),
        (
            "    adapter: hpdv2",
            "    adapter: hpdv3",
            "hpdv3",
            "corpora.hpdv2.adapter: no adapter 'hpdv3'; did you mean 'hpdv2'?",
        ),
        (
            "corpus: hpdv2, task: t2i, kind: general",
            "corpus: hpdv2, task: t2x, kind: general",
            "t2x",
            "subsets.HPDv2.task: 't2x' is not allowed; did you mean 't2v'?",
        ),
        (
            "    nc: true",
            "    nc: yes please",
            "yes please",
            "corpora.rlaif_v.nc: expected true or false, found the text 'yes please'",
        ),
        (
            "  threads: 2 ",
            "  threads: 4.5 ",
            "4.5",
            "media.threads: expected a whole number, found '4.5'",
        ),
        (
            "version: 1\n",
            "version: 9\n",
            "version: 9",
            "version: recipe version 9 is not known; this release reads 1",
        ),
        (
            "  row_group_rows: 1000",
            "  row_group_rows: 0",
            "shard_bytes: 134217728",
            "writing: shard_bytes, row_group_rows and row_group_bytes must be positive",
        ),
        (
            "    files: [train.json, train.tar.gz]",
            "    files: train.json",
            "files: train.json",
            "corpora.hpdv2.files: expected a list, found the text 'train.json'",
        ),
        (
            "    files: [train.json, train.tar.gz]",
            "    files: [train.json]\n    options: {archiv: x}",
            "archiv: x",
            "corpora.hpdv2.options.archiv: unknown key 'archiv'; did you mean 'archive'?",
        ),
        (
            "target: 2944, min_count: 2500",
            "target: 2944, min_count: 9999",
            "9999",
            "subsets.EvalMuse: min_count 9999 is above target 2944",
        ),
        ("name: omni-reward-data\n", "name: a\nname: b\n", "name: b", "'name' is given twice"),
    ],
)
def test_an_error_names_file_line_and_nearest_name(
    tmp_path: Path, old: str, new: str, at: str, message: str
) -> None:
    assert old in TEXT
    file = tmp_path / "recipe.yaml"
    text = TEXT.replace(old, new, 1)
    file.write_text(text)
    with pytest.raises(RecipeError) as error:
        load_recipe(file)
    assert str(error.value) == f"{file}:{line_of(text, at)}: {message}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the recipe is empty"),
        ("a: [1", "not valid YAML"),
        ("- 1\n- 2\n", "expected a mapping, found a list"),
        ("version: 1\nname: x\n", "missing key 'seed'"),
    ],
)
def test_broken_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "recipe.yaml"
    file.write_text(text)
    with pytest.raises(RecipeError, match=message):
        load_recipe(file)


def test_a_limit_lowers_targets_and_floors_together() -> None:
    recipe = load_recipe(SHIPPED).limited(100)
    assert {subset.target for subset in recipe.subsets.values()} == {100}
    assert {subset.min_count for subset in recipe.subsets.values()} == {100}
