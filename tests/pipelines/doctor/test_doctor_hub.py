"""The Hub as the doctor sees it: every answer, every way to get none, tokens and their scopes."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import pytest
from loopback import account, answering, refused, scoped, silent

from pipelines.doctor.finding import Finding
from pipelines.doctor.hub import check_hub

TOKEN = "hf_planted0123456789"


def look(
    url: str, *, token: str | None = TOKEN, repo: str | None = None, **other: str
) -> dict[str, Finding]:
    environment = {"HF_ENDPOINT": url, "HF_HOME": "/nowhere", **other}
    if token is not None:
        environment["HF_TOKEN"] = token
    found = check_hub(environment, offline=False, needed=True, publication=repo, seconds=0.3)
    assert TOKEN not in repr(found)
    return {finding.what: finding for finding in found}


def told(finding: Finding) -> tuple[str, str, str | None]:
    return finding.state, finding.detail, finding.remedy


def test_a_good_token_is_told_with_its_account_and_origin() -> None:
    with answering(200, account("read")) as server:
        found = look(server.url + "/")
    assert told(found["endpoint"]) == ("ok", f"{server.url} answers", None)
    assert told(found["token"]) == ("ok", "of me, from HF_TOKEN: reads", None)
    assert found["gated corpora"].state == "ok"
    assert server.seen == [("/api/whoami-v2", f"Bearer {TOKEN}")]


def test_without_a_token_the_hub_is_still_asked() -> None:
    with answering(401, {"error": "Invalid username or password."}) as server:
        found = look(server.url, token=None)
        published = look(server.url, token=None, repo="me/pairs")
    assert found["endpoint"].state == "ok"
    assert found["token"].state == "warn"
    assert (found["token"].remedy or "").endswith("hf auth login")
    assert published["token"].state == "fail"
    assert server.seen[0] == ("/api/whoami-v2", None)


@pytest.mark.parametrize(("status", "said"), [(401, "refused (401)"), (403, "forbidden (403)")])
def test_a_token_that_is_refused(status: int, said: str) -> None:
    with answering(status, {"error": f"bad token {TOKEN}"}) as server:
        found = look(server.url)
    assert found["endpoint"].state == "ok"
    assert (found["token"].state, found["token"].detail) == ("fail", f"from HF_TOKEN: {said}")
    assert f"{server.url}/settings/tokens" in (found["token"].remedy or "")


@pytest.mark.parametrize(
    ("status", "body", "kind", "state", "said"),
    [
        (429, {"error": "slow down"}, "application/json", "warn", "too many requests (429)"),
        (500, {"error": TOKEN}, "application/json", "fail", "has trouble of its own (500)"),
        (
            200,
            "<html>log in</html>",
            "text/html",
            "fail",
            "answers with a web page, not as the Hub",
        ),
        (
            200,
            {"hello": TOKEN},
            "application/json",
            "fail",
            "does not answer as the Hub does (200)",
        ),
        (200, [1, 2], "application/json", "fail", "does not answer as the Hub does (200)"),
        (404, "not here", "text/plain", "fail", "does not answer as the Hub does (404)"),
        (200, "{", "application/json", "fail", "does not answer as the Hub does (200)"),
    ],
)
def test_answers_that_say_nothing_of_the_token(
    status: int, body: object, kind: str, state: str, said: str
) -> None:
    with answering(status, body, kind) as server:
        found = look(server.url)
    assert found["endpoint"].state == state
    assert said in found["endpoint"].detail
    assert found["endpoint"].remedy
    assert told(found["token"]) == ("info", "from HF_TOKEN, not tried", None)


def test_a_redirect_is_told_and_not_followed_with_the_token() -> None:
    with answering(200, account()) as other:
        place = f"{other.url}/login?next={TOKEN}"
        with answering(302, "", Location=place) as server:
            found = look(server.url)
    assert found["endpoint"].detail == f"{server.url}: sends on to {other.url}/login (302)"
    assert other.seen == []


def test_nobody_answers() -> None:
    url = refused()
    found = look(url)
    assert found["endpoint"].detail == f"{url}: refuses the connection"
    assert found["endpoint"].remedy == "Start the server there, or: export HF_ENDPOINT=https://…"
    with silent() as url:
        assert look(url)["endpoint"].detail == f"{url}: does not answer within 0.3 s"
    found = look("http://no-such-host.invalid", token=None)
    assert found["endpoint"].detail == "http://no-such-host.invalid: its name is not found"
    assert "export HTTP_PROXY=" in (found["endpoint"].remedy or "")


def test_http_where_https_is_named() -> None:
    with answering(200, account()) as server:
        found = look(server.url.replace("http:", "https:"))
    assert "does not speak TLS" in found["endpoint"].detail
    assert found["endpoint"].state == "fail"


def own_certificate(folder: Path) -> Path:
    """A certificate for this machine that no authority signed, with its key."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2120, 1, 1, tzinfo=UTC))
        .add_extension(here, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    file = folder / "own.pem"
    file.write_bytes(
        certificate.public_bytes(pem)
        + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return file


def test_a_certificate_that_nobody_vouches_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = own_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with answering(200, account(), tls=context) as server:
        refused_here = look(server.url)["endpoint"]
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        trusted = look(server.url)["endpoint"]
    assert refused_here.state == "fail"
    assert "its certificate is not trusted (" in refused_here.detail
    assert "export SSL_CERT_FILE=" in (refused_here.remedy or "")
    assert trusted.state == "ok"
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    assert (
        look(server.url)["endpoint"].detail == f"{server.url}: the file of certificates is missing"
    )


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("huggingface.co", "does not begin with https://"),
        ("https://", "names no server"),
        ("https://hub example", "has blanks in it"),
        ("https://host:notaport", "is not a URL"),
        ("https://me:pass-word@host/?key=abcdef", "has a part after ? or #"),
    ],
)
def test_an_address_that_is_none(url: str, said: str) -> None:
    found = look(url)
    assert found["endpoint"].state == "fail"
    assert said in found["endpoint"].detail
    assert found["endpoint"].remedy == "export HF_ENDPOINT=https://huggingface.co"
    assert "pass-word" not in found["endpoint"].detail
    assert "abcdef" not in found["endpoint"].detail


