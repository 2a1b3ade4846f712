"""The scripted server itself: HTTP/1.1 on an asyncio loop, in a thread or a process of its own."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any

from tests.transforms.relabel.llm_server.behaviour import BILLED, Kind, Script
from tests.transforms.relabel.llm_server.replies import (
    COMPLETION_TOKENS,
    PROMPT_TOKENS,
    framed,
    reply,
    worst_usage,
)
from tests.transforms.relabel.simulated import Mind, read_shown
from transforms.relabel.settings_models import Prices

_TAG = re.compile(rb"\[q:([\w.-]+)\]")
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_AUTHORIZATION = re.compile(rb"authorization: *([^\r]+)", re.IGNORECASE)
_TOKENS = (PROMPT_TOKENS, COMPLETION_TOKENS)
_DRIP_SECONDS, _DRIP_BYTES = 0.05, 7


@dataclass(frozen=True)
class Served:
    """One call as the server saw it."""

    tag: str
    attempt: int
    kind: str
    billed: bool
    body: str = ""
    tokens: tuple[int, int] = (0, 0)


class LlmServer:
    """Counts calls and bills, by question: the tag ``[q:…]`` in the first message names it.

    With `minds`, a model's answer is what its mind says to the request, and a question's tag is a
    digest of model and first message.
    """

    def __init__(
        self, script: Script, keep_bodies: bool = False, minds: Mapping[str, Mind] | None = None
    ) -> None:
        self.script, self.keep_bodies, self.minds = script, keep_bodies, minds
        self.log: list[Served] = []
        self.attempts: Counter[str] = Counter()
        self.in_flight = self.most_in_flight = 0
        self.port = 0

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def billed(self) -> Counter[str]:
        """How often each question was billed."""
        return Counter(line.tag for line in self.log if line.billed)

    def cost(self, prices: Prices) -> float:
        """Dollars of all that was billed."""
        return sum(prices.dollars(*line.tokens) for line in self.log if line.billed)

    def kinds(self) -> Counter[str]:
        """How often each behaviour was met."""
        return Counter(line.kind for line in self.log)

    async def start(self, port: int = 0) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: _Connection(self, loop), "127.0.0.1", port, backlog=1024
        )
        self.port = server.sockets[0].getsockname()[1]
        return server


class _Connection(asyncio.Protocol):
    def __init__(self, server: LlmServer, loop: asyncio.AbstractEventLoop) -> None:
        self.server, self.loop = server, loop
        self.buffer = bytearray()
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self.buffer[:end])
        length = _LENGTH.search(head)
        stop = end + 4 + (int(length[1]) if length else 0)
        if len(self.buffer) < stop:
            return
        body = bytes(self.buffer[end + 4 : stop])
        del self.buffer[:stop]
        self._serve(head, body)

    def _serve(self, head: bytes, body: bytes) -> None:
        script = self.server.script
        target = head.split(b" ", 2)[1]
        if target == b"/__log":
            lines = json.dumps([asdict(line) for line in self.server.log])
            self.transport.write(framed(200, lines.encode()))
        elif target == b"/v1/models" and script.models is not None:
            data = [{"id": name, "object": "model"} for name in script.models]
            self.transport.write(framed(200, json.dumps({"data": data}).encode()))
        elif target == b"/v1/chat/completions" and b'"messages"' in body:
            self._chat(head, body)
        elif target == b"/v1/chat/completions":
            self.transport.write(framed(400, b'{"error": {"message": "messages is missing"}}'))
        else:
            self.transport.write(framed(404, b'{"error": {"message": "no such path"}}'))

    def _chat(self, head: bytes, body: bytes) -> None:
        server = self.server
        tag, text = self._asked(body)
        server.attempts[tag] += 1
        attempt = server.attempts[tag]
        behaviour = server.script.behaviour(tag, attempt)
        kept = body.decode() if server.keep_bodies else ""
        billed = behaviour.kind in BILLED
        tokens = worst_usage(body) if server.script.worst_usage else _TOKENS
        server.log.append(Served(tag, attempt, behaviour.kind.value, billed, kept, tokens))
        server.in_flight += 1
        server.most_in_flight = max(server.most_in_flight, server.in_flight)
        sender = _AUTHORIZATION.search(head)
        key = sender[1].decode() if sender else ""
        if behaviour.seconds:
            self.loop.call_later(
                behaviour.seconds, self._answer, tag, behaviour.kind, key, tokens, text
            )
        else:
            self._answer(tag, behaviour.kind, key, tokens, text)

    def _asked(self, body: bytes) -> tuple[str, str | None]:
        """Tag of a question, and what the model's mind says to it."""
        if self.server.minds is None:
            found = _TAG.search(body)
            return (found[1].decode() if found else "?"), None
        plain = json.loads(body)
        name = plain["model"]
        first = json.dumps([name, plain["messages"][0]])
        tag = f"{name}-{hashlib.sha256(first.encode()).hexdigest()[:16]}"
        return tag, json.dumps(self.server.minds[name](read_shown(plain)))

    def _answer(
        self, tag: str, kind: Kind, key: str, tokens: tuple[int, int], text: str | None
    ) -> None:
        self.server.in_flight -= 1
        message = reply(tag, kind, self.server.script, key, tokens, text)
        if kind is Kind.RESET:
            self.transport.abort()
        elif kind is Kind.HALF_BODY:
            self.transport.write(message[:-40])
            self.transport.close()
        elif kind is Kind.DRIP:
            self._drip(message, 0)
        elif kind is Kind.ENDLESS:
            self.transport.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            self._endless()
        elif kind is not Kind.HANG:
            self.transport.write(message)
            if self.server.script.close:
                self.transport.close()

    def _drip(self, message: bytes, start: int) -> None:
        if self.transport.is_closing():
            return
        self.transport.write(message[start : start + _DRIP_BYTES])
        if start + _DRIP_BYTES < len(message):
            self.loop.call_later(_DRIP_SECONDS, self._drip, message, start + _DRIP_BYTES)

    def _endless(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(b"10000\r\n" + b" " * 65536 + b"\r\n")
            self.loop.call_later(0.0005, self._endless)


@contextmanager
def running(
    script: Script,
    keep_bodies: bool = False,
    port: int = 0,
    minds: Mapping[str, Mind] | None = None,
) -> Iterator[LlmServer]:
    """A server in a thread, ready to answer."""
    if minds is not None:
        script = replace(script, models=tuple(minds))
    server = LlmServer(script, keep_bodies, minds)
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    stop = asyncio.Event()

    async def serve() -> None:
        listening = await server.start(port)
        ready.set()
        await stop.wait()
        listening.close()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    if not ready.wait(10):
        raise RuntimeError("the scripted server did not start")
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()
