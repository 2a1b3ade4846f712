"""One request, and in words what came of it: an answer, or why there is none.

It goes out as those of the Hub's and the models' clients do (same HTTP library, proxies and
certificates), so what works here works there. Nothing of an exception's text is passed on: it may
quote a URL or a header.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import time
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit

from pipelines.doctor.commands import pip_install, pip_reinstall
from pipelines.doctor.hidden import shown_url

if TYPE_CHECKING:
    import httpx2

#: Seconds for connecting, and for each part of the answer.
SECONDS: Final = 5.0
_MOST_BYTES: Final = 8_000_000
_PIECE: Final = 65_536

Why = Literal["url", "client", "dns", "refused", "tls", "proxy", "timeout", "broken"]


@dataclass(frozen=True)
class Answer:
    """What a server said: status, kind of body, the body if it is JSON, and where it sends us."""

    status: int
    kind: Literal["json", "html", "other"]
    body: object = None
    #: The target of a redirect as it may be shown.
    location: str | None = None
    #: The proxy that the request went through, as it may be shown, and what names it.
    proxy: str | None = None
    proxy_variable: str = "HTTPS_PROXY"


@dataclass(frozen=True)
class NoAnswer:
    """Why there is no answer, and what to do about it."""

    why: Why
    detail: str
    remedy: str


def ask(
    url: str,
    named_by: str,
    bearer: str | None = None,
    seconds: float = SECONDS,
    body: bytes | None = None,
) -> Answer | NoAnswer:
    """GET a URL, with a bearer token if given; redirects are not followed, errors not raised.

    `named_by` is what holds the address, for remedies: a variable, or a field of the recipe. With
    a `body` (JSON) it is a POST.
    `seconds` bounds connecting and each read; the whole takes at most three times as long, but
    for a name service that hangs.
    """
    if why_not_url(url):
        return NoAnswer("url", "not a URL of a server", "Write it as https://HOST[:PORT][/PATH].")
    try:
        import httpx2
    except ImportError:
        return NoAnswer("client", "the HTTP library is missing", pip_install("httpx2"))
    headers = {"Accept": "application/json", "User-Agent": "omnireward-doctor"}
    if bearer is not None:
        headers["Authorization"] = f"Bearer {bearer}"
    if body is not None:
        headers["Content-Type"] = "application/json"
    method = "GET" if body is None else "POST"
    proxy = proxy_of(url)
    try:
        with (
            httpx2.Client(timeout=seconds, follow_redirects=False) as client,
            client.stream(method, url, headers=headers, content=body) as response,
        ):
            return _answer(response, proxy, time.monotonic() + 2 * seconds)
    except Exception as error:
        return _no_answer(error, urlsplit(url).scheme, named_by, proxy, seconds)


def why_not_url(url: str) -> str | None:
    """What is wrong with the URL of a server; None if nothing is."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is not a URL"
    if parts.scheme not in ("http", "https"):
        return "does not begin with https://"
    if not host:
        return "names no server"
    if re.search(r"\s", url):
        return "has blanks in it"
    return "has a part after ? or #" if parts.query or parts.fragment else None


def is_sendable(secret: str) -> bool:
    """Whether a token or key can stand in a header: printable ASCII without blanks."""
    return bool(secret) and all("!" <= c <= "~" for c in secret)


def proxy_of(url: str) -> str | None:
    """The proxy that a request to the URL goes through, by the environment; as it may be shown."""
    parts = urlsplit(url)
    proxies = urllib.request.getproxies()
    named = proxies.get(parts.scheme) or proxies.get("all")
    if not named or urllib.request.proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    return shown_url(named)


def _answer(response: httpx2.Response, proxy: str | None, deadline: float) -> Answer:
    body = bytearray()
    for piece in response.iter_bytes(_PIECE):
        body += piece
        if len(body) > _MOST_BYTES:
            break
        if time.monotonic() > deadline:
            raise TimeoutError
    location = response.headers.get("location") if 300 <= response.status_code < 400 else None
    shown = None if location is None else shown_url(str(response.url.join(location)))
    kind: Literal["json", "html", "other"] = "json"
    parsed = None
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        begins = body.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html"))
        kind = "html" if begins or "html" in response.headers.get("content-type", "") else "other"
    return Answer(
        response.status_code, kind, parsed, shown, proxy, _proxy_variable(response.url.scheme)
    )


