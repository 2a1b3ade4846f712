"""Diffs of altered copies with known answers, on disk and on the Hub."""

from __future__ import annotations

import copy
import hashlib
import json
from pathlib import Path

import pytest
from made_dataset import Row, info, make_row, make_rows, medium, picture, write_dataset
from served import use
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.dataset.dataset import Dataset
from pipelines.diff import parts
from pipelines.diff.diff import diff
from pipelines.diff.result import DatasetDiff, SubsetDiff
from tests.hub_server import HubServer
from transforms.beamkit.errors import BuildError

HPD, OMNI, RLAIF = "HPDv2", "Omni-HPDv2", "RLAIF-V"


def compared(before: Path, after: Path, **how: object) -> DatasetDiff:
    return diff(Dataset.open(str(before)), Dataset.open(str(after)), **how)  # type: ignore[arg-type]


def flipped(row: Row) -> Row:
    return row | {"preference": {"a": "b", "b": "a", "tie": "tie"}[row["preference"]]}


def other_medium(row: Row, seed: int) -> Row:
    """The same pair with its first picture normalised in another way."""
    cell = medium(picture(seed), "png")
    said = copy.deepcopy(row["response_a_info"])
    said[0]["product"] = info(cell)["digest"]
    return row | {"response_a_image": cell, "response_a_info": said}


@pytest.fixture
def rows() -> dict[str, list[Row]]:
    return {
        RLAIF: make_rows(RLAIF, range(40)),
        HPD: make_rows(HPD, range(60)),
        OMNI: make_rows(OMNI, range(30)),
    }


@pytest.fixture
def before(rows: dict[str, list[Row]], tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "before", rows, shards=2)


@pytest.fixture
def after(rows: dict[str, list[Row]], tmp_path: Path) -> Path:
    """Known changes: see `test_every_kind_of_change_is_counted`."""
    hpd = rows[HPD]
    changed = [
        *(flipped(row) for row in hpd[:4]),
        *(row | {"preference": "tie"} for row in hpd[4:6]),
        *(other_medium(row, 90_000 + at) for at, row in enumerate(hpd[6:9])),
        *(row | {"nc": True, "source": row["source"] | {"revision": "2"}} for row in hpd[9:14]),
        *hpd[14:53],
        *make_rows(HPD, range(100, 105)),
    ]
    omni = [
        *(make_row(OMNI, number, criterion=f"Rather {number}.") for number in range(7)),
        *(flipped(make_row(OMNI, 7, criterion="Rather 7.")) for _ in range(1)),
        *rows[OMNI][8:],
    ]
    subsets = {RLAIF: rows[RLAIF], HPD: changed, OMNI: omni}
    return write_dataset(tmp_path / "after", subsets, shards=2)


def test_a_dataset_equals_itself_without_a_look_into_its_files(before: Path) -> None:
    found = compared(before, before)
    assert found.is_empty
    assert [one.files_equal for one in found.subsets] == [2, 2, 2]
    assert [one.rows_before for one in found.subsets] == [40, 60, 30]
    assert [one.rows_after for one in found.subsets] == [40, 60, 30]


def test_every_kind_of_change_is_counted(before: Path, after: Path) -> None:
    found = compared(before, after, rows=True)
    assert found.of(RLAIF) == SubsetDiff(
        RLAIF, 40, 40, files_before=2, files_after=2, files_equal=2
    )
    hpd = found.of(HPD)
    assert (hpd.rows_before, hpd.rows_after, hpd.added, hpd.removed) == (60, 58, 5, 7)
    assert (hpd.label_changed, hpd.label_flips) == (6, 4)
    assert dict(hpd.labels) == {"a>b": 2, "b>a": 2, "a>tie": 1, "b>tie": 1}
    assert hpd.rows_changed == 14
    assert dict(hpd.columns) == {
        "preference": 6,
        "response_a_image": 3,
        "response_a_info.product": 3,
        "nc": 5,
        "source.revision": 5,
    }
    assert hpd.media_changed == 3
    assert dict(hpd.media) == {"response_a_image": 3, "response_a_info.product": 3}
    omni = found.of(OMNI)
    assert (omni.added, omni.removed, omni.criterion_changed) == (0, 0, 8)
    assert (omni.label_changed, omni.label_flips, omni.rows_changed) == (1, 1, 0)


