"""How a good answer is turned into a faulty one."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from tests.hub_server.errors import HubError
from tests.hub_server.faults import Fault, FaultKind
from tests.hub_server.messages import Response, error_response
from tests.hub_server.ranges import content_range

_MISSING = 16  # bytes that a false Content-Length promises
_PAGE = b"<!DOCTYPE html><html><body><h1>Log in to this network</h1></body></html>"
_MESSAGES = {
    500: "Internal Error - We're working hard to fix this as soon as possible!",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Time-out",
}


def broken(good: Response, fault: Fault) -> Response:
    """The answer with the fault, which must fit it. The good one stays as it is."""
    match fault.kind:
        case FaultKind.DROP:
            return replace(good, cut=min(int(good.length * fault.fraction), good.length - 1))
        case FaultKind.WRONG_LENGTH:
            return replace(good, claimed=good.length + _MISSING, cut=good.length)
        case FaultKind.CORRUPT:
            place = min(int(good.length * fault.fraction), good.length - 1)
            return replace(good, flipped=place)
        case FaultKind.RANGE_IGNORED:
            return _whole(good)
        case FaultKind.WRONG_RANGE:
            return _other_range(good)
        case FaultKind.STALE_ETAG:
            return _stale(good)
        case FaultKind.EXPIRED:
            return refused_by_cdn("Request has expired")
        case FaultKind.HTML_PAGE:
            return Response.of(_PAGE, "text/html; charset=utf-8")
        case FaultKind.RATE_LIMIT:
            return _rate_limited(fault)
        case _:
            status = int(fault.kind)
            return error_response(HubError(status, _MESSAGES[status]))


def refused_by_cdn(reason: str) -> Response:
    """What storage behind a CDN says: XML, and none of the Hub's headers."""
    body = f"<Error><Code>AccessDenied</Code><Message>{reason}</Message></Error>"
    return Response.of(body.encode(), "application/xml", 403)


def _whole(good: Response) -> Response:
    assert good.content is not None
    headers = {key: value for key, value in good.headers.items() if key != "Content-Range"}
    return replace(good, status=200, headers=headers, start=0, stop=good.content.size)


def _other_range(good: Response) -> Response:
    """A range beside the one asked for, with the bytes it names."""
    assert good.content is not None
    start, stop = good.start + 1, good.stop
    if good.length == 1:
        start, stop = good.start - 1, good.stop - 1
    headers = {**good.headers, "Content-Range": content_range(start, stop, good.content.size)}
    return replace(good, headers=headers, start=start, stop=stop)


def _stale(good: Response) -> Response:
    headers = dict(good.headers)
    for name in ("ETag", "X-Linked-ETag"):
        if name in headers:
            old = headers[name].strip('"')
            other = hashlib.sha256(f"before {old}".encode()).hexdigest()
            headers[name] = f'"{other[: len(old)]}"'
    return replace(good, headers=headers)


def _rate_limited(fault: Fault) -> Response:
    headers = {"Retry-After": str(fault.retry_after)}
    if fault.ratelimit:
        headers["RateLimit"] = f'"api";r=0;t={fault.retry_after}'
        headers["RateLimit-Policy"] = '"fixed window";"api";q=500;w=300'
    return error_response(HubError(429, "Too Many Requests", headers=headers))
