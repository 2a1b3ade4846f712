"""Answers that say nothing of a token or key: told the same way for every server."""

from __future__ import annotations

from pipelines.doctor.probe import Answer, address, proxy_login

#: What a proxy says for a server that it can't reach.
_GATEWAY = (502, 503, 504)
_LOG_IN = "A network may want you to log in first: open the address in a browser. Else:"


def not_the_service(answer: Answer, service: str, variable: str) -> tuple[str, str] | None:
    """Detail and remedy of an answer that did not come from the service asked for.

    `service` is told as it stands ("the Hub"); `variable` is what names its address. None if the
    answer is the service's own, good or bad.
    """
    if answer.status == 407:
        remedy = proxy_login(answer.proxy_variable)
        return f"the proxy {answer.proxy or ''} wants a user and password (407)", remedy
    if answer.status in _GATEWAY and answer.proxy:
        detail = f"the proxy {answer.proxy} does not reach {service} ({answer.status})"
        return detail, "Check the proxy, or go without it: export NO_PROXY=HOST"
    if answer.status == 429:
        return "too many requests (429)", "Wait a few minutes, then try again."
    if answer.status >= 500:
        return f"has trouble of its own ({answer.status})", "Try again later."
    if answer.location is not None:
        detail = f"sends on to {answer.location} ({answer.status})"
        return detail, f"{_LOG_IN} {address(variable)}"
    if answer.kind == "html" and answer.status not in (401, 403):
        detail = f"answers with a web page, not as {service} does ({answer.status})"
        return detail, f"{_LOG_IN} {address(variable)}"
    return None
