"""Writing corpora: same arguments give the same bytes; names, seeds and leftovers are handled."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import pytest

from pipelines.sample_corpora import CORPORA, Planted, write_corpora

TINY = 0.0001


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Planted]]:
    """All corpora, with the default seed."""
    folder = tmp_path_factory.mktemp("tiny")
    return folder, write_corpora(folder, TINY, seed=7)


Tiny = tuple[Path, dict[str, Planted]]


def test_same_arguments_give_the_same_bytes(tiny: Tiny, tmp_path: Path) -> None:
    folder, planted = tiny
    assert write_corpora(tmp_path, TINY, processes=2) == planted
    assert _digests(tmp_path) == _digests(folder)


def test_another_seed_gives_other_bytes_in_every_file(tiny: Tiny, tmp_path: Path) -> None:
    write_corpora(tmp_path, TINY, seed=8)
    first, second = _digests(tiny[0]), _digests(tmp_path)
    assert first.keys() == second.keys()
    same = {name for name in first if first[name] == second[name]}
    assert same <= {"planted.json"}


def test_a_corpus_does_not_depend_on_which_others_are_written(tiny: Tiny, tmp_path: Path) -> None:
    written = write_corpora(tmp_path / "one", TINY, only=["rlaif_v"])
    assert list(written) == ["rlaif_v"]
    assert _digests(tmp_path / "one" / "rlaif_v") == _digests(tiny[0] / "rlaif_v")
    assert not (tmp_path / "one" / "skywork").exists()


def test_the_folder_holds_the_files_named_and_no_others(tmp_path: Path) -> None:
    planted = write_corpora(tmp_path, TINY)
    named = {f"{name}/{file}" for name, truth in planted.items() for file in truth.files}
    assert set(_digests(tmp_path)) == named | {"planted.json"}


def test_planted_json_says_what_the_call_returned(tmp_path: Path) -> None:
    planted = write_corpora(tmp_path, TINY, only=["skywork", "hpdv2"])
    said = json.loads((tmp_path / "planted.json").read_text(encoding="utf-8"))
    assert list(said) == ["skywork", "hpdv2"]
    for name, truth in planted.items():
        assert said[name] == {**asdict(truth), "files": list(truth.files)}


def test_shards_of_a_larger_run_do_not_stay(tmp_path: Path) -> None:
    leftover = tmp_path / "rlaif_v" / "RLAIF-V-Dataset_009.parquet"
    leftover.parent.mkdir()
    leftover.write_bytes(b"old")
    bystander = leftover.with_name("notes.txt")
    bystander.write_bytes(b"mine")
    write_corpora(tmp_path, TINY, only=["rlaif_v"])
    assert not leftover.exists()
    assert bystander.read_bytes() == b"mine"


def test_an_unknown_corpus_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown corpus 'skyworks': did you mean 'skywork'"):
        write_corpora(tmp_path / "new", TINY, only=["skyworks"])
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("scale", "seed", "message"),
    [
        (0.0, 7, "scale"),
        (-1.0, 7, "scale"),
        (float("nan"), 7, "scale"),
        (float("inf"), 7, "scale"),
        (TINY, -1, "seed"),
    ],
)
def test_a_scale_or_seed_without_meaning_is_refused(
    tmp_path: Path, scale: float, seed: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        write_corpora(tmp_path, scale, seed)


def test_planted_counts_must_add_up() -> None:
    with pytest.raises(ValueError, match="10 records, but 8 good ones, 1 faults and 0 dropped"):
        Planted("x", records=10, good=8, faults={"no_prompt": 1}, traps={}, files=())


def test_full_scale_counts_are_the_published_ones() -> None:
    # Where a count is published to the record.
    published = {"skywork": 77_016, "rlaif_v": 83_132, "hpdv2": 645_090}
    assert {name: CORPORA[name].full_scale for name in published} == published


def test_a_name_like_no_corpus_is_told_all_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"unknown corpus 'nope': known: .*hpdv2, .*visionreward"):
        write_corpora(tmp_path, 0.0001, only=["nope"])
