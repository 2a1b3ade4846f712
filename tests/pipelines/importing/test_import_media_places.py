"""Pictures of a copy are located as they may lie there, and what is located can be read."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest

from pipelines.importing.media_places import locations, media_folder
from pipelines.sample_corpora.files import write_tar
from transforms.beamkit.errors import BuildError
from transforms.media.containers import reader_of
from transforms.sources.omni_reward_data import OmniRewardDataOptions

PATHS = ["omni/a/1.jpg", "omni/a/2.jpg", "omni/b/1.jpg"]


def parquet(folder: Path, paths: list[str]) -> list[Path]:
    file = folder / "rows.parquet"
    pl.DataFrame({"images": [paths]}, schema={"images": pl.List(pl.String)}).write_parquet(file)
    return [file]


def written(folder: Path, names: list[str]) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name[-7:].encode())


def packed(file: Path, names: list[str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    write_tar(file, [(name, name[-7:].encode()) for name in names])


def check_read(root: Path, paths: list[str] = PATHS) -> dict[str, dict[str, str]]:
    """All paths are read with their own bytes; returns where they were located."""
    found = locations(root, parquet(root, paths))
    options = OmniRewardDataOptions("t2t", False, media_folder(root), found)
    for path in paths:
        container, member = options.located(path)
        (one,) = reader_of(container)(os.path.join(root, container), [member])
        assert one.data == path[-7:].encode(), path
    return {first: dict(where) for first, where in found.items()}


@pytest.mark.parametrize("media", ["media", ""])
def test_files_at_their_paths_need_no_location(tmp_path: Path, media: str) -> None:
    written(tmp_path / media, PATHS)
    assert check_read(tmp_path) == {}


@pytest.mark.parametrize("media", ["media", ""])
def test_an_unpacked_archive_lacks_its_folder(tmp_path: Path, media: str) -> None:
    written(tmp_path / media, [path.removeprefix("omni/") for path in PATHS])
    assert check_read(tmp_path) == {"omni": {"container": media, "add": ""}}


@pytest.mark.parametrize(
    ("before", "add"),
    [("", "/"), ("./", "/"), ("omni/", "/omni/"), ("./omni/", "/omni/"), ("train_data/omni/", "")],
)
@pytest.mark.parametrize("name", ["omni.tar", "part_3.tar"])
def test_an_archive_has_them_under_whatever_name(
    tmp_path: Path, before: str, add: str, name: str
) -> None:
    packed(tmp_path / "media" / "another.tar", ["x/9.jpg"])
    packed(tmp_path / "media" / name, [before + path.removeprefix("omni/") for path in PATHS])
    assert check_read(tmp_path) == {"omni": {"container": f"media/{name}", "add": add}}


def test_each_first_folder_has_its_own_place(tmp_path: Path) -> None:
    packed(tmp_path / "media" / "omni.tar", ["a/1.jpg"])
    packed(tmp_path / "media" / "rlaifv.tar", ["a/1.jpg"])
    written(tmp_path / "media", ["plain/1.jpg"])
    found = check_read(tmp_path, ["omni/a/1.jpg", "rlaifv/a/1.jpg", "plain/1.jpg"])
    assert {first: where["container"] for first, where in found.items()} == {
        "omni": "media/omni.tar", "rlaifv": "media/rlaifv.tar"
    }  # fmt: skip


def test_what_is_nowhere_or_leads_out_has_no_location(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    (tmp_path / "secret").mkdir()
    written(tmp_path, ["secret/1.jpg"])
    paths = ["../secret/1.jpg", "/etc/hostname", "gone/1.jpg", "1.jpg", "x/../../secret/1.jpg"]
    assert locations(tmp_path, parquet(tmp_path, paths)) == {}


def test_paths_without_a_folder_of_archives_are_taken_as_they_are(tmp_path: Path) -> None:
    paths = [f"{clip:03d}/1.jpg" for clip in range(100)]
    written(tmp_path / "media", paths)
    assert check_read(tmp_path, paths) == {}


def test_a_file_without_pictures_says_nothing(tmp_path: Path) -> None:
    pl.DataFrame({"text": ["a"]}).write_parquet(tmp_path / "x.parquet")
    assert locations(tmp_path, [tmp_path / "x.parquet"]) == {}
    (tmp_path / "y.parquet").write_bytes(b"PAR1 not so")
    assert locations(tmp_path, [tmp_path / "y.parquet"]) == {}


def test_a_damaged_archive_is_named(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "omni.tar").write_bytes(b"no archive at all" * 100)
    with pytest.raises(BuildError, match=r"omni\.tar: the archive can't be read"):
        locations(tmp_path, parquet(tmp_path, PATHS))
