"""A session: several models, one cache, one budget; asked from ordinary, synchronous code."""

from __future__ import annotations

import asyncio
import os
import threading
from collections import defaultdict
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import wait
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, TypeVar

from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.relabel.llm.asker import Asker, check_modalities
from transforms.relabel.llm.budget import Budget, allot
from transforms.relabel.llm.calling import Accounts, Lane
from transforms.relabel.llm.committer import Committer
from transforms.relabel.llm.outcome import Outcome
from transforms.relabel.llm.question import Media, Question
from transforms.relabel.llm.records import LedgerRow
from transforms.relabel.llm.secret import Secret, read_key
from transforms.relabel.llm.segments import SegmentStore, segments_spent
from transforms.relabel.llm.store import LocalStore, Store, local_spent
from transforms.relabel.llm.wire import MediaBytes
from transforms.relabel.settings_models import ModelSettings

T = TypeVar("T")

#: Throttled time is told this often.
_TELL_SECONDS: Final = 1.0


@dataclass(frozen=True)
class SessionSettings:
    """Where answers are kept, and what a lane may spend.

    `cache` is a folder on any Beam filesystem. `limit` is the lane's share of the budget in
    dollars, from `lane_limit`; None: no cap. `segments` keeps segments on a local folder too.
    """

    cache: str
    limit: float | None = None
    lane: Lane = Lane()
    segments: bool = False


def open_store(settings: SessionSettings) -> Store:
    """The keeper that the place of the cache needs.

    Raises:
        BuildError: it can't be used, or another process has the lane.
    """
    if settings.segments or not files.is_local(settings.cache):
        return SegmentStore(settings.cache, settings.lane.lane)
    return LocalStore(settings.cache, settings.lane.lane)


def total_spent(cache: str, segments: bool = False) -> float:
    """Dollars that stand in the ledger of a cache, calls without a known end included."""
    if segments or not files.is_local(cache):
        return segments_spent(cache)
    return local_spent(cache)


def lane_limit(budget: float | None, cache: str, lanes: int = 1) -> float | None:
    """What each lane of a new run may spend: an equal share of what is left of the budget.

    Worked out once, before the lanes start; a lane that is opened again within the same run is
    held to it by its rows in the ledger.
    """
    return None if budget is None else allot(budget, total_spent(cache), lanes)


class LlmSession:
    """Asks models; a context manager. Not for use from several threads at a time.

    The event loop runs in a thread of its own, so a session can be used from any code, a Beam
    worker's included. `media` gives the bytes of a medium, in the rendering that it names; it is
    called from threads. `throttled` is told seconds in which limits held calls back, about every
    second while it waits, in the thread that asks: a runner's counters belong to threads.

    Raises:
        BuildError: a key is missing, prices are missing with a budget, the cache can't be used.
    """

    def __init__(
        self,
        models: Mapping[str, ModelSettings],
        settings: SessionSettings,
        media: MediaBytes | None = None,
        throttled: Callable[[float], None] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        environment = os.environ if environment is None else environment
        keys = {name: _key(name, model, environment) for name, model in models.items()}
        for name, model in models.items():
            if settings.limit is not None and model.prices is None:
                raise BuildError(
                    f"relabel.models.{name}.prices: missing, and a budget is set; write the "
                    "dollars a million tokens as input and output"
                )
        self.models = dict(models)
        self.store = open_store(settings)
        lane = settings.lane
        self.budget = Budget(settings.limit, self.store.spent(lane.run, lane.lane))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="llm-session", daemon=True
        )
        self._thread.start()
        self._open = True
        self._told, self._held_back, self._lock = throttled, 0.0, threading.Lock()
        self._run(self._start(lane, keys, media or _no_media))

    async def _start(
        self,
        lane: Lane,
        keys: Mapping[str, Secret | None],
        media: MediaBytes,
    ) -> None:
        self._committer = Committer(self.store.write)
        accounts = Accounts(self.store, self._committer, self.budget, lane)
        self._askers = {
            name: Asker(name, model, keys[name], accounts, media, self._throttled)
            for name, model in self.models.items()
        }

    def ask(self, questions: Sequence[Question]) -> list[Outcome]:
        """One outcome for each question, in their order; models are asked side by side.

        Raises:
            BuildError: see `Asker.ask`. What was bought is kept.
            KeyError: a question names a model that the session does not have.
        """
        places: dict[str, list[int]] = defaultdict(list)
        for index, question in enumerate(questions):
            check_modalities(question.model, self.models[question.model], question)
            places[question.model].append(index)
        return self._run(self._ask(questions, places))

    async def _ask(
        self, questions: Sequence[Question], places: Mapping[str, list[int]]
    ) -> list[Outcome]:
        asked = [
            self._askers[name].ask([questions[index] for index in indices])
            for name, indices in places.items()
        ]
        # One model that can't go on does not take back what others are about to answer.
        results = await asyncio.gather(*asked, return_exceptions=True)
        outcomes: dict[int, Outcome] = {}
        for indices, result in zip(places.values(), results, strict=True):
            if isinstance(result, BaseException):
                raise result
            outcomes.update(zip(indices, result, strict=True))
        return [outcomes[index] for index in range(len(questions))]

    def ledger(self) -> list[LedgerRow]:
        """All calls that cost something, of all runs, in order of time."""
        return self.store.ledger()

    @property
    def lost(self) -> int:
        """Calls that were in flight when the process that had this lane before was killed."""
        return len(self.store.lost)

    def close(self) -> None:
        """Make durable what is pending; close connections and files."""
        if not self._open:
            return
        self._open = False
        try:
            self._run(self._stop())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
            self.store.close()

    async def _stop(self) -> None:
        try:
            await self._committer.close()
        finally:
            for asker in self._askers.values():
                await asker.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            while not wait([future], _TELL_SECONDS).done:
                self._tell()
            self._tell()
            return future.result()
        except BaseException:  # interrupted: the work is told, and given time to end
            future.cancel()
            raise

    def _throttled(self, seconds: float) -> None:
        """Called in the loop's thread."""
        with self._lock:
            self._held_back += seconds

    def _tell(self) -> None:
        with self._lock:
            seconds, self._held_back = self._held_back, 0.0
        if seconds and self._told is not None:
            self._told(seconds)

    def __enter__(self) -> LlmSession:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _key(name: str, model: ModelSettings, environment: Mapping[str, str]) -> Secret | None:
    try:
        key = read_key(model.key_env, environment)
    except ValueError as error:
        raise BuildError(f"relabel.models.{name}.key_env: {error}") from None
    if model.key_env is not None and key is None:
        raise BuildError(
            f"relabel.models.{name}.key_env: {model.key_env} is not set; "
            f"export {model.key_env}=…, or write key_env: null for a server that asks for none"
        )
    return key


def _no_media(medium: Media) -> bytes:
    raise LookupError(f"this session has no media ({medium.kind})")
