"""The sandbox: media are decoded in processes that may crash, hang or run out of memory.

What a medium does to its process costs that medium only: it is refused with ``<modality>_crashed``,
``<modality>_timeout`` or ``<modality>_memory``, and the process is replaced.

A refusal must not hang on what the same process decoded before. So where a worker crashes, runs out
of memory or answers nonsense after other media, the medium is tried once more in a fresh one: what
happens there is its fate. There is no bound on replacements: one costs a tenth of a second or two
of one core, and is started ahead; only workers that can't even start end the build.

Nor must it hang on what else the machine does. So the limit is one of processor time, and what
shows that others were the cause is a `PassingError`: a worker that was ended from outside twice, or
that did not get its processor time within three times the time.

This protects the run and its secrets from files that break decoders, not the machine from an
attacker: workers run as the same user. On macOS the kernel does not enforce the limit of memory.
"""

from __future__ import annotations

import signal
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from transforms.media.errors import MediaError, PassingError, ended_from_outside
from transforms.media.modality import Product
from transforms.media.produce import MODULES, produce
from transforms.media.sandbox.crew import MAX_ANSWER, Crew, SandboxClosedError
from transforms.media.sandbox.messages import MAX_BLOB, GarbledError, product_of, refusal_of, said
from transforms.media.sandbox.process import (
    TooLateError,
    WorkerLostError,
    WorkerProcess,
    signal_name,
)
from transforms.media.settings import PATIENCE, MediaPolicy

#: Workers that may be lost in a row before they take a medium.
_UNTAKEN: Final = 3
#: Workers that may be ended from outside with a medium before it is given up.
_ENDED: Final = 2
#: What a worker's own clocks end it with: that of the processor, and that on the wall.
_LATE: Final = {-signal.SIGPROF: MediaError, -signal.SIGALRM: PassingError}
#: What libraries say before they give up for want of memory.
_NO_MEMORY: Final = ("bad_alloc", "out of memory", "cannot allocate memory", "memoryerror")


class _NotTakenError(Exception):
    """A worker was lost before it had all of the medium."""


class _AccidentError(Exception):
    """A worker was lost with a medium, which may be why: `error` is the refusal if it is."""

    def __init__(self, error: MediaError) -> None:
        super().__init__(error.message)
        self.error = error


