"""Clips that are files: published beside the rows, read by `datasets`, kept for old versions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sample_build import Built, Sample, build_with
from versions_built import REPO, Publish, copy_of, record_of

from pipelines.dataset.dataset import Dataset
from pipelines.publishing.settings import PublicationSettings
from pipelines.sample_corpora import write_corpora
from pipelines.sample_recipe import write_sample_recipe
from tests.hub_server import HubServer
from tests.hub_server.fixtures import datasets_here
from transforms.beamkit.errors import BuildError

SUBSET = "Rapidata-Video"


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    folder = tmp_path_factory.mktemp("corpora")
    planted = write_corpora(folder, scale=0.002, only=["rapidata_video"])
    return Sample(folder, planted, write_sample_recipe(folder, planted))


def build(clips: Sample, output: Path, target: int) -> Built:
    recipe = clips.whole()
    recipe = replace(
        recipe,
        publication=PublicationSettings(REPO, video_files_from=1),
        subsets={SUBSET: replace(recipe.subsets[SUBSET], target=target)},
    )
    return build_with(recipe, clips.folder, output, [SUBSET])


@pytest.fixture(scope="module")
def two(clips: Sample, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two datasets; the second has fewer rows."""
    first, second = (
        build(clips, tmp_path_factory.mktemp("built"), target).output for target in (8, 3)
    )
    copies = tmp_path_factory.mktemp("copies")
    return copy_of(first, copies / "first"), copy_of(second, copies / "second")


def clips_of(output: Path) -> dict[str, bytes]:
    return {
        path.relative_to(output).as_posix(): path.read_bytes()
        for path in (output / "videos").glob("*/*")
    }


def test_rows_name_files_that_datasets_opens_in_every_version(
    publisher: HubServer,
    publish: Publish,
    two: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    from datasets import Video, load_dataset
    from datasets.utils.file_utils import xopen

    first, second = two
    publish(first, "1.0.0")
    publish(second, "1.1.0")
    known = clips_of(first)
    assert clips_of(second).keys() < known.keys()
    commit = publisher.store.get(REPO).find("v1.1.0")
    assert commit is not None
    there = {path for path in commit.tree if path.startswith("videos/")}
    assert there == set(known)  # those that only rows of 1.0.0 name too

    datasets_here(monkeypatch, publisher, tmp_path)
    for version, output in (("v1.0.0", first), ("v1.1.0", second)):
        rows = load_dataset(REPO, SUBSET, split="train", revision=version, streaming=True)
        for side in ("response_a_video", "response_b_video"):
            rows = rows.cast_column(side, Video(decode=False))
        seen = 0
        for row in rows:
            for side in ("response_a_video", "response_b_video"):
                assert row[side]["bytes"] is None
                with xopen(row[side]["path"], "rb") as stream:
                    place = row[side]["path"].partition("@main/")[2]
                    assert stream.read() == known[place]
            seen += 1
        assert seen == record_of(output)["subsets"][SUBSET]["rows"] > 0

    read = Dataset.open(f"{REPO}@v1.0.0").tables(SUBSET, ["response_a_video"])
    cells = [cell for table in read for cell in table["response_a_video"].to_pylist()]
    assert len(cells) == record_of(first)["subsets"][SUBSET]["rows"]
    assert all(cell["bytes"] == known[cell["path"].partition("@main/")[2]] for cell in cells)


def test_a_second_version_sends_no_clip_again(
    publisher: HubServer, publish: Publish, two: tuple[Path, Path]
) -> None:
    first, second = two
    publish(first, "1.0.0")
    publisher.log.clear()
    publish(second, "1.1.0")
    commit = publisher.store.get(REPO).find("v1.1.0")
    assert commit is not None
    others = sum(
        len(blob.content.read())
        for path, blob in commit.tree.items()
        if blob.lfs and not path.startswith("videos/")
    )
    assert 0 < publisher.log.bytes_received("cdn") <= others


def test_another_repository_is_refused(
    publisher: HubServer, publish: Publish, two: tuple[Path, Path]
) -> None:
    with pytest.raises(BuildError, match=f"rows name their clips in {REPO}, not in zoo/other"):
        publish(two[0], "1.0.0", "zoo/other")
    assert publisher.log.bytes_received("cdn") == 0


def test_a_missing_clip_is_refused(
    publisher: HubServer, publish: Publish, two: tuple[Path, Path], tmp_path: Path
) -> None:
    output = copy_of(two[0], tmp_path / "lacking")
    next((output / "videos").glob("*/*")).unlink()
    with pytest.raises(BuildError, match=r"videos/.*missing; rows name this clip"):
        publish(output, "1.0.0")


def test_a_clip_that_was_changed_is_refused(
    publisher: HubServer, publish: Publish, two: tuple[Path, Path], tmp_path: Path
) -> None:
    output = copy_of(two[0], tmp_path / "changed")
    file = next((output / "videos").glob("*/*"))
    file.unlink()
    file.write_bytes(b"another clip")
    with pytest.raises(BuildError, match="not the file that was built"):
        publish(output, "1.0.0")
