"""The sample of the published set imported: every row that can be read, and a diff with a build."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from sample_build import Built, build_with
from typer.testing import CliRunner, Result

from pipelines import cli
from pipelines.dataset.dataset import Dataset
from pipelines.diff.diff import diff
from pipelines.layout import Layout
from pipelines.origins import origin_of
from pipelines.recipe import load_recipe
from pipelines.recipe_binding import RecipeError
from pipelines.sample_corpora import write_corpora
from pipelines.sample_corpora.published_set import FILE, FOLDER, PublishedRow, write_published_set
from pipelines.sample_recipe import write_sample_recipe
from schemas.pair import PAIR_SCHEMA
from transforms.dedup.settings_benchmarks import DecontaminationSettings

SKYWORK, RLAIF, HPD, CLIPS = (
    "Omni-Skywork-Reward-Preference", "Omni-RLAIF-V", "HPDv2", "VideoDPO"
)  # fmt: skip
SUBSETS = (SKYWORK, RLAIF, HPD)
INSTRUCTION = (SKYWORK, RLAIF)
#: Rows that differ from their source in more than what ids look over.
OTHER = ("foreign", "edited", "white_space", "reencoded")
#: Of them, those that a build matches to their source nevertheless.
MATCHED = ("white_space", "reencoded")


class Set:
    """Sample corpora, the set made of them, the truth about it, and its import."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.copy = folder, folder / FOLDER
        planted = write_corpora(folder, 0.001, only=["skywork", "rlaif_v", "hpdv2", "videodpo"])
        self.recipe_file = write_sample_recipe(folder, planted)
        recipe = load_recipe(self.recipe_file)
        few = {name: recipe.subsets[name] for name in (*SUBSETS, CLIPS)}
        self.truth = write_published_set(folder, replace(recipe, subsets=few), 7)
        # A folder named otherwise than the recipe's subsets, and a picture that is not there.
        (self.copy / "Unknown").mkdir()
        (self.copy / "Unknown" / FILE).write_bytes((self.copy / SKYWORK / FILE).read_bytes())
        self.lost = sorted((self.copy / "media" / "hpdv2").iterdir())[0]
        self.lost.unlink()
        self.output = folder / "imported"
        self.told = self.call("--output", self.output, *(f"-s{name}" for name in SUBSETS))

    def call(self, *arguments: object) -> Result:
        words = ["import", str(self.copy), "--recipe", str(self.recipe_file)]
        return CliRunner().invoke(cli.app, [*words, *map(str, arguments)])

    @property
    def record(self) -> dict[str, Any]:
        record: dict[str, Any] = json.loads((self.output / "run_record.json").read_bytes())
        return record

    def rows(self, subset: str) -> pl.DataFrame:
        return pl.read_parquet(self.output / "data" / subset / "*.parquet")

    def letters(self, subset: str) -> Counter[str]:
        path = self.output / "dead_letters" / f"{subset}.parquet"
        return Counter(pl.read_parquet(path)["reason"])

    def kinds(self, subset: str, kinds: Sequence[str]) -> list[PublishedRow]:
        return [row for row in self.truth[subset] if row.kind in kinds]

    def naming(self, subset: str, picture: str) -> int:
        """Rows of a subset that name a picture and can be read otherwise."""
        images = pl.read_parquet(self.copy / subset / FILE)["images"]
        said = zip(images, self.truth[subset], strict=True)
        return sum(picture in paths and row.kind != "unreadable" for paths, row in said)


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Set:
    return Set(tmp_path_factory.mktemp("import"))


def build_of(imported: Set, names: Sequence[str], output: Path) -> Built:
    """All that the published rows of subsets are matched to, with nothing removed as a copy."""
    recipe = load_recipe(imported.recipe_file)
    subsets = {name: replace(recipe.subsets[name], target=None, min_count=0) for name in names}
    recipe = replace(
        recipe,
        subsets=subsets,
        dedup=replace(recipe.dedup, copies="keep"),
        decontamination=DecontaminationSettings(),
        quality=replace(recipe.quality, max_dead_share=1.0),
    )
    return build_with(recipe, imported.folder, output, names)


@pytest.fixture(scope="module")
def rebuilt(imported: Set) -> Built:
    return build_of(imported, [SKYWORK], imported.folder / "rebuilt")


