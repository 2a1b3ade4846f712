"""Servers on this machine that play the Hub, a model endpoint, or a proxy: one answer each."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Server:
    """Where it is, and what it was sent: (path, Authorization)."""

    url: str
    seen: list[tuple[str, str | None]] = field(default_factory=list)


@contextmanager
def answering(
    status: int,
    body: object,
    kind: str = "application/json",
    *,
    tls: ssl.SSLContext | None = None,
    **headers: str,
) -> Iterator[Server]:
    """A server that gives one answer to every GET and CONNECT; a body of text goes as it is."""
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    server: Server

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.seen.append((self.path, self.headers.get("Authorization")))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_CONNECT = do_GET  # noqa: N815 - the name that http.server looks for

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            """Nothing on the terminal."""

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        httpd.socket = tls.wrap_socket(httpd.socket, server_side=True)
    server = Server(f"http{'s' if tls else ''}://127.0.0.1:{httpd.server_port}")
    thread = threading.Thread(target=httpd.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        httpd.shutdown()
        httpd.server_close()


@contextmanager
def silent() -> Iterator[str]:
    """A server that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def refused() -> str:
    """The address of a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return f"http://127.0.0.1:{listening.getsockname()[1]}"


def account(role: str = "write", name: str = "me", **access: object) -> dict[str, object]:
    """What `whoami` says of a good token."""
    token = {"displayName": "t", "role": role, **access}
    return {"type": "user", "name": name, "orgs": [], "auth": {"accessToken": token}}


def scoped(*scopes: tuple[str, str], gated: bool = False) -> dict[str, object]:
    """What `whoami` says of a fine-grained token with (entity, right)."""
    listed = [{"entity": {"name": name}, "permissions": [right]} for name, right in scopes]
    return account(
        "fineGrained", fineGrained={"canReadGatedRepos": gated, "global": [], "scoped": listed}
    )


def models(*names: str) -> dict[str, object]:
    """What an OpenAI-compatible endpoint lists."""
    return {"object": "list", "data": [{"id": name, "object": "model"} for name in names]}
