"""The gate: a sound dataset passes, and every planted fault is named with the ids of its rows."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sample_build import Built, Sample, build_with
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.gate import DATASET, Gate, read_gate, run_gate
from pipelines.recipe import Recipe
from pipelines.recipe_binding import RecipeError
from transforms.beamkit.errors import BuildError
from transforms.quality.settings import GateSettings

SKYWORK, HPDV2, MEASURED = SUBSETS = ("Skywork-Reward-Preference", "HPDv2", "Measured-T2T")
HOSTILE = "<script>alert(1)</script>"

#: Row of a subset -> columns and what is put there; a dotted name is a field of the first medium.
FAULTS: dict[str, dict[int, dict[str, Any]]] = {
    "HPDv2": {
        0: {"preference": HOSTILE},
        1: {"response_a_info.width": 3},
        2: {"response_a_info.format": "bmp"},
        3: {"response_b_info.digest": None},
        4: {"response_b_image": None},
        5: {"margin": 1.0},
        6: {"annotator": "model"},
        7: {"nc": True},
        8: {"task": "t2v"},
        9: {"response_a_text": "hello"},
        10: {"prompt_group": "zz"},
        11: {"preference": "tie", "source_preference": "tie"},
        12: {"criterion": "Be brief, please."},
        13: {"kind": None},
        14: {"source": {"corpus": "hpdv2", "revision": "main", "licence": "mit"}},
        15: {"prompt": []},
    },
    "Measured-T2T": {
        0: {"flipped": None},
        1: {"criterion": None},
        2: {"agreement": 0.5},
        3: {"n_votes": 3},
        4: {"criterion_origin": "llm"},
        5: {"response_a_text": ""},
        6: {"subset": "Other"},
    },
}

#: Subset -> expectation and column -> rows that fail it.
EXPECTED: dict[str, dict[tuple[str, str | None], list[int]]] = {
    "HPDv2": {
        ("preference_known", "preference"): [0],
        ("preference_as_in_source", "preference"): [0],
        ("image_size", "response_width_min"): [1],
        ("response_formats_as_in_recipe", "response_formats"): [2],
        ("digests_of_all_media", "response_digests_missing"): [3],
        ("facts_of_all_media", "media_count"): [4],
        ("responses_present", "response_b_media_count"): [4],
        ("one_image", "response_b_image_count"): [4],
        ("no_scores", "margin"): [5],
        ("annotator_as_in_recipe", "annotator"): [6],
        ("nc_as_in_recipe", "nc"): [7],
        ("task_named", "task"): [8],
        ("no_foreign_media", "foreign_media"): [8],
        ("no_response_text", "response_a_chars"): [9],
        ("ids_well_formed", "prompt_group"): [10],
        ("ties", "tie"): [11],
        ("no_criterion", "criterion_chars"): [12],
        ("enums_present", "kind"): [13],
        ("licence_as_in_recipe", "licence"): [14],
        ("prompt_present", "prompt_turns"): [15],
        ("single_turn", "prompt_turns"): [15],
    },
    "Measured-T2T": {
        ("criterion_present", "flipped"): [0],
        ("criterion_present", "criterion_chars"): [1],
        ("measured_agreement", "agreement"): [2],
        ("measured_votes", "n_votes"): [3],
        ("criterion_origin_as_in_recipe", "criterion_origin"): [4],
        ("responses_not_empty", "response_a_chars"): [5],
        ("response_length", "response_a_chars"): [5],
        ("subset_named", "subset"): [6],
    },
}


@dataclass(frozen=True)
class Planted:
    """A dataset with faults, its gate, and the ids of its rows as they were built."""

    output: Path
    gate: Gate
    ids: Mapping[str, list[str]]
    #: Groups of prompts that are on both sides of the split.
    groups: set[str]


@pytest.fixture(scope="module")
def recipe(sample: Sample) -> Recipe:
    return sample.whole()


@pytest.fixture(scope="module")
def sound(
    built: Built, sample: Sample, recipe: Recipe, tmp_path_factory: pytest.TempPathFactory
) -> Built:
    """General subsets, and one with criteria about what can be measured."""
    more = build_with(recipe, sample.folder, tmp_path_factory.mktemp("more"), [MEASURED])
    output = tmp_path_factory.mktemp("sound")
    for name, one in ((SKYWORK, built), (HPDV2, built), (MEASURED, more)):
        shutil.copytree(one.output / "data" / name, output / "data" / name)
    subsets = {name: built.record["subsets"][name] for name in (SKYWORK, HPDV2)}
    record = {**built.record, "subsets": subsets | more.record["subsets"]}
    (output / "run_record.json").write_text(json.dumps(record))
    return Built(output, record)


@pytest.fixture(scope="module")
def planted(sound: Built, recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Planted:
    """Faults in rows, and such of whole subsets and of the dataset."""
    output = copy_of(sound, tmp_path_factory.mktemp("planted"))
    ids = {name: ids_of(output, name) for name in SUBSETS}
    pair = pq.read_table(shard_of(output, HPDV2), columns=["pair_id"])[0][16].as_py()
    faults = {**FAULTS, SKYWORK: {3: {"pair_id": pair}}}
    for name, rows in faults.items():
        change(output, name, lambda table, rows=rows: with_faults(table, rows))
    shard = shard_of(output, SKYWORK)
    whole = always_a(pq.read_table(shard))
    whole = with_faults(whole, {9: {"prompt_group": whole["prompt_group"][0].as_py()}})
    pq.write_table(whole.slice(0, 9), shard)
    held_out = shard.with_name("validation-00000-of-00001.parquet")
    pq.write_table(whole.slice(9, whole.num_rows - 10), held_out)  # one row is lost
    number = whole.num_rows
    groups = whole["prompt_group"].to_pylist()
    (measured,) = pq.read_table(shard_of(output, MEASURED), columns=["prompt_group"])
    both = {*groups[:9], *measured.to_pylist()} & {*groups[9 : number - 1]}
    skywork = replace(recipe.subsets[SKYWORK], target=number + 9, min_count=number + 1)
    held_to = replace(
        recipe,
        subsets={**recipe.subsets, SKYWORK: skywork},
        decontamination=replace(recipe.decontamination, benchmarks=("rewardbench",)),
    )
    return Planted(output, run_gate(str(output), held_to), ids, both)


def copy_of(built: Built, folder: Path) -> Path:
    shutil.copytree(built.output / "data", folder / "data")
    shutil.copy(built.output / "run_record.json", folder)
    return folder


def shard_of(output: Path, subset: str) -> Path:
    (shard,) = sorted((output / "data" / subset).glob("*.parquet"))
    return shard


def ids_of(output: Path, subset: str) -> list[str]:
    ids: list[str] = pq.read_table(shard_of(output, subset), columns=["row_id"])[0].to_pylist()
    return ids


def change(output: Path, subset: str, how: Callable[[pa.Table], pa.Table]) -> None:
    shard = shard_of(output, subset)
    pq.write_table(how(pq.read_table(shard)), shard)


def with_faults(table: pa.Table, rows: Mapping[int, Mapping[str, Any]]) -> pa.Table:
    for name in {column.split(".")[0] for fault in rows.values() for column in fault}:
        at = table.schema.get_field_index(name)
        values = table[name].to_pylist()
        for row, fault in rows.items():
            for column, value in fault.items():
                if column == name:
                    values[row] = value
                elif column.split(".")[0] == name:
                    values[row][0][column.split(".")[1]] = value
        table = table.set_column(at, table.field(at), pa.array(values, table.field(at).type))
    return table


def failed(gate: Gate, subset: str) -> dict[tuple[str, str | None], list[str]]:
    return {
        (one.expectation, one.column): list(one.row_ids)
        for one in gate.everything[subset].expectations
        if not one.passed
    }


def test_sound_datasets_pass_and_the_gate_is_read_back(sound: Built, tmp_path: Path) -> None:
    output = copy_of(sound, tmp_path)
    told: list[str] = []
    gate = run_gate(str(output), watch=told.append)
    assert gate.failures() == []
    assert gate.passed
    assert sorted(told) == sorted([*SUBSETS, DATASET])
    again = read_gate(str(output))
    assert again == gate
    assert again.passed
    value = json.loads((output / "quality" / "gate.json").read_bytes())
    assert value["passed"] is True
    entry = value["subsets"]["HPDv2"]
    assert (entry["task"], entry["kind"], entry["passed"]) == ("t2i", "general", True)
    assert entry["rows"] == sound.record["subsets"]["HPDv2"]["rows"]
    assert {"expectation", "column", "passed", "wanted", "observed", "failing", "row_ids"} <= set(
        entry["expectations"][0]
    )
    pages = sorted(path.name for path in (output / "quality" / "data_docs").iterdir())
    assert {"index.html", *(f"{name}.html" for name in SUBSETS)} <= set(pages)
    results = json.loads((output / "quality" / "expectations" / "HPDv2.json").read_bytes())
    assert results["success"] is True
    assert len(results["results"]) == len(entry["expectations"])

    record = output / "run_record.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"code": "another"}))
    stale = read_gate(str(output))
    assert not stale.passed
    assert stale.failures() == [
        "the dataset was built again after it was checked; run: omnireward validate"
    ]


@pytest.mark.parametrize("subset", EXPECTED)
def test_planted_faults_fail_exactly_what_names_them(planted: Planted, subset: str) -> None:
    ids = planted.ids[subset]
    assert failed(planted.gate, subset) == {
        what: [ids[row] for row in rows] for what, rows in EXPECTED[subset].items()
    }
    assert not planted.gate.subsets[subset].passed


def test_failures_say_what_was_wanted_and_observed(planted: Planted) -> None:
    ids = planted.ids["HPDv2"]
    assert (
        f"HPDv2: image_size (response_width_min): wanted 16 to 20,000, "
        f"observed 1 of {len(ids):,} rows: 3; rows {ids[1]}" in planted.gate.failures()
    )


def test_hostile_values_run_nowhere(planted: Planted) -> None:
    quality = planted.output / "quality"
    pages = [path.read_text() for path in sorted((quality / "data_docs").iterdir())]
    assert len(pages) >= len(SUBSETS) + 1
    for page in pages:
        assert "<script" not in page
        assert "http" not in page.replace("http-equiv", "")
        assert "default-src 'none'" in page
    assert sum("&lt;script&gt;alert(1)&lt;/script&gt;" in page for page in pages) == 2


def test_the_command_prints_what_failed_and_exits_with_4(planted: Planted) -> None:
    done = CliRunner().invoke(
        app, ["validate", "--output", str(planted.output), "--subset", "Measured-T2T"]
    )
    assert done.exit_code == 4
    words = " ".join(done.output.split())
    assert "Measured-T2T: measured_votes n_votes wanted exactly 1 observed 1 of" in words
    assert planted.ids["Measured-T2T"][3] in words
    assert "Nothing was written" in words
    assert (planted.output / "quality" / "gate.json").exists()


def test_numbers_of_rows_and_position_of_a_whole_subset(planted: Planted) -> None:
    ids = planted.ids[SKYWORK]
    assert set(failed(planted.gate, SKYWORK)) == {
        ("count", None),
        ("rows_as_recorded", None),
        ("position_balance", "a_preferred"),
    }
    told = {one.expectation: one for one in planted.gate.subsets[SKYWORK].stopped}
    assert told["count"].wanted == f"{len(ids) + 1:,} to {len(ids) + 9:,}"
    assert told["count"].observed == f"{len(ids) - 1:,} rows"
    assert told["rows_as_recorded"].wanted == f"exactly {len(ids):,}"
    assert told["position_balance"].failing == len(ids) - 1
    assert told["position_balance"].row_ids == tuple(ids[:20])


def test_what_holds_over_all_subsets(planted: Planted) -> None:
    found = failed(planted.gate, DATASET)
    twice = found.pop(("pair_id_unique_over_subsets", "pair_id"))
    assert sorted(twice) == sorted([planted.ids[SKYWORK][3], planted.ids[HPDV2][16]])
    assert found.pop(("benchmarks_fingerprinted", "state")) == ["rewardbench"]
    told = found.pop(("groups_on_one_side", "sides"))
    assert len(told) == min(20, len(planted.groups))
    assert {*told} <= planted.groups
    assert found == {}


def always_a(table: pa.Table) -> pa.Table:
    for name in ("preference", "source_preference"):
        at = table.schema.get_field_index(name)
        table = table.set_column(at, name, pa.array(["a"] * table.num_rows))
    return table


def test_a_waived_failure_is_told_but_does_not_stop(planted: Planted, recipe: Recipe) -> None:
    names = {name for name, _ in EXPECTED["Measured-T2T"]}
    waived = {f"Measured-T2T: {name}": "a test" for name in names}
    gate = run_gate(
        str(planted.output), with_gate(recipe, GateSettings(waived=waived)), names=["Measured-T2T"]
    )
    assert gate.passed
    assert len(failed(gate, "Measured-T2T")) == len(EXPECTED["Measured-T2T"])
    assert {one["what"] for one in gate.waivers} >= set(waived)


def with_gate(recipe: Recipe, gate: GateSettings) -> Recipe:
    return replace(recipe, quality=replace(recipe.quality, gate=gate))


def test_a_subset_of_ones_own_has_a_file_beside_the_recipe(
    sound: Built, recipe: Recipe, tmp_path: Path
) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    file = folder / "Measured-T2T.yaml"
    held_to = with_gate(recipe, GateSettings(expectations="own"))

    def check(text: str) -> Gate:
        from pipelines.gate.suites import read_suite

        read_suite.cache_clear()
        file.write_text(text)
        return run_gate(str(sound.output), held_to, base=tmp_path, names=["Measured-T2T"])

    gate = check("short: {column: prompt_chars, max: 1}\nmeasured_votes: null\n")
    assert {name for name, _ in failed(gate, "Measured-T2T")} == {"short"}
    names = {one.expectation for one in gate.subsets["Measured-T2T"].expectations}
    assert "measured_votes" not in names
    for text, message in (
        (
            "short: {column: prompt_char, max: 1}",
            r"T2T.yaml:1: short: .*did you mean 'prompt_chars'",
        ),
        ("\nshort: {column: tie}", r"T2T.yaml:2: short: an expectation checks one thing"),
        ("short: {colum: tie, max: 1}", r"unknown key 'colum'; did you mean 'column'"),
    ):
        with pytest.raises(RecipeError, match=message):
            check(text)


def test_wrong_wishes_say_what_to_do(sound: Built, recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="no dataset here; build it with: omnireward build"):
        run_gate(str(tmp_path))
    with pytest.raises(BuildError, match="not checked yet; run: omnireward validate"):
        read_gate(str(tmp_path))
    with pytest.raises(BuildError, match="did you mean 'HPDv2'"):
        run_gate(str(sound.output), names=["HPDv"])
    waived = GateSettings(waived={"Measured-T2T: measured_vote": "no reason"})
    with pytest.raises(RecipeError, match="did you mean 'measured_votes'"):
        run_gate(str(sound.output), with_gate(recipe, waived), names=["Measured-T2T"])
    (tmp_path / "quality").mkdir()
    (tmp_path / "quality" / "gate.json").write_text("{}")
    with pytest.raises(BuildError, match="can't be read"):
        read_gate(str(tmp_path))
