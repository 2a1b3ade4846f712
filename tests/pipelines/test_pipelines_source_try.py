"""`omnireward sources try`: what it prints builds, once its questions are answered."""

from __future__ import annotations

import csv
import subprocess
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

Call = Callable[..., "subprocess.CompletedProcess[str]"]


def table(path: Path, rows: int = 12) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter="\t")
        writer.writerow(["nummer", "frage", "antwort_a", "antwort_b", "besser"])
        for n in range(rows):
            texts = [f"Was ist {n}? " * 3, f"Eine Zahl, nämlich {n}.", f"Das ist {n} Mal egal."]
            writer.writerow([n, *texts, "AB="[n % 3]])
    return path


def test_the_block_builds_as_it_is_printed(omnireward: Call, tmp_path: Path) -> None:
    done = omnireward("sources", "try", table(tmp_path / "mine.tsv"))
    assert done.returncode == 0, done.stderr
    assert "what do '=' mean" in done.stdout
    assert "preferred" in done.stdout
    block, _, _ = done.stdout.partition("\n\n")
    recipe = yaml.safe_load(block)
    recipe["corpora"]["mine"]["options"]["values"]["tie"] = ["="]
    recipe |= {"version": 1, "name": "mine", "seed": 1}
    recipe["subsets"] = {
        "Mine": {"corpus": "mine", "task": "t2t", "kind": "general", "target": None}
    }
    file = tmp_path / "recipe.yaml"
    file.write_text(yaml.safe_dump(recipe, allow_unicode=True), encoding="utf-8")
    built = omnireward("build", "--recipe", file, "--output", tmp_path / "out")
    assert built.returncode == 0, built.stderr
    (shard,) = (tmp_path / "out/data/Mine").iterdir()
    assert pq.read_metadata(shard).num_rows == 8
    assert "tie" in built.stdout


def test_the_path_is_absolute_and_all_that_was_not_asked_is_to_be_decided(
    omnireward: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "a folder"
    folder.mkdir()
    rows = ["question,answer_1,answer_2,label"]
    rows += [
        f"What is {n}?,It is {n} of course.,Nobody knows {n}.,{'1201'[n % 4]}" for n in range(8)
    ]
    (folder / "votes.csv").write_text("\n".join(rows).replace(",0\n", ",tie\n") + "\n")
    monkeypatch.chdir(tmp_path)
    done = omnireward("sources", "try", Path("a folder") / "votes.csv")
    assert done.returncode == 0, done.stderr
    block, _, _ = done.stdout.partition("\n\n")
    assert yaml.safe_load(block)["corpora"]["votes"]["path"] == str(folder)
    said = " ".join(done.stdout.split())
    assert (
        "# `path` is absolute; one in a recipe may also be relative to the recipe's folder" in said
    )
    _, _, open_questions = said.partition("Please decide:")
    for line in (
        "repo: ", "licence: unknown is written into every row", "annotator: human",
        "pairs.ties: drop leaves ties out",
    ):  # fmt: skip
        assert f"- {line}" in open_questions


def test_a_long_path_stays_on_its_line(omnireward: Call, tmp_path: Path) -> None:
    folder = tmp_path / ("long_name_" * 12)
    folder.mkdir()
    done = omnireward("sources", "try", table(folder / "mine.tsv"))
    block, _, _ = done.stdout.partition("\n\n")
    assert yaml.safe_load(block)["corpora"]["mine"]["path"] == str(folder)


def test_three_pairs_are_shown_and_no_more(omnireward: Call, tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    columns = {
        name: [f"{name} {n} " * 9 for n in range(9)] for name in ("prompt", "chosen", "rejected")
    }
    pq.write_table(pa.table(columns), path)
    done = omnireward("sources", "try", path)
    assert done.stdout.count("preferred") == 3
    assert "9 pair" in done.stdout


def test_a_file_without_pairs_is_refused_with_the_reason(omnireward: Call, tmp_path: Path) -> None:
    path = tmp_path / "kto.jsonl"
    path.write_text('{"messages": [{"role": "user", "content": "q"}], "label": true}\n' * 5)
    done = omnireward("sources", "try", path)
    assert done.returncode == 3
    assert "as for KTO" in " ".join(done.stdout.split())


def test_other_files_are_an_error(omnireward: Call, tmp_path: Path) -> None:
    pointer = tmp_path / "x.jsonl.gz"
    pointer.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    archive = tmp_path / "x.tar"
    archive.write_bytes(bytes(1024))
    empty = tmp_path / "x.csv"
    empty.write_text("")
    for path, words in (
        (pointer, "git-lfs pointer"),
        (archive, "records are read from"),
        (empty, "empty"),
        (tmp_path / "none.csv", "no such file"),
        (tmp_path, "is a folder; name one file of it, as x.csv"),
    ):
        done = omnireward("sources", "try", path)
        assert done.returncode == 3
        assert words in " ".join(done.stderr.split())
