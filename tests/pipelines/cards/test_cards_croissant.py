"""Croissant metadata: accepted by its own validator, which also loads records by it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from schemas.pair import PAIR_SCHEMA


@pytest.fixture
def told(cards: dict[str, bytes]) -> dict[str, Any]:
    loaded = json.loads(cards["croissant.json"])
    assert isinstance(loaded, dict)
    return loaded


def test_record_sets_are_the_configs(told: dict[str, Any]) -> None:
    sets = {one["@id"]: one for one in told["recordSet"]}
    assert list(sets) == ["default", "Omni-HPDv2", "RLAIF-V", "Mine", "labels"]
    columns = [field["@id"].partition("/")[2] for field in sets["default"]["field"]]
    assert columns == PAIR_SCHEMA.names
    files = {one["@id"]: one for one in told["distribution"]}
    assert files["files-of-default"]["includes"] == [
        "data/*/train-*.parquet", "data/*/validation-*.parquet",
    ]  # fmt: skip
    assert files["files-of-Mine"]["includes"] == "data/Mine/train-*.parquet"
    assert files["repo"]["contentUrl"].endswith("/datasets/ada/toy/tree/v1.1.0")
    assert told["version"] == "1.1.0"
    assert "https://creativecommons.org/licenses/by-nc/4.0/" in told["license"]


def test_the_validator_accepts_it_and_loads_records(
    toy: Path, cards: dict[str, bytes], tmp_path: Path
) -> None:
    mlcroissant = pytest.importorskip("mlcroissant")
    file = tmp_path / "croissant.json"
    file.write_bytes(cards["croissant.json"])
    dataset = mlcroissant.Dataset(str(file), mapping={"repo": str(toy)})
    issues = dataset.metadata.ctx.issues
    assert not issues.errors
    assert {w.split("Property ")[1] for w in issues.warnings} == {
        '"https://schema.org/datePublished" is recommended, but does not exist.'
    }
    rows = list(dataset.records("Omni-HPDv2"))
    assert len(rows) == 5
    assert rows[0]["Omni-HPDv2/response_a_image"].size == (8, 8)
    assert rows[0]["Omni-HPDv2/prompt"] == [
        {"Omni-HPDv2/prompt/role": b"user", "Omni-HPDv2/prompt/content": b"A boat"}
    ]
    assert len(list(dataset.records("labels"))) == 17
