"""Dead letters tried again on a mended mirror: the bytes of a fresh build, without its decoding."""

from __future__ import annotations

import io
import json
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from rich.console import Console
from sample_build import GENERAL, Built, Sample, build_with

from pipelines.layout import Layout
from pipelines.recipe import Recipe, load_recipe
from pipelines.retry import (
    Choice,
    RetryResult,
    Tried,
    cap_of_last_run,
    compared,
    letters_of,
    retry,
)
from pipelines.run import RunRequest
from pipelines.run_record import read_record
from pipelines.sample_corpora import write_corpora
from pipelines.sample_corpora.files import TarGz
from pipelines.sample_corpora.pictures import picture
from pipelines.sample_recipe import write_sample_recipe
from pipelines.watching import Watcher
from transforms.beamkit.errors import BuildError
from transforms.media.modality import Product
from transforms.media.sandbox.runner import Sandbox

Call = Callable[..., "subprocess.CompletedProcess[str]"]
MEDIA = ("media_missing", "image_undecodable")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """Three small corpora, one of each kind of container."""
    folder = tmp_path_factory.mktemp("to-mend")
    planted = write_corpora(folder, 0.0008, only=["skywork", "rlaif_v", "hpdv2"])
    return Sample(folder, planted, write_sample_recipe(folder, planted))


def trimmed(recipe: Recipe, sample: Sample) -> Recipe:
    """Targets just below what survives: what works again pushes out a pair of the reserve."""
    subsets = {
        name: replace(
            recipe.subsets[name],
            target=sample.planted[recipe.subsets[name].corpus].rows - 2,
            min_count=0,
        )
        for name in GENERAL
    }
    quality = replace(recipe.quality, max_dead_share=1.0)
    return replace(recipe, subsets=subsets, quality=quality)


def tried_again(recipe: Recipe, base: Path, output: Path, *names: str, **of: Any) -> RetryResult:
    layout = Layout.of(str(output))
    request = RunRequest(recipe, base, layout, names)
    letters, half = letters_of(layout, names)
    choice = Choice(**of)
    chosen = {name: mine for name, mine in letters.items() if len(choice.of(mine))}
    return retry(request, chosen, half, Watcher(Console(quiet=True), quiet=True))


def state(output: Path) -> tuple[dict[str, str], dict[str, Any]]:
    """Digests of all that was written, and all counts."""
    record = read_record(Layout.of(str(output)))
    assert record is not None
    counts = {name: entry["counts"] for name, entry in record["subsets"].items()}
    assert all(entry["unbalanced"] == [] for entry in record["subsets"].values())
    return Built(output, record).digests(), counts


def mend_archive(folder: Path) -> None:
    """HPDv2: what is missing is put in, what does not decode is replaced."""
    wanted = {
        name
        for record in json.loads((folder / "train.json").read_text())
        for name in record.get("image_path") or record.get("file_path")
    }
    members: dict[str, bytes] = {}
    with tarfile.open(folder / "train.tar.gz") as archive:
        for entry in archive:
            content = archive.extractfile(entry)
            assert content is not None
            members[entry.name] = content.read()
    good = (picture(np.random.default_rng(number)) for number in range(10_000))
    for name in sorted(wanted):
        if not decodes(members.get(f"train/{name}", b"")):
            members[f"train/{name}"] = next(good)
    with TarGz.writing(folder / "train.tar.gz") as mended:
        for name, data in reversed(members.items()):  # the order of members is nobody's business
            mended.add(name, data)


def mend_cells(folder: Path) -> None:
    """RLAIF-V: pictures in cells, one shard only; and a question that was missing is there."""
    file = folder / "RLAIF-V-Dataset_000.parquet"
    table = pq.read_table(file)
    rows = table.to_pylist()
    for number, row in enumerate(rows):
        if not decodes(row["image"]["bytes"] or b""):
            row["image"]["bytes"] = picture(np.random.default_rng(number))
        row["question"] = row["question"] or "What is it?"
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), file, row_group_size=400)


def mend_turns(folder: Path) -> None:
    """Skywork: an answer that was null is there."""
    for file in sorted((folder / "data").glob("*.parquet")):
        table = pq.read_table(file)
        rows = table.to_pylist()
        for row in rows:
            for turn in row["chosen"] or []:
                turn["content"] = turn["content"] or "An answer."
        pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), file)


