"""The viewer's HTTP server: this machine alone, read-only, for one name, nothing that runs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from pipelines.gallery.pages import shipped_text
from pipelines.gallery.viewer import media
from pipelines.gallery.viewer.query import read_query
from pipelines.gallery.viewer.ranges import UnsatisfiableError, read_range
from pipelines.gallery.viewer.site import Answer, Site
from transforms.media.errors import MediaError

ADDRESS: Final = "127.0.0.1"

_PAGE_POLICY: Final = (
    "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_FILE_POLICY: Final = "default-src 'none'; sandbox; frame-ancestors 'none'"
_HEADERS: Final[Mapping[str, str]] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_SHIPPED: Final = {
    "/gallery.css": "text/css; charset=utf-8",
    "/viewer.js": "text/javascript; charset=utf-8",
    "/icon.svg": "image/svg+xml",
}
_MEDIUM: Final = re.compile(r"/media/(\d{1,9})/([a-z_]{1,40})/(\d{1,5})(?:/(\d{1,3})\.jpg)?")
_ROW: Final = re.compile(r"/row/([0-9a-f]{1,64})")
_CHUNK: Final = 1 << 20


class ViewerServer(ThreadingHTTPServer):
    """Serves a `Site` on the loopback address; port 0 takes a free one."""

    daemon_threads = True

    def __init__(self, site: Site, port: int = 0) -> None:
        super().__init__((ADDRESS, port), Handler)
        self.site = site

    @property
    def url(self) -> str:
        """Where the viewer is."""
        return f"http://{ADDRESS}:{self.server_port}/"

    @property
    def names(self) -> frozenset[str]:
        """Host headers that are answered: a page elsewhere may point its own name at this one."""
        ports = {f":{self.server_port}", *([""] if self.server_port == 80 else [])}
        return frozenset(name + port for name in (ADDRESS, "localhost") for port in ports)


class Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD."""

    server: ViewerServer
    protocol_version = "HTTP/1.1"
    server_version = "omnireward"
    sys_version = ""
    timeout = 60

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - named by the base
        """Nothing is logged."""

    def do_GET(self) -> None:
        """Answer with a page, a file, or why not."""
        if self._is_refused():
            return
        try:
            self._route()
        except ConnectionError:
            self.close_connection = True
        except Exception as error:
            # One page that fails must not end the others; what was read is not the visitor's fault.
            self._page(
                self.server.site.missing(
                    f"{type(error).__name__}: {error}", HTTPStatus.INTERNAL_SERVER_ERROR
                )
            )

    do_HEAD = do_GET  # noqa: N815 - named by the base

    def _is_refused(self) -> bool:
        if self.headers.get("Host", "").lower() not in self.server.names:
            self._plain(HTTPStatus.FORBIDDEN, f"This viewer answers at {self.server.url} only.")
            return True
        cross = self.headers.get("Sec-Fetch-Site") == "cross-site"
        if cross and self.headers.get("Sec-Fetch-Mode") != "navigate":
            self._plain(HTTPStatus.FORBIDDEN, "Pages elsewhere may not use this viewer.")
            return True
        return False

    def _route(self) -> None:
        asked = urlsplit(self.path)
        site = self.server.site
        if asked.path == "/":
            self._page(site.listing(read_query(asked.query)))
        elif asked.path == "/go":
            self._page(self._go(parse_qs(asked.query, max_num_fields=10).get("id", [""])[0]))
        elif found := _ROW.fullmatch(asked.path):
            self._page(site.one(found.group(1)))
        elif found := _MEDIUM.fullmatch(asked.path):
            self._medium(*found.groups())
        elif asked.path in _SHIPPED:
            text = shipped_text(asked.path[1:]).encode()
            self._send(HTTPStatus.OK, text, _SHIPPED[asked.path], _FILE_POLICY)
        elif asked.path == "/state":
            self._send(
                HTTPStatus.OK, json.dumps(site.state()).encode(), "application/json", _FILE_POLICY
            )
        else:
            self._page(site.missing("There is no such page."))

    def _go(self, wanted: str) -> Answer:
        wanted = wanted.strip().lower()
        if _ROW.fullmatch(f"/row/{wanted}"):
            return Answer(location=f"/row/{wanted}", status=HTTPStatus.SEE_OTHER)
        return self.server.site.one(wanted)

    def _medium(self, number: str, column: str, at: str, view: str | None) -> None:
        rows = self.server.site.rows
        try:
            if view is None:
                served = media.serve(rows, int(number), column, int(at))
            else:
                served = media.render(rows, int(number), column, int(at), int(view))
        except LookupError:
            self._plain(HTTPStatus.NOT_FOUND, "There is no such medium.")
        except MediaError as error:
            self._plain(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"It can't be decoded: {error.reason}.")
        else:
            self._ranged(served)

    def _ranged(self, served: media.Served) -> None:
        size = len(served.data)
        more = {"Accept-Ranges": "bytes", "Cache-Control": "private, max-age=300"}
        if served.as_file:
            more["Content-Disposition"] = "attachment"
        try:
            part = read_range(self.headers.get("Range"), size)
        except UnsatisfiableError:
            more["Content-Range"] = f"bytes */{size}"
            self._send(
                HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
                b"",
                served.media_type,
                _FILE_POLICY,
                more,
            )
            return
        if part is None:
            self._send(HTTPStatus.OK, served.data, served.media_type, _FILE_POLICY, more)
            return
        start, stop = part
        more["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
        data = memoryview(served.data)[start:stop]
        self._send(HTTPStatus.PARTIAL_CONTENT, data, served.media_type, _FILE_POLICY, more)

    def _page(self, answer: Answer) -> None:
        if answer.location:
            self._send(
                answer.status, b"", "text/plain", _FILE_POLICY, {"Location": answer.location}
            )
            return
        self._send(answer.status, answer.html.encode(), "text/html; charset=utf-8", _PAGE_POLICY)

    def _plain(self, status: HTTPStatus, text: str) -> None:
        self._send(status, text.encode(), "text/plain; charset=utf-8", _FILE_POLICY)

    def _send(
        self,
        status: HTTPStatus,
        data: bytes | memoryview,
        kind: str,
        policy: str,
        more: Mapping[str, str] | None = None,
    ) -> None:
        headers = {
            "Content-Type": kind,
            "Content-Length": str(len(data)),
            "Content-Security-Policy": policy,
            "Cache-Control": "no-store",
            **_HEADERS,
            **(more or {}),
        }
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        view = memoryview(data)
        for start in range(0, len(view), _CHUNK):
            self.wfile.write(view[start : start + _CHUNK])
