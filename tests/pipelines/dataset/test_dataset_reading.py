"""Reading a dataset back: what is there, and that nothing is read that was not asked for."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from made_dataset import make_rows, write_dataset
from served import use

from pipelines.dataset.dataset import Dataset
from pipelines.dataset.shard import Shard
from tests.hub_server import HubServer
from transforms.beamkit.errors import BuildError

HPD, OMNI = "HPDv2", "Omni-HPDv2"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = {OMNI: make_rows(OMNI, range(20)), HPD: make_rows(HPD, range(130))}
    return write_dataset(tmp_path / "built", rows, shards=2)


def test_subsets_stand_in_the_order_of_the_record_and_files_with_their_digests(
    folder: Path,
) -> None:
    data = Dataset.open(str(folder))
    assert data.subsets == (OMNI, HPD)
    assert data.splits == ("train",)
    assert data.run_record["name"] == "made"
    first, second = data.files(HPD)
    record = data.run_record["subsets"][HPD]["shards"]
    assert first.digest == record["train-00000-of-00002.parquet"]["sha256"]
    assert (first.span, second.span) == ((0, 32_768), (32_768, 65_536))
    assert data.rows(HPD) == 130


def test_a_scan_reads_the_wanted_columns_of_all_files(folder: Path) -> None:
    frame = Dataset.open(str(folder)).scan(HPD, ["row_id", "preference"]).collect()
    assert frame.columns == ["row_id", "preference"]
    assert frame["preference"].value_counts(sort=True)["count"].to_list() == [65, 65]


def test_single_fields_are_read_without_the_bytes_beside_them(folder: Path) -> None:
    columns = ["row_id", "response_a_image.path", "source.key", "no_such_column"]
    tables = list(Dataset.open(str(folder)).tables(HPD, columns))
    assert sum(table.num_rows for table in tables) == 130
    schema = tables[0].schema
    assert schema.names == ["row_id", "response_a_image", "source"]
    assert [one.name for one in schema.field("response_a_image").type] == ["path"]


def test_a_file_that_the_record_does_not_name_is_no_part_of_the_dataset(folder: Path) -> None:
    stale = folder / "data" / HPD / "train-00000-of-00001.parquet"
    stale.write_bytes(b"of a former build")
    assert len(Dataset.open(str(folder)).files(HPD)) == 2


def test_a_subset_that_the_record_does_not_name_is_no_part_of_the_dataset(folder: Path) -> None:
    """One that the recipe has no longer; its files are left where they were."""
    subsets = set(Dataset.open(str(folder)).subsets)
    assert len(subsets) > 1
    record = json.loads((folder / "run_record.json").read_text())
    del record["subsets"][HPD]
    (folder / "run_record.json").write_text(json.dumps(record))
    data = Dataset.open(str(folder))
    assert set(data.subsets) == subsets - {HPD}
    with pytest.raises(BuildError, match=f"no subset '{HPD}'"):
        data.files(HPD)


def test_a_file_that_was_changed_after_the_record_is_not_taken_at_its_word(folder: Path) -> None:
    import os

    path = folder / "data" / HPD / "train-00001-of-00002.parquet"
    after = (folder / "run_record.json").stat().st_mtime_ns + 1_000_000_000
    os.utime(path, ns=(after, after))
    assert [one.digest is None for one in Dataset.open(str(folder)).files(HPD)] == [False, True]


def test_without_a_record_all_files_count_and_none_is_known_by_digest(folder: Path) -> None:
    (folder / "run_record.json").unlink()
    data = Dataset.open(str(folder))
    assert data.subsets == (HPD, OMNI)
    assert data.run_record == {}
    assert {shard.digest for shard in data.shards} == {None}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nowhere", "no such folder; a dataset is the output folder of a build"),
        ("empty", "no dataset here"),
    ],
)
def test_what_is_no_dataset_is_said_to_be_none(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BuildError, match=said):
        Dataset.open(str(tmp_path / name))


def test_an_unknown_subset_is_answered_with_those_there_are(folder: Path) -> None:
    with pytest.raises(BuildError, match="no subset 'HPD'; there is Omni-HPDv2, HPDv2"):
        Dataset.open(str(folder)).files("HPD")


def test_a_damaged_file_is_named(folder: Path) -> None:
    path = folder / "data" / HPD / "train-00001-of-00002.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(BuildError, match=r"train-00001-of-00002\.parquet: can't be read"):
        list(Dataset.open(str(folder)).tables(HPD))


def test_a_record_that_is_no_record_is_named(folder: Path) -> None:
    (folder / "run_record.json").write_text("{")
    with pytest.raises(BuildError, match=r"run_record\.json: not JSON"):
        Dataset.open(str(folder))


def test_a_version_on_the_hub_reads_as_the_folder_it_was_made_from(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with HubServer() as server:
        use(server, monkeypatch, tmp_path / "home")
        server.store.create("ada/pairs")
        commit = server.store.commit_folder("ada/pairs", folder)
        server.store.tag("ada/pairs", "v1.0.0", commit)
        hub, local = Dataset.open("ada/pairs@v1.0.0"), Dataset.open(str(folder))
        assert hub.subsets == local.subsets
        assert [one.digest for one in hub.shards] == [one.digest for one in local.shards]
        wanted = pl.col("preference") == "a"
        found, expected = (
            one.scan(HPD, ["row_id", "preference"]).filter(wanted).select("row_id").collect()
            for one in (hub, local)
        )
        assert len(found) == 65
        assert found.equals(expected)
        assert hub.scan(HPD, ["row_id"]).head(3).collect().height == 3
        with pytest.raises(BuildError, match="v9"):
            Dataset.open("ada/pairs@v9")


def test_the_record_of_a_version_may_lie_under_provenance(folder: Path) -> None:
    (folder / "provenance").mkdir()
    record = json.loads((folder / "run_record.json").read_text())
    (folder / "run_record.json").rename(folder / "provenance" / "run_record.json")
    assert Dataset.open(str(folder)).run_record == record


def test_a_file_of_another_name_stands_for_all_ids(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path, {HPD: make_rows(HPD, range(3))})
    path = folder / "data" / HPD / "train-00000-of-00001.parquet"
    path.rename(path.with_name("part.parquet"))
    (folder / "run_record.json").unlink()
    (shard,) = Dataset.open(str(folder)).shards
    assert (shard.split, shard.span) == ("train", (0, 65_536))
    assert pq.read_metadata(shard.path).num_rows == 3
    assert Shard(HPD, "train", 1, 3, "", 0, None).span == (0, 65_536)
