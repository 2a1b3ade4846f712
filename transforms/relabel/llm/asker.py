"""Asks one model many questions: cache first, then calls with attempts and one repair.

Each question ends in exactly one outcome. Answer and ledger row are durable, together, before the
outcome is seen.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from transforms.beamkit.errors import BuildError
from transforms.relabel.llm.backoff import backoff
from transforms.relabel.llm.calling import Accounts, Call, Caller, OverBudgetError
from transforms.relabel.llm.endpoint import Fault
from transforms.relabel.llm.outcome import Answer, NoAnswer, Outcome, Reason
from transforms.relabel.llm.question import Json, Question
from transforms.relabel.llm.records import Paid, StoredAnswer
from transforms.relabel.llm.secret import Secret
from transforms.relabel.llm.structured import Parser, UnusableError
from transforms.relabel.llm.wire import MediaBytes, Repair, Reply
from transforms.relabel.settings_models import ModelSettings

#: Keys that are looked up at once.
_LOOKUP: Final = 500
#: So many questions in a row without an answer from the server, and it is taken to be down.
_DOWN: Final = 32
_SHOWN: Final = 200


class ModelUnusableError(BuildError):
    """A model answers no question: what was bought is kept."""


@dataclass
class _Tally:
    """What one question has taken so far."""

    attempts: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0

    def add(self, call: Call) -> None:
        self.tokens_in += call.tokens_in
        self.tokens_out += call.tokens_out
        self.cost += call.cost

    def no_answer(self, reason: Reason, message: str) -> NoAnswer:
        return NoAnswer(reason, message, self.tokens_in, self.tokens_out, self.cost, self.attempts)


class Asker:
    """One model, for one event loop; close it before the loop ends."""

    def __init__(
        self,
        name: str,
        settings: ModelSettings,
        key: Secret | None,
        accounts: Accounts,
        media: MediaBytes,
        throttled: Callable[[float], None] | None = None,
    ) -> None:
        self.name, self.settings = name, settings
        self._caller = Caller(name, settings, key, accounts, media, throttled)
        self._accounts, self._parser = accounts, Parser()
        self._flying: dict[str, asyncio.Future[Outcome]] = {}
        self._draw = random.Random()  # noqa: S311 - jitter
        self._unanswered = 0
        self._unusable: ModelUnusableError | None = None

    async def close(self) -> None:
        """Close the connections."""
        await self._caller.close()

    async def ask(self, questions: Sequence[Question]) -> list[Outcome]:
        """One outcome for each question, in their order.

        Questions of the same key are one call. Memory is that of the questions and outcomes: only
        those that are about to be sent have requests.

        Raises:
            ModelUnusableError: no question to this model has a chance: a refused key, no such
                model, a quota that is used up, a server that is down. Answers in flight are kept.
            BuildError: the cache can't be written, or the model does not accept what it is asked
                about.
        """
        for question in questions:
            check_modalities(self.name, self.settings, question)
        outcomes: dict[int, Outcome] = {}
        same: dict[int, int] = {}
        missing = self._from_cache(questions, outcomes, same)
        workers = min(2 * self.settings.concurrency + 64, len(questions))
        tasks = [
            asyncio.create_task(self._work(missing, questions, outcomes)) for _ in range(workers)
        ]
        try:
            await asyncio.gather(*tasks)
        except BuildError:  # the other workers end by themselves, with what is in flight
            await asyncio.gather(*tasks, return_exceptions=True)
            raise
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for index, first in same.items():
            outcomes[index] = _again(outcomes[first])
        return [outcomes[index] for index in range(len(questions))]

    def _from_cache(
        self, questions: Sequence[Question], outcomes: dict[int, Outcome], same: dict[int, int]
    ) -> Iterator[tuple[int, str]]:
        """Place and key of each question that must be bought; fills in the others."""
        first: dict[str, int] = {}
        for start in range(0, len(questions), _LOOKUP):
            some = questions[start : start + _LOOKUP]
            keys = [self._caller.keys.key(question) for question in some]
            found = self._accounts.store.get_many(keys)
            for index, key in enumerate(keys, start):
                if (stored := found.get(key)) is not None:
                    outcomes[index] = _bought(stored)
                elif key in first:
                    same[index] = first[key]
                else:
                    first[key] = index
                    yield index, key

    async def _work(
        self,
        missing: Iterator[tuple[int, str]],
        questions: Sequence[Question],
        outcomes: dict[int, Outcome],
    ) -> None:
        for index, key in missing:
            if self._unusable is not None:
                raise self._unusable
            outcomes[index] = await self._once(questions[index], key)

    async def _once(self, question: Question, key: str) -> Outcome:
        """Buy an answer, unless another task is buying it, or has since it was looked for."""
        flying = self._flying.get(key)
        if flying is not None:
            return _again(await asyncio.shield(flying))
        if (stored := self._accounts.store.get_many([key]).get(key)) is not None:
            return _bought(stored)
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._flying[key] = future
        try:
            outcome = await self._buy(question, key)
            future.set_result(outcome)
        except BuildError as error:
            future.set_exception(error)
            future.exception()  # whether anybody waits for it or not
            raise
        finally:
            future.cancel()  # no effect on one that is set
            del self._flying[key]
        return outcome

    async def _buy(self, question: Question, key: str) -> Outcome:
        tally, repair = _Tally(), None
        started = time.monotonic()
        while True:
            tally.attempts += 1
            try:
                result = await self._caller.call(question, key, repair)
            except OverBudgetError:
                tally.attempts -= 1
                return tally.no_answer("over_budget", "the budget is used up")
            if isinstance(result, Fault):
                wait = self._wait(result, tally, started)
                if wait is None:
                    return self._given_up(result, tally)
                await asyncio.sleep(wait)
                continue
            self._unanswered = 0
            tally.add(result)
            outcome = await self._taken(question, key, result, tally, repair)
            if not isinstance(outcome, Repair):
                return outcome
            repair = outcome

    def _wait(self, fault: Fault, tally: _Tally, started: float) -> float | None:
        """Seconds until the next attempt; None: there is none."""
        retries = self.settings.retries
        if fault.then == "model":
            self._unusable = ModelUnusableError(f"relabel.models.{self.name}: {fault.message}")
            raise self._unusable
        wait = backoff(retries, tally.attempts, self._draw) + (fault.pause or 0.0)
        late = time.monotonic() + wait - started > retries.total_s
        if fault.then != "again" or tally.attempts >= retries.attempts or late:
            return None
        if fault.limited and fault.pause:
            self._caller.limiter.pause(fault.pause)
        return wait

    def _given_up(self, fault: Fault, tally: _Tally) -> NoAnswer:
        if fault.then == "refused":
            return tally.no_answer("refused", fault.message)
        self._unanswered += 1
        if self._unanswered >= max(_DOWN, 2 * self.settings.concurrency):
            self._unusable = ModelUnusableError(
                f"relabel.models.{self.name}: {self._unanswered} questions in a row have no "
                f"answer ({fault.message}); run again when the server is well"
            )
        return tally.no_answer("failed", fault.message)

    async def _taken(
        self, question: Question, key: str, call: Call, tally: _Tally, repair: Repair | None
    ) -> Outcome | Repair:
        """Judge a reply, and make durable what it cost and brought."""
        status, value = judge_reply(call.reply, question.schema, self._parser)
        row = self._caller.row(call, status, tally.attempts)
        commit = self._accounts.committer
        if status == "answer":
            stored = StoredAnswer(
                key,
                json.dumps(value, separators=(",", ":")),
                tally.tokens_in,
                tally.tokens_out,
                tally.cost,
                call.reply.finish_reason,
                tally.attempts,
            )
            await commit.commit(Paid(row, stored))
            return replace(_bought(stored), value=value, cached=False)
        if status == "invalid" and repair is None:
            commit.give(Paid(row))
            return Repair(call.reply.text or "", str(value))
        await commit.commit(Paid(row))
        return tally.no_answer(status, str(value))


def judge_reply(
    reply: Reply, schema: Json, parser: Parser
) -> tuple[Reason | Literal["answer"], Any]:
    """("answer", value), or the reason why there is none and a message."""
    if reply.refusal is not None or reply.finish_reason == "content_filter":
        said = " ".join((reply.refusal or "by the provider's filter").split())
        return "refused", said[:_SHOWN]
    if reply.finish_reason == "length":
        return "truncated", "the limit of output tokens came before the end"
    if not (reply.text or "").strip():
        return "empty", "the answer is empty"
    try:
        return "answer", parser.parse(reply.text or "", schema)
    except UnusableError as error:
        return "invalid", str(error)


def check_modalities(name: str, settings: ModelSettings, question: Question) -> None:
    """Refuse a question about what its model does not accept.

    Raises:
        BuildError: names the field of the recipe.
    """
    for medium in question.media():
        accepted = {"image": ("image",), "frame": ("image", "video"), "audio": ("audio",)}
        if not set(accepted[medium.kind]) & set(settings.modalities):
            raise BuildError(
                f"relabel.models.{name}.modalities: the model is asked about a {medium.kind}, "
                f"and accepts {', '.join(settings.modalities)}; ask another model, or add "
                f"{accepted[medium.kind][0]} if it does"
            )


def _bought(stored: StoredAnswer) -> Answer:
    return Answer(
        json.loads(stored.value),
        stored.tokens_in,
        stored.tokens_out,
        stored.cost,
        stored.finish_reason,
        stored.attempts,
        cached=True,
    )


def _again(outcome: Outcome) -> Outcome:
    """The outcome of an equal question: it is not paid a second time."""
    return replace(outcome, cached=True) if isinstance(outcome, Answer) else outcome
