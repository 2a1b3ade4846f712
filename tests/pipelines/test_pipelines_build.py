"""The main job end to end: counts as planted, loadable, and the same bytes whatever the way."""

from __future__ import annotations

import hashlib
import json
import random
import tarfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import Image, load_dataset
from sample_build import GENERAL, Built, Sample, build_with

from pipelines.sample_corpora import write_corpora
from pipelines.sample_recipe import write_sample_recipe
from schemas.pair import PAIR_SCHEMA

CORPUS = {"Skywork-Reward-Preference": "skywork", "RLAIF-V": "rlaif_v", "HPDv2": "hpdv2"}


def table_of(output: Path, subset: str) -> pa.Table:
    return pa.concat_tables(
        pq.read_table(path) for path in sorted((output / "data" / subset).glob("*.parquet"))
    )


@pytest.mark.parametrize("subset", GENERAL)
def test_every_planted_fault_is_met_and_nothing_else_is_lost(
    sample: Sample, built: Built, subset: str
) -> None:
    planted = sample.planted[CORPUS[subset]]
    letters = pl.read_parquet(built.output / "dead_letters" / f"{subset}.parquet")
    assert Counter(letters["reason"].to_list()) == planted.faults
    record = built.record["subsets"][subset]
    assert record["rows"] == planted.good == table_of(built.output, subset).num_rows
    assert record["unbalanced"] == []
    assert record["counts"]["sources"]["in"] == planted.records


def test_every_dead_letter_says_where_it_was_met(built: Built) -> None:
    for subset in GENERAL:
        folder = built.output / "dead_letters"
        letters = pl.read_parquet(folder / f"{subset}.parquet")
        where = pl.read_parquet(folder / f"{subset}.where.parquet")
        assert where["key"].to_list() == letters["key"].to_list()
        assert where["where"].str.contains(r"row \d+").all()


def test_traps_that_survive_are_seen_in_the_rows(sample: Sample, built: Built) -> None:
    rlaif = built.record["subsets"]["RLAIF-V"]["counts"]["sources"]
    traps = sample.planted["rlaif_v"].traps
    assert rlaif["note:origin_split_unreadable"] == traps["origin_split_unreadable"]
    skywork = table_of(built.output, "Skywork-Reward-Preference")
    turns = Counter(len(prompt) for prompt in skywork["prompt"].to_pylist())
    systems = sum(prompt[0]["role"] == "system" for prompt in skywork["prompt"].to_pylist())
    assert systems == sample.planted["skywork"].traps["system_turn"]
    assert sum(number for length, number in turns.items() if length >= 3) >= 1
    texts = skywork["response_a_text"].to_pylist() + skywork["response_b_text"].to_pylist()
    assert not any("\r" in text for text in texts)
    assert any(text.startswith((" ", "\t")) for text in texts)


def test_the_preferred_response_is_the_one_that_the_corpus_chose(
    sample: Sample, built: Built
) -> None:
    rows = table_of(built.output, "RLAIF-V").to_pylist()
    chosen = {
        (row["question"], row["chosen"], row["rejected"])
        for path in sorted((sample.folder / "rlaif_v").glob("*.parquet"))
        for row in pq.read_table(path, columns=["question", "chosen", "rejected"]).to_pylist()
    }
    for row in rows:
        a, b = row["response_a_text"], row["response_b_text"]
        better, worse = (a, b) if row["preference"] == "a" else (b, a)
        assert (row["prompt"][0]["content"], better, worse) in chosen
    share_of_a = sum(row["preference"] == "a" for row in rows) / len(rows)
    assert 0.35 < share_of_a < 0.65


