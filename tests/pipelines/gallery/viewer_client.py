"""A viewer over a dataset in this process, and requests to it as they are, bad ones too."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipelines.gallery.reading import open_built
from pipelines.gallery.viewer.facts_table import FactsTable
from pipelines.gallery.viewer.finding import Finder
from pipelines.gallery.viewer.rows import Rows
from pipelines.gallery.viewer.server import ViewerServer
from pipelines.gallery.viewer.site import Site
from pipelines.gallery.viewer.words import WordIndex


@dataclass(frozen=True)
class Reply:
    """What the viewer answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(frozen=True)
class Client:
    """Asks a viewer."""

    server: ViewerServer

    def ask(self, path: str, method: str = "GET", **headers: str) -> Reply:
        """One request; headers by name, with _ for -."""
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.server.server_port, timeout=20)
        try:
            connection.request(method, path, headers=told)
            reply = connection.getresponse()
            return Reply(reply.status, dict(reply.getheaders()), reply.read())
        finally:
            connection.close()


@contextmanager
def viewing(output: Path, *, indexed: bool = True) -> Iterator[Client]:
    """A viewer of a dataset, its index complete or not begun."""
    built = open_built(output)
    finder = Finder(built, FactsTable(built), WordIndex(built))
    if indexed:
        finder.facts.read()
        finder.words.build()
    server = ViewerServer(Site(built, finder, Rows(built)))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield Client(server)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
