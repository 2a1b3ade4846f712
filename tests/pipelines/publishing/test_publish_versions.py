"""Versions as they follow each other: what is sent, what is kept, and which number comes next."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from versions_built import (
    CHANGED,
    REPO,
    SUBSETS,
    Publish,
    change_rows,
    copy_of,
    put,
    record_of,
    write_record,
    write_report,
)

from tests.hub_server import HubServer
from tests.hub_server.fixtures import datasets_here
from transforms.beamkit.errors import BuildError


def _tree(hub: HubServer, revision: str) -> dict[str, str]:
    """Digest by path at a tag or branch."""
    commit = hub.store.get(REPO).find(revision)
    assert commit is not None
    return {path: blob.sha256 for path, blob in commit.tree.items()}


def _says(path: str, data: bytes, text: str) -> bool:
    """Whether a published file has a text: a table in any of its columns but media."""
    if not path.endswith(".parquet"):
        return text.encode() in data
    table = pq.read_table(io.BytesIO(data))
    texts = [name for name in table.column_names if table.schema.field(name).type == pa.string()]
    return text in json.dumps(table.select(texts).to_pylist())


def _shards(output: Path) -> dict[str, int]:
    """Bytes of each shard by its path on the Hub."""
    return {
        path.relative_to(output).as_posix(): path.stat().st_size
        for path in (output / "data").rglob("*.parquet")
    }


def test_the_first_version(publisher: HubServer, publish: Publish, first: Path) -> None:
    publish(first, "1.0.0")
    tree, record = _tree(publisher, "v1.0.0"), record_of(first)
    assert tree == _tree(publisher, "main")
    for subset in SUBSETS:
        for name, shard in record["subsets"][subset]["shards"].items():
            assert tree[f"data/{subset}/{name}"] == shard["sha256"]
        assert f"provenance/dead_letters/{subset}.parquet" in tree
        assert f"provenance/duplicates/{subset}.parquet" in tree
    assert not [path for path in tree if path.endswith(".where.parquet")]
    assert {"README.md", "provenance/version.json", "provenance/beam_config.lock"} <= tree.keys()
    assert len(publisher.store.get(REPO).commits) == 2  # that of its making, and ours
    assert not publisher.store.get(REPO).private
    assert publisher.log.authorizations("cdn") == []


def test_the_record_tells_nothing_of_a_machine(
    hub_with_first: HubServer, first: Path, tmp_path: Path
) -> None:
    commit = hub_with_first.store.get(REPO).find("v1.0.0")
    assert commit is not None
    assert not [
        path
        for path, blob in commit.tree.items()
        if _says(path, blob.content.read(), str(first.parent.parent))
    ]
    text = commit.tree["provenance/run_record.json"].content.read().decode()
    recipe = commit.tree["provenance/beam_config.yaml"].content.read().decode()
    assert str(first.parent.parent) not in text + recipe
    assert '"seconds"' not in text
    assert '"shards"' in text
    assert "corpora:" in recipe


@pytest.mark.parametrize("streaming", [True, False])
def test_plain_datasets_loads_it(
    hub_with_first: HubServer,
    first: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    *,
    streaming: bool,
) -> None:
    from datasets import load_dataset

    datasets_here(monkeypatch, hub_with_first, tmp_path)
    record = record_of(first)
    name = "default" if streaming else "Skywork-Reward-Preference"
    rows = load_dataset(REPO, name, split="train", revision="v1.0.0", streaming=streaming)
    if streaming:
        ids = [row["row_id"] for row in rows.select_columns(["row_id", "subset"])]
        assert len(set(ids)) == sum(entry["rows"] for entry in record["subsets"].values())
    else:
        assert rows.num_rows == record["subsets"][name]["rows"]
        assert set(rows["subset"]) == {name}


def test_the_second_version_sends_what_changed(
    hub_with_first: HubServer, publish: Publish, second: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = _tree(hub_with_first, "v1.0.0")
    publish(second, "1.1.0")
    after = _tree(hub_with_first, "v1.1.0")
    changed = {path: size for path, size in _shards(second).items() if f"/{CHANGED}/" in path}
    sent = hub_with_first.log.bytes_received("cdn")
    assert sum(changed.values()) <= sent <= 1.1 * sum(changed.values())
    data = {path for path in before if path.startswith("data/")}
    assert {path for path in data if before[path] != after[path]} == set(changed)
    assert _tree(hub_with_first, "v1.0.0") == before
    told = capsys.readouterr().out
    assert "a minor version: rows or labels changed (HPDv2: 10 rows removed, 3 labels changed)" in (
        " ".join(told.split())
    )
    assert "2 subsets as they were" in told


def test_a_subset_that_is_left_out_goes(
    hub_with_first: HubServer, publish: Publish, first: Path, tmp_path: Path
) -> None:
    output = copy_of(first, tmp_path / "fewer")
    record = record_of(output)
    del record["subsets"]["RLAIF-V"]
    write_record(output, record)
    publish(output, "1.1.0")
    assert not [path for path in _tree(hub_with_first, "v1.1.0") if "RLAIF-V" in path]
    assert hub_with_first.log.bytes_received("cdn") == 0


def test_another_card_is_a_patch(
    hub_with_first: HubServer, publish: Publish, first: Path, tmp_path: Path
) -> None:
    output = copy_of(first, tmp_path / "checked")
    write_report(output)
    for wrong in ("1.1.0", "2.0.0", "1.0.2"):
        with pytest.raises(SystemExit) as refused:
            publish(output, wrong)
        assert refused.value.code == 2
    publish(output, "1.0.1")
    assert "report.html" in _tree(hub_with_first, "v1.0.1")


@pytest.mark.parametrize(
    ("version", "why"),
    [
        ("1.0.1", "is a patch version after 1.0.0, but rows or labels changed"),
        ("2.0.0", "is a major version after 1.0.0, but rows or labels changed"),
        ("0.9.0", "is no version that follows after 1.0.0"),
        ("1.2.0", "is no version that follows after 1.0.0"),
    ],
)
def test_a_wrong_step_is_refused(
    hub_with_first: HubServer,
    publish: Publish,
    second: Path,
    capsys: pytest.CaptureFixture[str],
    version: str,
    why: str,
) -> None:
    with pytest.raises(SystemExit) as refused:
        publish(second, version)
    assert refused.value.code == 2
    told = capsys.readouterr().err
    assert why in told
    assert "Publish it with --version 1.1.0" in told
    assert hub_with_first.log.bytes_received("cdn") == 0
    assert set(hub_with_first.store.get(REPO).tags) == {"v1.0.0"}


def test_another_schema_is_a_major_version(
    hub_with_first: HubServer,
    publish: Publish,
    first: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = copy_of(first, tmp_path / "schema")
    for subset in SUBSETS:
        change_rows(
            output,
            lambda table: table.replace_schema_metadata(
                {**table.schema.metadata, b"omni_reward_schema": b"2.0"}
            ),
            subset,
        )
    with pytest.raises(SystemExit):
        publish(output, "1.1.0")
    assert "the schema went from 1.1 to 2.0" in capsys.readouterr().err
    publish(output, "2.0.0")


def test_nothing_new_is_no_version(
    hub_with_first: HubServer, publish: Publish, first: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(first, "1.0.0")
    assert "is published already, with the same content" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        publish(first, "1.0.1")
    assert "nothing has changed since v1.0.0" in capsys.readouterr().err
    assert not [one for one in hub_with_first.log.entries() if "/commit/" in one.path]


def test_a_card_that_was_edited_on_the_hub_is_named(
    hub_with_first: HubServer, publish: Publish, second: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub_with_first.store.commit(REPO, {"README.md": b"# Mine", "more.md": b"too"}, "Edit")
    publish(second, "1.1.0", dry_run=True)
    told = " ".join(capsys.readouterr().out.split())
    assert "changed on the Hub since v1.0.0, and replaced: README.md a minor" in told


def test_a_version_is_never_changed(
    hub_with_first: HubServer,
    publish: Publish,
    second: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as refused:
        publish(second, "1.0.0")
    assert refused.value.code == 2
    assert "exists and holds something else" in capsys.readouterr().err


def test_a_dry_run_changes_nothing(
    hub_with_first: HubServer, publish: Publish, second: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(second, "1.1.0", dry_run=True)
    methods = {(one.method, one.path.split("/")[-1]) for one in hub_with_first.log.entries()}
    assert {method for method, _ in methods} <= {"GET", "HEAD"}
    told = capsys.readouterr().out
    assert "Nothing was changed (--dry-run)." in told
    assert "10" in told


def test_other_times_make_no_other_version(
    hub_with_first: HubServer,
    publish: Publish,
    first: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = copy_of(first, tmp_path / "again")
    record = record_of(output)
    for entry in record["subsets"].values():
        entry["seconds"], entry["resumed"] = {"total": 99.0}, "all"
    write_record(output, record)
    before = hub_with_first.store.get(REPO).tags
    publish(output, "1.0.0")
    assert {one.method for one in hub_with_first.log.entries()} <= {"GET", "HEAD"}
    assert hub_with_first.store.get(REPO).tags == before
    with pytest.raises(SystemExit):
        publish(output, "1.0.1")
    assert "nothing has changed since v1.0.0" in capsys.readouterr().err


def test_a_damaged_shard_is_not_sent(
    publisher: HubServer, publish: Publish, first: Path, tmp_path: Path
) -> None:
    output = copy_of(first, tmp_path / "damaged")
    (shard,) = (output / "data" / CHANGED).glob("*.parquet")
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 1
    put(shard, bytes(data))
    with pytest.raises(BuildError, match="not the file that was built"):
        publish(output, "1.0.0")
    assert publisher.store.get(REPO).tags == {}


def test_the_version_file_lists_what_is_there(hub_with_first: HubServer) -> None:
    commit = hub_with_first.store.get(REPO).find("v1.0.0")
    assert commit is not None
    stated = json.loads(commit.tree["provenance/version.json"].content.read())
    others = {path for path in commit.tree if path not in (".gitattributes",)}
    assert {*stated["files"], "provenance/version.json"} == others
    assert all(commit.tree[path].sha256 == file["sha256"] for path, file in stated["files"].items())
