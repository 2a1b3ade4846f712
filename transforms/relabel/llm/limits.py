"""Limits of one model: requests and tokens a minute, requests in flight, pauses of the provider.

Token buckets hold one second's worth, so that no minute sees much more than its limit. Callers
are served in the order in which they came.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from transforms.relabel.settings_models import ModelSettings


class Bucket:
    """A token bucket on a clock that is handed in; its level may fall below zero.

    An amount larger than the bucket is let through when the bucket is full, and paid back after.
    """

    def __init__(self, per_minute: float, now: float) -> None:
        self.rate = per_minute / 60
        self.capacity = max(self.rate, 1.0)
        self.level, self.at = self.capacity, now

    def delay(self, amount: float, now: float) -> float:
        """Seconds until `amount` may be taken."""
        self.level = min(self.capacity, self.level + (now - self.at) * self.rate)
        self.at = now
        missing = min(amount, self.capacity) - self.level
        return missing / self.rate if missing > 1e-9 else 0.0

    def take(self, amount: float) -> None:
        """Take what `delay` has allowed; a negative amount gives back."""
        self.level = min(self.capacity, self.level - amount)


class Limiter:
    """Admits the calls of one model; `throttled` is told every stretch of seconds spent waiting.

    Stretches don't overlap: only the head of the queue waits for a limit. Time spent waiting for
    a free slot is no throttling.
    """

    def __init__(
        self,
        settings: ModelSettings,
        share: float = 1.0,
        throttled: Callable[[float], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        now = clock()
        self._clock = clock
        self._requests = Bucket(settings.rpm * share, now) if settings.rpm else None
        self._tokens = Bucket(settings.tpm * share, now) if settings.tpm else None
        self._throttled = throttled or _unheard
        self._paused_until = now
        self._head = asyncio.Lock()
        self._changed = asyncio.Event()
        self._slots = asyncio.Semaphore(max(1, int(settings.concurrency * share)))

    async def admit(self, tokens: int) -> None:
        """Wait for a slot, for the limits and for the end of a pause; `release` gives it back."""
        await self._slots.acquire()
        try:
            if self._head.locked() or self._delay(tokens) > 0:
                async with self._head:
                    await self._wait(tokens)
            self._take(tokens)
        except BaseException:
            self._slots.release()
            raise

    def release(self, reserved: int, used: int | None) -> None:
        """End a call that was admitted with `reserved` tokens; `used` corrects them if known."""
        self._slots.release()
        if self._tokens is not None and used is not None and used != reserved:
            self._tokens.take(used - reserved)
            self._changed.set()

    def pause(self, seconds: float) -> None:
        """The provider asks for no call within the next seconds."""
        self._paused_until = max(self._paused_until, self._clock() + seconds)

    async def _wait(self, tokens: int) -> None:
        while (delay := self._delay(tokens)) > 0:
            started = self._clock()
            self._changed.clear()
            try:
                async with asyncio.timeout(delay):
                    await self._changed.wait()
            except TimeoutError:
                pass
            finally:
                self._throttled(self._clock() - started)

    def _delay(self, tokens: int) -> float:
        now = self._clock()
        delay = self._paused_until - now
        if self._requests is not None:
            delay = max(delay, self._requests.delay(1, now))
        if self._tokens is not None:
            delay = max(delay, self._tokens.delay(tokens, now))
        return delay

    def _take(self, tokens: int) -> None:
        if self._requests is not None:
            self._requests.take(1)
        if self._tokens is not None:
            self._tokens.take(tokens)


def _unheard(seconds: float) -> None:
    """Nobody counts throttled time."""
