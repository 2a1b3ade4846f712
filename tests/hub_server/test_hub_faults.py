"""Each kind of fault as a client sees it, scripted and at random."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace

import httpx2
import pytest
from huggingface_hub import HfApi, file_download, hf_hub_download
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils._http import parse_ratelimit_headers

from tests.hub_server import Fault, FaultKind, FaultPlan, HubServer
from tests.hub_server.faults import OF_ANSWERS

REPO = "ada/birds"
ROWS = bytes(range(256)) * 4000


@pytest.fixture
def cdn_url(hub: HubServer, web: httpx2.Client) -> str:
    """The signed URL of `ROWS`."""
    hub.store.create(REPO)
    hub.store.commit(REPO, {"rows.parquet": ROWS, "a.json": b"{}"}, "Files")
    return web.head(_resolve(hub, "rows.parquet")).headers["location"]


def _resolve(hub: HubServer, path: str) -> str:
    return f"{hub.endpoint}/datasets/{REPO}/resolve/main/{path}"


def _received_until_the_drop(web: httpx2.Client, url: str) -> bytes:
    got = bytearray()
    with web.stream("GET", url) as answer:
        assert answer.headers["content-length"] == str(len(ROWS))
        try:
            for block in answer.iter_raw():
                got += block
        except httpx2.RemoteProtocolError:
            return bytes(got)
    raise AssertionError("the connection did not drop")


@pytest.mark.parametrize("fraction", [0.0, 0.3, 1.0])
def test_drop(hub: HubServer, web: httpx2.Client, cdn_url: str, fraction: float) -> None:
    hub.faults.script("rows", [Fault.drop(fraction)])
    got = _received_until_the_drop(web, cdn_url)
    sent = min(int(len(ROWS) * fraction), len(ROWS) - 1)
    assert got == ROWS[:sent]
    assert hub.log.bytes_sent("cdn") == sent
    assert web.get(cdn_url).content == ROWS
    assert [one.fault for one in hub.log.entries("cdn")] == ["drop", None]


def test_wrong_length(hub: HubServer, web: httpx2.Client, cdn_url: str) -> None:
    hub.faults.script("rows", [FaultKind.WRONG_LENGTH])
    with pytest.raises(httpx2.RemoteProtocolError):
        web.get(cdn_url)
    assert hub.log.bytes_sent("cdn") == len(ROWS)


def test_wrong_range(hub: HubServer, web: httpx2.Client, cdn_url: str) -> None:
    hub.faults.script("rows", [FaultKind.WRONG_RANGE] * 2)
    assert web.get(cdn_url).content == ROWS
    for asked, told, data in (
        ("bytes=10-19", "bytes 11-19", ROWS[11:20]),
        ("bytes=10-10", "bytes 9-9", ROWS[9:10]),
    ):
        answer = web.get(cdn_url, headers={"Range": asked})
        assert answer.status_code == 206
        assert answer.headers["content-range"] == f"{told}/{len(ROWS)}"
        assert answer.content == data


def test_range_ignored(hub: HubServer, web: httpx2.Client, cdn_url: str) -> None:
    hub.faults.script("rows", [FaultKind.RANGE_IGNORED])
    answer = web.get(cdn_url, headers={"Range": "bytes=10-19"})
    assert (answer.status_code, answer.content) == (200, ROWS)
    assert "content-range" not in answer.headers


@pytest.mark.parametrize(
    ("path", "header", "digits"), [("rows.parquet", "x-linked-etag", 64), ("a.json", "etag", 40)]
)
def test_stale_etag(
    hub: HubServer, web: httpx2.Client, cdn_url: str, path: str, header: str, digits: int
) -> None:
    hub.faults.script("/resolve/", [FaultKind.STALE_ETAG])
    wrong, right = (web.head(_resolve(hub, path)).headers[header] for _ in range(2))
    assert wrong != right
    assert [len(one.strip('"')) for one in (wrong, right)] == [digits, digits]


def test_corrupt(hub: HubServer, web: httpx2.Client, cdn_url: str) -> None:
    hub.faults.script("rows", [Fault.corrupt(0.75), Fault.corrupt(1.0)])
    for place in (int(len(ROWS) * 0.75), len(ROWS) - 1):
        got = web.get(cdn_url).content
        assert len(got) == len(ROWS)
        assert [at for at, (a, b) in enumerate(zip(got, ROWS, strict=True)) if a != b] == [place]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_errors_of_the_server(hub: HubServer, status: int) -> None:
    hub.store.create(REPO)
    hub.faults.script(REPO, [Fault.error(status)])
    api = HfApi(endpoint=hub.endpoint, token=False)
    with pytest.raises(HfHubHTTPError) as caught:
        api.dataset_info(REPO)
    assert caught.value.response.status_code == status
    assert api.dataset_info(REPO).id == REPO


def test_rate_limits(hub: HubServer) -> None:
    hub.store.create(REPO)
    hub.faults.script(REPO, [Fault.rate_limit(7), Fault.rate_limit(55, ratelimit=True)])
    api = HfApi(endpoint=hub.endpoint, token=False)
    with pytest.raises(HfHubHTTPError, match="429 Too Many Requests for url") as caught:
        api.dataset_info(REPO)
    assert caught.value.response.headers["retry-after"] == "7"
    with pytest.raises(HfHubHTTPError, match=r"'api' rate limit") as caught:
        api.dataset_info(REPO)
    told = parse_ratelimit_headers(caught.value.response.headers)
    assert told is not None
    assert (told.remaining, told.reset_in_seconds) == (0, 55)
    assert (told.limit, told.window_seconds) == (500, 300)


def test_an_expired_signature_only_at_the_cdn(
    hub: HubServer, web: httpx2.Client, cdn_url: str
) -> None:
    hub.faults.script("rows", [FaultKind.EXPIRED])
    assert web.get(_resolve(hub, "rows.parquet")).status_code == 302
    assert web.get(cdn_url).status_code == 403
    assert web.get(cdn_url).status_code == 200


def test_the_page_of_a_proxy(hub: HubServer, web: httpx2.Client, cdn_url: str) -> None:
    hub.faults.script("rows", [FaultKind.HTML_PAGE])
    answer = web.get(cdn_url, headers={"Range": "bytes=0-9"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.text.startswith("<!DOCTYPE html>")


def test_a_script_waits_for_its_host_its_method_and_an_answer_it_fits(
    hub: HubServer, web: httpx2.Client, cdn_url: str
) -> None:
    hub.faults.script("rows", [Fault.error(503)], host="cdn", method="GET")
    hub.faults.script("a.json", [Fault.drop()])
    assert web.head(cdn_url).status_code == 200
    assert web.head(_resolve(hub, "rows.parquet")).status_code == 302
    assert web.head(_resolve(hub, "a.json")).status_code == 200
    assert hub.faults.pending == 2
    assert web.get(cdn_url).status_code == 503
    with pytest.raises(httpx2.RemoteProtocolError):
        web.get(_resolve(hub, "a.json"))
    assert hub.faults.pending == 0


def test_the_client_resumes_after_a_drop(
    hub: HubServer, cdn_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_download, "time", SimpleNamespace(sleep=lambda _: None))
    hub.faults.script("rows", [Fault.drop(0.25), FaultKind.RANGE_IGNORED])
    path = hf_hub_download(
        REPO, "rows.parquet", repo_type="dataset", endpoint=hub.endpoint,
        cache_dir=tmp_path, token=False,
    )  # fmt: skip
    assert Path(path).read_bytes() == ROWS
    assert hub.log.bytes_sent("cdn") == len(ROWS) // 4 + len(ROWS)


SAFE: list[Fault | FaultKind] = [
    FaultKind.ERROR_503,
    FaultKind.RATE_LIMIT,
    FaultKind.HTML_PAGE,
    Fault.corrupt(),
]


def _faults(
    hub: HubServer, web: httpx2.Client, url: str, seed: int, rate: float
) -> list[str | None]:
    hub.faults = FaultPlan(seed=seed, rate=rate, kinds=SAFE, most_in_a_row=3)
    hub.log.clear()
    for _ in range(40):
        web.get(url)
    return [one.fault for one in hub.log.entries()]


def test_random_faults_depend_on_the_seed_alone(
    hub: HubServer, web: httpx2.Client, cdn_url: str
) -> None:
    once = _faults(hub, web, cdn_url, seed=1, rate=0.5)
    assert once == _faults(hub, web, cdn_url, seed=1, rate=0.5)
    assert once != _faults(hub, web, cdn_url, seed=2, rate=0.5)
    assert len(set(once)) == 5
    assert _faults(hub, web, cdn_url, seed=1, rate=0.0) == [None] * 40


def test_random_faults_let_a_retry_through(
    hub: HubServer, web: httpx2.Client, cdn_url: str
) -> None:
    always = _faults(hub, web, cdn_url, seed=1, rate=1.0)
    assert [fault is None for fault in always[:8]] == [False, False, False, True] * 2


def test_random_faults_do_not_depend_on_how_paths_interleave(
    hub: HubServer, web: httpx2.Client, cdn_url: str
) -> None:
    alone = _faults(hub, web, cdn_url, seed=1, rate=0.5)
    hub.faults = FaultPlan(seed=1, rate=0.5, kinds=SAFE, most_in_a_row=3)
    hub.log.clear()

    def ask(url: str) -> None:
        with httpx2.Client(trust_env=False) as client:
            for _ in range(40):
                client.get(url)

    urls = (cdn_url, _resolve(hub, "a.json"))
    threads = [threading.Thread(target=ask, args=(url,)) for url in urls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.fault for one in hub.log.entries("cdn")] == alone


def test_every_kind_can_be_drawn(hub: HubServer, web: httpx2.Client, cdn_url: str) -> None:
    hub.faults = FaultPlan(seed=3, rate=1.0)
    for _ in range(120):
        try:
            web.get(cdn_url, headers={"Range": "bytes=100-999"})
        except httpx2.RemoteProtocolError:
            continue
    assert {one.fault for one in hub.log.entries("cdn")} == {None, *map(str, OF_ANSWERS)}
