"""The sandbox of this process: its warm workers serve one subset after the other.

A worker takes a quarter of a second to a whole one to start and import its libraries, which is
longer than a small subset's media take.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from transforms.media.sandbox.runner import Sandbox
from transforms.media.settings import MediaPolicy


class _Kept:
    """The sandbox that was asked for last, and how many blocks may need it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sandbox: Sandbox | None = None
        self._blocks = 0

    def of(self, policy: MediaPolicy) -> Sandbox:
        with self._lock:
            kept = self._sandbox
            if kept is None or kept.closed or kept.policy != policy:
                kept = self._sandbox = Sandbox(policy)
            return kept

    def begin(self) -> None:
        with self._lock:
            self._blocks += 1

    def end(self) -> None:
        with self._lock:
            self._blocks -= 1
            if self._blocks:
                return
            ended, self._sandbox = self._sandbox, None
        if ended is not None:
            ended.close()


_KEPT: Final = _Kept()


def shared_sandbox(policy: MediaPolicy) -> Sandbox:
    """The sandbox of this process for a policy; the one asked for last is kept.

    One of another policy ends when nobody holds it any more. Whoever is given one leaves it open.
    """
    return _KEPT.of(policy)


@contextmanager
def shared_until_end() -> Iterator[None]:
    """Ends the kept sandbox at the end of the last such block, with whatever is at work in it."""
    _KEPT.begin()
    try:
        yield
    finally:
        _KEPT.end()
