"""The command line as a person uses it: what is printed, and exit codes that mean something."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from PIL import Image
from sample_build import Built, Sample

from pipelines.recipe import load_recipe

Call = Callable[..., "subprocess.CompletedProcess[str]"]

LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 12345\n"


def test_build_prints_the_funnel_and_how_to_load(
    omnireward: Call, sample: Sample, tmp_path: Path
) -> None:
    done = omnireward(
        "build", "--recipe", sample.recipe_file, "--output", tmp_path / "out",
        "--subset", "RLAIF-V", "--limit", 20,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Funnel" in done.stdout
    assert 'load_dataset("parquet"' in done.stdout
    rows = sum(pq.read_metadata(f).num_rows for f in (tmp_path / "out/data/RLAIF-V").iterdir())
    assert rows == 20


def test_paragraphs_of_help_fill_the_terminal() -> None:
    from typer.testing import CliRunner

    from pipelines.cli import app

    for words in ("validate", "audit run", "diff", "export", "publish", "import", "sources lock"):
        done = CliRunner().invoke(app, [*words.split(), "--help"], env={"COLUMNS": "80"})
        assert done.exit_code == 0
        text, _, _ = done.stdout.partition("╭")
        lines = text.rstrip().splitlines()
        for line, below in pairwise(line.strip() for line in lines):
            if line and below:  # the first word below had no room above
                assert len(line) + 1 + len(below.split()[0]) > 78, (words, line)


def test_quiet_prints_nothing_and_plan_moves_nothing(
    omnireward: Call, omnireward_process: Call, sample: Sample, tmp_path: Path
) -> None:
    arguments = ("--recipe", sample.recipe_file, "--output", tmp_path / "out", "-s", "HPDv2")
    plan = omnireward("build", *arguments, "--plan")
    assert plan.returncode == 0
    stages = "sources, sampling, media, dedup, quality, trim, writing"
    assert stages in " ".join(plan.stdout.split())
    assert not (tmp_path / "out" / "data").exists()
    assert omnireward_process("build", *arguments, "--quiet").stdout == ""
    again = omnireward_process("build", *arguments, "--plan")
    assert "up to date" in again.stdout


def test_worker_processes_log_to_a_file_and_not_to_the_terminal(
    omnireward_process: Call, sample: Sample, tmp_path: Path
) -> None:
    done = omnireward_process(
        "build", "--recipe", sample.recipe_file, "--output", tmp_path, "-s", "RLAIF-V",
        "--limit", 10, "--runner", "multi_processing", "--quiet",
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "sdk_worker" in (tmp_path / ".work" / "workers.log").read_text()


@pytest.mark.full
def test_a_failure_in_a_worker_process_is_told_on_the_terminal(
    omnireward_process: Call, sample: Sample, tmp_path: Path
) -> None:
    broken = tmp_path / "corpora"
    shutil.copytree(sample.folder, broken)
    archive = broken / "hpdv2" / "train.tar.gz"
    archive.write_bytes(archive.read_bytes()[:-2_000])
    done = omnireward_process(
        "build", "--recipe", broken / sample.recipe_file.name, "--output", tmp_path / "out",
        "-s", "HPDv2", "--runner", "multi_processing",
    )  # fmt: skip
    assert done.returncode == 3
    assert "truncated or damaged" in " ".join(done.stderr.split())


def test_subsets_lists_what_is_not_there_yet_and_builds_it_never(
    omnireward: Call, sample: Sample, tmp_path: Path
) -> None:
    listed = omnireward("subsets")
    assert listed.returncode == 0
    assert "Omni-VLFeedback" in listed.stdout
    assert "needs a mirror" in listed.stdout
    refused = omnireward(
        "build", "--recipe", sample.recipe_file, "-o", tmp_path, "-s", "Omni-RLAIF-V"
    )
    assert refused.returncode == 3
    assert "Omni-RLAIF-V can't be built: needs criteria" in refused.stderr
    assert not (tmp_path / "data").exists()


def test_recipe_check(omnireward: Call, tmp_path: Path) -> None:
    good = omnireward("recipe", "check")
    assert good.returncode == 0
    assert "31 subsets, 491,282 pairs wanted, and all of 2 subsets." in good.stdout
    bad = tmp_path / "r.yaml"
    bad.write_text("version: 1\nsede: 3\n")
    wrong = omnireward("recipe", "check", "--recipe", bad)
    assert wrong.returncode == 2
    assert f"{bad}:2: sede: unknown key 'sede'; did you mean 'seed'?" in wrong.stderr


def test_show_by_id_and_at_random(omnireward: Call, built: Built, tmp_path: Path) -> None:
    shard = next((built.output / "data/HPDv2").glob("*.parquet"))
    row = pq.read_table(shard, columns=["row_id", "pair_id"]).to_pylist()[0]
    shown = omnireward(
        "show", row["row_id"][:10], "-o", built.output, "--save-media", tmp_path / "media"
    )
    assert shown.returncode == 0, shown.stderr
    assert row["pair_id"] in shown.stdout
    assert "preferred" in shown.stdout
    saved = sorted((tmp_path / "media").iterdir())
    assert len(saved) == 2
    with Image.open(saved[0]) as picture:
        picture.load()
    some = omnireward("show", "-n", 2, "--seed", 4, "-o", built.output)
    assert some.stdout.count("row ") == 2
    assert some.stdout == omnireward("show", "-n", 2, "--seed", 4, "-o", built.output).stdout
    none = omnireward("show", "ffffffffffffffffffff", "-o", built.output)
    assert none.returncode == 3
    assert "no pair whose id begins with" in none.stderr


def test_dead_letters_counts_and_shows(omnireward: Call, built: Built, sample: Sample) -> None:
    shown = omnireward("dead-letters", "-o", built.output, "-s", "Skywork-Reward-Preference")
    assert shown.returncode == 0
    for reason in sample.planted["skywork"].faults:
        assert reason in shown.stdout
    assert "met at" in shown.stdout
    known = "known: HPDv2, RLAIF-V, Skywork-Reward-Preference"
    for command in ("show", "dead-letters"):
        wrong = omnireward(command, "-o", built.output, "-s", "Nope")
        assert wrong.returncode == 3
        assert f"no subset 'Nope'; {known}" in wrong.stderr
    wrong = omnireward("dead-letters", "-o", built.output, "--reason", "media_missin")
    assert wrong.returncode == 3
    assert "the reason 'media_missin'; did you mean 'media_missing'?" in wrong.stderr
    none = omnireward(
        "dead-letters", "-o", built.output, "-s", "Skywork-Reward-Preference", "--reason",
        "media_missing",
    )  # fmt: skip
    assert (none.returncode, none.stdout) == (0, "no dead letters for the reason 'media_missing'\n")
    elsewhere = omnireward("dead-letters", "-o", sample.folder)
    assert elsewhere.returncode == 3
    assert "is it the output of a build?" in elsewhere.stderr


def _damage_lfs(file: Path) -> None:
    file.write_text(LFS)


def _damage_html(file: Path) -> None:
    file.write_text("<!DOCTYPE html><html><body>Access denied</body></html>")


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _other(file: Path) -> None:
    file.write_bytes(gzip.compress(b"{}"))


@pytest.mark.parametrize(
    ("subset", "name", "damage", "says"),
    [
        ("RLAIF-V", "rlaif_v/RLAIF-V-Dataset_000.parquet", _damage_lfs, "a git-lfs pointer, not"),
        ("HPDv2", "hpdv2/train.tar.gz", _damage_html, "an html page, not .tar.gz"),
        ("RLAIF-V", "rlaif_v/RLAIF-V-Dataset_001.parquet", _cut, "Parquet file is truncated"),
        ("HPDv2", "hpdv2/train.json", _other, "its name says .json, its content is gzip"),
        ("HPDv2", "hpdv2/train.json", _cut, "the JSON list ends in mid-record after"),
        ("HPDv2", "hpdv2/train.tar.gz", _cut, "the archive is truncated or damaged after"),
        ("HPDv2", "hpdv2/train.tar.gz", lambda file: file.unlink(), "matches 'train.tar.gz'"),
    ],
)
def test_a_bad_file_is_an_error_that_says_exactly_what_it_is(
    omnireward: Call, sample: Sample, tmp_path: Path, subset: str, name: str,
    damage: Callable[[Path], None], says: str,
) -> None:  # fmt: skip
    corpora = tmp_path / "corpora"
    shutil.copytree(sample.folder, corpora)
    damage(corpora / name)
    done = omnireward(
        "build", "--recipe", corpora / "beam_config.yaml", "-o", tmp_path / "o", "-s", subset
    )
    assert done.returncode == 3, done.stderr
    assert says in done.stderr
    assert Path(name).name in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "o" / "data").exists()


def test_too_many_dead_letters_fail_the_run(
    omnireward: Call, sample: Sample, tmp_path: Path
) -> None:
    recipe = tmp_path / "beam_config.yaml"
    text = sample.recipe_file.read_text().replace("path: ", f"path: {sample.folder}/")
    recipe.write_text(text.replace("max_dead_share: 0.5", "max_dead_share: 0.001"))
    done = omnireward("build", "--recipe", recipe, "-o", tmp_path / "o", "-s", "RLAIF-V")
    assert done.returncode == 4
    assert "quality.max_dead_share allows 0.1%" in done.stderr


#: A thread of Arrow's pool calls Python for ever; the interpreter's end would abort the process.
_AT_WORK = """
import atexit, io, sys, threading, time
import pyarrow.csv as csv
from pipelines import cli