def decodes(data: bytes) -> bool:
    try:
        Image.open(io.BytesIO(data)).load()
    except OSError:
        return False
    return True


def test_a_mended_mirror_gives_the_bytes_of_a_fresh_build(
    sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, output = tmp_path / "corpora", tmp_path / "out"
    shutil.copytree(sample.folder, folder)
    recipe = trimmed(sample.recipe, sample)
    before = build_with(recipe, folder, output)
    was_dead = dead(before)
    mend_archive(folder / "hpdv2")
    mend_cells(folder / "rlaif_v")
    mend_turns(folder / "skywork")

    decoded = count_decoding(monkeypatch)
    result = tried_again(recipe, folder, output)
    assert result.failures == []
    again = len(decoded)
    fresh = build_with(recipe, folder, tmp_path / "fresh")
    assert state(output) == state(tmp_path / "fresh")
    assert before.digests().keys() == fresh.digests().keys()

    # It was worth it: each subset changed, no pair too many, a few pictures decoded of thousands.
    for name in GENERAL:
        was, now = before.record["subsets"][name], fresh.record["subsets"][name]
        assert now["rows"] == recipe.subsets[name].target
        assert was["rows"] <= now["rows"]
        assert [s["sha256"] for s in was["shards"].values()] != [
            s["sha256"] for s in now["shards"].values()
        ]
    assert now["counts"]["trim"]["dropped:beyond_target"] > 0
    mended = sum(row.works for row in result.tried if row.reason in MEDIA)
    assert mended > 0
    # A mended picture, those of other dead pairs, and what the reserve no longer holds.
    assert again < (len(decoded) - again) / 20

    # What is told is what happened.
    for name, letters in was_dead.items():
        mine = [row for row in result.tried if row.subset == name]
        assert sum(row.tried for row in mine) == len(letters)
        left = len(dead(fresh)[name])
        assert sum(row.fails + row.new for row in mine) == left
    hpd = {row.reason: row for row in result.tried if row.subset == "HPDv2"}
    assert all(hpd[reason].works == hpd[reason].tried > 0 for reason in MEDIA)
    assert hpd["label_not_one_hot"].fails == hpd["label_not_one_hot"].tried > 0
    # Nothing is left over: the parts that count, and no others.
    work = output / ".work" / "HPDv2"
    named = {part["path"] for part in json.loads((work / "prepare.json").read_text())["parts"]}
    assert {str(path.relative_to(output)) for path in (work / "prepare").iterdir()} == named
    assert not (work / "known_media.arrow").exists()


def count_decoding(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    decoded: list[int] = []
    run = Sandbox.run

    def counting(sandbox: Sandbox, modality: str, data: bytes) -> Product:
        decoded.append(len(data))
        return run(sandbox, modality, data)

    monkeypatch.setattr(Sandbox, "run", counting)
    return decoded


def dead(built: Built) -> dict[str, pl.DataFrame]:
    return letters_of(Layout.of(str(built.output)), ())[0]


def unpacked(tmp_path: Path) -> tuple[Path, Recipe]:
    """OmniAlign-V with its pictures in a folder that the recipe's `files` do not name."""
    folder = tmp_path / "corpora"
    planted = write_corpora(folder, 0.0005, only=["omnialign_v"])
    recipe = load_recipe(write_sample_recipe(folder, planted))
    root = folder / "omnialign_v"
    with tarfile.open(root / "images.tar") as archive:
        for member in archive:  # `extractall` wants a filter from some releases of Python on
            content = archive.extractfile(member)
            if content is not None:
                target = root / "unpacked" / member.name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content.read())
    corpus = recipe.corpora["omnialign_v"]
    corpus = replace(corpus, files=("*.jsonl",), options={**corpus.options, "archive": "unpacked"})
    subsets = {
        name: replace(subset, target=None, min_count=0) for name, subset in recipe.subsets.items()
    }
    quality = replace(recipe.quality, max_dead_share=1.0)
    corpora = {"omnialign_v": corpus}
    return folder, replace(recipe, corpora=corpora, subsets=subsets, quality=quality)


def test_a_picture_that_came_late_is_found_though_no_listed_file_changed(tmp_path: Path) -> None:
    folder, recipe = unpacked(tmp_path)
    name = "OmniAlign-V-DPO"
    before = build_with(recipe, folder, tmp_path / "out", [name])
    root = folder / "omnialign_v" / "unpacked"
    letters = dead(before)[name].filter(pl.col("reason") == "media_missing")
    for number, message in enumerate(letters["message"]):
        late = root / message.split(":")[0]
        late.write_bytes(picture(np.random.default_rng(number)))
    # Another one was replaced by what anybody can read, so its pair is another pair.
    swapped = sorted(root.rglob("*.jpg"))[0]
    swapped.write_bytes(picture(np.random.default_rng(99)))
    stale = (tmp_path / "out" / "run_record.json").read_bytes()
    result = tried_again(recipe, folder, tmp_path / "out", reasons=("media_missing",))
    build_with(recipe, folder, tmp_path / "fresh", [name])
    assert state(tmp_path / "out") == state(tmp_path / "fresh")
    # Killed just before the record was written: files are new, the record is not.
    (tmp_path / "out" / "run_record.json").write_bytes(stale)
    completed = tried_again(recipe, folder, tmp_path / "out", reasons=("media_missing",))
    assert (completed.resumed, completed.tried) == ([name], [])
    assert state(tmp_path / "out") == state(tmp_path / "fresh")
    (row,) = (row for row in result.tried if row.reason == "media_missing")
    assert (row.tried, row.works) == (len(letters), len(letters))
    was, now = result.rows[name]
    assert now == was + len(letters)


def test_other_code_or_recipe_is_refused_and_the_dataset_stays(tmp_path: Path) -> None:
    folder, recipe = unpacked(tmp_path)
    output = tmp_path / "out"
    build_with(recipe, folder, output, ["OmniAlign-V-DPO"])
    before = state(output)
    with pytest.raises(BuildError, match="other code, another recipe or another --limit"):
        tried_again(replace(recipe, seed=5), folder, output)
    shutil.rmtree(output / ".work" / "OmniAlign-V-DPO" / "prepare")
    (output / ".work" / "OmniAlign-V-DPO" / "prepare.json").unlink()
    with pytest.raises(BuildError, match=r"its prepared pairs are gone"):
        tried_again(recipe, folder, output)
    assert state(output) == before


def test_a_mirror_that_got_worse_leaves_the_dataset_as_it_was(
    sample: Sample, tmp_path: Path
) -> None:
    folder, output = tmp_path / "corpora", tmp_path / "out"
    shutil.copytree(sample.folder / "hpdv2", folder / "hpdv2")
    recipe = trimmed(sample.recipe, sample)
    build_with(recipe, folder, output, ["HPDv2"])
    before, files = state(output), contents(output)
    archive = folder / "hpdv2" / "train.tar.gz"
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BuildError, match="truncated or damaged"):
        tried_again(recipe, folder, output)
    assert state(output) == before
    assert contents(output) == files
    archive.write_bytes(whole)
    assert tried_again(recipe, folder, output).rows == {"HPDv2": (before_rows(before),) * 2}
    assert state(output) == before