def test_pictures_are_the_bytes_of_the_archive_and_the_label_follows_them(
    sample: Sample, built: Built
) -> None:
    with tarfile.open(sample.folder / "hpdv2" / "train.tar.gz") as archive:
        digests = {
            Path(entry.name).name: hashlib.sha256(archive.extractfile(entry).read()).hexdigest()  # type: ignore[union-attr]
            for entry in archive
            if entry.isfile()
        }
    wanted = set()
    for record in json.loads((sample.folder / "hpdv2" / "train.json").read_text()):
        names = record.get("image_path") or record.get("file_path")
        if record["human_preference"] in ([1, 0], [0, 1]) and len(names) == 2:
            better = record["human_preference"].index(1)
            wanted.add((record["prompt"], *(digests.get(names[i]) for i in (better, 1 - better))))
    for row in table_of(built.output, "HPDv2").to_pylist():
        sides = {}
        for side in "ab":
            data = row[f"response_{side}_image"]["bytes"]
            sides[side] = hashlib.sha256(data).hexdigest()
            assert row[f"response_{side}_info"][0]["digest"] == sides[side]
        order = ("a", "b") if row["preference"] == "a" else ("b", "a")
        assert (row["prompt"][0]["content"], *(sides[side] for side in order)) in wanted


def test_subsets_load_with_plain_datasets(built: Built) -> None:
    loaded = load_dataset(
        "parquet", data_files=str(built.output / "data" / "HPDv2" / "*.parquet"), split="train"
    )
    assert loaded.features.arrow_schema.equals(PAIR_SCHEMA)
    assert isinstance(loaded.features["response_a_image"], Image)
    assert loaded[0]["response_a_image"].size == (
        loaded[0]["response_a_info"][0]["width"],
        loaded[0]["response_a_info"][0]["height"],
    )


def test_row_ids_are_unique_and_in_order(built: Built) -> None:
    for subset in GENERAL:
        ids = table_of(built.output, subset)["row_id"].to_pylist()
        assert ids == sorted(set(ids))


def test_two_builds_and_split_and_shuffled_inputs_give_the_same_bytes(
    sample: Sample, built: Built, tmp_path: Path
) -> None:
    mirror = tmp_path / "mirror"
    rng = random.Random(3)
    tables = [pq.read_table(path) for path in sample.folder.glob("skywork/data/*.parquet")]
    skywork = pa.concat_tables(tables)
    order = rng.sample(range(skywork.num_rows), skywork.num_rows)
    (mirror / "skywork/data").mkdir(parents=True)
    for number in range(3):
        part = skywork.take(order[number::3])
        pq.write_table(part, mirror / f"skywork/data/train-{number:05d}.parquet", row_group_size=20)
    rows = pa.concat_tables(pq.read_table(path) for path in sample.folder.glob("rlaif_v/*.parquet"))
    order = rng.sample(range(rows.num_rows), rows.num_rows)
    (mirror / "rlaif_v").mkdir()
    pq.write_table(
        rows.take(order), mirror / "rlaif_v/RLAIF-V-Dataset_000.parquet", row_group_size=33
    )
    (mirror / "hpdv2").mkdir()
    records = json.loads((sample.folder / "hpdv2/train.json").read_text())
    rng.shuffle(records)
    (mirror / "hpdv2/train.json").write_text(json.dumps(records))
    with (
        tarfile.open(sample.folder / "hpdv2/train.tar.gz") as source,
        tarfile.open(mirror / "hpdv2/train.tar.gz", "w:gz") as target,
    ):
        for entry in rng.sample(source.getmembers(), len(source.getmembers())):
            target.addfile(entry, source.extractfile(entry))
    again = build_with(sample.whole(), mirror, tmp_path / "out")
    assert again.digests() == built.digests()


@pytest.mark.parametrize(
    "names",
    [pytest.param(("Skywork-Reward-Preference",), marks=pytest.mark.full), ("HPDv2",)],
)
def test_worker_processes_give_the_same_bytes(
    sample: Sample, built: Built, tmp_path: Path, names: tuple[str, ...]
) -> None:
    other = build_with(
        sample.whole(), sample.folder, tmp_path, names, runner="multi_processing", workers=2
    )
    expected = {k: v for k, v in built.digests().items() if k.split("/")[0] in names}
    assert other.digests() == expected


