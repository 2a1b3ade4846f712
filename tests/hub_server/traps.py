"""Traps: what a test wants done in the midst of a request, such as killing who sent it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from tests.hub_server.messages import Request


@dataclass
class _Trap:
    path: str
    method: str | None
    after: bool
    #: How many more matching requests pass before it springs.
    passes: int
    call: Callable[[], object]

    def matches(self, request: Request, *, after: bool) -> bool:
        fits = self.after == after and self.method in (None, request.method)
        return fits and self.path in request.path


class Traps:
    """Calls to be made once each, in the thread that serves a request. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._traps: list[_Trap] = []

    def set(
        self,
        path: str,
        call: Callable[[], object],
        *,
        method: str | None = None,
        after: bool = False,
        passes: int = 0,
    ) -> None:
        """Call on a request with `path` in its decoded path, once `passes` of them went by.

        It is called before the request is carried out, or with `after` when that is done and the
        answer is still to be sent.
        """
        with self._lock:
            self._traps.append(_Trap(path, method, after, passes, call))

    @property
    def pending(self) -> int:
        """How many were not sprung yet."""
        with self._lock:
            return len(self._traps)

    def spring(self, request: Request, *, after: bool) -> None:
        """Make the calls that this request sets off."""
        for trap in self._sprung(request, after=after):
            trap.call()

    def _sprung(self, request: Request, *, after: bool) -> list[_Trap]:
        with self._lock:
            sprung = []
            for trap in self._traps:
                if trap.matches(request, after=after):
                    trap.passes -= 1
                    if trap.passes < 0:
                        sprung.append(trap)
            self._traps = [trap for trap in self._traps if trap not in sprung]
            return sprung