def test_rows_are_listed_by_id_with_what_happened(
    before: Path, after: Path, rows: dict[str, list[Row]]
) -> None:
    found = compared(before, after, rows=True)
    listed = found.of(HPD).rows
    by_kind = {kind: {row.row_id for row in listed if row.kind == kind} for kind in
               ("added", "removed", "label", "changed")}  # fmt: skip
    ids = [row["row_id"] for row in rows[HPD]]
    assert by_kind == {
        "added": {row["row_id"] for row in make_rows(HPD, range(100, 105))},
        "removed": set(ids[53:]),
        "label": set(ids[:6]),
        "changed": set(ids[6:14]),
    }
    omni = {row.row_id: row for row in found.of(OMNI).rows}
    old, new = rows[OMNI][7], make_row(OMNI, 7, criterion="Rather 7.")
    assert omni[old["row_id"]].kind == "criterion"
    assert omni[old["row_id"]].new_row_id == new["row_id"]
    assert omni[old["row_id"]].columns == ("preference", "criterion")


def test_the_other_way_round_everything_is_mirrored(before: Path, after: Path) -> None:
    there, back = compared(before, after), compared(after, before)
    for subset in (HPD, OMNI, RLAIF):
        one, other = there.of(subset), back.of(subset)
        assert (one.added, one.removed) == (other.removed, other.added)
        for name in ("criterion_changed", "label_changed", "rows_changed", "media_changed"):
            assert getattr(one, name) == getattr(other, name)
        assert one.columns == other.columns
        mirror = {">".join(key.split(">")[::-1]): number for key, number in other.labels.items()}
        assert dict(one.labels) == mirror


def test_the_number_of_shards_makes_no_difference(
    rows: dict[str, list[Row]], tmp_path: Path
) -> None:
    other = {subset: [flipped(row) for row in kept] for subset, kept in rows.items()}
    before = write_dataset(tmp_path / "a", rows, shards=4)
    assert compared(before, write_dataset(tmp_path / "b", rows, shards=2)).is_empty
    found = compared(before, write_dataset(tmp_path / "c", other, shards=2))
    assert [one.label_flips for one in found.subsets] == [40, 60, 30]
    assert [one.rows_changed for one in found.subsets] == [40, 60, 30]


