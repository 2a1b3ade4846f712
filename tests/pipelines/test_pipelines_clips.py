"""Long clips as files beside the shards: the same rows to every reader, nothing left behind."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from sample_build import Built, Sample, build_with

from pipelines.browse import pair_by_id, random_pairs
from pipelines.cards import render_card
from pipelines.cards.gather import Request, gather
from pipelines.cards.tables import size_cell
from pipelines.clip_files import remove_unnamed_clips
from pipelines.dataset.clips import with_clips
from pipelines.dataset.dataset import Dataset
from pipelines.diff.diff import diff
from pipelines.gallery.reading import open_built, some_rows
from pipelines.gate import run_gate
from pipelines.layout import Layout
from pipelines.published_record import build_digest
from pipelines.publishing.settings import PublicationSettings
from pipelines.recipe import Recipe
from pipelines.sample_corpora import write_corpora
from pipelines.sample_recipe import write_sample_recipe
from pipelines.sizes import size_of
from schemas.clips import clip_address, clip_place, repo_of_clip
from schemas.media import MEDIUM_STRUCT
from transforms.beamkit.errors import BuildError
from transforms.beamkit.manifest import read_manifest, write_manifest
from transforms.writing.prepared import read_fields

SUBSET, CORPUS, REPO = "Rapidata-Video", "rapidata_video", "zoo/rewards"
SIDES = ("response_a_video", "response_b_video")


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    folder = tmp_path_factory.mktemp("clips")
    planted = write_corpora(folder, scale=0.002, only=[CORPUS])
    return Sample(folder, planted, write_sample_recipe(folder, planted))


def beside(sample: Sample, least: int | None) -> Recipe:
    publication = PublicationSettings(REPO, video_files_from=least)
    return replace(sample.whole(), publication=publication)


@pytest.fixture(scope="module")
def inside(clips: Sample, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """All clips in the rows."""
    return build_with(beside(clips, None), clips.folder, tmp_path_factory.mktemp("in"), [SUBSET])


@pytest.fixture(scope="module")
def half(inside: Built) -> int:
    """A size that about half of the clips have."""
    return sorted(len(one["bytes"]) for one in cells(inside))[len(cells(inside)) // 2]


@pytest.fixture(scope="module")
def apart(clips: Sample, half: int, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The longer clips are files."""
    return build_with(beside(clips, half), clips.folder, tmp_path_factory.mktemp("out"), [SUBSET])


def stored(built: Built) -> pl.DataFrame:
    """The rows as they are in the shards."""
    return pl.read_parquet(built.output / "data" / SUBSET / "*.parquet").sort("row_id")


def cells(built: Built) -> list[dict[str, Any]]:
    return [cell for side in SIDES for cell in stored(built)[side].to_list()]


def test_long_clips_are_files_and_short_ones_are_not(
    inside: Built, apart: Built, half: int
) -> None:
    named = set()
    for was, now in zip(cells(inside), cells(apart), strict=True):
        if len(was["bytes"]) < half:
            assert now == was
            continue
        assert now["bytes"] is None
        assert now["path"] == clip_address(REPO, was["path"])
        named.add(was["path"])
        file = apart.output / str(clip_place(now["path"]))
        assert file.read_bytes() == was["bytes"]
        assert sha256(was["bytes"]).hexdigest() == file.stem
    there = {path.name for path in (apart.output / "videos").glob("*/*")}
    assert there == named
    assert len(named) > 2
    assert not (inside.output / "videos").exists()
    other = stored(inside).drop(SIDES)
    assert other.equals(stored(apart).drop(SIDES))


