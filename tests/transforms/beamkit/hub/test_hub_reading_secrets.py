"""Tokens and passwords: seen by the Hub alone, and by no message, log or file."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from huggingface_hub import close_session

from tests.hub_server import Fault, HubServer
from tests.hub_server.in_use import REPO, cache_of, put
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.beamkit.hub import patience, tree

TOKEN = "hf_" + "s3cret" * 5
PASSWORD = "pa55word"
DATA = bytes(200_000)


@pytest.fixture
def new_client() -> Iterator[None]:
    """A client is made in this test, with its proxies and certificates, and is gone after it."""
    close_session()
    yield
    close_session()


@pytest.fixture
def private(
    hub_in_use: HubServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> str:
    """The root of a private repository, read with a token; all that is logged is caught."""
    caplog.set_level(logging.INFO)
    hub_in_use.store.create(REPO, private=True)
    hub_in_use.tokens.add(TOKEN)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setattr(patience.PATIENCE, "retries", 2)
    return put(hub_in_use, {"x.bin": DATA, "y.tar": DATA, "z.json": DATA})


def failure(call: Callable[[], object]) -> BuildError:
    with pytest.raises(BuildError) as caught:
        call()
    return caught.value


def read_all(root: str) -> None:
    tree.facts_of(REPO, "main")
    with files.open_read(f"{root}/x.bin") as stream:
        files.announce(stream, [(0, 100), (100_000, 150_000)])
        assert stream.read() == DATA
    with files.open_stream(f"{root}/y.tar") as stream:
        assert stream.read() == DATA
    assert files.read_bytes(f"{root}/z.json") == DATA


def test_a_token_goes_to_the_hub_and_to_no_storage(
    hub_in_use: HubServer, private: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    read_all(private)
    assert hub_in_use.log.authorizations("cdn") == []
    assert set(hub_in_use.log.authorizations("hub")) == {f"Bearer {TOKEN}"}
    assert len(hub_in_use.log.entries("cdn")) >= 3
    kept = [path for path in cache_of(tmp_path).rglob("*") if path.is_file()]
    assert len(kept) > 3
    for path in kept:
        assert TOKEN.encode() not in path.read_bytes()
        assert b"Signature" not in path.read_bytes()
        assert TOKEN not in path.name
    assert TOKEN not in caplog.text
    assert "Signature=" not in caplog.text


def test_small_files_and_renamed_repositories(
    hub_in_use: HubServer, private: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with HubServer(cache_redirect=True) as server:
        server.store.create(REPO, private=True)
        server.tokens.add(TOKEN)
        root = put(server, {"x.bin": DATA, "y.tar": DATA, "z.json": DATA})
        server.store.rename(REPO, "ada/robins")
        monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
        read_all(root)
        assert server.log.authorizations("cdn") == []
        assert set(server.log.authorizations("hub")) == {f"Bearer {TOKEN}"}


def test_the_next_page_of_a_listing_is_asked_of_the_hub_alone(
    hub_in_use: HubServer, private: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.hub_server import reading

    with HubServer() as elsewhere, HubServer(page_size=2) as server:
        true_pages = reading.paged

        def misleading(request, endpoint, *rest):  # type: ignore[no-untyped-def]
            return true_pages(request, elsewhere.endpoint, *rest)

        monkeypatch.setattr(reading, "paged", misleading)
        server.store.create(REPO, private=True)
        server.tokens.add(TOKEN)
        root = put(server, {f"{n}.json": b"{}" for n in range(5)})
        monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
        assert len(files.matching(f"{root}/*.json")) == 5
        assert elsewhere.log.entries() == []


def test_no_message_has_a_secret(
    hub_in_use: HubServer,
    private: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    files.exists(f"{private}/x.bin")
    monkeypatch.setenv("HTTP_PROXY", f"ada:{PASSWORD}@127.0.0.1:9")  # the client is there already
    said = []

    def read() -> bytes:
        with files.open_read(f"{private}/x.bin") as stream:
            return stream.read(1)

    for host in ("hub", "cdn"):
        for fault in (Fault.error(500), Fault.rate_limit(), Fault.drop(0.0)):
            hub_in_use.faults.script("x.bin", [fault] * 3, host="hub" if host == "hub" else "cdn")
            if host == "cdn" or fault != Fault.drop(0.0):
                said.append(failure(read))
    hub_in_use.tokens.revoke(TOKEN)
    said += [failure(lambda: tree.facts_of(REPO, "main")), failure(lambda: _other(private))]
    monkeypatch.setenv("HF_ENDPOINT", f"http://ada:{PASSWORD}@127.0.0.1:9")
    said += [failure(lambda: tree.facts_of(REPO, "main")), failure(lambda: _other(private))]
    for error in said:
        for told in (str(error), "".join(traceback.format_exception(error)), caplog.text):
            assert TOKEN not in told
            assert PASSWORD not in told
            assert "Signature=" not in told or told != str(error)
    assert len(said) == 9


def _other(root: str) -> bool:
    return files.exists(f"{root.partition('@')[0]}@{'0' * 40}/x.bin")


@pytest.mark.parametrize("login", [f"ada:{PASSWORD}@", f"ada:{PASSWORD}/x@", ""])
@pytest.mark.parametrize("scheme", ["http://", "", "ftp://", "socks5://"])
def test_proxies_are_named_without_their_password(
    hub_in_use: HubServer,
    new_client: None,
    monkeypatch: pytest.MonkeyPatch,
    scheme: str,
    login: str,
) -> None:
    monkeypatch.setattr(patience.PATIENCE, "retries", 0)
    monkeypatch.setenv("HTTP_PROXY", f"{scheme}{login}127.0.0.1:9")
    error = failure(lambda: tree.facts_of(REPO, "main"))
    assert PASSWORD not in "".join(traceback.format_exception(error))
    if scheme in ("http://", "") and "/x" not in login:
        assert str(error) == (
            f"{REPO}@main: {hub_in_use.endpoint.removeprefix('http://')} can't be reached ([Errno "
            "111] Connection refused): check the network, and that HF_ENDPOINT is right; the proxy "
            "of HTTP_PROXY is 127.0.0.1:9"
        )
    else:
        assert str(error).startswith("the HTTP client can't be set up")
        assert str(error).endswith(
            ": check SSL_CERT_FILE and SSL_CERT_DIR, and the addresses in HTTPS_PROXY, HTTP_PROXY "
            "and ALL_PROXY"
        )


def test_certificates_that_are_not_there(
    hub_in_use: HubServer, new_client: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    assert str(failure(lambda: _other(f"hf://datasets/{REPO}@x"))) == (
        "the HTTP client can't be set up ([Errno 2] No such file or directory): check "
        "SSL_CERT_FILE and SSL_CERT_DIR, and the addresses in HTTPS_PROXY, HTTP_PROXY and ALL_PROXY"
    )
