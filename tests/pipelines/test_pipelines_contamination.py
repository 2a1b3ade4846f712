"""`omnireward contamination`: rows that matched benchmark items, with what and how strongly."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.contamination_view import contamination_view, read_contamination
from pipelines.gallery.side_tables import matches
from schemas.contamination import CONTAMINATION_SCHEMA
from schemas.pair import PAIR_SCHEMA
from schemas.removed import DUPLICATE_SCHEMA
from transforms.beamkit.errors import BuildError

Call = Callable[..., "subprocess.CompletedProcess[str]"]


def match(row: str, **given: Any) -> dict[str, Any]:
    return {
        "subset": "One",
        "row_id": row * 32,
        "pair_id": row * 32,
        "key": f"key-{row}",
        "benchmark": "vl-rewardbench",
        "item": "17",
        "rule": "prompt_text",
        "field": "prompt",
        "likeness": "near",
        "strength": 0.75,
        "removed": True,
        "excerpt": "Why do the [bold]ferries\n wait",
        **given,
    }


@pytest.fixture
def output(tmp_path: Path) -> Path:
    folder = tmp_path / "contamination"
    folder.mkdir()
    one = [
        match("a"),
        match("b", removed=False, rule="prompt_medium", likeness="perceptual", strength=3.0),
    ]
    two = [match("c", subset="Two", benchmark="rewardbench")]
    for name, rows in (("One", one), ("Two", two)):
        pq.write_table(pa.Table.from_pylist(rows, CONTAMINATION_SCHEMA), folder / f"{name}.parquet")
    write_shard(tmp_path, "One", "b")
    return tmp_path


def write_shard(output: Path, subset: str, pairs: str) -> None:
    folder = output / "data" / subset
    folder.mkdir(parents=True)
    # A row under a criterion has another id than its pair had when it was compared.
    rows = [{"subset": subset, "row_id": "9" * 32, "pair_id": pair * 32} for pair in pairs]
    table = pa.Table.from_pylist(rows, PAIR_SCHEMA)
    pq.write_table(table, folder / "train-00000-of-00001.parquet")


def test_rows_that_are_not_in_the_dataset_are_not_kept(omnireward: Call, tmp_path: Path) -> None:
    reported = {"removed": False, "rule": "prompt_medium"}
    rows = [
        match("a"), match("a", **reported),  # one match removes it, another reports it
        match("b", **reported), match("c", **reported),
        match("d", **reported),  # a copy, removed by deduplication
        match("e", **reported) | {"pair_id": "b" * 32},  # the same pair as a kept one
    ]  # fmt: skip
    copies = [{"subset": "One", "row_id": row * 32, "pair_id": "b" * 32} for row in "de"]
    for folder, told, schema in (
        ("contamination", rows, CONTAMINATION_SCHEMA), ("duplicates", copies, DUPLICATE_SCHEMA)
    ):  # fmt: skip
        (tmp_path / folder).mkdir()
        pq.write_table(pa.Table.from_pylist(told, schema), tmp_path / folder / "One.parquet")
    write_shard(tmp_path, "One", "b")
    found = read_contamination(tmp_path, [], [], None)
    assert found.filter("kept")["row_id"].to_list() == ["b" * 32]
    said = " ".join(omnireward("contamination", "--output", tmp_path).stdout.split())
    assert "1 rows removed, 1 kept and reported, 3 left out for another reason" in said
    assert said.count("kept bbbb") == 1
    assert "kept aaaa" not in said
    assert [one["reported"] for one in matches(tmp_path).counts] == [1, 0]


def test_rows_are_shown_with_what_they_matched(omnireward: Call, output: Path) -> None:
    done = omnireward("contamination", "--output", output)
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    for expected in ("key-a", "17", "75%", "3 bits", "[bold]ferries", "rewardbench"):
        assert expected in said
    assert "2 rows removed, 1 kept and reported" in said


def test_filters(output: Path) -> None:
    assert read_contamination(output, ["Two"], [], None)["key"].to_list() == ["key-c"]
    assert read_contamination(output, [], ["vl-rewardbench"], None)["key"].to_list() == [
        "key-a",
        "key-b",
    ]
    assert read_contamination(output, [], [], False)["key"].to_list() == ["key-b"]
    assert read_contamination(output, [], [], None)["removed"].to_list() == [True, True, False]


def test_what_is_not_shown_is_counted(omnireward: Call, output: Path) -> None:
    done = omnireward("contamination", "--output", output, "--limit", 1)
    assert "2 more matches not shown" in done.stdout
    (output / "run_record.json").write_text(
        json.dumps(
            {"recipe": {"decontamination": {"benchmarks": ["listed"]}}, "subsets": {},
             "decontamination": {"fingerprints": {"other": "0" * 64}, "waived": {"let": "why"}}}
        )
    )  # fmt: skip
    for known in ("other", "listed", "let"):
        none = omnireward("contamination", "--output", output, "--benchmark", known)
        assert none.returncode == 0, none.stderr
        assert "no row matches" in none.stdout
    none = omnireward("contamination", "--output", output, "-s", "Two", "-b", "vl-rewardbench")
    assert "no row matches" in none.stdout
    assert contamination_view(read_contamination(output, [], [], None), 0)


def test_a_benchmark_that_nobody_knows_is_an_error(omnireward: Call, output: Path) -> None:
    wrong = omnireward("contamination", "--output", output, "-b", "vl-rewardbnch")
    assert wrong.returncode == 3
    assert "no benchmark 'vl-rewardbnch'; did you mean 'vl-rewardbench'?" in wrong.stderr


def test_nothing_there_says_so(tmp_path: Path, output: Path) -> None:
    with pytest.raises(BuildError, match="nothing was written down"):
        read_contamination(tmp_path / "none", [], [], None)
    with pytest.raises(BuildError, match="there is One, Two"):
        read_contamination(output, ["Three"], [], None)