def before_rows(before: tuple[dict[str, str], dict[str, Any]]) -> int:
    return int(before[1]["HPDv2"]["trim"]["out"])


def contents(output: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(output)): path.read_bytes()
        for part in ("data", "dead_letters")
        for path in sorted((output / part).rglob("*.parquet"))
    }


def letters(*rows: tuple[str, str, str]) -> pl.DataFrame:
    return pl.DataFrame(rows, ["stage", "reason", "key"], orient="row")


def test_letters_are_told_apart_by_their_keys_and_counted_once() -> None:
    before = letters(
        ("media", "missing", "a"), ("media", "missing", "b"), ("media", "missing", "b"),
        ("sources", "not_json", "c"),
    )  # fmt: skip
    after = letters(
        ("media", "undecodable", "a"), ("media", "missing", "b"), ("sources", "not_text", "d")
    )
    assert compared(before, after, "S") == [
        Tried("S", "media", "missing", 3, 1, 2, 0),
        Tried("S", "sources", "not_json", 1, 1, 0, 0),
        Tried("S", "sources", "not_text", 0, 0, 0, 1),
    ]


def test_the_command_says_what_was_tried_and_what_there_is_to_try(
    omnireward: Call, sample: Sample, tmp_path: Path
) -> None:
    folder, output = tmp_path / "corpora", tmp_path / "out"
    shutil.copytree(sample.folder, folder)
    where = ("--recipe", folder / "beam_config.yaml", "--output", output)
    early = omnireward("retry-failed", *where)
    assert early.returncode == 3
    assert "no finished run here; build first" in early.stderr
    built = omnireward("build", *where, "-s", "RLAIF-V", "-q", "--budget", "7.5")
    assert built.returncode == 0
    for option, name, hint in (
        ("--reason", "media_missin", "did you mean 'media_missing'?"),
        ("--stage", "nosuch", "known: dedup, media, quality, relabel, sources, writing"),
    ):
        wrong = omnireward("retry-failed", *where, option, name)
        assert wrong.returncode == 3
        assert f"{name!r}; {hint}" in wrong.stderr
    nothing = omnireward("retry-failed", *where, "--reason", "media_missing", "--stage", "dedup")
    assert nothing.returncode == 0
    assert "the stage 'dedup' and reason 'media_missing' in RLAIF-V" in nothing.stdout
    assert "; there are " in nothing.stdout
    absent = omnireward("retry-failed", *where, "-s", "HPDv2")
    assert absent.returncode == 3
    assert "HPDv2 is not built here" in absent.stderr
    mend_cells(folder / "rlaif_v")
    done = omnireward("retry-failed", *where, "--stage", "media", "--reason", "media_missing")
    assert done.returncode == 0, done.stderr
    table = " ".join(done.stdout.split())
    assert "Tried again" in table
    assert "RLAIF-V media media_missing" in table
    assert " tried again, " in table
    assert " rows before, " in table
    again = omnireward("build", *where, "-s", "RLAIF-V", "--plan")
    assert "up to date" in again.stdout
    # What models may cost is what the build said, until another cap is named.
    kept = "models may cost $7.50 in all, as in the last run; --budget says otherwise"
    assert kept in done.stdout
    assert cap_of_last_run(Layout.of(str(output))) == 7.5
    other = omnireward("retry-failed", *where, "--budget", "3")
    assert other.returncode == 0, other.stderr
    assert "as in the last run" not in other.stdout
    assert cap_of_last_run(Layout.of(str(output))) == 3.0
    none = omnireward("retry-failed", *where, "--budget", "0")
    assert none.returncode == 2
    assert "--budget: budget: write an amount in dollars" in none.stderr


