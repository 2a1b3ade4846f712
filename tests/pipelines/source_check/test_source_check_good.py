"""Corpora as they are expected: nothing is found, and it is said what was looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from checked_mirror import Mirror

from pipelines.inputs import find_files
from pipelines.recipe import load_recipe
from pipelines.resources import shipped
from pipelines.sample_corpora import CORPORA, write_corpora
from pipelines.sample_recipe import write_sample_recipe
from pipelines.source_check.check import check_corpus, unreachable
from pipelines.source_check.finding import Difference
from pipelines.source_check.view import exit_code, looked_at
from transforms.beamkit.hub.tree import RepoFacts
from transforms.sources.settings import Corpus

RECIPE = load_recipe(shipped("beam_config.yaml"))

#: Corpus -> records that are read, and what is opened.
LOOKED = {
    "skywork": (50, []),
    "ultrafeedback": (49, []),
    "rlaif_v": (50, ["image 96 x 72 jpeg (2.8 kB) from cells of 'image'"]),
    "omnialign_v": (41, ["image 96 x 96 jpeg (2.9 kB) from images.tar"]),
    "vlfeedback": (50, ["image 96 x 60 jpeg (2.3 kB) from merged_images.zip"]),
    "hpdv2": (50, ["image 96 x 72 jpeg (2.5 kB) from train.tar.gz"]),
    "evalmuse": (300, ["image 64 x 48 png (5.0 kB) from images.zip"]),
    "open_image_preferences": (
        50,
        [
            "image 96 x 96 jpeg (3.0 kB) from cells of 'chosen'",
            "image 96 x 96 jpeg (2.9 kB) from cells of 'rejected'",
        ],
    ),
    "videodpo": (
        40,
        [
            "image 64 x 48 jpeg (1.4 kB) from losevideos.zip",
            "image 64 x 48 jpeg (1.4 kB) from winvideos.zip",
        ],
    ),
    "visionreward": (36, ["video 64 x 48 1.0 s mp4 (4.8 kB) from videos"]),
    "sharegpt_video": (40, ["image 48 x 36 jpeg (1.2 kB) from train_300k/chunk_*.tar.gz"]),
    "align_anything_ta2t": (40, ["audio 0.2 s wav (6.4 kB) from cells of 'audio_path'"]),
    "align_anything_t2a": (
        40,
        [
            "audio 0.2 s wav (6.4 kB) from cells of 'response_1'",
            "audio 0.2 s wav (6.4 kB) from cells of 'response_2'",
        ],
    ),
    "audio_alpaca": (
        32,
        [
            "audio 0.2 s wav (6.4 kB) from cells of 'chosen'",
            "audio 0.2 s wav (6.4 kB) from cells of 'rejected'",
        ],
    ),
    "rewarddb_3d": (24, ["image 128 x 32 png (2.2 kB) from data"]),
    "genbench_3d": (
        25,
        ["mesh glb (6.4 kB) from assets", "image 128 x 32 png (743 B) from surrounding_views"],
    ),
    "edit_reward": (
        50,
        [
            "image 48 x 48 png (404 B) from cells of 'source_img'",
            "image 48 x 48 png (362 B) from cells of 'left_output_image'",
            "image 48 x 48 png (375 B) from cells of 'right_output_image'",
        ],
    ),
    "rapidata_images": (
        40,
        [
            "image 64 x 64 jpeg (1.7 kB) from cells of 'image1'",
            "image 64 x 64 jpeg (1.9 kB) from cells of 'image2'",
        ],
    ),
    "rapidata_video": (30, ["video 64 x 48 1.0 s mp4 (3.7 kB) from videos"]),
}


@pytest.mark.parametrize("name", RECIPE.corpora)
def test_a_good_corpus_is_as_expected(good: Mapping[str, Mirror], name: str) -> None:
    report = good[name].check()
    assert report.differences == ()
    assert report.as_expected
    assert exit_code([report]) == 0
    records, media = LOOKED[name]
    looked = report.looked
    assert looked.records == records
    assert looked.pairs > 0
    assert looked.refused == {}
    assert list(looked.media) == media
    there = good[name]
    assert looked.files == len(find_files(name, there.corpus, str(there.folder)))


@pytest.mark.parametrize("name", [name for name, entry in CORPORA.items() if entry.of])
def test_so_is_every_other_layout(name: str, tmp_path: Path) -> None:
    planted = write_corpora(tmp_path, scale=0.0005, faults=False, only=[name])
    recipe = load_recipe(write_sample_recipe(tmp_path, planted))
    ((own, corpus),) = recipe.corpora.items()
    mirror = Mirror(own, tmp_path / name, replace(corpus, rows=None))
    report = mirror.check()
    assert [entry for entry in report.differences if entry.severity != "note"] == []
    assert report.looked.pairs > 0
    assert (len(report.looked.media) > 0) == (name != "ultrafeedback_binarized")


def test_faults_that_builds_live_with_are_counted_not_reported(tmp_path: Path) -> None:
    planted = write_corpora(tmp_path, scale=0.0005, only=["skywork"])
    recipe = load_recipe(write_sample_recipe(tmp_path, planted))
    corpus = replace(recipe.corpora["skywork"], rows=None)
    report = Mirror("skywork", tmp_path / "skywork", corpus).check()
    assert report.looked.refused
    assert set(report.looked.refused) <= set(planted["skywork"].faults)


def test_the_shipped_recipe_states_the_published_numbers_of_records() -> None:
    assert {name: corpus.rows for name, corpus in RECIPE.corpora.items() if corpus.rows} == {
        "skywork": 77_016,
        "rlaif_v": 83_132,
        "omnialign_v": 133_341,
        "vlfeedback": 80_258,
        "visionreward": 1_795,
        "align_anything_ta2t": 30_561,
        "align_anything_t2a": 11_952,
        "audio_alpaca": 15_025,
        "rewarddb_3d": 1_000,
        "edit_reward": 170_772,
        "rapidata_images": 17_192,
    }


def test_what_was_looked_at_is_one_sentence(good: Mapping[str, Mirror]) -> None:
    looked = good["rlaif_v"].check(RepoFacts("cc-by-nc-4.0", False, False, "0123456789")).looked
    assert looked_at(looked) == (
        "60 rows, 2 files (169.9 kB), 50 read, 50 pairs, "
        "image 96 x 72 jpeg (2.8 kB) from cells of 'image', at 0123456"
    )
    assert looked_at(good["omnialign_v"].check().looked).startswith("about 68 rows, 7 files")


def test_a_corpus_that_cannot_be_listed_is_a_report_too() -> None:
    corpus = RECIPE.corpora["skywork"]
    report = unreachable("skywork", corpus, ConnectionError("no [bold]route[/]\x1b[31m"))
    assert report.differences == (
        Difference(
            "skywork",
            "reach",
            "error",
            "Skywork/Skywork-Reward-Preference-80K-v0.2 at main",
            "ConnectionError: no [bold]route[/][31m",
            "see that `repo`, `revision` or `path` is right, and that a token has access",
        ),
    )
    assert exit_code([report]) == 4
    assert looked_at(report.looked) == "nothing could be looked at"


def test_options_that_do_not_fit_are_a_difference() -> None:
    corpus = Corpus("omnialign_v", "o/n", "mit", ("x.jsonl",), "model", options={"archives": "x"})
    report = check_corpus("mine", corpus, "nowhere", [("x.jsonl", 1)], None)
    assert [(entry.what, entry.severity) for entry in report.differences] == [("recipe", "error")]
