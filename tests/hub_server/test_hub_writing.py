"""What the real clients write: repos, uploads, commits, tags, and what they may not."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import BadRequestError, HfHubHTTPError

from tests.hub_server import Fault, HubServer, Scope
from tests.hub_server.fixtures import datasets_here

REPO = "ada/birds"
ROWS = bytes(range(256)) * 4000


@pytest.fixture
def api(hub: HubServer) -> Iterator[HfApi]:
    hub.tokens.add("hf_write", role="write", orgs=["zoo"])
    return HfApi(endpoint=hub.endpoint, token="hf_write")


@pytest.fixture
def repo(api: HfApi) -> str:
    api.create_repo(REPO, repo_type="dataset")
    return REPO


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)


def _add(path: str, data: bytes) -> CommitOperationAdd:
    return CommitOperationAdd(path, data)


def _commit(api: HfApi, *operations: object, **options: object) -> str:
    info = api.create_commit(
        REPO, operations, commit_message="Files", repo_type="dataset", **options
    )
    return info.oid


def test_a_card_whose_languages_are_none_is_refused(api: HfApi, repo: str) -> None:
    card = "---\nlanguage:\n- {}\nconfigs:\n- config_name: default\n---\n# Birds\n"
    with pytest.raises(ValueError, match="Invalid metadata in README") as refused:
        _commit(api, _add("README.md", card.format("English").encode()))
    assert '"language[0]" with value "English" is not valid' in str(refused.value)
    _commit(api, _add("README.md", card.format("en").encode()))


def test_create(hub: HubServer, api: HfApi) -> None:
    url = api.create_repo("birds", repo_type="dataset", private=True)
    assert url.repo_id == REPO
    assert hub.store.get(REPO).private
    api.create_repo("zoo/apes", repo_type="dataset")
    api.create_repo("zoo/apes", repo_type="dataset", exist_ok=True)
    with pytest.raises(HfHubHTTPError) as refused:
        api.create_repo("zoo/apes", repo_type="dataset")
    assert refused.value.response.status_code == 409


@pytest.mark.parametrize(
    ("token", "status"),
    [
        ({"role": "read"}, 403),
        ({"role": "write", "name": "eve"}, 403),
        ({"role": "fineGrained", "scopes": [Scope("user", "ada")]}, 403),
        ({"role": "fineGrained", "scopes": [Scope("dataset", REPO, ("repo.write",))]}, 200),
        ({"role": "write"}, 200),
    ],
)
def test_rights(hub: HubServer, token: dict[str, object], status: int) -> None:
    hub.store.create(REPO)
    hub.tokens.add("hf_some", **token)
    api = HfApi(endpoint=hub.endpoint, token="hf_some")
    if status == 200:
        _commit(api, _add("a.json", b"{}"))
        api.create_tag(REPO, tag="v1", repo_type="dataset")
        assert set(hub.store.get(REPO).tags) == {"v1"}
        return
    with pytest.raises(HfHubHTTPError) as refused:
        _commit(api, _add("a.json", b"{}"))
    assert refused.value.response.status_code == status
    with pytest.raises(HfHubHTTPError):
        api.create_tag(REPO, tag="v1", repo_type="dataset")
    assert (len(hub.store.get(REPO).commits), hub.store.get(REPO).tags) == (1, {})


def test_nobody_writes_without_a_token(hub: HubServer) -> None:
    hub.store.create(REPO)
    with pytest.raises(HfHubHTTPError) as refused:
        _commit(HfApi(endpoint=hub.endpoint, token=False), _add("a.json", b"{}"))
    assert refused.value.response.status_code == 401


def test_commit_tag_and_read_back(hub: HubServer, api: HfApi, repo: str, tmp_path: Path) -> None:
    first = _commit(api, _add("rows.parquet", ROWS), _add("docs/a.json", b"{}"))
    api.create_tag(repo, tag="v1", revision=first, repo_type="dataset")
    _commit(api, _add("docs/a.json", b"[]"), CommitOperationDelete("rows.parquet"))
    refs = api.list_repo_refs(repo, repo_type="dataset")
    assert [(tag.name, tag.target_commit) for tag in refs.tags] == [("v1", first)]
    assert api.list_repo_files(repo, repo_type="dataset") == [".gitattributes", "docs/a.json"]
    path = api.hf_hub_download(
        repo, "rows.parquet", repo_type="dataset", revision="v1", cache_dir=tmp_path
    )
    assert Path(path).read_bytes() == ROWS
    _commit(api, CommitOperationDelete("docs/"))
    assert api.list_repo_files(repo, repo_type="dataset") == [".gitattributes"]
    api.delete_tag(repo, tag="v1", repo_type="dataset")
    assert hub.store.get(repo).tags == {}


def test_what_is_held_is_not_sent_again(hub: HubServer, api: HfApi, repo: str) -> None:
    _commit(api, _add("rows.parquet", ROWS))
    assert hub.log.bytes_received("cdn") == len(ROWS)
    _commit(api, _add("again.parquet", ROWS))
    assert hub.log.bytes_received("cdn") == len(ROWS)
    assert hub.log.authorizations("cdn") == []


def test_a_commit_on_another_parent_changes_nothing(hub: HubServer, api: HfApi, repo: str) -> None:
    parent = hub.store.get(repo).branches["main"]
    second = _commit(api, _add("a.json", b"{}"), parent_commit=parent)
    with pytest.raises(HfHubHTTPError) as refused:
        _commit(api, _add("b.json", b"{}"), parent_commit=parent)
    assert refused.value.response.status_code == 412
    assert hub.store.get(repo).branches["main"] == second


def test_a_commit_is_made_as_a_whole_or_not_at_all(hub: HubServer, api: HfApi, repo: str) -> None:
    before = hub.store.get(repo).branches["main"]
    with pytest.raises(HfHubHTTPError):
        _commit(api, _add("a.json", b"{}"), CommitOperationDelete("missing.json"))
    assert hub.store.get(repo).branches["main"] == before


def test_a_tag_stays_where_it_is(hub: HubServer, api: HfApi, repo: str) -> None:
    first = hub.store.get(repo).branches["main"]
    api.create_tag(repo, tag="v1", repo_type="dataset")
    _commit(api, _add("a.json", b"{}"))
    with pytest.raises(HfHubHTTPError) as refused:
        api.create_tag(repo, tag="v1", repo_type="dataset")
    assert refused.value.response.status_code == 409
    assert hub.store.get(repo).tags == {"v1": first}


def test_branches(hub: HubServer, api: HfApi, repo: str) -> None:
    api.create_branch(repo, branch="work", repo_type="dataset")
    _commit(api, _add("a.json", b"{}"), revision="work")
    assert "a.json" not in api.list_repo_files(repo, repo_type="dataset")
    assert "a.json" in api.list_repo_files(repo, repo_type="dataset", revision="work")
    api.delete_branch(repo, branch="work", repo_type="dataset")
    assert set(hub.store.get(repo).branches) == {"main"}


def test_a_wrong_card_is_refused(hub: HubServer, api: HfApi, repo: str) -> None:
    for card in (b"---\nconfigs: [\n---\n", b"---\nconfigs:\n- data_files: a\n---\n"):
        with pytest.raises((BadRequestError, ValueError)):
            _commit(api, _add("README.md", card))
    _commit(api, _add("README.md", b"---\nconfigs:\n- config_name: a\n---\n"))


def test_ignored_files_are_left_out(hub: HubServer, api: HfApi, repo: str) -> None:
    hub.store.commit(repo, {".gitignore": b"*.tmp\n"}, "Ignore")
    _commit(api, _add("a.json", b"{}"), _add("b.tmp", b"x"))
    assert "b.tmp" not in api.list_repo_files(repo, repo_type="dataset")


def test_uploads_are_checked(hub: HubServer, api: HfApi, repo: str, web: httpx2.Client) -> None:
    batch = f"{hub.endpoint}/datasets/{repo}.git/info/lfs/objects/batch"
    head = {"Authorization": "Bearer hf_write"}
    wanted = {"objects": [{"oid": "0" * 64, "size": 4}]}
    actions = web.post(batch, json=wanted, headers=head).json()["objects"][0]["actions"]
    assert web.put(actions["upload"]["href"], content=b"data").status_code == 400
    unsigned = actions["upload"]["href"].partition("?")[0]
    assert web.put(unsigned, content=b"data").status_code == 403
    verify = web.post(actions["verify"]["href"], json=wanted["objects"][0], headers=head)
    assert verify.status_code == 404
    assert web.post(batch, json=wanted).status_code == 401


@pytest.mark.parametrize("fraction", [0.0, 0.5, 0.99])
def test_an_upload_that_breaks_off(hub: HubServer, api: HfApi, repo: str, fraction: float) -> None:
    hub.faults.script("/upload/", [Fault.hang_up(fraction), Fault.error(503, before=True)])
    _commit(api, _add("rows.parquet", ROWS))
    puts = hub.log.entries("cdn", method="PUT")
    assert [one.fault for one in puts] == ["hang-up", "503", None]
    assert puts[0].received == int(len(ROWS) * fraction)
    assert hub.store.get(repo).commits[hub.store.get(repo).branches["main"]].tree["rows.parquet"]


def test_an_answer_that_is_lost(hub: HubServer, api: HfApi, repo: str) -> None:
    hub.faults.script("/commit/", [Fault.error(500)])
    with pytest.raises(HfHubHTTPError):
        _commit(api, _add("a.json", b"{}"))
    assert len(hub.store.get(repo).commits) == 2
    hub.faults.script("/commit/", [Fault.error(500, before=True)])
    with pytest.raises(HfHubHTTPError):
        _commit(api, _add("b.json", b"{}"))
    assert len(hub.store.get(repo).commits) == 2


def test_traps(hub: HubServer, api: HfApi, repo: str) -> None:
    seen: list[tuple[str, int]] = []

    def note(when: str) -> None:
        seen.append((when, len(hub.store.get(repo).commits)))

    hub.traps.set("/commit/", lambda: note("before"))
    hub.traps.set("/commit/", lambda: note("after"), after=True)
    hub.traps.set("/commit/", lambda: note("second"), passes=1)
    _commit(api, _add("a.json", b"{}"))
    assert seen == [("before", 1), ("after", 2)]
    _commit(api, _add("b.json", b"{}"))
    assert seen[2:] == [("second", 2)]
    assert hub.traps.pending == 0


def test_datasets_pushes_and_loads(
    hub: HubServer, api: HfApi, repo: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from datasets import Dataset, load_dataset

    datasets_here(monkeypatch, hub, tmp_path)
    monkeypatch.setenv("HF_TOKEN", "hf_write")
    Dataset.from_dict({"n": [1, 2, 3]}).push_to_hub(repo, config_name="numbers")
    loaded = load_dataset(repo, "numbers", split="train")
    assert loaded["n"] == [1, 2, 3]
    streamed = load_dataset(repo, "numbers", split="train", streaming=True)
    assert [row["n"] for row in streamed] == [1, 2, 3]
    table = pq.read_table(io.BytesIO(_only_parquet(hub, repo)))
    assert table.column("n").type == pa.int64()


def _only_parquet(hub: HubServer, repo: str) -> bytes:
    tree = hub.store.get(repo).commits[hub.store.get(repo).branches["main"]].tree
    (found,) = [blob for path, blob in tree.items() if path.endswith(".parquet")]
    return found.content.read()
