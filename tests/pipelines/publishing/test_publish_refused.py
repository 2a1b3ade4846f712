"""What is refused before anything is sent: rights, gates, and repositories that are others'."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from versions_built import (
    OWNER,
    REPO,
    TOKEN,
    Publish,
    change_rows,
    copy_of,
    pass_gate,
    put,
    record_of,
)

from pipelines.gate.result import Outcome
from tests.hub_server import HubServer, Scope
from transforms.beamkit.errors import BuildError


def _nothing_was_written(hub: HubServer) -> bool:
    return not [one for one in hub.log.entries() if one.method != "GET"]


@pytest.mark.parametrize(
    ("token", "why"),
    [
        ({"role": "read", "orgs": [OWNER]}, "the token only reads"),
        ({"role": "write"}, f"ada is not a member of {OWNER}"),
        (
            {"role": "fineGrained", "orgs": [OWNER], "scopes": [Scope("org", OWNER)]},
            "no scope of the token lets it write",
        ),
    ],
)
def test_a_token_that_may_not_write(
    publisher: HubServer, publish: Publish, tmp_path: Path, token: dict[str, object], why: str
) -> None:
    publisher.tokens.revoke(TOKEN)
    publisher.tokens.add(TOKEN, **token)  # type: ignore[arg-type]
    with pytest.raises(BuildError, match=why) as refused:
        publish(tmp_path / "not even looked at", "1.0.0")
    assert TOKEN not in str(refused.value)
    assert {one.path for one in publisher.log.entries()} == {"/api/whoami-v2"}


def test_a_token_that_is_unknown(publisher: HubServer, publish: Publish, tmp_path: Path) -> None:
    publisher.tokens.revoke(TOKEN)
    with pytest.raises(BuildError, match="refused the token of HF_TOKEN") as refused:
        publish(tmp_path, "1.0.0")
    assert TOKEN not in str(refused.value)


def test_no_token(
    publisher: HubServer,
    publish: Publish,
    first: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(BuildError, match=r"no token was found.*auth login"):
        publish(first, "1.0.0")
    publish(first, "1.0.0", dry_run=True)
    captured = capsys.readouterr()
    assert "a new public repository" in captured.out
    assert "it can't be published yet" in captured.err
    assert _nothing_was_written(publisher)


def test_a_fine_grained_token_publishes(
    publisher: HubServer, publish: Publish, first: Path
) -> None:
    publisher.tokens.revoke(TOKEN)
    scopes = [Scope("org", OWNER, ("repo.write", "repo.content.read"))]
    publisher.tokens.add(TOKEN, role="fineGrained", orgs=[OWNER], scopes=scopes)
    publish(first, "1.0.0", private=True)
    assert publisher.store.get(REPO).private
    assert set(publisher.store.get(REPO).tags) == {"v1.0.0"}


REPEATS = Outcome("values_are_unique", "row_id", False, "no repeats", "2 repeats", 2, ("ab" * 32,))


def test_gates(
    publisher: HubServer,
    publish: Publish,
    first: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = copy_of(first, tmp_path / "gated")

    def refused() -> str:
        with pytest.raises(SystemExit) as ended:
            publish(output, "1.0.0")
        assert ended.value.code == 4
        return capsys.readouterr().err

    pass_gate(output, {"HPDv2": REPEATS})
    told = refused()
    assert "HPDv2: values_are_unique (row_id): wanted no repeats, observed 2 repeats" in told
    assert "abababababababab" in told
    pass_gate(output, {"HPDv2": replace(REPEATS, waived="known")})
    publish(output, "1.0.0", dry_run=True)
    put(output / "run_record.json", json.dumps(record_of(output) | {"code": "another"}).encode())
    assert "was built again after it was checked" in refused()
    (output / "quality" / "gate.json").unlink()
    with pytest.raises(BuildError, match=r"not checked yet; run: omnireward validate"):
        publish(output, "1.0.0")
    assert _nothing_was_written(publisher)


def test_files_of_others_are_left_alone(
    publisher: HubServer, publish: Publish, first: Path
) -> None:
    publisher.store.create(REPO, licence="mit")
    publisher.store.commit(REPO, {"data/train.parquet": b"rows", "notes.md": b"hm"}, "Mine")
    with pytest.raises(BuildError, match=r"loaders would read as rows: data/train\.parquet"):
        publish(first, "1.0.0")
    publisher.store.commit(REPO, {"data/train.parquet": None}, "Gone")
    publish(first, "1.0.0")
    commit = publisher.store.get(REPO).find("v1.0.0")
    assert commit is not None
    assert "notes.md" in commit.tree


def test_a_tag_of_others(publisher: HubServer, publish: Publish, first: Path) -> None:
    publisher.store.create(REPO)
    publisher.store.tag(REPO, "v0.9.0")
    with pytest.raises(BuildError, match=r"a tag v0\.9\.0 that was not published from here"):
        publish(first, "1.0.0")


def test_a_public_repository_gets_nothing_private(
    publisher: HubServer, publish: Publish, first: Path
) -> None:
    publisher.store.create(REPO)
    with pytest.raises(BuildError, match="is public, and is to be private"):
        publish(first, "1.0.0", private=True)


def test_a_private_repository_stays_private(
    publisher: HubServer, publish: Publish, first: Path
) -> None:
    publisher.store.create(REPO, private=True)
    publish(first, "1.0.0")
    assert publisher.store.get(REPO).private
    assert set(publisher.store.get(REPO).tags) == {"v1.0.0"}


@pytest.mark.parametrize(
    ("version", "repo", "why"),
    [
        ("1.0", REPO, "is not a version; write it as 1.2.0"),
        ("1.0.0-rc1", REPO, "is not a version"),
        ("1.0.0", "rewards", "write owner/name"),
        ("1.0.0", "a/b/c", "write owner/name"),
        ("1.0.0", None, "no repository is named"),
    ],
)
def test_usage(
    publisher: HubServer,
    publish: Publish,
    first: Path,
    capsys: pytest.CaptureFixture[str],
    version: str,
    repo: str | None,
    why: str,
) -> None:
    with pytest.raises(SystemExit) as refused:
        publish(first, version, repo)
    assert refused.value.code == 2
    assert why in capsys.readouterr().err
    assert publisher.log.entries() == []


def test_nobody_is_asked_without_a_terminal(
    publisher: HubServer, publish: Publish, first: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        publish(first, "1.0.0", yes=False)
    assert refused.value.code == 2
    assert "begin with --yes" in capsys.readouterr().err
    assert _nothing_was_written(publisher)


def test_what_is_not_built(publisher: HubServer, publish: Publish, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="no dataset here"):
        publish(tmp_path, "1.0.0")


def test_subsets_of_different_schemas(
    publisher: HubServer, publish: Publish, first: Path, tmp_path: Path
) -> None:
    output = copy_of(first, tmp_path / "mixed")
    change_rows(
        output,
        lambda table: table.replace_schema_metadata(
            {**table.schema.metadata, b"omni_reward_schema": b"1.0"}
        ),
    )
    with pytest.raises(BuildError, match=r"different schemas \(1\.0 in data/HPDv2"):
        publish(output, "1.0.0")


def test_a_shard_that_is_missing(
    publisher: HubServer, publish: Publish, first: Path, tmp_path: Path
) -> None:
    output = copy_of(first, tmp_path / "missing")
    (name,) = record_of(output)["subsets"]["HPDv2"]["shards"]
    (output / "data" / "HPDv2" / name).unlink()
    with pytest.raises(BuildError, match="missing, or not of the"):
        publish(output, "1.0.0")
    assert json.loads((output / "quality" / "gate.json").read_bytes())["passed"]


def test_a_hub_without_xet(
    publisher: HubServer, publish: Publish, first: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", False)
    with pytest.raises(BuildError, match="HF_HUB_DISABLE_XET=1 sends over LFS"):
        publish(first, "1.0.0")
