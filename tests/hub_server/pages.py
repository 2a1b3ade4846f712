"""Long lists in pages, each with a link to the next."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import TypeVar
from urllib.parse import urlencode

from tests.hub_server.errors import HubError
from tests.hub_server.messages import Request, Response, json_response

Item = TypeVar("Item")


def paged(
    request: Request,
    endpoint: str,
    items: Sequence[Item],
    size: int,
    shown: Callable[[Item], object],
) -> Response:
    """The page that the request's cursor asks for; `limit` can only make it smaller."""
    limit = request.query.get("limit", [""])[0]
    size = min(size, max(1, int(limit))) if limit.isdigit() else size
    start = _read_cursor(request.query.get("cursor", [""])[0])
    stop = start + size
    headers = {}
    if stop < len(items):
        kept = [
            (name, value)
            for name, values in request.query.items()
            for value in values
            if name != "cursor"
        ]
        query = urlencode([*kept, ("cursor", _cursor(stop))])
        headers["Link"] = f'<{endpoint}{request.raw_path}?{query}>; rel="next"'
    return json_response([shown(item) for item in items[start:stop]], headers=headers)


def _cursor(start: int) -> str:
    return base64.urlsafe_b64encode(f"from:{start}".encode()).decode()


def _read_cursor(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.urlsafe_b64decode(cursor).decode().removeprefix("from:"))
    except (ValueError, binascii.Error):
        raise HubError(400, "Invalid cursor") from None