def test_a_target_takes_the_first_by_rank_and_raising_it_keeps_the_earlier_rows(
    sample: Sample, tmp_path: Path
) -> None:
    recipe = sample.whole()

    def ids(target: int) -> set[str]:
        subsets = {k: replace(v, target=target) for k, v in recipe.subsets.items()}
        name = "Skywork-Reward-Preference"
        out = build_with(
            replace(recipe, subsets=subsets), sample.folder, tmp_path / str(target), (name,)
        )
        table = table_of(out.output, name)
        assert table.num_rows == target
        return set(table["row_id"].to_pylist())

    assert ids(20) < ids(50)


def test_a_second_run_takes_all_over_and_a_changed_subset_is_built_alone(
    sample: Sample, tmp_path: Path
) -> None:
    recipe = sample.recipe
    build_with(recipe, sample.folder, tmp_path)
    second = build_with(recipe, sample.folder, tmp_path)
    assert [r["resumed"] for r in second.record["subsets"].values()] == ["all"] * 3
    changed = dict(recipe.subsets)
    changed["HPDv2"] = replace(changed["HPDv2"], target=7, min_count=0)
    third = build_with(replace(recipe, subsets=changed), sample.folder, tmp_path)
    assert {k: r["resumed"] for k, r in third.record["subsets"].items()} == {
        "Skywork-Reward-Preference": "all",
        "RLAIF-V": "all",
        "HPDv2": "nothing",
    }
    assert third.record["subsets"]["HPDv2"]["rows"] == 7
    writing = replace(recipe.writing, row_group_rows=10)
    fourth = build_with(replace(recipe, writing=writing), sample.folder, tmp_path, ("RLAIF-V",))
    assert fourth.record["subsets"]["RLAIF-V"]["resumed"] == "quality"
    shard = next((tmp_path / "data" / "RLAIF-V").glob("*.parquet"))
    meta = pq.read_metadata(shard)
    assert max(meta.row_group(group).num_rows for group in range(meta.num_row_groups)) == 10


def test_many_shards_hold_the_rows_of_one(sample: Sample, built: Built, tmp_path: Path) -> None:
    recipe = sample.whole()
    small = replace(recipe, writing=replace(recipe.writing, shard_bytes=20_000))
    name = "Skywork-Reward-Preference"
    out = build_with(small, sample.folder, tmp_path, (name,))
    files = sorted((tmp_path / "data" / name).glob("*.parquet"))
    assert len(files) > 16
    assert files[0].name == f"train-00000-of-{len(files):05d}.parquet"
    assert sorted(table_of(out.output, name)["row_id"].to_pylist()) == (
        table_of(built.output, name)["row_id"].to_pylist()
    )
    for number, file in enumerate(files):
        for pair_id in pq.read_table(file, columns=["pair_id"])["pair_id"].to_pylist():
            assert int(pair_id[:4], 16) * len(files) >> 16 == number


def test_run_record_states_inputs_and_outputs_as_they_are(sample: Sample, built: Built) -> None:
    record = json.loads((built.output / "run_record.json").read_text())
    for subset in GENERAL:
        entry = record["subsets"][subset]
        for name, facts in entry["inputs"].items():
            data = (sample.folder / CORPUS[subset] / name).read_bytes()
            digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
            assert facts == {"bytes": len(data), "digest": digest}
        for name, facts in entry["shards"].items():
            data = (built.output / "data" / subset / name).read_bytes()
            assert facts["sha256"] == hashlib.sha256(data).hexdigest()


@pytest.mark.full
def test_other_faults_at_another_seed_and_scale(tmp_path: Path) -> None:
    planted = write_corpora(tmp_path / "c", scale=0.004, seed=99, only=["skywork", "rlaif_v"])
    file = write_sample_recipe(tmp_path / "c", planted)
    sample = Sample(tmp_path / "c", planted, file)
    out = build_with(sample.whole(), sample.folder, tmp_path / "out", GENERAL[:2])
    for subset in GENERAL[:2]:
        letters = pl.read_parquet(out.output / "dead_letters" / f"{subset}.parquet")
        assert Counter(letters["reason"].to_list()) == planted[CORPUS[subset]].faults