def test_every_row_is_a_row_or_a_dead_letter_with_its_reason(imported: Set) -> None:
    assert imported.told.exit_code == 0, imported.told.output
    record = imported.record
    assert list(record["subsets"]) == [name for name in record["recipe"]["subsets"]
                                       if name in SUBSETS]  # fmt: skip
    for subset in SUBSETS:
        counts, letters = record["subsets"][subset]["counts"], imported.letters(subset)
        truth = imported.truth[subset]
        unreadable = letters["no_response"] + letters["no_prompt"]
        assert unreadable == len(imported.kinds(subset, ["unreadable"])) > 0
        repeated = counts["dedup"].get("dropped:duplicate_exact", 0)
        gone = letters.total() + repeated
        assert imported.rows(subset).height == len(truth) - gone
        assert record["subsets"][subset]["unbalanced"] == []
        assert counts["sources"]["in"] == len(truth)
        assert counts["quality"]["in"] == counts["quality"]["out"]
        assert letters["media_missing"] == (
            imported.naming(HPD, f"hpdv2/{imported.lost.name}") if subset == HPD else 0
        )
    assert imported.letters(HPD)["media_missing"] > 0


def test_rows_are_of_the_schema_and_say_where_they_come_from(imported: Set) -> None:
    for subset in SUBSETS:
        rows = imported.rows(subset)
        assert rows.columns == PAIR_SCHEMA.names
        source = rows["source"].struct
        assert set(source.field("corpus")) == {f"jinzhuoran/OmniRewardData/{subset}"}
        assert source.field("key").str.starts_with("sha256:").all()
        assert rows["flipped"].null_count() == rows.height
        assert rows["row_id"].n_unique() == rows.height
        given = {row.criterion for row in imported.truth[subset] if row.kind != "unreadable"}
        if subset not in INSTRUCTION:
            assert (set(rows["kind"]), set(rows["criterion"])) == ({"general"}, {None})
            assert rows["response_a_image"].struct.field("bytes").null_count() == 0
        else:
            assert set(rows["kind"]) == {"instruction"}
            assert set(rows["criterion"]) <= given
            assert set(rows["criterion_origin"]) == {"published"}
    assert set(imported.rows(RLAIF)["nc"]) == {True}  # as the recipe says of its source
    assert set(imported.rows(RLAIF)["source"].struct.field("licence")) == {"cc-by-nc-4.0"}


def test_a_pair_keeps_its_rows_under_several_criteria(imported: Set) -> None:
    """Copies of a pair are what other datasets lose: here each criterion is a row."""
    rows = imported.rows(SKYWORK)
    assert rows["pair_id"].n_unique() < rows.height


def check_against(imported: Set, output: Path, rebuilt: Path, subset: str) -> None:
    """Rows are those of the build where texts and media are; the diff shows the others."""
    columns = ["row_id", "pair_id", "criterion", "preference", "criterion_origin", "prompt"]
    mine, other = (
        pl.read_parquet(folder / "data" / subset / "*.parquet").select(columns)
        for folder in (output, rebuilt)
    )
    same = mine.join(other, on="row_id")
    for name in columns[1:]:
        assert same[name].equals(same[f"{name}_right"], null_equal=True), name
    planted = imported.kinds(subset, OTHER)
    assert same.height == mine.height - len(planted) > 0

    found = diff(Dataset.open(str(output)), Dataset.open(str(rebuilt)), [subset]).of(subset)
    assert found.removed == len(planted) > 0
    assert (found.label_changed, found.criterion_changed, found.media_changed) == (0, 0, 0)
    assert {"source.corpus", "source.key"} <= set(found.columns)
    assert not {"prompt", "response_a_text", "preference", "criterion"} & set(found.columns)
    if subset in INSTRUCTION:
        assert found.added == len(imported.kinds(subset, MATCHED)) > 0
        assert "flipped" in found.columns


def test_rows_equal_those_of_a_build_and_the_diff_shows_what_was_planted(
    imported: Set, rebuilt: Built
) -> None:
    check_against(imported, imported.output, rebuilt.output, SKYWORK)


@pytest.mark.full
@pytest.mark.parametrize("subset", [RLAIF, CLIPS])
def test_pairs_with_media_equal_those_of_a_build(
    imported: Set, tmp_path: Path, subset: str
) -> None:
    done = imported.call("--output", tmp_path / "mine", "-s", subset)
    assert done.exit_code == 0, done.output
    build_of(imported, [subset], tmp_path / "other")
    check_against(imported, tmp_path / "mine", tmp_path / "other", subset)