def test_readers_find_the_clips_in_their_rows(inside: Built, apart: Built) -> None:
    """Tables, single rows, the terminal, the gallery."""

    def whole(built: Built) -> dict[str, list[bytes]]:
        tables = Dataset.open(str(built.output)).tables(SUBSET, ["row_id", *SIDES])
        return {
            row["row_id"]: [row[side]["bytes"] for side in SIDES]
            for table in tables
            for row in table.to_pylist()
        }

    assert whole(apart) == whole(inside)
    expected = whole(inside)
    found = Dataset.open(str(apart.output)).find(SUBSET, set(expected))
    assert {name: [row[side]["bytes"] for side in SIDES] for name, row in found.items()} == expected
    shown = random_pairs(apart.output, SUBSET, 5, 1)
    shown += some_rows(open_built(apart.output).shards, 5, "1")
    shown += pair_by_id(apart.output, SUBSET, shown[0]["row_id"])
    shown += pair_by_id(apart.output, None, shown[1]["pair_id"])
    assert len(shown) == 12
    for row in shown:
        assert [row[side]["bytes"] for side in SIDES] == expected[row["row_id"]]


def test_only_the_cells_differ(inside: Built, apart: Built) -> None:
    found = diff(Dataset.open(str(inside.output)), Dataset.open(str(apart.output)), rows=True)
    change = found.of(SUBSET)
    assert (change.added, change.removed, change.label_changed) == (0, 0, 0)
    assert (change.rows_changed, change.media_changed, change.columns) == (0, 0, {})


def test_a_moved_dataset_is_up_to_date(
    clips: Sample, apart: Built, half: int, tmp_path: Path
) -> None:
    """Its gate holds on: the build goes by the same digest."""
    shutil.copytree(apart.output, tmp_path / "moved")
    moved = build_with(beside(clips, half), clips.folder, tmp_path / "moved", [SUBSET])
    assert moved.record["subsets"][SUBSET]["resumed"] == "all"
    assert build_digest(moved.record) == build_digest(apart.record)


def test_the_card_counts_clips_among_the_size_of_a_subset(apart: Built, inside: Built) -> None:
    def size(built: Built) -> int:
        (subset,) = gather(Request(Layout.of(str(built.output)), REPO, "1.0.0")).subsets
        card = render_card(str(built.output), None, REPO, "1.0.0")
        told = size_of(subset.size)
        assert f"| {size_cell(subset.size)} |" in card["README.md"].decode()
        assert f"| size | {told} |" in card[f"cards/{SUBSET}.md"].decode()
        return subset.size

    shards = sum(file.stat().st_size for file in (apart.output / "data" / SUBSET).iterdir())
    beside = sum(file.stat().st_size for file in (apart.output / "videos").glob("*/*"))
    assert size(apart) == shards + beside
    assert beside > shards / 2
    assert size(inside) == sum(
        file.stat().st_size for file in (inside.output / "data" / SUBSET).iterdir()
    )


def test_shards_are_sized_by_what_is_in_them(inside: Built, apart: Built, half: int) -> None:
    """What lies beside a shard weighs nothing when shards are counted."""

    def payload(built: Built) -> int:
        manifest = read_manifest(Layout.of(str(built.output)).manifest(SUBSET, "prepare"))
        assert manifest is not None
        weights = read_fields(manifest, ["payload_bytes"])
        return sum(pc.sum(table["payload_bytes"]).as_py() for table in weights)

    moved = sum(len(one["bytes"]) for one in cells(inside) if len(one["bytes"]) >= half)
    assert payload(inside) - payload(apart) >= moved > 0


def test_files_that_no_row_names_go(clips: Sample, apart: Built, half: int, tmp_path: Path) -> None:
    shutil.copytree(apart.output, tmp_path / "copy")
    stray = tmp_path / "copy" / "videos" / "00" / f"{'0' * 64}.mp4"
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"of an earlier build")
    named = {path.name for path in (apart.output / "videos").glob("*/*")}
    layout = Layout.of(str(tmp_path / "copy"))
    remove_unnamed_clips(layout)
    assert {path.name for path in (tmp_path / "copy" / "videos").glob("*/*")} == named
    build_with(beside(clips, None), clips.folder, tmp_path / "copy", [SUBSET])
    assert not list((tmp_path / "copy" / "videos").glob("*/*"))