@pytest.mark.parametrize("status", [407, 502])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_refuses(status: int, scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(status, f"no, me:pass-word {TOKEN}", "text/plain") as proxy:
        address = proxy.url.replace("//", "//me:pass-word@")
        variable = f"{scheme}_proxy".upper()
        monkeypatch.setenv(variable, address)
        found = look(f"{scheme}://hub.invalid", **{variable: address})
    said = {
        407: "wants a user and password (407)",
        502: "does not reach the Hub (502)" if scheme == "http" else "does not let the request",
    }
    assert f"the proxy {proxy.url} {said[status]}" in found["endpoint"].detail
    assert found["proxy"].detail == f"{variable} is {proxy.url} (with a user)"
    assert "pass-word" not in repr(found)
    if status == 407:
        remedy = f"export {variable}=http://USER:PASSWORD@HOST:PORT"
        assert found["endpoint"].remedy == remedy


def test_a_proxy_that_is_not_there_is_told_as_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = refused()
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    found = look("https://hub.invalid")
    assert (
        found["endpoint"].detail == f"https://hub.invalid: the proxy {proxy} refuses the connection"
    )
    monkeypatch.setenv("HTTPS_PROXY", "no-scheme:99:99")
    assert look("https://hub.invalid")["endpoint"].state == "fail"


def test_scopes_of_a_fine_grained_token() -> None:
    with answering(200, scoped(("me/pairs", "repo.write"), ("me", "repo.content.read"))) as server:
        found = look(server.url, repo="me/pairs")
        other = look(server.url, repo="me/other")
    detail = "of me, from HF_TOKEN: fine-grained, repo.content.read, repo.write"
    assert found["token"].detail == detail
    assert found["gated corpora"].state == "warn"
    assert told(found["publication"]) == ("ok", "me/pairs: the token may write", None)
    assert other["publication"].state == "fail"
    with answering(200, scoped(gated=True)) as server:
        assert look(server.url)["gated corpora"].state == "ok"


def test_who_may_publish() -> None:
    member = account() | {"orgs": [{"name": "lab", "roleInOrg": "read"}, {"name": "uni"}]}
    with answering(200, member) as server:
        states = {
            repo: look(server.url, repo=repo)["publication"].state
            for repo in ("me/pairs", "lab/pairs", "uni/pairs", "else/pairs")
        }
    assert states == {
        "me/pairs": "ok", "lab/pairs": "fail", "uni/pairs": "ok", "else/pairs": "fail",
    }  # fmt: skip
    with answering(200, account("read")) as server:
        reader = look(server.url, repo="me/pairs")["publication"]
    assert reader.detail == "me/pairs: the token only reads"
    assert (reader.remedy or "").endswith("export HF_TOKEN=hf_…")


def test_shapes_of_an_account_that_nobody_promised() -> None:
    for access in (None, {"accessToken": None}, {"accessToken": {"role": "fineGrained"}}):
        with answering(200, {"name": "me", "auth": access, "orgs": None}) as server:
            found = look(server.url, repo="me/pairs")
        assert found["endpoint"].state == "ok"
        assert found["publication"].state == "fail"


def test_a_token_with_blanks_is_told_and_not_sent() -> None:
    with answering(401, {"error": "no"}) as server:
        found = look(server.url, token=f"{TOKEN} ü")
    assert found["endpoint"].state == "ok"
    assert found["token"].state == "fail"
    assert "has blanks" in found["token"].detail
    assert server.seen == [("/api/whoami-v2", None)]


def test_the_login_store(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    with answering(200, account()) as server:
        found = look(server.url, token=None, HF_TOKEN_PATH=str(file))
    assert found["token"].detail == "of me, from hf auth login: reads and writes"
    with answering(401, {}) as server:
        found = look(server.url, token=None, HF_TOKEN_PATH=str(file))
    assert (found["token"].remedy or "").endswith("hf auth login --force")


def test_offline_asks_nothing() -> None:
    with answering(200, account()) as server:
        environment = {"HF_ENDPOINT": server.url, "HF_TOKEN": TOKEN}
        found = check_hub(environment, offline=True, needed=True)
        switched = check_hub({**environment, "HF_HUB_OFFLINE": "1"}, offline=False, needed=True)
    assert server.seen == []
    assert [finding.state for finding in found] == ["info", "info"]
    assert switched[0].state == "fail"
    assert switched[0].remedy == "unset HF_HUB_OFFLINE"


def test_what_the_recipe_does_not_need_is_a_warning() -> None:
    found = check_hub(
        {"HF_ENDPOINT": refused(), "HF_TOKEN": TOKEN}, offline=False, needed=False, seconds=0.3
    )
    assert [finding.state for finding in found] == ["warn", "info"]
