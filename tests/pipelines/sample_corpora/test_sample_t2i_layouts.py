"""EvalMuse and Open Image Preferences samples: archive in parts, names, and traps as counted."""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipelines.sample_corpora import evalmuse, evalmuse_pairwise, open_image_preferences

SCALE = 0.02


def test_the_parts_of_evalmuse_are_one_zip_with_a_picture_for_each_record(tmp_path: Path) -> None:
    planted = evalmuse.write(tmp_path, SCALE, 7, True)
    parts = sorted(tmp_path.glob("images.zip.part-*"))
    assert ["train_list.json", *(part.name for part in parts)] == list(planted.files)
    assert [part.suffix for part in parts[:3]] == [".part-aa", ".part-ab", ".part-ac"]
    with zipfile.ZipFile(io.BytesIO(b"".join(part.read_bytes() for part in parts))) as archive:
        members = {name.removeprefix("images/") for name in archive.namelist()}
    records = json.loads((tmp_path / "train_list.json").read_text(encoding="utf-8"))
    assert len(records) == planted.records
    named = {record["img_path"] for record in records if isinstance(record["img_path"], str)}
    assert len(named - members) == planted.pair_faults["media_missing"]
    assert sum(name.startswith("Unrated/") for name in members) == planted.traps["extra_members"]
    prompts = defaultdict(set)
    for record in records:
        if isinstance(record["prompt_id"], str) and isinstance(record["prompt"], str):
            prompts[record["prompt_id"]].add(record["prompt"])
    several = sum(len(texts) > 1 for texts in prompts.values())
    assert several == planted.traps["prompt_id_of_several_prompts"]


def test_pairs_and_their_swapped_copies_are_told_apart_by_file(tmp_path: Path) -> None:
    planted = evalmuse_pairwise.write(tmp_path, SCALE, 7, True)
    original, swapped = (
        json.loads((tmp_path / name).read_text(encoding="utf-8")) for name in planted.files[:2]
    )
    assert len(original) + len(swapped) == planted.records
    assert all("conversations" in record for record in original)
    assert all("messages" in record for record in swapped)
    named = {tuple(record["images"]) for record in original if isinstance(record["images"], list)}
    twins = [tuple(record["images"][::-1]) in named for record in swapped]
    assert Counter(twins) == {True: len(swapped) - planted.traps["twin_alone"], False: 1}


def test_results_name_both_pictures_alike_and_keep_votes_in_step(tmp_path: Path) -> None:
    planted = open_image_preferences.write_results(tmp_path, SCALE / 2, 7, True)
    rows: list[dict[str, Any]] = pq.read_table(tmp_path / planted.files[0]).to_pylist()
    assert len(rows) == planted.records
    absent = 0
    for row in rows:
        urls = [row["images"][name] for name in ("image_1", "image_2")]
        if None in urls:
            continue
        first, second = (url.split("?")[0].split("/")[-2:] for url in urls)
        assert first[1] == second[1]
        assert first[0] != second[0]
        absent += sum(not (tmp_path / "images" / "/".join(at)).is_file() for at in (first, second))
    assert absent == planted.faults["media_missing"]
    statuses = [row["preference.responses.status"] or [] for row in rows]
    drafts = sum(len(set(status)) > 1 and "submitted" in status for status in statuses)
    assert drafts == planted.traps["unsubmitted_vote"]