@pytest.mark.parametrize(
    ("record", "cap"),
    [
        (None, None),
        ({"recipe": {"relabel": {"budget": 12}}}, 12.0),
        ({"recipe": {"relabel": {"budget": None}}}, None),
        ({"recipe": {"relabel": None}}, None),
    ],
)
def test_the_cap_of_the_last_run(tmp_path: Path, record: object, cap: float | None) -> None:
    if record is not None:
        (tmp_path / "run_record.json").write_text(json.dumps(record))
    assert cap_of_last_run(Layout.of(str(tmp_path))) == cap


def check_kills(
    sample: Sample, folder: Path, subsets: Sequence[str], kills: int, seed: int
) -> None:
    corpora, output = folder / "corpora", folder / "out"
    shutil.copytree(sample.folder, corpora)
    recipe = corpora / "beam_config.yaml"

    def command(name: str, target: Path) -> list[str]:
        return [
            sys.executable, "-m", "pipelines.cli", name, "--quiet", "--recipe", str(recipe),
            "--output", str(target), *(f"--subset={subset}" for subset in subsets),
        ]  # fmt: skip

    subprocess.run(command("build", output), check=True)
    pristine = folder / "pristine"
    shutil.copytree(output, pristine)
    mend_archive(corpora / "hpdv2")
    mend_cells(corpora / "rlaif_v")
    started = time.monotonic()
    subprocess.run(command("build", folder / "fresh"), check=True)
    seconds = time.monotonic() - started
    rng = random.Random(seed)
    for _ in range(kills):
        process = subprocess.Popen(command("retry-failed", output), stderr=subprocess.DEVNULL)
        try:
            process.wait(rng.uniform(0.3, 1.0) * seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
        if process.returncode == 0:  # came through: from the start again
            assert state(output) == state(folder / "fresh")
            shutil.rmtree(output)
            shutil.copytree(pristine, output)
    end = "build" if rng.random() < 0.3 else "retry-failed"
    subprocess.run(command(end, output), check=True)
    assert state(output) == state(folder / "fresh")
    assert contents(output) == contents(folder / "fresh")


@pytest.mark.full
def test_killed_at_ten_random_moments_then_tried_again(sample: Sample, tmp_path: Path) -> None:
    check_kills(sample, tmp_path, ["RLAIF-V", "HPDv2"], kills=10, seed=8)
