"""Files: the redirect to the CDN, signatures, ranges, and the log of what was sent."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest
from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url
from huggingface_hub.errors import EntryNotFoundError, RevisionNotFoundError

from tests.hub_server import HubServer
from tests.hub_server.content import BLOCK

REPO = "ada/birds"
LARGE, SMALL = "data/50% füß.parquet", "data/small.json"
ROWS = bytes(range(256)) * (BLOCK // 256) * 2 + b"end"


@pytest.fixture
def served(hub: HubServer, tmp_path: Path) -> HubServer:
    """A repo with a large file, served from disk, and a small one."""
    rows = tmp_path / "rows"
    rows.write_bytes(ROWS)
    hub.tokens.add("hf_ada", name="ada")
    hub.store.create(REPO)
    hub.store.commit(REPO, {LARGE: rows, SMALL: b"0123456789"}, "Files")
    return hub


def _url(server: HubServer, path: str, revision: str = "main") -> str:
    return hf_hub_url(REPO, path, repo_type="dataset", revision=revision, endpoint=server.endpoint)


def _download(server: HubServer, path: str, folder: Path, revision: str = "main") -> bytes:
    found = hf_hub_download(
        REPO, path, repo_type="dataset", revision=revision, endpoint=server.endpoint,
        cache_dir=folder / "cache", token="hf_ada",
    )  # fmt: skip
    return Path(found).read_bytes()


def test_the_client_downloads_and_keeps_its_token_from_the_cdn(
    served: HubServer, tmp_path: Path
) -> None:
    assert _download(served, LARGE, tmp_path) == ROWS
    assert _download(served, SMALL, tmp_path) == b"0123456789"
    assert set(served.log.authorizations("hub")) == {"Bearer hf_ada"}
    assert served.log.authorizations("cdn") == []
    assert served.log.bytes_sent("cdn") == len(ROWS)
    assert served.log.bytes_sent(path=SMALL) == 10
    assert served.log.bytes_sent(repo=REPO) == len(ROWS) + 10
    assert served.log.bytes_sent(repo="ada/bird") == 0
    assert [one.method for one in served.log.entries(path="/resolve/")] == ["HEAD", "HEAD", "GET"]
    served.log.clear()
    assert served.log.entries() == []


def test_a_file_by_branch_tag_and_commit(served: HubServer, tmp_path: Path) -> None:
    served.store.tag(REPO, "v1/final")
    served.store.branch(REPO, "old")
    commit = served.store.commit(REPO, {SMALL: b"newer"}, "Newer")
    for revision, data in {
        "v1/final": b"0123456789",
        "old": b"0123456789",
        commit: b"newer",
    }.items():
        assert _download(served, SMALL, tmp_path, revision) == data


def test_a_commit_that_history_lost(served: HubServer, tmp_path: Path) -> None:
    pinned = served.store.get(REPO).branches["main"]
    served.store.commit(REPO, {SMALL: b"newer"}, "Newer")
    served.store.drop_commit(REPO, pinned)
    with pytest.raises(RevisionNotFoundError):
        _download(served, SMALL, tmp_path, pinned)


def test_a_path_that_is_not_there(served: HubServer, tmp_path: Path, web: httpx2.Client) -> None:
    with pytest.raises(EntryNotFoundError):
        _download(served, "data/none.json", tmp_path)
    answer = web.head(_url(served, "none"))
    assert answer.headers["x-repo-commit"] == served.store.get(REPO).branches["main"]
    assert answer.headers["x-error-code"] == "EntryNotFound"


def test_what_the_hub_says_of_a_file(served: HubServer) -> None:
    commit = served.store.get(REPO).find("main")
    assert commit is not None
    large = get_hf_file_metadata(_url(served, LARGE), token=False)
    assert (large.commit_hash, large.size) == (commit.id, len(ROWS))
    assert large.etag == commit.tree[LARGE].sha256
    assert large.location.startswith(served.cdn_endpoint)
    small = get_hf_file_metadata(_url(served, SMALL), token=False)
    assert (small.commit_hash, small.size) == (commit.id, 10)
    assert small.etag == commit.tree[SMALL].oid


@pytest.fixture(params=[LARGE, SMALL])
def link(
    request: pytest.FixtureRequest, served: HubServer, web: httpx2.Client
) -> tuple[str, bytes]:
    """The URL that sends a file, and the file."""
    answer = web.head(_url(served, request.param))
    data = ROWS if request.param == LARGE else b"0123456789"
    return answer.headers.get("location", str(answer.url)), data


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=2-5", 2, 6),
        ("bytes=7-", 7, None),
        ("bytes=-3", -3, None),
        ("bytes=-99999999", 0, None),
        ("bytes=4-99999999", 4, None),
    ],
)
def test_a_range(
    link: tuple[str, bytes], web: httpx2.Client, asked: str, start: int, stop: int | None
) -> None:
    url, data = link
    answer = web.get(url, headers={"Range": asked})
    first, last, _ = slice(start, stop).indices(len(data))
    assert answer.status_code == 206
    assert answer.content == data[start:stop]
    assert answer.headers["content-range"] == f"bytes {first}-{last - 1}/{len(data)}"


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=-0"])
def test_a_range_that_cannot_be(link: tuple[str, bytes], web: httpx2.Client, asked: str) -> None:
    url, data = link
    answer = web.get(url, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (416, b"")
    assert answer.headers["content-range"] == f"bytes */{len(data)}"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Range": "bytes=0-1,3-4"}, 200),
        ({"Range": "lines=1-2"}, 200),
        ({"Range": "bytes=5-2"}, 200),
        ({"Range": "bytes=-"}, 200),
        ({"Range": "bytes=0-1", "If-Range": '"other"'}, 200),
        ({"Range": "bytes=0-1", "If-Range": "etag"}, 206),
        ({"If-None-Match": "etag"}, 304),
        ({"If-None-Match": '"other"'}, 200),
    ],
)
def test_conditions(
    link: tuple[str, bytes], web: httpx2.Client, headers: dict[str, str], status: int
) -> None:
    url, data = link
    head = web.head(url)
    assert (head.headers["content-length"], head.headers["accept-ranges"]) == (
        str(len(data)), "bytes",
    )  # fmt: skip
    etag = head.headers["etag"]
    asked = {name: etag if value == "etag" else value for name, value in headers.items()}
    assert web.get(url, headers=asked).status_code == status


def test_the_cdn_refuses_urls_that_are_not_signed_or_too_old(
    served: HubServer, web: httpx2.Client
) -> None:
    url = web.get(_url(served, LARGE)).headers["location"]
    assert web.head(url).status_code == 200
    assert web.get(url.partition("?")[0]).status_code == 403
    assert web.get(url.replace("Expires=", "Expires=9")).status_code == 403
    served.advance_clock(3600)
    assert "expired" in web.get(url).text
    assert web.head(web.get(_url(served, LARGE)).headers["location"]).status_code == 200


def test_small_files_can_be_redirected_within_the_hub(tmp_path: Path) -> None:
    with HubServer(cache_redirect=True) as server:
        server.tokens.add("hf_ada", name="ada")
        server.store.create(REPO, private=True)
        server.store.commit(REPO, {SMALL: b"0123456789"}, "Files")
        assert _download(server, SMALL, tmp_path) == b"0123456789"
        asked = server.log.entries()
    assert [(one.method, one.status) for one in asked] == [
        ("HEAD", 307), ("HEAD", 200), ("GET", 200),
    ]  # fmt: skip
    assert {one.authorization for one in asked} == {"Bearer hf_ada"}


def test_a_client_that_hangs_up_is_charged_what_went_out(served: HubServer, tmp_path: Path) -> None:
    big = tmp_path / "big"
    with big.open("wb") as file:
        file.truncate(64 * 2**20)
    served.store.commit(REPO, {"big.bin": big}, "Big")
    with (
        httpx2.Client(trust_env=False, follow_redirects=True) as client,
        client.stream("GET", _url(served, "big.bin")) as answer,
    ):
        next(answer.iter_raw(1000))
    assert served.log.wait_idle()
    assert 1000 <= served.log.bytes_sent("cdn") < 64 * 2**20


def test_a_stopped_server_is_gone_and_so_are_its_connections(web: httpx2.Client) -> None:
    with HubServer() as server:
        assert web.get(server.endpoint).status_code == 404
    with pytest.raises(httpx2.TransportError):
        web.get(server.endpoint)
    with pytest.raises(httpx2.ConnectError):
        web.get(server.cdn_endpoint)


def test_an_empty_file(hub: HubServer, web: httpx2.Client) -> None:
    hub.store.create(REPO)
    hub.store.commit(REPO, {"none.txt": b""}, "Nothing")
    url = _url(hub, "none.txt")
    assert (web.get(url).status_code, web.get(url).content) == (200, b"")
    assert web.get(url, headers={"Range": "bytes=0-"}).status_code == 416
