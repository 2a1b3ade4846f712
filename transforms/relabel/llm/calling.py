"""One call to one model: reserved, admitted, noted, sent, and accounted for if it came to nothing.

The order of things is what keeps the promises: a call's worst price is reserved, then the
provider's limits and a slot are waited for, then its intent is noted, then it is sent.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

from transforms.relabel.llm.budget import Budget
from transforms.relabel.llm.committer import Committer
from transforms.relabel.llm.endpoint import Endpoint, Fault
from transforms.relabel.llm.limits import Limiter
from transforms.relabel.llm.question import Keys, Question
from transforms.relabel.llm.records import Intent, LedgerRow, Paid, Unpaid
from transforms.relabel.llm.secret import Secret
from transforms.relabel.llm.store import Store
from transforms.relabel.llm.tokens import input_bound, output_bound
from transforms.relabel.llm.wire import MediaBytes, Repair, Reply, request_body
from transforms.relabel.settings_models import ModelSettings


@dataclass(frozen=True)
class Lane:
    """Whose calls these are: the run, the lane, and how many lanes share the limits."""

    run: str = "run"
    lane: int = 0
    lanes: int = 1


@dataclass(frozen=True)
class Accounts:
    """What all models of a lane share."""

    store: Store
    committer: Committer
    budget: Budget
    lane: Lane = Lane()


@dataclass(frozen=True)
class Call:
    """A call that brought a reply; tokens that the server did not count are those at most."""

    intent: Intent
    reply: Reply
    tokens_in: int
    tokens_out: int
    cost: float


class OverBudgetError(Exception):
    """The worst price of a call does not fit: it is not sent."""


class Caller:
    """Makes the calls of one model, for one event loop."""

    def __init__(
        self,
        name: str,
        settings: ModelSettings,
        key: Secret | None,
        accounts: Accounts,
        media: MediaBytes,
        throttled: Callable[[float], None] | None = None,
    ) -> None:
        self.settings, self.accounts = settings, accounts
        self.keys = Keys(name, settings)
        self.limiter = Limiter(settings, 1 / accounts.lane.lanes, throttled)
        self._name, self._media = name, media
        self._endpoint = Endpoint(settings, key)
        #: Tokens that a reply counted beyond the bound: a template that adds more than the recipe
        #: says (`tokens.per_request`). Later calls are reserved with them.
        self._beyond = 0
        self._opening, self._numbers = uuid.uuid4().hex, count()

    async def close(self) -> None:
        """Close the connections."""
        await self._endpoint.close()

    async def call(self, question: Question, key: str, repair: Repair | None) -> Call | Fault:
        """Send a question, or its repair. A fault that may have cost something is in the ledger.

        Raises:
            OverBudgetError: nothing was sent.
        """
        bound = input_bound(question, self.settings, repair)
        tokens_in = bound + self._beyond
        tokens_out = output_bound(question, self.settings)
        worst = self._price(tokens_in, tokens_out)
        budget = self.accounts.budget
        if not await budget.reserve(worst):
            raise OverBudgetError
        used = worst
        try:
            result = await self._admitted(question, key, repair, worst, tokens_in + tokens_out)
            if isinstance(result, Fault):
                used = worst if result.billed else 0.0
                return result
            intent, reply = result
            self._beyond = max(self._beyond, (reply.tokens_in or 0) - bound)
            tokens_in = tokens_in if reply.tokens_in is None else reply.tokens_in
            tokens_out = tokens_out if reply.tokens_out is None else reply.tokens_out
            used = self._price(tokens_in, tokens_out, reply.tokens_cached)
            return Call(intent, reply, tokens_in, tokens_out, used)
        finally:
            budget.settle(worst, used)

    def row(self, call: Call, status: str, attempt: int) -> LedgerRow:
        """The ledger row of a call that brought a reply."""
        return _row(call.intent, status, (call.tokens_in, call.tokens_out), call.cost, attempt)

    async def _admitted(
        self, question: Question, key: str, repair: Repair | None, worst: float, tokens: int
    ) -> tuple[Intent, Reply] | Fault:
        await self.limiter.admit(tokens)
        used: int | None = None
        try:
            result = await self._sent(question, key, repair, worst)
            if isinstance(result, Fault):
                used = None if result.billed else 0
            elif result[1].tokens_in is not None and result[1].tokens_out is not None:
                used = result[1].tokens_in + result[1].tokens_out
            return result
        finally:
            self.limiter.release(tokens, used)

    async def _sent(
        self, question: Question, key: str, repair: Repair | None, worst: float
    ) -> tuple[Intent, Reply] | Fault:
        try:
            body = await self._body(question, repair)
        except (OSError, LookupError, ValueError) as error:
            return Fault("question", f"a medium can't be sent: {error}")
        intent = self._intent(question, key, worst)
        if not self.accounts.store.note(intent):
            await self.accounts.committer.commit(intent)
        result = await self._endpoint.call(body)
        if not isinstance(result, Fault):
            return intent, result
        if result.billed:
            await self.accounts.committer.commit(Paid(_row(intent, "unknown", (0, 0), worst, 0)))
        elif not self.accounts.store.note(unpaid := Unpaid(intent.id)):
            self.accounts.committer.give(unpaid)
        return result

    async def _body(self, question: Question, repair: Repair | None) -> dict[str, Any]:
        """The request; media are read by a thread, for it may take a while."""
        what = (question, self.settings, self.keys, self._media, repair)
        if question.media():
            return await asyncio.to_thread(request_body, *what)
        return request_body(*what)

    def _intent(self, question: Question, key: str, worst: float) -> Intent:
        lane = self.accounts.lane
        return Intent(
            id=f"{self._opening}-{next(self._numbers)}",
            run=lane.run,
            lane=lane.lane,
            model=self._name,
            key=key,
            pair_id=question.pair_id,
            label=question.label,
            reserve=worst,
        )

    def _price(self, tokens_in: int, tokens_out: int, cached: int = 0) -> float:
        prices = self.settings.prices
        return prices.dollars(tokens_in, tokens_out, cached) if prices else 0.0


def _row(
    intent: Intent, status: str, tokens: tuple[int, int], cost: float, attempt: int
) -> LedgerRow:
    return LedgerRow(
        id=intent.id,
        time=time.time(),
        run=intent.run,
        lane=intent.lane,
        model=intent.model,
        key=intent.key,
        pair_id=intent.pair_id,
        label=intent.label,
        status=status,
        tokens_in=tokens[0],
        tokens_out=tokens[1],
        cost=cost,
        attempt=attempt,
    )