def test_what_is_said_at_the_end(imported: Set) -> None:
    said = " ".join(imported.told.output.split())
    assert "recipe has no such subset: Unknown" in said
    lacking = imported.letters(HPD)["media_missing"]
    assert f"{lacking} rows lack their media: put them below {imported.copy}/media" in said
    assert f"omnireward diff {imported.output}" in said
    assert f"omnireward show --output {imported.output}" in said
    assert "omnireward validate" not in said
    assert "clips that are frames here and videos there, are other pairs by nature" in said


def test_a_second_run_does_nothing_and_another_dataset_is_not_touched(
    imported: Set, rebuilt: Built
) -> None:
    before = imported.record["subsets"][SKYWORK]["shards"]
    again = imported.call("--output", imported.output, "-s", SKYWORK)
    assert again.exit_code == 0
    assert imported.record["subsets"][SKYWORK]["resumed"] == "all"
    assert imported.record["subsets"][SKYWORK]["shards"] == before
    assert set(imported.record["subsets"]) == {*SUBSETS}
    refused = imported.call("--output", rebuilt.output, "-s", SKYWORK)
    assert refused.exit_code == 3
    assert "holds another dataset" in refused.output


@pytest.mark.parametrize(
    ("make", "names", "code", "said"),
    [
        ([], [], 3, "no such folder; name a local copy of OmniRewardData"),
        (["set/empty.txt"], [], 3, "not a copy of OmniRewardData, which has a folder for each"),
        (["set/train_data/a.tar"], [], 3, "There are archives in it: unpack them"),
        (["set/train-00000-of-00001.parquet"], [], 3, "right in it: name the folder above"),
        (["set/Other/x.parquet"], [], 3, "none of its folders (Other) is a subset of the recipe"),
        (["set/RLAIF-V/x.parquet"], ["HPDv2"], 3, "no HPDv2/*.parquet; this copy has RLAIF-V"),
        (["set/RLAIF-V/x.parquet"], ["HPD"], 2, "no subset 'HPD' in the recipe"),
        (["set/RLAIF-V/x.parquet"], [], 3, "RLAIF-V/x.parquet"),
    ],
)
def test_a_wrong_copy_is_refused_in_words(
    imported: Set, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], make: list[str], names: list[str], code: int, said: str,
) -> None:  # fmt: skip
    for name in make:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"nothing that can be read")
    words = ["import", tmp_path / "set", "-o", tmp_path / "out",
             "--recipe", imported.recipe_file, *(f"-s{name}" for name in names)]  # fmt: skip
    monkeypatch.setattr(sys, "argv", ["omnireward", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == code
    assert said in capsys.readouterr().err


def test_a_file_of_another_layout_names_the_column(
    imported: Set, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    (tmp_path / "RLAIF-V").mkdir()
    pl.DataFrame({"chosen": ["a"]}).write_parquet(tmp_path / "RLAIF-V" / FILE)
    words = ["import", tmp_path, "-o", tmp_path / "out", "--recipe", imported.recipe_file]
    monkeypatch.setattr(sys, "argv", ["omnireward", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 3
    assert "column 'conversations' is missing; the file has chosen" in capsys.readouterr().err


def test_a_recipe_can_read_the_set_as_a_corpus(tmp_path: Path) -> None:
    text = """
version: 1
name: of-the-published-set
seed: 1
corpora:
  omni:
    adapter: omni_reward_data
    repo: jinzhuoran/OmniRewardData
    licence: unknown
    annotator: model
    files: [Omni-RLAIF-V/*.parquet]
    options: {task: ti2t, criteria: true, locations: {a: {container: media/a.tar, add: /}}}
subsets:
  Omni-RLAIF-V: {corpus: omni, task: ti2t, kind: instruction, criteria: corpus, target: null}
dedup: {copies: keep}
"""
    file = tmp_path / "beam_config.yaml"
    file.write_text(text)
    recipe = load_recipe(file)
    assert recipe.criteria_of(RLAIF) == "corpus"
    assert origin_of(recipe, RLAIF, tmp_path, Layout.of(str(tmp_path))) is None
    file.write_text(text.replace("task: ti2t, criteria", "task: t2a, criteria"))
    with pytest.raises(RecipeError, match=r"beam_config.yaml:\d+: .*task: 't2a' is none of"):
        load_recipe(file)
