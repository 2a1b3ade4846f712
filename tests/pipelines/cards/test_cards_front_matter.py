"""The YAML of a card: what the Hub and `datasets` read in it is what lies in the folder."""

from __future__ import annotations

import fnmatch
import glob
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
from card_toy import Toy

from pipelines.cards import render_card
from pipelines.cards.corpus_cards import data_card
from pipelines.cards.front_matter import TASK_CATEGORIES, features, size_category
from schemas.label import LABEL_SCHEMA
from schemas.pair import PAIR_SCHEMA
from schemas.tasks import TASKS
from transforms.beamkit.errors import BuildError


def head(readme: bytes) -> dict[str, Any]:
    """The metadata of a card."""
    _, text, _ = readme.decode().split("---\n", 2)
    loaded = yaml.safe_load(text)
    assert isinstance(loaded, dict)
    return loaded


def test_the_hubs_client_reads_the_same_metadata(cards: dict[str, bytes]) -> None:
    from huggingface_hub import DatasetCard

    read = DatasetCard(cards["README.md"].decode()).data.to_dict()
    told = head(cards["README.md"])
    assert {key: read[key] for key in told} == told
    assert list(told) == [
        "pretty_name", "license", "license_name", "license_link", "language", "task_categories",
        "annotations_creators", "size_categories", "source_datasets", "tags", "configs",
        "dataset_info",
    ]  # fmt: skip


def test_licence_tags_and_sizes(cards: dict[str, bytes]) -> None:
    told = head(cards["README.md"])
    assert told["license"] == "other"
    assert told["license_name"] == "mixed-non-commercial-with-unstated-parts"
    assert told["license_link"] in cards
    assert told["size_categories"] == ["n<1K"]
    assert told["annotations_creators"] == ["crowdsourced", "machine-generated"]
    assert told["task_categories"] == ["text-to-image", "image-text-to-text", "text-generation"]
    assert told["language"] == ["en"]
    assert told["source_datasets"] == ["ymhao/HPDv2", "me/mine", "openbmb/RLAIF-V-Dataset"]
    assert {"image", "text", "non-commercial"} <= set(told["tags"])
    assert "video" not in told["tags"]


def test_one_known_licence_is_said_plainly(tmp_path: Path) -> None:
    toy = Toy()
    del toy.subsets["RLAIF-V"], toy.subsets["Mine"]
    told = head(render_card(toy.write(tmp_path), None, "ada/toy", "1.0.0")["README.md"])
    assert told["license"] == "apache-2.0"
    assert "license_name" not in told
    assert "non-commercial" not in told["tags"]


def test_globs_of_configs_match_the_files_of_each_split_and_no_others(
    toy: Path, cards: dict[str, bytes]
) -> None:
    configs = {one["config_name"]: one["data_files"] for one in head(cards["README.md"])["configs"]}
    assert list(configs) == ["default", "Omni-HPDv2", "RLAIF-V", "Mine", "labels"]
    found = {
        (name, one["split"]): sorted(
            str(path.relative_to(toy)) for path in toy.glob(one["path"]) if path.is_file()
        )
        for name, several in configs.items()
        for one in several
    }
    every = {str(path.relative_to(toy)) for path in (toy / "data").rglob("*.parquet")}
    assert {path for (name, _), paths in found.items() if name == "default" for path in paths} == (
        every
    )
    assert found["Omni-HPDv2", "validation"] == [
        "data/Omni-HPDv2/validation-00000-of-00001.parquet"
    ]
    assert ("RLAIF-V", "validation") not in found
    assert found["labels", "train"] == ["labels/Omni-HPDv2.parquet"]
    infos = {one["config_name"]: one for one in head(cards["README.md"])["dataset_info"]}
    for (name, split), paths in found.items():
        rows = sum(pq.read_metadata(toy / path).num_rows for path in paths)
        told = {one["name"]: one["num_examples"] for one in infos[name]["splits"]}
        assert told[split] == rows
    assert infos["default"]["download_size"] == sum((toy / path).stat().st_size for path in every)


def test_a_name_with_glob_characters_matches_itself_only(tmp_path: Path) -> None:
    toy = Toy()
    toy.subsets["M[ab]"] = toy.subsets.pop("Mine")
    told = head(render_card(toy.write(tmp_path), None, "ada/toy", "1.0.0")["README.md"])
    (path,) = [
        one["data_files"][0]["path"] for one in told["configs"] if one["config_name"] == "M[ab]"
    ]
    assert [Path(one).parent.name for one in glob.glob(str(tmp_path / path))] == ["M[ab]"]
    assert not fnmatch.fnmatch("data/Ma/train-00000-of-00001.parquet", path)


@pytest.mark.parametrize("name", ["default", "labels"])
def test_a_subset_with_the_name_of_another_config_is_refused(name: str, tmp_path: Path) -> None:
    toy = Toy()
    toy.subsets[name] = toy.subsets.pop("Mine")
    with pytest.raises(BuildError, match="give it another name in the recipe"):
        render_card(toy.write(tmp_path), None, "ada/toy", "1.0.0")


def test_features_are_those_that_datasets_writes() -> None:
    from datasets import Features

    assert features(PAIR_SCHEMA) == Features.from_arrow_schema(PAIR_SCHEMA)._to_yaml_list()
    assert features(LABEL_SCHEMA) == Features.from_arrow_schema(LABEL_SCHEMA)._to_yaml_list()


@pytest.mark.parametrize(
    ("rows", "name"),
    [(0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (317_382, "100K<n<1M"), (10**9, "10M<n<100M")],
)
def test_size_category(rows: int, name: str) -> None:
    assert size_category(rows) == name


def test_every_task_has_a_category_of_the_hub() -> None:
    assert set(TASK_CATEGORIES) == set(TASKS)


def test_a_subset_without_rows_is_no_config(tmp_path: Path) -> None:
    toy = Toy()
    toy.subsets["Mine"] = ("mine", "t2t", "general", 3, {"train": 0})
    rendered = render_card(toy.write(tmp_path), None, "ada/toy", "1.0.0")
    told = head(rendered["README.md"])
    assert "Mine" not in [one["config_name"] for one in told["configs"]]
    assert "Mine" not in [one["config_name"] for one in told["dataset_info"]]
    assert "| [Mine](cards/Mine.md) |" in rendered["README.md"].decode()
    assert "3 rows short of the target of 3" in rendered["cards/Mine.md"].decode()


def test_a_dataset_without_any_row_still_has_a_card(tmp_path: Path) -> None:
    toy = Toy()
    toy.subsets = {"Mine": ("mine", "t2t", "general", 3, {"train": 0})}
    rendered = render_card(toy.write(tmp_path), None, "ada/toy", "1.0.0")
    assert "0 pairs of responses" in rendered["README.md"].decode()


@pytest.mark.parametrize("language", ["English", "en-GB", "EN", ""])
def test_a_language_that_is_no_code_is_refused_with_its_file(tmp_path: Path, language: str) -> None:
    folder = tmp_path / "corpora" / "hpdv2"
    folder.mkdir(parents=True)
    (folder / "card.md").write_text("A corpus.")
    metadata = folder / "metadata.yaml"
    metadata.write_text(f"name: hpdv2\nlanguages: [en, '{language}']\n")
    told = rf"{metadata}: languages: '{language}' is no code of a language; write one of ISO 639"
    with pytest.raises(BuildError, match=told):
        data_card("corpora", "hpdv2", tmp_path)
    metadata.write_text("name: hpdv2\nlanguages: [en, cmn, code, multilingual, unknown]\n")
    assert data_card("corpora", "hpdv2", tmp_path) is not None
