"""The Hub: its address, the way to it, and whether it answers as a Hub."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from pipelines.doctor.answers import not_the_service
from pipelines.doctor.finding import Finding, lacking
from pipelines.doctor.hidden import shown_url, user_part
from pipelines.doctor.hub_token import (
    Token,
    check_publication,
    check_rights,
    find_token,
    first_log_in,
    log_in,
)
from pipelines.doctor.probe import SECONDS, Answer, NoAnswer, address, ask, is_sendable, why_not_url

_DEFAULT: Final = "https://huggingface.co"
_VARIABLE: Final = "HF_ENDPOINT"
_PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_TRUE: Final = {"1", "ON", "YES", "TRUE"}


def check_hub(
    environment: Mapping[str, str],
    *,
    offline: bool,
    needed: bool,
    publication: str | None = None,
    seconds: float = SECONDS,
) -> list[Finding]:
    """Endpoint, proxies, token and rights; one request at most.

    Args:
        environment: variables as in `os.environ`.
        offline: nothing is asked over the network.
        needed: a corpus is read from the Hub, or the dataset published there; otherwise what does
            not work is a warning.
        publication: the dataset `owner/name` that is published, if any.
        seconds: as in `ask`.
    """
    endpoint = (environment.get(_VARIABLE) or _DEFAULT).rstrip("/")
    findings = check_proxies(environment)
    wrong = why_not_url(endpoint)
    if wrong is not None:
        detail = f"{_VARIABLE} ({shown_url(endpoint)}) {wrong}"
        remedy = f"export {_VARIABLE}={_DEFAULT}"
        return [*findings, Finding("hub", "endpoint", lacking(needed), detail, remedy)]
    switched_off = _offline_variable(environment)
    if switched_off:
        detail = f"{switched_off} is set: nothing is read from or written to the Hub"
        remedy = f"unset {switched_off}"
        findings.append(Finding("hub", "endpoint", lacking(needed), detail, remedy))
    quiet = offline or switched_off is not None
    token = find_token(environment, offline=quiet)
    shown = shown_url(endpoint)
    if quiet:
        if not switched_off:
            findings.append(Finding("hub", "endpoint", "info", f"{shown}, not asked (--offline)"))
        return [*findings, _unasked(token, publication)]
    findings += _clear_text(endpoint, token)
    if token.value is not None and not is_sendable(token.value):
        detail = f"from {token.origin}: has blanks or other characters that no token has"
        remedy = log_in(token.origin, shown)
        answer = ask(f"{endpoint}/api/whoami-v2", _VARIABLE, None, seconds)
        reached, *_ = _judge(answer, shown, Token(None, ""), needed, None)
        return [*findings, reached, Finding("hub", "token", "fail", detail, remedy)]
    answer = ask(f"{endpoint}/api/whoami-v2", _VARIABLE, token.value, seconds)
    return [*findings, *_judge(answer, shown, token, needed, publication)]


def check_proxies(environment: Mapping[str, str]) -> list[Finding]:
    """The proxies that the environment names, without their credentials."""
    findings = []
    for name in _PROXIES:
        variable = name.lower() if environment.get(name.lower()) else name
        value = environment.get(variable)
        if not value:
            continue
        login = " (with a user)" if user_part(value) else ""
        shown = shown_url(value)
        if why_not_url(value) and not value.startswith(("socks4://", "socks5://", "socks5h://")):
            remedy = f"export {variable}=http://HOST:PORT"
            detail = f"{variable} is {shown}, not as http://HOST:PORT"
            findings.append(Finding("hub", "proxy", "warn", detail, remedy))
        else:
            findings.append(Finding("hub", "proxy", "info", f"{variable} is {shown}{login}"))
    if findings:
        direct = environment.get("no_proxy") or environment.get("NO_PROXY")
        if direct:
            findings.append(Finding("hub", "proxy", "info", f"none for {direct}"))
    return findings


def _judge(
    answer: Answer | NoAnswer,
    endpoint: str,
    token: Token,
    needed: bool,
    publication: str | None,
) -> list[Finding]:
    """What the answer to `whoami` says of the endpoint and of the token."""
    bad = lacking(needed)
    if isinstance(answer, NoAnswer):
        return [
            Finding("hub", "endpoint", bad, f"{endpoint}: {answer.detail}", answer.remedy),
            _unasked(token, publication),
        ]
    trouble = not_the_service(answer, "the Hub", _VARIABLE)
    if trouble is None and not _is_hub(answer):
        trouble = (
            f"does not answer as the Hub does ({answer.status})",
            address(_VARIABLE),
        )
    if trouble is not None:
        detail, remedy = trouble
        state = "warn" if answer.status == 429 else bad  # it answers, and will again
        return [
            Finding("hub", "endpoint", state, f"{endpoint}: {detail}", remedy),
            _unasked(token, publication),
        ]
    via = f", through the proxy {answer.proxy}" if answer.proxy else ""
    reached = Finding("hub", "endpoint", "ok", f"{endpoint} answers{via}")
    if token.value is None:
        return [reached, _no_token(token, publication)]
    if answer.status == 401:
        remedy = log_in(token.origin, endpoint)
        detail = f"from {token.origin}: refused (401)"
        return [reached, Finding("hub", "token", "fail", detail, remedy)]
    if answer.status == 403:
        remedy = (
            f"See at {endpoint}/settings/tokens what the token may do; an organisation or a "
            "network rule may forbid it"
        )
        detail = f"from {token.origin}: forbidden (403)"
        return [reached, Finding("hub", "token", "fail", detail, remedy)]
    assert isinstance(answer.body, dict)
    findings = [reached, *check_rights(answer.body, token, endpoint)]
    if publication is not None:
        findings.append(check_publication(answer.body, token, publication, endpoint))
    return findings


def _is_hub(answer: Answer) -> bool:
    """Whether this is what `whoami` answers: an account, or an error as JSON."""
    if not isinstance(answer.body, dict):
        return answer.status in (401, 403)
    return answer.status in (401, 403) or (answer.status == 200 and "name" in answer.body)


def _no_token(token: Token, publication: str | None) -> Finding:
    if token.trouble:
        detail = f"{token.origin}: {token.trouble}"
        return Finding("hub", "token", "fail", detail, first_log_in())
    if publication is not None:
        detail = f"none; {publication} can't be published"
        return Finding("hub", "token", "fail", detail, first_log_in())
    detail = "none: gated corpora can't be read, nothing published"
    return Finding("hub", "token", "warn", detail, first_log_in())


def _unasked(token: Token, publication: str | None) -> Finding:
    """The token where the Hub could not be asked about it."""
    if token.origin == "HF_OIDC_RESOURCE":
        detail = f"{token.origin}: {token.trouble or 'not tried'}"
        return Finding("hub", "token", "info", detail)
    if token.value is None:
        return _no_token(token, publication)
    return Finding("hub", "token", "info", f"from {token.origin}, not tried")


def _clear_text(endpoint: str, token: Token) -> list[Finding]:
    """A warning where the token would travel unencrypted beyond this machine."""
    parts = urlsplit(endpoint)
    if parts.scheme == "https" or token.value is None or _is_here(parts.hostname or ""):
        return []
    remedy = f"export {_VARIABLE}=https://{parts.netloc.rpartition('@')[2]}{parts.path}"
    detail = f"{shown_url(endpoint)}: not encrypted, the token can be read on the way"
    return [Finding("hub", "encryption", "warn", detail, remedy)]


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _offline_variable(environment: Mapping[str, str]) -> str | None:
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        if environment.get(name):  # the first that is set decides
            return name if environment[name].upper() in _TRUE else None
    return None
