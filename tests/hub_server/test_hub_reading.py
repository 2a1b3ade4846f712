"""The API routes that read, asked by the real client."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import RemoteEntryNotFoundError, RevisionNotFoundError
from huggingface_hub.hf_api import RepoFile, RepoFolder

from tests.hub_server import HubServer

REPO = "ada/birds"
ODD = "data/füß #1/50% off?.parquet"


@pytest.fixture
def small_pages() -> Iterator[HubServer]:
    """A server with pages of three entries, and a repo of two commits."""
    with HubServer(page_size=3) as server:
        server.store.create(REPO, licence="mit", gated="auto")
        server.store.commit(REPO, {"data/a.parquet": b"aaaa", ODD: b"odd"}, "First")
        server.store.tag(REPO, "v1.0")
        server.store.branch(REPO, "refs/convert/parquet")
        server.store.commit(REPO, {"data/b.json": b"{}"}, "Second")
        yield server


def _api(server: HubServer) -> HfApi:
    return HfApi(endpoint=server.endpoint, token=False)


def _paths(server: HubServer, folder: str | None = None, **how: object) -> list[str]:
    found = _api(server).list_repo_tree(REPO, folder, repo_type="dataset", **how)  # type: ignore[arg-type]
    return [entry.path for entry in found]


def test_a_tree_comes_in_pages(small_pages: HubServer) -> None:
    assert _paths(small_pages, recursive=True) == [
        ".gitattributes", "README.md", "data", "data/a.parquet", "data/b.json", "data/füß #1", ODD,
    ]  # fmt: skip
    asked = small_pages.log.entries(path="/tree/")
    assert len(asked) == 3
    assert [one.query.count("cursor=") for one in asked] == [0, 1, 1]


def test_a_tree_of_one_folder(small_pages: HubServer) -> None:
    assert _paths(small_pages) == [".gitattributes", "README.md", "data"]
    assert _paths(small_pages, "data") == ["data/a.parquet", "data/b.json", "data/füß #1"]
    assert _paths(small_pages, "data/füß #1") == [ODD]
    with pytest.raises(RemoteEntryNotFoundError):
        _paths(small_pages, "nowhere")


def test_a_tree_at_a_tag_a_branch_with_slashes_and_a_commit(small_pages: HubServer) -> None:
    first = small_pages.store.get(REPO).tags["v1.0"]
    for revision in ("v1.0", "refs/convert/parquet", "refs/tags/v1.0", first):
        assert "data/b.json" not in _paths(small_pages, recursive=True, revision=revision)
    with pytest.raises(RevisionNotFoundError):
        _paths(small_pages, revision="v2")


def test_entries_of_a_tree_say_what_the_file_is(small_pages: HubServer) -> None:
    api = _api(small_pages)
    tree = {
        entry.path: entry
        for entry in api.list_repo_tree(REPO, repo_type="dataset", recursive=True, expand=True)
    }
    held = small_pages.store.get(REPO).find("main")
    assert held is not None
    large, small, folder = tree["data/a.parquet"], tree["data/b.json"], tree["data"]
    assert isinstance(large, RepoFile)
    assert large.lfs is not None
    assert (large.size, large.lfs.size) == (4, 4)
    assert large.lfs.sha256 == held.tree["data/a.parquet"].sha256
    assert large.lfs.pointer_size == held.tree["data/a.parquet"].pointer_size
    assert isinstance(small, RepoFile)
    assert (small.lfs, small.blob_id) == (None, held.tree["data/b.json"].oid)
    assert isinstance(folder, RepoFolder)
    assert [one.last_commit.title for one in (large, small, folder) if one.last_commit] == [
        "First", "Second", "Second",
    ]  # fmt: skip


def test_dataset_info(small_pages: HubServer) -> None:
    api = _api(small_pages)
    info = api.dataset_info(REPO, files_metadata=True)
    assert info.card_data is not None
    assert info.card_data["license"] == "mit"
    assert "license:mit" in (info.tags or [])
    assert (info.gated, info.private, info.author) == ("auto", False, "ada")
    assert info.sha == small_pages.store.get(REPO).branches["main"]
    assert info.last_modified is not None
    siblings = {one.rfilename: one for one in info.siblings or []}
    assert siblings["data/a.parquet"].size == 4
    old = api.dataset_info(REPO, revision="v1.0")
    assert old.sha == small_pages.store.get(REPO).tags["v1.0"]
    assert old.last_modified is not None
    assert old.last_modified < info.last_modified
    assert {one.rfilename for one in old.siblings or []} == set(siblings) - {"data/b.json"}
    part = api.dataset_info(REPO, expand=["sha", "gated"])
    assert (part.sha, part.gated, part.siblings) == (info.sha, "auto", None)


def test_a_card_of_its_own_replaces_the_generated_one(hub: HubServer) -> None:
    hub.store.create(REPO, licence="mit")
    card = b"---\nlicense: cc-by-4.0\nlanguage:\n- en\n---\n"
    hub.store.commit(REPO, {"README.md": card}, "Card")
    assert "license:cc-by-4.0" in (_api(hub).dataset_info(REPO).tags or [])
    for broken in (b"no card", b"---\nlicense: mit", b"---\na: [\n---\n"):
        hub.store.commit(REPO, {"README.md": broken}, "Broken")
        assert _api(hub).dataset_info(REPO).card_data is None


def test_refs(small_pages: HubServer) -> None:
    repo = small_pages.store.get(REPO)
    refs = _api(small_pages).list_repo_refs(REPO, repo_type="dataset", include_pull_requests=True)
    assert {one.name: one.target_commit for one in refs.branches} == repo.branches
    assert [(one.ref, one.target_commit) for one in refs.tags] == [
        ("refs/tags/v1.0", repo.tags["v1.0"])
    ]
    assert refs.pull_requests == []


def test_commits(small_pages: HubServer) -> None:
    api = _api(small_pages)
    commits = api.list_repo_commits(REPO, repo_type="dataset")
    assert [one.title for one in commits] == ["Second", "First", "initial commit"]


def test_paths_info(small_pages: HubServer) -> None:
    api = _api(small_pages)
    asked = [ODD, "data", "nowhere"]
    found = api.get_paths_info(REPO, asked, repo_type="dataset", expand=True)
    assert [(type(one), one.path) for one in found] == [(RepoFile, ODD), (RepoFolder, "data")]
    assert all(one.last_commit for one in found)


def test_the_link_to_the_next_page_keeps_the_query(
    small_pages: HubServer, web: httpx2.Client
) -> None:
    url = f"{small_pages.endpoint}/api/datasets/{REPO}/tree/main?recursive=true&limit=2"
    first = web.get(url)
    link = first.links["next"]["url"]
    assert link.startswith(f"{url}&cursor=")
    assert [len(first.json()), len(web.get(link).json())] == [2, 2]
    assert web.get(f"{url}&cursor=_").status_code == 400


def test_a_renamed_repo_is_found_under_its_old_name(small_pages: HubServer) -> None:
    small_pages.store.rename(REPO, "ada/robins")
    small_pages.store.rename("ada/robins", "eve/robins")
    api = _api(small_pages)
    assert api.dataset_info(REPO).id == "eve/robins"
    assert api.dataset_info("ada/robins", revision="v1.0").id == "eve/robins"
    assert len(api.get_paths_info(REPO, ["data"], repo_type="dataset")) == 1
    assert [one.status for one in small_pages.log.entries()] == [307, 200] * 3


def test_an_unknown_route_says_so(hub: HubServer, web: httpx2.Client) -> None:
    answer = web.post(f"{hub.endpoint}/api/repos/move", content=b"x" * 100_000)
    assert (answer.status_code, "no route" in answer.json()["error"]) == (404, True)
    assert web.get(f"{hub.endpoint}/api/datasets/{REPO}").status_code == 401
