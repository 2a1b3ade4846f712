"""What reached the server, and what it sent: the log that tests look at."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal

Host = Literal["hub", "cdn"]


@dataclass(frozen=True)
class LoggedRequest:
    """One request and its answer. `path` is decoded and without the query.

    `sent` and `received` are bytes of the answer's and of the request's body.
    """

    host: Host
    method: str
    path: str
    query: str
    status: int
    range: str | None
    sent: int
    authorization: str | None
    fault: str | None
    received: int = 0


class _Entry:
    """A line of the log that is still being written."""

    def __init__(self, line: LoggedRequest) -> None:
        self.line = line
        self.sent = 0

    def frozen(self) -> LoggedRequest:
        return replace(self.line, sent=self.sent)


class RequestLog:
    """The requests in the order in which their answers began. Safe for threads.

    Bytes are counted before they are handed to the socket, and taken back if they did not go out,
    so whoever has received a body finds all of it in the log.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._entries: list[_Entry] = []
        self._open = 0

    def entries(
        self,
        host: Host | None = None,
        *,
        method: str | None = None,
        path: str | None = None,
        repo: str | None = None,
        status: int | None = None,
    ) -> list[LoggedRequest]:
        """The requests to a host, by method, with `path` or ``/repo/`` in their path, by status."""
        with self._changed:
            lines = [entry.frozen() for entry in self._entries]
        return [
            line
            for line in lines
            if host in (None, line.host)
            and method in (None, line.method)
            and (path is None or path in line.path)
            and (repo is None or f"/{repo}/" in f"{line.path}/")
            and status in (None, line.status)
        ]

    def bytes_sent(
        self, host: Host | None = None, *, repo: str | None = None, path: str | None = None
    ) -> int:
        """Bytes of bodies that were really written."""
        return sum(line.sent for line in self.entries(host, repo=repo, path=path))

    def bytes_received(
        self, host: Host | None = None, *, method: str | None = None, path: str | None = None
    ) -> int:
        """Bytes of bodies that clients sent."""
        return sum(line.received for line in self.entries(host, method=method, path=path))

    def authorizations(self, host: Host | None = None) -> list[str]:
        """Every Authorization header that a host has seen."""
        return [line.authorization for line in self.entries(host) if line.authorization]

    def clear(self) -> None:
        with self._changed:
            self._entries.clear()

    def wait_idle(self, timeout: float = 5) -> bool:
        """Wait until no answer is under way: needed only after a client hung up on one."""
        with self._changed:
            return self._changed.wait_for(lambda: self._open == 0, timeout)

    @contextmanager
    def answering(self, line: LoggedRequest) -> Iterator[Callable[[int], None]]:
        """Log a request for as long as it is answered; what is yielded counts its bytes."""
        entry = _Entry(line)

        def count(sent: int) -> None:
            with self._changed:
                entry.sent += sent

        with self._changed:
            self._entries.append(entry)
            self._open += 1
        try:
            yield count
        finally:
            with self._changed:
                self._open -= 1
                self._changed.notify_all()
