"""What is published of a build's record: nothing of the machine, and the recipe as a recipe."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from pipelines.publishing.provenance import published_json, published_record, recipe_yaml
from pipelines.publishing.settings import PublicationSettings, check_repo
from pipelines.recipe import load_recipe
from pipelines.resources import shipped
from transforms.beamkit.errors import BuildError

RECIPE = load_recipe(shipped("beam_config.yaml"))


def test_the_recipe_can_be_built_from_again(tmp_path: Path) -> None:
    corpora = {
        name: replace(corpus, path="/home/ada/mirror") for name, corpus in RECIPE.corpora.items()
    }
    text = recipe_yaml(asdict(replace(RECIPE, corpora=corpora)))
    assert b"/home/ada" not in text
    file = tmp_path / "beam_config.yaml"
    file.write_bytes(text)
    again = load_recipe(file)
    assert again.subsets == RECIPE.subsets
    assert {corpus.path for corpus in again.corpora.values()} == {None}


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://api.openai.com/v1", "https://api.openai.com/v1"),
        ("http://10.0.0.7:8000/v1", "http://localhost/v1"),
        ("http://gpu7:8000/v1", "http://localhost/v1"),
        ("http://models.corp.internal/v1", "http://localhost/v1"),
        ("https://ada:secret@models.example.com/v1", "http://localhost/v1"),
    ],
)
def test_endpoints_of_ones_own_are_not_told(url: str, told: str) -> None:
    record = {"subsets": {}, "recipe": {"relabel": {"models": {"m": {"base_url": url}}}}}
    published = json.loads(published_record(record))
    assert published["recipe"]["relabel"]["models"]["m"]["base_url"] == told


def test_clocks_are_left_out(tmp_path: Path) -> None:
    record = {
        "code": "1",
        "subsets": {"A": {"rows": 1, "seconds": {"total": 1.0}, "resumed": "all"}},
        "recipe": {"corpora": {"a": {"path": "mirror", "files": ["/abs/a.jsonl", "b.jsonl"]}}},
    }
    assert json.loads(published_record(record)) == {
        "code": "1",
        "subsets": {"A": {"rows": 1}},
        "recipe": {"corpora": {"a": {"path": None, "files": [None, "b.jsonl"]}}},
    }
    file = tmp_path / "gate.json"
    file.write_text('{"passed": true, "checked": "now", "run": "ab"}')
    assert json.loads(published_json(file)) == {"passed": True}
    file.write_text("{")
    with pytest.raises(BuildError, match="not JSON"):
        published_json(file)


@pytest.mark.parametrize("repo", ["rewards", "a/b/c", "../b", "a/b.git", "a/b--c", "a/b\n", "-/b"])
def test_what_is_no_repository(repo: str) -> None:
    with pytest.raises(ValueError, match="write owner/name"):
        check_repo(repo)
    with pytest.raises(ValueError, match="write owner/name"):
        PublicationSettings(repo)