class Sandbox:
    """Worker processes for the media of a policy; `run` may be called from several threads.

    At most `workers` media are decoded at a time, by default `policy.threads`; further callers
    wait. With no workers all is done in the caller's own process, where a crash ends it and nothing
    ends a hang: for debugging. `modules` names the module of each modality.
    """

    def __init__(
        self,
        policy: MediaPolicy,
        workers: int | None = None,
        modules: Mapping[str, str] = MODULES,
    ) -> None:
        self.policy, self.modules = policy, dict(modules)
        self.workers = policy.threads if workers is None else workers
        self._lock = threading.Lock()
        self._crew: Crew | None = None
        self._closed = False

    def run(self, modality: str, data: bytes) -> Product:
        """What becomes of a medium; see `produce`.

        Raises:
            PassingError: it can't be used now, for what the machine did.
            MediaError: why it can't be used.
            BuildError: workers can't be started here, or lack a library.
            SandboxClosedError: somebody closed it.
        """
        if modality not in self.modules:
            raise ValueError(f"no modality {modality!r}: one of {sorted(self.modules)}")
        self._check_size(modality, data)
        if not self.workers:
            return produce(modality, data, self.policy, self.modules)
        crew = self._ready()
        with crew.places:
            return self._decided(crew, modality, data)

    def map(
        self, modality: str, items: Iterable[bytes], ahead: int | None = None
    ) -> Iterator[Product | MediaError]:
        """The fates of media in their order; at most `ahead` are taken before one is given.

        A refusal is given, not raised.
        """
        ahead = 2 * max(self.workers, 1) if ahead is None else max(ahead, 1)
        pool = ThreadPoolExecutor(max(self.workers, 1))
        waiting: deque[Future[Product | MediaError]] = deque()
        try:
            for data in items:
                waiting.append(pool.submit(self._fate, modality, data))
                if len(waiting) >= ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:  # who gives up is not made to wait for media at work
            pool.shutdown(wait=False, cancel_futures=True)

    @property
    def closed(self) -> bool:
        """Whether it was closed: it serves nobody any more."""
        return self._closed

    def close(self) -> None:
        """End all workers, those at work too; their callers get `SandboxClosedError`."""
        with self._lock:
            self._closed = True
            crew, self._crew = self._crew, None
        if crew is not None:
            crew.close()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _fate(self, modality: str, data: bytes) -> Product | MediaError:
        try:
            return self.run(modality, data)
        except MediaError as error:
            return error

    def _ready(self) -> Crew:
        with self._lock:
            if self._closed:
                raise SandboxClosedError("the sandbox is closed")
            if self._crew is None:
                self._crew = Crew(self.policy, self.workers, self.modules)
            return self._crew

    def _check_size(self, modality: str, data: bytes) -> None:
        """What the modality would refuse for its size is not even sent."""
        limit = getattr(getattr(self.policy, modality, None), "max_bytes", MAX_BLOB)
        if len(data) > min(limit, MAX_BLOB):
            raise MediaError(
                f"{modality}_too_large",
                f"{len(data):,} bytes, the limit is {min(limit, MAX_BLOB):,}",
            )

    def _decided(self, crew: Crew, modality: str, data: bytes) -> Product:
        untaken, ended, fresh = 0, 0, False
        while True:
            worker = crew.take(fresh=fresh)
            crew.warm(worker, modality)
            used = worker.tasks > 0
            try:
                return self._decoded(crew, worker, modality, data)
            except _NotTakenError:
                untaken += 1
                if untaken == _UNTAKEN:
                    message = f"{_UNTAKEN} processes in a row ended before they had all of it"
                    raise PassingError(f"{modality}_crashed", message) from None
            except _AccidentError as accident:
                passing = isinstance(accident.error, PassingError)
                ended += passing
                if not used and not (passing and ended < _ENDED):
                    raise accident.error from None
                fresh = True

    def _decoded(self, crew: Crew, worker: WorkerProcess, modality: str, data: bytes) -> Product:
        """One try in one worker, which is given back or lost."""
        worker.forget_tail()
        deadline = time.monotonic() + PATIENCE * self.policy.seconds_for(modality)
        took = False
        try:
            worker.ask({"do": "run", "modality": modality}, data, deadline)
            worker.expect("took", deadline)
            took, worker.tasks = True, worker.tasks + 1
            answer, blob = worker.expect("", deadline, MAX_ANSWER)
            refusal = refusal_of(answer, modality) if answer.get("is") == "refused" else None
            product = None if refusal else product_of(answer, blob)
        except TooLateError:
            crew.lose(worker)
            raise PassingError(*self._late(modality)) from None
        except (WorkerLostError, GarbledError) as error:
            status = crew.lose(worker)
            if crew.closed:
                raise SandboxClosedError("the sandbox was closed") from None
            if not took:
                raise _NotTakenError from None
            late = _LATE.get(status) if isinstance(error, WorkerLostError) and error.dead else None
            if late is not None:
                raise late(*self._late(modality)) from None
            raise _AccidentError(_crash(modality, error, status)) from None
        except BaseException:  # an interrupt: the worker is at work still
            crew.lose(worker)
            raise
        if refusal is not None and refusal.reason == f"{modality}_memory":
            crew.lose(worker)
            message = f"{refusal.message}: {self.policy.max_decode_memory_mb:,} MB"
            raise _AccidentError(MediaError(refusal.reason, message))
        crew.give_back(worker)
        if refusal is not None:
            raise refusal
        assert product is not None
        return product

    def _late(self, modality: str) -> tuple[str, str]:
        """Reason and message, the same whichever clock said so."""
        seconds = self.policy.seconds_for(modality)
        return f"{modality}_timeout", f"not decoded within {seconds:g} seconds"


def _crash(modality: str, error: WorkerLostError | GarbledError, status: int) -> MediaError:
    """The refusal of a medium whose worker was lost."""
    if isinstance(error, GarbledError):
        return MediaError(f"{modality}_crashed", f"its process answered with {error}")
    told = f": {said(error.tail)}" if error.tail else ""
    if any(words in error.tail.lower() for words in _NO_MEMORY):
        return MediaError(f"{modality}_memory", f"its decoder ran out of memory{told}")
    if not error.dead:
        return MediaError(f"{modality}_crashed", f"its process can't be trusted: {error.why}")
    name = signal_name(status)
    if ended_from_outside(status):
        told = ": ended from outside, as when the machine runs out of memory"
        return PassingError(f"{modality}_crashed", f"its decoder ended with {name}{told}")
    return MediaError(f"{modality}_crashed", f"its decoder ended with {name}{told}")
