"""Everything that goes wrong on the way to the Hub is said in words that help."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from email.utils import formatdate

import pytest
from huggingface_hub import constants

from tests.hub_server import Fault, FaultKind, HubServer, Scope
from tests.hub_server.in_use import REPO, put
from tests.hub_server.listener import Listener
from tests.hub_server.log import RequestLog
from tests.hub_server.messages import Response
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.beamkit.hub import patience, tree

DATA = bytes(200_000)
TOKEN = "hf_" + "s3cret" * 5
NO_COMMIT = "0" * 40
LOGIN = "log in with `hf auth login`"
IN_VARIABLE = " (a token was found in HF_TOKEN)"
LOCK_ANEW = (
    "If the corpus was published anew, renew the lock with `omnireward sources lock --update NAME`"
)


@pytest.fixture(autouse=True)
def _little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience.PATIENCE, "retries", 2)


def message(call: Callable[[], object]) -> str:
    with pytest.raises(BuildError) as caught:
        call()
    return str(caught.value)


def opened(path: str) -> Callable[[], object]:
    """A read of a file by its ranges."""

    def read() -> bytes:
        with files.open_read(path) as stream:
            return stream.read(100)

    return read


@pytest.fixture
def path(hub_in_use: HubServer) -> str:
    """The address of a file in a repository that is listed already."""
    path = f"{put(hub_in_use, {'x.bin': DATA})}/x.bin"
    assert files.exists(path)
    return path


def no_such_repo(endpoint: str, found: str) -> str:
    return (
        f"there is no dataset {REPO} at {endpoint}, or it is private: mend `repo` in the recipe, "
        f"or {LOGIN} as somebody who may read it{found}"
    )


def test_no_such_repository(hub_in_use: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    told = no_such_repo(hub_in_use.endpoint, " (no token was found)")
    assert message(lambda: tree.facts_of(REPO, "main")) == f"{REPO}@main: {told}"
    address = f"hf://datasets/{REPO}@{NO_COMMIT}/x.bin"
    assert message(opened(address)) == f"{REPO}@000000000000: {told}"
    hub_in_use.tokens.add(TOKEN)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    told = no_such_repo(hub_in_use.endpoint, IN_VARIABLE)
    assert message(opened(address)) == f"{REPO}@000000000000: {told}"


def test_a_private_repository(hub_in_use: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    hub_in_use.store.create(REPO, private=True)
    root = put(hub_in_use, {"x.bin": DATA})
    told = no_such_repo(hub_in_use.endpoint, " (no token was found)")
    assert message(lambda: tree.facts_of(REPO, "main")) == f"{REPO}@main: {told}"
    hub_in_use.tokens.add(TOKEN)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert files.read_bytes(f"{root}/x.bin") == DATA


def test_a_gated_repository(hub_in_use: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    hub_in_use.store.create(REPO, gated="manual")
    path = f"{put(hub_in_use, {'x.bin': DATA})}/x.bin"
    told = (
        f"x.bin of {REPO}: {REPO} is gated: accept its terms at {hub_in_use.endpoint}/datasets/"
        f"{REPO} as the owner of your token, then {LOGIN}"
    )
    for read in (
        opened(path),
        lambda: files.read_bytes(path),
        lambda: files.open_stream(path).read(),
    ):
        assert message(read) == f"{told} (no token was found)"
    hub_in_use.tokens.add(TOKEN, name="eve")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert message(opened(path)) == f"{told}{IN_VARIABLE}"


def test_a_token_that_is_too_narrow(hub_in_use: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    hub_in_use.store.create(REPO, private=True)
    root = put(hub_in_use, {"x.bin": DATA})
    hub_in_use.tokens.add(TOKEN, role="fineGrained", scopes=[Scope("dataset", "ada/fish")])
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    told = (
        f"the token may not read {REPO}: give it the scope to read this repository (and gated "
        f"ones) at {hub_in_use.endpoint}/settings/tokens{IN_VARIABLE}"
    )
    assert message(lambda: tree.facts_of(REPO, "main")) == f"{REPO}@main: {told}"
    assert message(opened(f"{root}/x.bin")) == f"{root[14:36]}: {told}"


def test_a_token_that_may_not_read_gated_repositories(
    hub_in_use: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub_in_use.store.create(REPO, gated="auto")
    path = f"{put(hub_in_use, {'x.bin': DATA})}/x.bin"
    hub_in_use.tokens.add(TOKEN, role="fineGrained", name="eve", gated_access=[REPO])
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert message(opened(path)).startswith(f"x.bin of {REPO}: the token may not read {REPO}: give")


def test_a_token_that_is_not_known(
    hub_in_use: HubServer, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    told = f"the Hub refused the token; log in again with `hf auth login`{IN_VARIABLE}"
    assert message(lambda: tree.facts_of(REPO, "main")) == f"{REPO}@main: {told}"
    assert message(opened(path)) == f"x.bin of {REPO}: {told}"


def test_a_token_that_is_revoked_while_it_is_used(
    hub_in_use: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub_in_use.store.create(REPO, private=True)
    path = f"{put(hub_in_use, {'x.json': DATA})}/x.json"
    hub_in_use.tokens.add(TOKEN)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with files.open_read(path) as stream:
        assert stream.read(10) == DATA[:10]
        hub_in_use.tokens.revoke(TOKEN)
        stream.seek(100_000)
        assert message(lambda: stream.read(10)) == (
            f"x.json of {REPO}: the Hub refused the token; log in again with `hf auth login`"
            f"{IN_VARIABLE}"
        )


@pytest.mark.parametrize("token", ["hf_ab\N{ZERO WIDTH SPACE}cd", "hf_ab\x01cd", "hf_äbc"])
def test_a_token_that_can_not_be_one(
    hub_in_use: HubServer, path: str, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("HF_TOKEN", token)
    for call in (opened(path), lambda: tree.facts_of(REPO, "main")):
        assert message(call) == (
            "the token in HF_TOKEN holds characters that no token has; log in again with "
            "`hf auth login`"
        )


def test_no_such_revision(hub_in_use: HubServer) -> None:
    put(hub_in_use, {"x.bin": DATA})
    told = (
        f"this revision of {REPO} does not exist (any more). If it was locked, its history was "
        "rewritten: renew the lock with `omnireward sources lock --update NAME`"
    )
    assert message(lambda: tree.facts_of(REPO, "v9")) == f"{REPO}@v9: {told}"
    address = f"hf://datasets/{REPO}@{NO_COMMIT}/x.bin"
    assert message(opened(address)) == f"{REPO}@000000000000: {told}"


def test_a_history_that_was_rewritten_after_the_listing(hub_in_use: HubServer, path: str) -> None:
    before = hub_in_use.store.get(REPO).branches["main"]
    put(hub_in_use, {"y.bin": b"1"})
    hub_in_use.store.drop_commit(REPO, before)
    assert message(opened(path)).startswith(f"x.bin of {REPO}: this revision of {REPO} does not")


def test_no_such_file(hub_in_use: HubServer, path: str) -> None:
    for call in (files.open_read, files.open_whole, files.open_stream, files.read_bytes):
        with pytest.raises(FileNotFoundError, match=r"x\.bin2: no such file"):
            call(f"{path}2")


def test_too_many_requests(
    hub_in_use: HubServer, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = f"x.bin of {REPO}: too many requests, and waiting did not help; try later"
    hub_in_use.faults.script("x.bin", [Fault.rate_limit()] * 6)
    assert message(opened(path)) == f"{told}, or {LOGIN}: the limit is then higher"
    hub_in_use.tokens.add(TOKEN)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert message(opened(path)) == told


def test_how_long_the_hub_asks_to_wait_is_waited(
    hub_in_use: HubServer, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(patience.time, "sleep", waits.append)
    monkeypatch.setattr(patience.PATIENCE, "longest_asked", 100)
    hub_in_use.faults.script("x.bin", [Fault.rate_limit(7), Fault.rate_limit(40, ratelimit=True)])
    opened(path)()
    hub_in_use.faults.script("x.bin", [Fault.rate_limit(5_000), Fault.error(500)], method="GET")
    files.read_bytes(path)
    assert [round(wait) for wait in waits] == [7, 41, 100, 0]


def test_a_wait_until_a_date(
    hub_in_use: HubServer, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    now = 1_792_000_000.0
    monkeypatch.setattr(patience.time, "sleep", waits.append)
    monkeypatch.setattr(patience.time, "time", lambda: now)
    asked = [formatdate(now + 40, usegmt=True), formatdate(now - 40, usegmt=True), "soon"]
    assert [patience._retry_after(value) for value in asked] == [40, 0, None]
    assert patience._retry_after("Wed, 99 Foo 2026") is None
    fault = replace(Fault.rate_limit(), retry_after=asked[0])
    hub_in_use.faults.script("x.bin", [fault])
    opened(path)()
    assert [round(wait) for wait in waits] == [40]


def test_waits_are_told(hub_in_use: HubServer, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(patience.time, "sleep", lambda _: None)
    hub_in_use.faults.script("x.bin", [Fault.rate_limit(7), Fault.error(500)])
    with patience.telling(told.append):
        opened(path)()
    assert told == [
        "the Hub asks to wait (status 429); trying again in 7 s (1 of 2)",
        "the Hub has trouble (status 500); trying again in 0 s (2 of 2)",
    ]
    assert patience.PATIENCE.say is None


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_trouble_of_the_hub(hub_in_use: HubServer, path: str, status: int) -> None:
    hub_in_use.faults.script("", [Fault.error(status)] * 6)
    told = f"the Hub has trouble of its own (status {status}); try later"
    assert message(opened(path)) == f"x.bin of {REPO}: {told}"
    assert message(lambda: tree.facts_of(REPO, "main")) == f"{REPO}@main: {told}"


@pytest.mark.parametrize(
    ("kind", "host", "told"),
    [
        (FaultKind.DROP, "cdn", "peer closed connection without sending complete message body"),
        (FaultKind.WRONG_RANGE, "cdn", "bytes 0-16383 were asked for, 1-16383 came"),
        (
            FaultKind.RANGE_IGNORED,
            "cdn",
            "a range was asked for and the whole of something came: does a proxy or HF_ENDPOINT "
            "stand in between?",
        ),
        (
            FaultKind.HTML_PAGE,
            "cdn",
            "a range was asked for and a web page came: does a proxy or HF_ENDPOINT stand in "
            "between?",
        ),
        (
            FaultKind.HTML_PAGE,
            "hub",
            "an answer that is not the Hub's: does a proxy or HF_ENDPOINT stand in between?",
        ),
        (
            FaultKind.STALE_ETAG,
            "hub",
            "it is not the file that was locked: its digest is not the one that the commit names. "
            f"{LOCK_ANEW}",
        ),
        (FaultKind.EXPIRED, "cdn", "its storage refused the address (status 403)"),
    ],
)
def test_answers_that_stay_wrong(
    hub_in_use: HubServer, path: str, kind: FaultKind, host: str, told: str
) -> None:
    fault = Fault.drop(0.0) if kind is FaultKind.DROP else Fault(kind)
    hub_in_use.faults.script("x.bin", [fault] * 9, host="hub" if host == "hub" else "cdn")
    again = "" if kind is FaultKind.DROP else "tried again in vain: "
    assert message(opened(path)).startswith(f"x.bin of {REPO}: {again}{told}")


def test_a_file_that_has_another_size_now(
    hub_in_use: HubServer, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    commit = hub_in_use.store.get(REPO).branches["main"]
    with HubServer() as other:
        put(other, {"x.bin": DATA[:99]})
        repo = other.store.get(REPO)
        repo.commits[commit] = repo.commits[repo.branches["main"]]
        known = tree.find(path)
        monkeypatch.setenv("HF_ENDPOINT", other.endpoint)
        monkeypatch.setattr(tree, "find", lambda _: known)
        assert message(opened(path)) == (
            f"x.bin of {REPO}: it is not the file that was locked: it has 99 bytes, the commit "
            f"says 200,000. {LOCK_ANEW}"
        )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_nobody_there(hub_in_use: HubServer, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    at = f"127.0.0.1:{free_port()}"
    monkeypatch.setenv("HF_ENDPOINT", f"http://{at}")
    told = (
        f"{at} can't be reached ([Errno 111] Connection refused): check the network, and that "
        "HF_ENDPOINT is right"
    )
    assert message(opened(path)) == f"x.bin of {REPO}: {told}"
    assert message(lambda: tree.facts_of(REPO, "main")) == f"{REPO}@main: {told}"


def test_a_storage_that_can_not_be_reached_is_named(hub_in_use: HubServer, path: str) -> None:
    with files.open_read(path) as stream:
        stream.read(1)
        hub_in_use._cdn_listener.stop()  # type: ignore[attr-defined]
        stream.seek(50_000)
        at = hub_in_use.cdn_endpoint.removeprefix("http://")
        assert message(lambda: stream.read(1)).startswith(
            f"x.bin of {REPO}: {at} can't be reached ("
        )


def test_an_endpoint_that_is_none(
    hub_in_use: HubServer, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for endpoint in ("huggingface.co", "ftp://huggingface.co", "http://[::1"):
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        told = (
            f"HF_ENDPOINT is {endpoint!r}, which is not an address such as https://huggingface.co"
        )
        assert message(opened(path)) == f"x.bin of {REPO}: {told}"
        assert message(lambda: tree.facts_of(REPO, "main")) == f"{REPO}@main: {told}"


@contextmanager
def answering(
    data: bytes, kind: str, status: int = 200, headers: Mapping[str, str] | None = None
) -> Iterator[str]:
    """A host that has the same answer for everything."""
    answer = Response.of(data, kind, status, headers)
    host = Listener(0, "hub", lambda _: answer, lambda *_: None, lambda *_: None, RequestLog())
    host.start()
    yield f"http://127.0.0.1:{host.port}"
    host.stop()


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        (b"<html>Welcome</html>", "text/html", 200),
        (b"{}", "application/json", 200),
        (b"[7]", "application/json", 200),
        (b'[{"type": "file"}]', "application/json", 200),
        (b"null", "application/json", 200),
        (b'{"id": "ada/birds"}', "application/json", 200),
        (b"\xff\xfe", "application/json", 200),
        (b"no", "text/plain", 400),
        (b"no", "text/plain", 404),
        (b"no", "text/plain", 418),
    ],
)
def test_an_endpoint_that_is_no_hub(
    hub_in_use: HubServer, monkeypatch: pytest.MonkeyPatch, data: bytes, kind: str, status: int
) -> None:
    with answering(data, kind, status) as endpoint:
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        told = f"{endpoint} does not answer as a Hub does: check HF_ENDPOINT"
        told = f"status {status}: {told}" if status > 200 else told
        address = f"hf://datasets/{REPO}@{NO_COMMIT}/x.bin"
        assert message(opened(address)) == f"{REPO}@000000000000: {told}"
        assert message(lambda: tree.facts_of(REPO, "main")) == f"{REPO}@main: {told}"


def test_a_listing_without_end(hub_in_use: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    link = '<http://elsewhere.example/x?recursive=true&cursor=1>; rel="next"'
    with answering(b"[]", "application/json", headers={"Link": link}) as endpoint:
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        told = f"{endpoint} does not answer as a Hub does: check HF_ENDPOINT"
        address = f"hf://datasets/{REPO}@{NO_COMMIT}/x.bin"
        assert message(opened(address)) == f"{REPO}@000000000000: {told}"


def test_offline(hub_in_use: HubServer, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    told = "HF_HUB_OFFLINE forbids it; unset it, or set `path` of the corpus to a local mirror"
    assert message(opened(path)) == f"x.bin of {REPO}: {told}"
    assert message(lambda: tree.facts_of(REPO, "main")) == f"{REPO}@main: {told}"


@pytest.mark.parametrize("repo", ["ada/bi--rds", "ada/bi rds", "../birds", "ada/b?x"])
def test_no_name_of_a_repository(hub_in_use: HubServer, repo: str) -> None:
    for call in (
        lambda: tree.facts_of(repo, "main"),
        lambda: files.exists(f"hf://datasets/{repo}@{NO_COMMIT}/x"),
    ):
        assert f"'{repo}' is not the name of a repository (owner/name): " in message(call)
