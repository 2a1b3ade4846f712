"""HTTP/1.1 on a loopback port: from the socket to an answer, with its log and its faults."""

from __future__ import annotations

import itertools
import socket
import struct
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.hub_server.breaking import broken
from tests.hub_server.errors import HubError
from tests.hub_server.faults import Fault, FaultKind
from tests.hub_server.log import Host, LoggedRequest, RequestLog
from tests.hub_server.messages import Request, RequestBody, Response, error_response

Answer = Callable[[Request], Response]
Choose = Callable[[Request, Response], Fault | None]
Forestall = Callable[[Request], Fault | None]
_BODILESS = (204, 304)


class Listener(ThreadingHTTPServer):
    """One host: serves what `answer` gives, with the faults that `choose` picks.

    Where `forestall` picks one, there is no answer that could be spoilt.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        port: int,
        host: Host,
        answer: Answer,
        choose: Choose,
        forestall: Forestall,
        log: RequestLog,
    ) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.host = host
        self.answer = answer
        self.choose = choose
        self.forestall = forestall
        self.log = log
        self.numbers = itertools.count(1)
        self._connections: set[socket.socket] = set()
        self._connections_lock = threading.Lock()
        self._stopping = False
        self._thread = threading.Thread(target=self._accept, name=f"{host}-listener", daemon=True)

    @property
    def port(self) -> int:
        return self.server_address[1]

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Close the port and every connection."""
        self._stopping = True
        # A connection wakes the thread that accepts them; polling would make each stop wait.
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
            pass
        self._thread.join()
        self.server_close()
        with self._connections_lock:
            connections = list(self._connections)
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while not self._stopping:
            self.handle_request()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._connections_lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._connections_lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients hang up as they like; anything else is a mistake in this server."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: Listener
    protocol_version = "HTTP/1.1"
    server_version = "TestHub"
    # A head and a short body are two packets: the second must not wait for the first's receipt.
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        body = RequestBody(self.rfile, self.headers)
        request = Request(self.server.host, self.command, self.path, self.headers, body)
        fault = self.server.forestall(request)
        if fault is not None and fault.kind is FaultKind.HANG_UP:
            body.take(fault.fraction)
            with self._log(request, fault, 0):
                self._reset()
            return
        response = self._answered(request) if fault is None else broken(Response(500), fault)
        for _ in body.blocks():
            pass  # What is left of a body would be taken for the next request.
        if fault is None:
            fault = self.server.choose(request, response)
            if fault is not None:
                response = broken(response, fault)
        with self._log(request, fault, response.status) as count:
            self._send(response, count)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815

    def _log(
        self, request: Request, fault: Fault | None, status: int
    ) -> AbstractContextManager[Callable[[int], None]]:
        line = LoggedRequest(
            host=request.host,
            method=request.method,
            path=request.path,
            query=request.query_string,
            status=status,
            range=self.headers.get("range"),
            sent=0,
            authorization=self.headers.get("authorization"),
            fault=fault.kind.value if fault else None,
            received=request.body.received,
        )
        return self.server.log.answering(line)

    def _reset(self) -> None:
        """Close the connection in the client's face: it still sends."""
        self.close_connection = True
        now = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing goes to the terminal; `RequestLog` has it all."""

    def _answered(self, request: Request) -> Response:
        try:
            return self.server.answer(request)
        except HubError as error:
            return error_response(error)
        except ConnectionError:
            raise
        except Exception:
            # Told to the client, where a test shows it, rather than lost in a thread.
            return Response.of(traceback.format_exc().encode(), "text/plain", 500)

    def _send(self, response: Response, count: Callable[[int], None]) -> None:
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, _one_line(value))
        self.send_header("X-Request-Id", f"{self.server.host}-{next(self.server.numbers)}")
        length = response.length if response.claimed is None else response.claimed
        if response.status not in _BODILESS:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        if self.command == "HEAD" or response.status in _BODILESS or response.content is None:
            return
        stop = response.stop if response.cut is None else response.start + response.cut
        at = 0
        for block in response.content.blocks(response.start, stop):
            self._write(_flip(block, at, response.flipped), count)
            at += len(block)
        self.close_connection = self.close_connection or response.cut is not None

    def _write(self, block: bytes, count: Callable[[int], None]) -> None:
        left = memoryview(block)
        while left:
            count(len(left))
            try:
                sent = self.connection.send(left)
            except OSError:
                count(-len(left))
                raise
            count(sent - len(left))
            left = left[sent:]


def _flip(block: bytes, at: int, place: int | None) -> bytes:
    if place is None or not at <= place < at + len(block):
        return block
    wrong = bytearray(block)
    wrong[place - at] ^= 0xFF
    return bytes(wrong)


def _one_line(value: str) -> str:
    """A header's value as http.server can send it: latin-1, on one line."""
    return value.encode("latin-1", "replace").decode("latin-1").replace("\n", " ")