class Endless(io.RawIOBase):
    first = True
    def readable(self):
        return True
    def read(self, size=-1):
        if self.first:
            self.first = False
            return b"a,b\\n" + b"1,2\\n" * 1000
        at_work.set()
        while True:
            time.sleep(0.0005)

at_work = threading.Event()
options = csv.ReadOptions(block_size=1000)
reading = lambda: csv.read_csv(Endless(), read_options=options)
threading.Thread(target=reading, daemon=True).start()
assert at_work.wait(30)
atexit.register(print, "handlers ran")
sys.argv = ["omnireward", *sys.argv[1:]]
cli.run()
"""


@pytest.mark.parametrize(("words", "code"), [(("subsets", "--help"), 0), (("no-such",), 2)])
def test_the_process_ends_whatever_other_threads_do(words: tuple[str, ...], code: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _AT_WORK, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr
    assert done.stdout.endswith("handlers ran\n")


@pytest.mark.full
def test_sample_corpora_come_with_benchmarks_and_a_published_set(
    omnireward_process: Call, tmp_path: Path
) -> None:
    done = omnireward_process(
        "sample-corpora", tmp_path, "--corpus", "rlaif_v", "--scale", 0.001, "--quiet"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    recipe = load_recipe(tmp_path / "beam_config.yaml")
    prints = tmp_path / recipe.decontamination.fingerprints
    named = {path.name for path in (tmp_path / "benchmarks").iterdir()}
    assert set(recipe.decontamination.benchmarks) == named
    assert all(any(prints.glob(f"{name}*")) for name in named)
    assert {path.name for path in (tmp_path / "published").iterdir()} >= {"RLAIF-V", "media"}
