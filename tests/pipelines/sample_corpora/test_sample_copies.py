"""Planted copies, lookalikes and leaks: what the truth says of them holds for what is read."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipelines.recipe import load_recipe
from pipelines.sample_corpora import CORPORA, Planted, write_corpora
from pipelines.sample_corpora.benchmarks import CONFIGS, ITEMS, item, items
from pipelines.sample_corpora.planted import Copy
from pipelines.sample_corpora.reading import drafts_of, media_of
from pipelines.sample_recipe import write_sample_recipe

NAMES = [name for name, corpus in CORPORA.items() if corpus.plants_copies]
SCALE = 0.002
DUPLICATES = {"exact", "near", "perceptual", "contradiction"}


@dataclass
class Read:
    """One corpus with copies: what was planted, and its drafts by key."""

    name: str
    folder: Path
    planted: Planted

    @cached_property
    def table(self) -> Any:
        corpus = load_recipe(self.folder / "beam_config.yaml").corpora[self.name]
        return drafts_of(self.name, corpus, self.folder / self.name)

    @cached_property
    def rows(self) -> dict[str, dict[str, Any]]:
        return {row["key"]: row for row in self.table.to_pylist()}

    @cached_property
    def media(self) -> Any:
        return media_of(self.table, self.folder / self.name)

    def content(self, key: str, side: str) -> tuple[str | None, list[bytes]]:
        """Text and media of a response."""
        row = self.rows[key]
        refs = row[f"{side}_media"]
        return row[f"{side}_text"], [self.media[r["container"], r["member"]] for r in refs]

    def asked(self, key: str) -> tuple[list[str], list[bytes]]:
        """Turns and media of a prompt."""
        row = self.rows[key]
        shown = [self.media[r["container"], r["member"]] for r in row["prompt_media"]]
        return [turn["content"] for turn in row["prompt"]], shown

    def winner(self, key: str) -> Any:
        return self.content(key, self.rows[key]["preferred"])

    def loser(self, key: str) -> Any:
        other = {"first": "second", "second": "first"}[self.rows[key]["preferred"]]
        return self.content(key, other)

    def of_kind(self, kind: str) -> list[Copy]:
        return [copy for copy in self.planted.copies if copy.kind == kind]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Planted]]:
    folder = tmp_path_factory.mktemp("copies")
    planted = write_corpora(folder, SCALE, only=NAMES, copies=True)
    write_sample_recipe(folder, planted)
    return folder, planted


@pytest.fixture(scope="module", params=NAMES)
def read(request: pytest.FixtureRequest, folder: tuple[Path, dict[str, Planted]]) -> Read:
    return Read(request.param, folder[0], folder[1][request.param])


def edited_share(first: str, second: str) -> float:
    """The share of words, by their counts, that one of two texts has and the other has not."""
    one, two = Counter(first.split()), Counter(second.split())
    return max((one - two).total(), (two - one).total()) / max(one.total(), 1)


def test_all_five_kinds_of_task_plant_copies() -> None:
    assert NAMES == ["skywork", "rlaif_v", "hpdv2", "videodpo", "audio_alpaca", "rewarddb_3d"]


def test_every_key_of_the_truth_is_read_and_originals_are_used_once(read: Read) -> None:
    planted = read.planted
    listed = [copy.key for copy in (*planted.copies, *planted.lookalikes, *planted.leaks)]
    originals = [copy.of for copy in planted.copies]
    assert len({*listed, *originals}) == len(listed) + len(originals)
    assert {*listed, *originals} <= read.rows.keys()
    assert len(read.rows) == read.table.num_rows


def test_every_kind_is_there_in_its_share(read: Read) -> None:
    kinds = Counter(copy.kind for copy in read.planted.copies)
    wanted = DUPLICATES - ({"perceptual"} if read.name == "skywork" else set())
    assert set(kinds) == wanted
    assert {copy.kind for copy in read.planted.lookalikes} == {"same_prompt", "boilerplate"}
    assert len(read.planted.leaks) >= 4


def test_exact_copies_have_the_content_and_the_preference_of_their_originals(read: Read) -> None:
    for copy in read.of_kind("exact"):
        assert read.asked(copy.key) == read.asked(copy.of)
        assert read.winner(copy.key) == read.winner(copy.of)
        assert read.loser(copy.key) == read.loser(copy.of)
        both = (read.rows[copy.key], read.rows[copy.of])
        firsts = [read.content(row["key"], "first") for row in both]
        if read.name != "rewarddb_3d":  # the better asset is always the first response
            assert (firsts[0] == firsts[1]) == (copy.way != "swapped")


def test_contradictions_have_the_same_content_and_the_opposite_preference(read: Read) -> None:
    for copy in read.of_kind("contradiction"):
        assert read.asked(copy.key) == read.asked(copy.of)
        assert read.winner(copy.key) == read.loser(copy.of)
        assert read.loser(copy.key) == read.winner(copy.of)


def test_near_copies_differ_in_few_words_and_in_form(read: Read) -> None:
    for copy in read.of_kind("near"):
        (turns, shown), (before, shown_before) = read.asked(copy.key), read.asked(copy.of)
        shares = [edited_share(a, b) for a, b in zip(before, turns, strict=True)]
        changed = any(shares)
        for side in (read.winner, read.loser):
            (text, media), (old, old_media) = side(copy.key), side(copy.of)
            assert (text is None) == (old is None)
            if text is not None:
                share = edited_share(old, text)
                assert 0 < share <= max(0.05, 1 / len(old.split()))
                changed = True
            assert len(media) == len(old_media)
            assert not {*map(hash, media)} & {*map(hash, old_media)}
        assert changed
        assert all(share <= 0.05 for share in shares) or len(" ".join(before).split()) < 20
        assert (shown == shown_before) == (copy.way not in ("reencoded", "resized", "recompressed")
                                           or not shown)  # fmt: skip


def test_perceptual_copies_have_the_same_text_and_other_bytes_only(read: Read) -> None:
    for copy in read.of_kind("perceptual"):
        assert read.asked(copy.key)[0] == read.asked(copy.of)[0]
        media, before = ([*read.asked(key)[1], *read.winner(key)[1], *read.loser(key)[1]]
                         for key in (copy.key, copy.of))  # fmt: skip
        assert read.winner(copy.key)[0] == read.winner(copy.of)[0]
        assert len(media) == len(before) > 0
        assert not {*map(hash, media)} & {*map(hash, before)}


def test_lookalikes_share_a_part_and_are_other_pairs(read: Read) -> None:
    for copy in read.planted.lookalikes:
        assert read.loser(copy.key) != read.loser(copy.of)
        if copy.kind != "same_prompt":
            continue
        (turns, shown), (before, shown_before) = read.asked(copy.key), read.asked(copy.of)
        assert shown == shown_before
        assert (turns == before) == (copy.way != "same_picture")
        assert (read.winner(copy.key) == read.winner(copy.of)) == (copy.way == "one_response")


def test_exact_leaks_are_their_benchmarks_items(read: Read) -> None:
    assert {leak.way for leak in read.planted.leaks} >= {"exact", "near"}
    for leak in read.planted.leaks:
        config, _, name = leak.item.partition("/")
        one = item(leak.benchmark, config, int(name.rsplit("-", 1)[1]), 7)
        turns = read.asked(leak.key)[0]
        assert (turns == [one.prompt]) == ("prompt" in leak.parts and leak.way != "near")
        if leak.way == "exact":
            answers = [read.winner(leak.key), read.loser(leak.key)]
            found = [text if text is not None else media for text, media in answers]
            wanted = [a if isinstance(a, str | list) else [a] for a in (one.first, one.second)]
            assert found == wanted


def test_every_good_pair_is_read(read: Read) -> None:
    later = {"media_missing", "image_undecodable", "audio_undecodable", "identical_responses"}
    planted = read.planted
    unseen = sum(number for code, number in planted.faults.items() if code in later)
    assert read.table.num_rows == planted.rows + unseen + sum(planted.pair_faults.values())


def test_benchmarks_lie_in_their_native_layouts(folder: tuple[Path, Any]) -> None:
    benchmarks = folder[0] / "benchmarks"
    for config in CONFIGS["omni-rewardbench"]:
        rows = pq.read_table(next((benchmarks / "omni-rewardbench" / config).glob("*.parquet")))
        assert len(set(rows["prompt"].to_pylist())) == items(config)
        assert rows.num_rows > items(config)  # several criteria a pair
        assert {"id", "prompt", "response1", "response2", "criteria", "criteria_preference",
                "model1", "model2"} <= {*rows.column_names}  # fmt: skip
    cells = pq.read_table(benchmarks / "vl-rewardbench" / "data")["image"].to_pylist()
    one = item("vl-rewardbench", "test", 3, 7)
    assert cells[3]["bytes"] == one.medium
    lines = (benchmarks / "rewardbench" / "filtered.jsonl").read_text("utf-8").splitlines()
    assert len(lines) == ITEMS


def test_copies_change_nothing_of_what_is_written_without_them(tmp_path: Path) -> None:
    bare = write_corpora(tmp_path / "bare", 0.0005, only=["skywork", "rlaif_v"])
    more = write_corpora(tmp_path / "more", 0.0005, only=["skywork", "rlaif_v"], copies=True)
    for name, truth in bare.items():
        assert (truth.copies, truth.lookalikes, truth.leaks, truth.removable) == ([], [], [], 0)
        assert more[name].faults == truth.faults
        added = more[name].records - truth.records
        planted = more[name]
        assert added == len(planted.copies) + len(planted.lookalikes) + len(planted.leaks)
        rows = [_rows(tmp_path / kind / name) for kind in ("bare", "more")]
        assert len(rows[1]) == len(rows[0]) + added
        assert {*rows[0]} < {*rows[1]}
    assert not (tmp_path / "bare" / "benchmarks").exists()


def test_same_arguments_give_the_same_bytes_with_copies(tmp_path: Path) -> None:
    digests = []
    for name in ("a", "b"):
        write_corpora(tmp_path / name, 0.0005, only=["hpdv2", "audio_alpaca"], copies=True)
        digests.append(
            {
                str(path.relative_to(tmp_path / name)): hashlib.sha256(path.read_bytes()).digest()
                for path in (tmp_path / name).rglob("*")
                if path.is_file()
            }
        )
    assert digests[0] == digests[1]


def _rows(folder: Path) -> list[str]:
    return [
        repr(row)
        for path in sorted(folder.rglob("*.parquet"))
        for row in pq.read_table(path).to_pylist()
    ]