@pytest.mark.parametrize("at", ["in place", "written", "unreadable"])
def test_clips_stay_that_a_killed_build_has_named(apart: Built, tmp_path: Path, at: str) -> None:
    """No record has its subset yet; the next build of it takes its shards over as they are."""
    output = tmp_path / "copy"
    shutil.copytree(apart.output, output)
    (output / "run_record.json").unlink()
    layout = Layout.of(str(output))
    if at == "written":  # the unit is finished, and nothing of it was put in place
        manifest = read_manifest(layout.published(SUBSET))
        assert manifest is not None
        moved = []
        for part in manifest.parts:
            work = layout.parts(SUBSET, "write")
            place = Path(work) / (Path(part.path).name + ".attempt-1")
            place.parent.mkdir(exist_ok=True)
            Path(part.path).rename(place)
            moved.append(replace(part, path=str(place)))
        write_manifest(layout.manifest(SUBSET, "write"), replace(manifest, parts=tuple(moved)))
        Path(layout.published(SUBSET)).unlink()
    if at == "unreadable":
        shard = next((output / "data" / SUBSET).glob("*.parquet"))
        shard.write_bytes(shard.read_bytes()[:-9])
    stray = output / "videos" / "00" / f"{'0' * 64}.mp4"
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"of an earlier build")
    named = {path.name for path in (apart.output / "videos").glob("*/*")}
    remove_unnamed_clips(layout)
    left = {path.name for path in (output / "videos").glob("*/*")}
    assert left == (named | {stray.name} if at == "unreadable" else named)


def test_the_gate_looks_for_the_files_of_clips(apart: Built, tmp_path: Path) -> None:
    output = tmp_path / "dataset"
    shutil.copytree(apart.output, output)
    assert _clips_that_fail(output) == ()
    record = json.loads((output / "run_record.json").read_bytes())
    record["subsets"][SUBSET]["shards"]["train-00001-of-00002.parquet"] = {}
    (output / "run_record.json").write_text(json.dumps(record))
    assert _clips_that_fail(output) == ()  # a shard that is missing is no error here
    gone, empty = sorted((output / "videos").glob("*/*"))[:2]
    gone.unlink()
    empty.write_bytes(b"")
    named = [path.relative_to(output).as_posix() for path in (gone, empty)]
    assert sorted(_clips_that_fail(output)) == sorted(named)


def _clips_that_fail(output: Path) -> tuple[str, ...]:
    whole = run_gate(str(output)).dataset
    (outcome,) = (one for one in whole.expectations if one.expectation == "clips_there")
    assert outcome.passed is not bool(outcome.row_ids)
    return outcome.row_ids


def test_a_clip_that_is_missing_is_named(apart: Built) -> None:
    path = next(cell["path"] for cell in cells(apart) if cell["bytes"] is None)
    cell = pa.array([{"bytes": None, "path": path}], MEDIUM_STRUCT)
    table = pa.table({SIDES[0]: cell})
    with pytest.raises(BuildError, match=r"videos/.*missing; a row has its clip there"):
        list(with_clips(table, "nowhere"))


@pytest.mark.parametrize(
    "path",
    [
        None,
        "clip.mp4",
        "hf://datasets/zoo/rewards@main/videos/../../etc/passwd",
        "hf://datasets/zoo/rewards@main/videos/ab/" + "g" * 64 + ".mp4",
        "hf://datasets/zoo/rewards@main/videos/ab/" + "a" * 64 + ".mp4/x",
        "https://example.org/videos/ab/" + "a" * 64 + ".mp4",
    ],
)
def test_other_paths_are_no_clips(path: str | None) -> None:
    assert clip_place(path) is None


def test_addresses_say_where_and_whose() -> None:
    address = clip_address(REPO, "a" * 64 + ".mp4")
    assert clip_place(address) == "videos/aa/" + "a" * 64 + ".mp4"
    assert repo_of_clip(address) == REPO


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"video_files_from": 5}, "address in `repo`"),
        ({"repo": REPO, "video_files_from": 0}, "bytes"),
    ],
)
def test_settings_that_make_no_sense_are_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PublicationSettings(**given)