def test_rows_beyond_the_limit_are_compared_piece_by_piece(
    before: Path, after: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = compared(before, after, rows=True).as_json()
    monkeypatch.setattr(parts, "MAX_ROWS", 20)
    assert compared(before, after, rows=True).as_json() == expected


def test_a_row_that_went_to_another_split_is_told_apart(
    rows: dict[str, list[Row]], tmp_path: Path
) -> None:
    before = write_dataset(tmp_path / "a", {HPD: rows[HPD]})
    after = write_dataset(tmp_path / "b", {HPD: rows[HPD][:50]})
    write_dataset(after, {HPD: rows[HPD][50:]}, split="validation")
    (after / "run_record.json").unlink()
    found = compared(before, after, rows=True).of(HPD)
    assert (found.moved, found.rows_changed, found.added, found.removed) == (10, 0, 0, 0)
    assert {row.kind for row in found.rows} == {"moved"}


def test_subsets_that_one_side_lacks_are_all_added_or_removed(
    rows: dict[str, list[Row]], tmp_path: Path
) -> None:
    before = write_dataset(tmp_path / "a", {HPD: rows[HPD]})
    after = write_dataset(tmp_path / "b", {OMNI: rows[OMNI]})
    found = compared(before, after)
    assert (found.of(HPD).removed, found.of(HPD).rows_after) == (60, 0)
    assert (found.of(OMNI).added, found.of(OMNI).rows_before) == (30, 0)
    assert [one.subset for one in compared(before, after, subsets=[HPD]).subsets] == [HPD]
    with pytest.raises(BuildError, match="no subset 'X' on either side; there is"):
        compared(before, after, subsets=["X"])


def test_columns_that_only_one_side_has_are_named_and_not_compared(
    rows: dict[str, list[Row]], tmp_path: Path
) -> None:
    import pyarrow.parquet as pq

    before = write_dataset(tmp_path / "a", {HPD: rows[HPD]})
    after = write_dataset(tmp_path / "b", {HPD: rows[HPD]})
    path = after / "data" / HPD / "train-00000-of-00001.parquet"
    table = pq.read_table(path)
    pq.write_table(table.drop_columns(["nc"]).append_column(":whole", table["task"]), path)
    found = compared(before, after).of(HPD)
    assert (found.columns_removed, found.columns_added) == (("nc",), (":whole",))
    assert (found.rows_changed, found.added, found.removed) == (0, 0, 0)
    assert not found.is_empty


def test_equal_ids_twice_in_a_subset_are_counted_as_they_are(
    rows: dict[str, list[Row]], tmp_path: Path
) -> None:
    before = write_dataset(tmp_path / "a", {HPD: rows[HPD]})
    after = write_dataset(tmp_path / "b", {HPD: [*rows[HPD], rows[HPD][0]]})
    found = compared(before, after).of(HPD)
    assert (found.added, found.removed, found.rows_changed) == (1, 0, 0)


def test_a_version_on_the_hub_is_compared_with_a_build_without_its_media(
    before: Path, after: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    expected = compared(before, after, rows=True).as_json()
    with HubServer() as server:
        use(server, monkeypatch, tmp_path / "home")
        server.store.create("ada/pairs")
        first = server.store.commit_folder("ada/pairs", before)
        server.store.tag("ada/pairs", "v1.0.0", first)
        one = diff(Dataset.open("ada/pairs@v1.0.0"), Dataset.open(str(after)), rows=True)
        assert one.as_json() | {"before": ""} == expected | {"before": ""}
        second = server.store.commit_folder("ada/pairs", after)
        server.store.tag("ada/pairs", "v1.1.0", second)
        two = diff(Dataset.open("ada/pairs@v1.0.0"), Dataset.open("ada/pairs@v1.1.0"), rows=True)
        names = {"before": "", "after": ""}
        assert two.as_json() | names == expected | names


def test_of_a_version_on_the_hub_no_media_are_fetched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import numpy as np

    noise = np.random.default_rng(1)
    rows = [
        row | {f"response_{side}_image": medium(noise.bytes(60_000), "png") for side in "ab"}
        for row in make_rows(HPD, range(40))
    ]
    one = write_dataset(tmp_path / "one", {HPD: rows})
    two = write_dataset(tmp_path / "two", {HPD: [flipped(row) for row in rows]})
    with HubServer() as server:
        use(server, monkeypatch, tmp_path / "home")
        server.store.create("ada/pairs")
        server.store.tag("ada/pairs", "v1", server.store.commit_folder("ada/pairs", one))
        found = diff(Dataset.open("ada/pairs@v1"), Dataset.open(str(two)))
        assert found.of(HPD).label_flips == 40
        assert 0 < server.log.bytes_sent(repo="ada/pairs") < 0.1 * 2 * 40 * 60_000


def test_the_command_tells_and_prints_json(before: Path, after: Path) -> None:
    call = CliRunner().invoke
    done = call(app, ["diff", str(before), str(after), "--json", "--subset", HPD])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["equal"] is False
    assert said["subsets"][HPD]["added"] == 5
    done = call(app, ["diff", str(before), str(after), "--rows"])
    assert f"{HPD}  label changed  " in done.stdout
    assert "1 subset equal" in done.stdout
    assert done.stdout.count("other criterion  ") == 8
    done = call(app, ["diff", str(before), str(before)])
    assert done.stdout == "equal: 3 subsets, 130 rows\n"
    done = call(app, ["diff", str(before), "nowhere"])
    assert isinstance(done.exception, BuildError)


def test_equal_files_are_told_by_digest(before: Path) -> None:
    path = before / "data" / HPD / "train-00000-of-00002.parquet"
    known = {one.path: one.digest for one in Dataset.open(str(before)).files(HPD)}
    assert known[str(path)] == hashlib.sha256(path.read_bytes()).hexdigest()
