"""A file, or the single byte range of it that is asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tests.hub_server.content import Content
from tests.hub_server.messages import Request, Response

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def file_response(request: Request, content: Content, headers: Mapping[str, str]) -> Response:
    """200, 206, 304 or 416. `headers` hold the ETag that conditions are compared with."""
    head = {
        "Content-Type": "application/octet-stream",
        "Accept-Ranges": "bytes",
        **headers,
    }
    etag = head["ETag"]
    if request.headers.get("if-none-match") == etag:
        return Response(304, head)
    asked = request.headers.get("range")
    # A range that depends on another state of the file asks for the whole of this one.
    if asked is None or request.headers.get("if-range") not in (None, etag):
        return Response(200, head, content, 0, content.size, is_file=True)
    match = _RANGE.fullmatch(asked.strip())
    if match is None or not _valid(match[1], match[2]):
        # What a server does not understand it ignores: other units, several ranges.
        return Response(200, head, content, 0, content.size, is_file=True)
    start, stop = _bounds(match[1], match[2], content.size)
    if start >= stop:
        refused = {**head, "Content-Range": f"bytes */{content.size}"}
        return Response(416, refused)
    head["Content-Range"] = content_range(start, stop, content.size)
    return Response(206, head, content, start, stop, is_file=True)


def content_range(start: int, stop: int, size: int) -> str:
    return f"bytes {start}-{stop - 1}/{size}"


def _valid(first: str, last: str) -> bool:
    if first and last:
        return int(first) <= int(last)
    return bool(first or last)


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    if not first:
        return max(0, size - int(last)), size
    stop = min(int(last) + 1, size) if last else size
    return int(first), stop