def _no_answer(
    error: Exception, scheme: str, named_by: str, proxy: str | None, seconds: float
) -> NoAnswer:
    """Why there is no answer, by what lies under the HTTP library's own error."""
    variable = _proxy_variable(scheme)
    peer = f"the proxy {proxy} " if proxy else ""
    causes = list(_chain(error))
    if any(type(cause).__name__ == "ProxyError" for cause in causes):
        return _proxy_refusal(error, peer, variable)
    for cause in causes:
        if isinstance(cause, ssl.SSLError):
            return _tls(cause)
        if isinstance(cause, socket.gaierror):
            detail = f"the name of {peer}is not found" if proxy else "its name is not found"
            remedy = f"Check network and spelling; behind a proxy: {_name_proxy(variable)}"
            return NoAnswer("dns", detail, remedy)
        if isinstance(cause, ConnectionRefusedError):
            remedy = (
                f"{_name_proxy(variable)}, or: unset {variable}"
                if proxy
                else f"Start the server there, or: {address(named_by)}"
            )
            return NoAnswer("refused", f"{peer}refuses the connection", remedy)
        if isinstance(cause, TimeoutError) or type(cause).__name__.endswith("Timeout"):
            remedy = "Check network, firewall and proxy, then try again."
            return NoAnswer("timeout", f"{peer}does not answer within {seconds:g} s", remedy)
        if isinstance(cause, ImportError):
            remedy = pip_install("httpx2[socks]")
            return NoAnswer("client", "a SOCKS proxy needs one more library", remedy)
        if isinstance(cause, FileNotFoundError):
            remedy = "unset SSL_CERT_FILE SSL_CERT_DIR"
            return NoAnswer("tls", "the file of certificates is missing", remedy)
    if isinstance(error, OSError) or type(error).__module__.startswith("httpx"):
        remedy = "Try again; check firewall and proxy."
        return NoAnswer("broken", f"{peer}breaks the connection off", remedy)
    if isinstance(error, ValueError):  # raised for what the environment says of proxies
        return NoAnswer("proxy", "the address of the proxy is no URL", _name_proxy(variable))
    detail = f"the HTTP library fails ({type(error).__name__})"
    return NoAnswer("client", detail, pip_reinstall("httpx2"))


def _tls(error: ssl.SSLError) -> NoAnswer:
    if isinstance(error, ssl.SSLCertVerificationError):
        detail = f"its certificate is not trusted ({error.verify_message})"
        remedy = "If a proxy opens TLS here, name its authority: export SSL_CERT_FILE=FILE.pem"
        return NoAnswer("tls", detail, remedy)
    reason = (error.reason or "broken off").lower().replace("_", " ")
    remedy = "Check https:// against http://, the port, and a proxy in between."
    return NoAnswer("tls", f"does not speak TLS ({reason})", remedy)


def _proxy_refusal(error: Exception, proxy: str, variable: str) -> NoAnswer:
    status = re.match(r"\d{3}\b", str(error))
    if status and status.group() == "407":
        detail = f"{proxy}wants a user and password (407)"
        return NoAnswer("proxy", detail, proxy_login(variable))
    code = f" ({status.group()})" if status else ""
    remedy = f"{_name_proxy(variable)}, or go without it: export NO_PROXY=HOST"
    return NoAnswer("proxy", f"{proxy}does not let the request through{code}", remedy)


def address(variable: str) -> str:
    """What names another address: a command for a variable, else what to write in the recipe."""
    if "." in variable:
        return f"write {variable}: https://…"
    return f"export {variable}=https://…"


def proxy_login(variable: str) -> str:
    """What mends a proxy that asks who one is."""
    return f"export {variable}=http://USER:PASSWORD@HOST:PORT"


def _name_proxy(variable: str) -> str:
    return f"export {variable}=http://HOST:PORT"


def _proxy_variable(scheme: str) -> str:
    """The variable that names the proxy of a scheme."""
    return "HTTP_PROXY" if scheme == "http" else "HTTPS_PROXY"


def _chain(error: BaseException | None) -> list[BaseException]:
    """The error and what it came from, outermost first."""
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found
