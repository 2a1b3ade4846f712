"""What is published of a build's record: nothing of the machine, and the recipe as a recipe."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from pipelines.machine_places import text_without_places
from pipelines.published_record import build_digest, published_record
from pipelines.publishing.provenance import published_json, published_lock, recipe_yaml
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
    told = {"passed": True, "run": build_digest(record)}
    assert json.loads(published_json(file, record)) == told
    file.write_text("{")
    with pytest.raises(BuildError, match="not JSON"):
        published_json(file, record)


def test_the_digest_of_a_build_is_that_of_its_published_record() -> None:
    record = {"subsets": {"A": {"rows": 1, "seconds": {"total": 1.0}}}, "recipe": {}}
    again = {"subsets": {"A": {"rows": 1, "seconds": {"total": 2.0}}}, "recipe": {}}
    assert build_digest(record) == hashlib.sha256(published_record(again)).hexdigest()
    assert build_digest({**record, "left_out": {"B": "why"}}) != build_digest(record)


def test_taken_over_work_is_the_same_build() -> None:
    made = {
        "subsets": {"B": {"counts": {"sources": {"in": 2, "out": 1}, "trim": {"in": 1}}}, "A": {}}
    }
    counts = {"trim": {"in": 1}, "sources": {"out": 1, "in": 2}}
    again = {"subsets": {"B": {"counts": counts, "resumed": "all"}, "A": {"resumed": "all"}}}
    assert build_digest(again) == build_digest(made)
    assert list(json.loads(published_record(made))["subsets"]) == ["B", "A"]
    counts["trim"]["in"] = 2
    assert build_digest(again) != build_digest(made)


def test_no_text_of_a_record_names_a_place(tmp_path: Path) -> None:
    mirror = "/home/ada/My data/Omni"
    record = {
        "subsets": {"A": {"inputs": {"/mnt/a/b.jsonl": 1, "/mnt/c/b.jsonl": 2, "c.jsonl": 3}}},
        "recipe": {"relabel": {"published": {"path": mirror}}},
        "left_out": {"B": f"the published set in {mirror} has no B", "C": "see /srv/x/y: it's 1/2"},
    }
    text = published_record(record).decode()
    assert not [place for place in ("ada", "mnt", "srv", "My data") if place in text]
    told = json.loads(text)
    assert told["left_out"] == {"B": "the published set in … has no B", "C": "see … it's 1/2"}
    assert list(told["subsets"]["A"]["inputs"].values()) == [1, 2, 3]
    file = tmp_path / "gate.json"
    file.write_text(json.dumps({"waivers": [{"reason": f"as in {mirror}"}]}))
    assert json.loads(published_json(file, record))["waivers"] == [{"reason": "as in …"}]


def test_a_lock_is_published_as_it_is_but_for_places(tmp_path: Path) -> None:
    file = tmp_path / "beam_config.lock"
    file.write_text('{"patterns": ["a/*.jsonl"]}')
    assert published_lock(file) == file.read_bytes()
    file.write_text('{"patterns": ["/a.jsonl", "b.jsonl"]}')
    assert json.loads(published_lock(file)) == {"patterns": ["…", "b.jsonl"]}


@pytest.mark.parametrize(
    "text",
    [
        "HPDv2: values_are_unique", "see https://a.test/b/c", "and/or", "1/2 of them", "a </b> c",
        "data/HPDv2/train.parquet", "n/a", "~ 20 rows", "/", "../a/b", "-/b/c",
    ],
)  # fmt: skip
def test_texts_that_name_no_place_stay(text: str) -> None:
    assert text_without_places(text) == text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("in /home/ada has", "in … has"),
        ("(/home/ada/x)", "(…)"),
        ("'~/data/x' and ~ada/y", "'…' and …"),
        ("C:\\Users\\ada, file:///srv/x", "…, …"),
        ("path=/a/b", "path=…"),
    ],
)
def test_texts_that_name_one(text: str, told: str) -> None:
    assert text_without_places(text) == told


@pytest.mark.parametrize("repo", ["rewards", "a/b/c", "../b", "a/b.git", "a/b--c", "a/b\n", "-/b"])
def test_what_is_no_repository(repo: str) -> None:
    with pytest.raises(ValueError, match="write owner/name"):
        check_repo(repo)
    with pytest.raises(ValueError, match="write owner/name"):
        PublicationSettings(repo)
