"""The workers of a sandbox: started when needed, kept warm, replaced, ended whatever happens."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict
from typing import Final

from transforms.beamkit.errors import BuildError
from transforms.media.sandbox import keeper
from transforms.media.sandbox.messages import said
from transforms.media.sandbox.process import (
    TooLateError,
    WorkerLostError,
    WorkerProcess,
    signal_name,
)
from transforms.media.settings import MediaPolicy

#: Seconds for a process to start, or to import the libraries of a modality, on a busy machine.
_START_SECONDS: Final = 120.0
#: Workers that may fail to start in a row before it is no accident.
_STARTS: Final = 3
#: Media after which a worker is replaced, whatever leaked in it.
_RETIRED_AFTER: Final = 2_000
_MEGABYTE: Final = 1024 * 1024
#: Bytes of one file that a decoder may write, and files that it may have open.
_FILE_BYTES: Final = 4 * 1024**3
_OPEN_FILES: Final = 128
#: Bytes of the largest product.
MAX_ANSWER: Final = 1024**3
#: Seconds for callers to let go of their workers when all is closed.
_CLOSING_SECONDS: Final = 10.0


class SandboxClosedError(RuntimeError):
    """The sandbox was closed while it was used."""


class Crew:
    """Workers for a policy. `places` bounds how many are at work; nobody takes one without it.

    The worker used last is taken first, so that few are kept warm where few are needed. From the
    first loss on one more is started ahead: media that crash one after the other don't wait for it.
    """

    def __init__(self, policy: MediaPolicy, workers: int, modules: Mapping[str, str]) -> None:
        self.places = threading.BoundedSemaphore(workers)
        self.closed = False
        self._memory_mb = policy.max_decode_memory_mb
        self._config = {
            "policy": asdict(policy),
            "modules": dict(modules),
            "limits": {
                "memory": policy.max_decode_memory_mb * _MEGABYTE,
                "file": _FILE_BYTES,
                "files": _OPEN_FILES,
                "answer": MAX_ANSWER,
            },
        }
        self._change = threading.Condition()
        self._idle: deque[WorkerProcess] = deque()
        self._live: set[WorkerProcess] = set()
        #: Modalities that there were so far: a new worker imports their libraries as it starts.
        self._warm: set[str] = set()
        self._failed_starts = 0
        self._folder = tempfile.mkdtemp(prefix="omnireward-media-")
        self._keeper = _Keeper(self._folder)
        self._end = weakref.finalize(self, _end_all, os.getpid(), self._live, self._keeper)

    def take(self, *, fresh: bool = False) -> WorkerProcess:
        """A worker that is alive and ready, `fresh` from any medium if asked for.

        Raises:
            BuildError: several in a row could not be started; says what they said.
            SandboxClosedError: it was closed.
        """
        while True:
            worker = self._next(fresh)
            if worker.ready:
                return worker
            try:
                worker.await_ready(time.monotonic() + _START_SECONDS)
            except (TooLateError, WorkerLostError) as error:
                self._not_started(worker, error)
            except BaseException:
                self.lose(worker)
                raise
            else:
                self._failed_starts = 0
                return worker

    def warm(self, worker: WorkerProcess, modality: str) -> None:
        """Have the libraries of a modality imported: that takes none of a medium's time.

        Raises:
            BuildError: they can't be; that is no medium's fault.
        """
        if modality in worker.warm:
            return
        try:
            what = self._warmed(worker, modality)
        except (TooLateError, WorkerLostError) as error:
            tail = getattr(error, "tail", "")
            what = f"{signal_name(self.lose(worker))} {tail}".strip()
        except BaseException:
            self.lose(worker)
            raise
        if not what:
            return
        self.lose(worker)
        raise BuildError(
            f"the libraries for the modality {modality} can't be loaded within "
            f"{self._memory_mb:,} MB (media.max_decode_memory_mb): {what}; "
            "`omnireward doctor` says what is installed"
        )

    def _warmed(self, worker: WorkerProcess, modality: str) -> str:
        """Has the libraries imported; what went wrong, if anything."""
        deadline = time.monotonic() + _START_SECONDS
        worker.ask({"do": "warm", "modality": modality}, b"", deadline)
        answer, _ = worker.expect("", deadline)
        if answer.get("is") != "warm":
            return said(str(answer.get("message")))[:500]
        worker.warm.add(modality)
        self._warm.add(modality)
        return ""

    def give_back(self, worker: WorkerProcess) -> None:
        """A worker that answered; one that has done its share is replaced."""
        with self._change:
            if not self.closed and worker.tasks < _RETIRED_AFTER:
                self._idle.append(worker)
                return
        self.lose(worker)

    def lose(self, worker: WorkerProcess) -> int:
        """End a worker and have another started; returns the status with which it ended."""
        worker.strike()
        with self._change:
            self._keeper.forget(worker.group)
        status = worker.kill()
        with self._change:
            self._live.discard(worker)
            self._change.notify_all()
            if not self.closed and not any(not spare.tasks for spare in self._idle):
                with contextlib.suppress(BuildError):  # told to whoever needs it
                    self._idle.appendleft(self._start())
        return status

    def close(self) -> None:
        """End all workers. Those at work are let go by the threads that use them."""
        with self._change:
            self.closed = True
            idle = [*self._idle]
            self._idle.clear()
            for worker in self._live:
                worker.strike()
        for worker in idle:
            self.lose(worker)
        with self._change:
            self._change.wait_for(lambda: not self._live, _CLOSING_SECONDS)
        self._end()

    def _next(self, fresh: bool) -> WorkerProcess:
        while True:
            with self._change:
                if self.closed:
                    raise SandboxClosedError("the sandbox was closed")
                worker = self._from_idle(fresh) or self._start()
            if not worker.ended() or not worker.ready:
                return worker
            self.lose(worker)  # it died while nobody used it

    def _from_idle(self, fresh: bool) -> WorkerProcess | None:
        for worker in reversed(self._idle):
            if not (fresh and worker.tasks):
                self._idle.remove(worker)
                return worker
        return None

    def _start(self) -> WorkerProcess:
        try:
            worker = WorkerProcess(self._folder, {**self._config, "warm": sorted(self._warm)})
        except OSError as error:
            raise BuildError(
                f"a process that decodes media can't be started here: {error}; "
                "media.threads of the recipe says how many there are"
            ) from error
        self._live.add(worker)
        self._keeper.remember(worker.group)
        return worker

    def _not_started(self, worker: WorkerProcess, error: Exception) -> None:
        status = signal_name(self.lose(worker))
        if self.closed:
            raise SandboxClosedError("the sandbox was closed")
        self._failed_starts += 1
        if self._failed_starts >= _STARTS:
            tail = getattr(error, "tail", "") or "it said nothing"
            raise BuildError(
                f"processes that decode media can't be started here: {status}, {tail}. "
                f"Each may take {self._memory_mb:,} MB (media.max_decode_memory_mb)"
            )


class _Keeper:
    """The process that outlives this one by a moment (`keeper`). Calls are made one by one.

    It is started anew where it was ended.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._groups: set[int] = set()
        self._start()

    def remember(self, group: int) -> None:
        self._groups.add(group)
        self._tell(f"+{group}\n")

    def forget(self, group: int) -> None:
        if group in self._groups:
            self._groups.discard(group)
            self._tell(f"-{group}\n")

    def close(self) -> None:
        """Let it end what is left, and wait for that."""
        with contextlib.suppress(OSError):
            self._stdin.close()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - this interpreter and a file of ours
            [sys.executable, "-I", "-S", keeper.__file__, self._folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env={},
            start_new_session=True,
        )
        assert self._process.stdin is not None
        self._stdin = self._process.stdin

    def _tell(self, line: str) -> None:
        try:
            self._stdin.write(line.encode())
        except OSError:
            with contextlib.suppress(OSError):
                self._stdin.close()
            self._process.wait()
            self._start()
            for group in self._groups:
                self._stdin.write(f"+{group}\n".encode())


def _end_all(owner: int, live: set[WorkerProcess], keeper: _Keeper) -> None:
    """What is done at last, be it because nobody holds the crew any more."""
    if os.getpid() != owner:  # a fork of the process whose workers they are
        return
    for worker in live:
        with contextlib.suppress(OSError):
            os.killpg(worker.group, signal.SIGKILL)
    keeper.close()
    for worker in live:
        worker.kill()
    live.clear()
