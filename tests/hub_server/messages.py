"""A request as the routes see it, and the answer they give."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.hub_server.content import BLOCK, Content
from tests.hub_server.errors import HubError
from tests.hub_server.log import Host

_TRUE = ("1", "true")


@dataclass(frozen=True)
class Request:
    """A request whose body is still unread."""

    host: Host
    method: str
    target: str
    headers: Message
    body: RequestBody

    @property
    def raw_path(self) -> str:
        return urlsplit(self.target).path

    @property
    def path(self) -> str:
        """The decoded path."""
        return unquote(self.raw_path)

    @property
    def segments(self) -> list[str]:
        """The parts of the path, each decoded by itself: an encoded slash does not split."""
        return [unquote(part) for part in self.raw_path.strip("/").split("/")]

    @property
    def query_string(self) -> str:
        return urlsplit(self.target).query

    @cached_property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(self.query_string, keep_blank_values=True)

    def flag(self, name: str) -> bool:
        """Whether a parameter of the query is on."""
        return self.query.get(name, [""])[0].lower() in _TRUE

    @cached_property
    def fields(self) -> dict[str, Any]:
        """The fields of a JSON or form body; those of a form are lists."""
        data = self.body.read().decode()
        if "json" in self.headers.get("content-type", ""):
            fields: dict[str, Any] = json.loads(data)
            return fields
        return parse_qs(data)


class RequestBody:
    """The bytes that follow the head of a request, with a length or in chunks."""

    def __init__(self, stream: io.BufferedIOBase, headers: Message) -> None:
        self._stream = stream
        self._chunked = headers.get("transfer-encoding", "").lower() == "chunked"
        self._left = 0 if self._chunked else int(headers.get("content-length") or 0)
        #: What the client says it will send; None if it comes in chunks.
        self.length = None if self._chunked else self._left
        #: Bytes that were read so far.
        self.received = 0

    def blocks(self) -> Iterator[bytes]:
        """What is unread, block by block."""
        if not self._chunked:
            yield from self._exactly()
            return
        while size := int(self._stream.readline().partition(b";")[0], 16):
            self._left = size
            yield from self._exactly()
            self._stream.readline()
        while self._stream.readline().strip():
            pass
        self._chunked = False

    def read(self) -> bytes:
        return b"".join(self.blocks())

    def take(self, fraction: float) -> None:
        """Read a part of a body whose length is known, as far as it comes."""
        stop = int((self.length or 0) * fraction)
        while self.received < stop:
            block = self._stream.read(min(BLOCK, stop - self.received))
            if not block:
                return
            self.received += len(block)

    def _exactly(self) -> Iterator[bytes]:
        while self._left:
            block = self._stream.read(min(BLOCK, self._left))
            if not block:
                raise ConnectionError("the client closed the connection in its body")
            self._left -= len(block)
            self.received += len(block)
            yield block


@dataclass
class Response:
    """An answer: the bytes of `content` from `start` to before `stop`.

    Faults change the rest: `claimed` is a false Content-Length, `cut` the number of bytes after
    which the connection is closed, `flipped` the place of a byte that is sent wrong.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    content: Content | None = None
    start: int = 0
    stop: int = 0
    is_file: bool = False
    claimed: int | None = None
    cut: int | None = None
    flipped: int | None = None

    @property
    def length(self) -> int:
        return self.stop - self.start

    @staticmethod
    def of(
        data: bytes, kind: str, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> Response:
        """An answer held in memory."""
        head = {"Content-Type": kind, **(headers or {})}
        return Response(status, head, Content.of(data), 0, len(data))


def json_response(
    value: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    data = json.dumps(value, default=str, ensure_ascii=False).encode()
    return Response.of(data, "application/json; charset=utf-8", status, headers)


def error_response(error: HubError) -> Response:
    """A refusal as the Hub words it: in headers, for HEAD has no body, and as JSON."""
    headers = {"X-Error-Message": error.message, **error.headers}
    if error.code:
        headers["X-Error-Code"] = error.code
    return json_response({"error": error.message}, error.status, headers)
