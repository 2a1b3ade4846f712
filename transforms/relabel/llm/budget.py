"""A hard cap on dollars: each call is reserved at its worst price before it is sent.

What is spent comes from the ledger, so a restart goes on where the last run stood. When a
reservation does not fit beside what others have reserved, it waits for them to settle, which
frees most of it; when it does not fit beside what is spent, the budget is closed for good: the
rest of the run is over budget, however small its questions are.
"""

from __future__ import annotations

import asyncio
from collections import deque

#: Sums of many small amounts carry rounding errors of this order.
_ROUNDING = 1e-9


def allot(budget: float, spent: float, lanes: int) -> float:
    """Dollars that each of `lanes` may spend of what is left of `budget`."""
    return max(0.0, budget - spent) / lanes


class Budget:
    """Dollars of one lane; `limit` None is no cap, and only adds up.

    Not for use from several event loops.
    """

    def __init__(self, limit: float | None, spent: float = 0.0) -> None:
        self.limit, self.spent = limit, spent
        self.reserved = 0.0
        self._open = 0
        self.closed = False
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def reserve(self, dollars: float) -> bool:
        """Set `dollars` aside for a call; False: it must not be sent."""
        if self.limit is None:
            return self._set_aside(dollars)
        if self._waiting and not self.closed:
            await self._queue()
        while not self.closed:
            if self.spent + dollars > self.limit + _ROUNDING:
                self._close()
            elif self.spent + self.reserved + dollars <= self.limit + _ROUNDING:
                self._wake()
                return self._set_aside(dollars)
            else:
                await self._queue(first=True)
        return False

    def settle(self, reserved: float, paid: float) -> None:
        """End a reservation: `paid` of it is spent, the rest is free."""
        self._open -= 1
        # With nothing open the sum is zero, whatever rounding has left of it.
        self.reserved = max(0.0, self.reserved - reserved) if self._open else 0.0
        self.spent += paid
        self._wake()

    def _set_aside(self, dollars: float) -> bool:
        self.reserved += dollars
        self._open += 1
        return True

    async def _queue(self, first: bool = False) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if first:
            self._waiting.appendleft(turn)
        else:
            self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn in self._waiting:
                self._waiting.remove(turn)
            else:  # it was this one's turn: the next must not wait for ever
                self._wake()
            raise

    def _wake(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return

    def _close(self) -> None:
        self.closed = True
        while self._waiting:
            self._wake()
