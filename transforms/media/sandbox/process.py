"""One worker of the sandbox as its parent sees it: started, talked to under a deadline, ended."""

from __future__ import annotations

import contextlib
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from typing import Any, Final

from transforms.media.sandbox.messages import FRAME, GarbledError, Header, header_of, lengths, pack

#: Of the parent's environment a worker gets these only: no token and no key among them.
PASSED_ON: Final = (
    "PATH",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "DYLD_FALLBACK_LIBRARY_PATH",
    "IMAGEIO_FFMPEG_EXE",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONPYCACHEPREFIX",
)

_MODULE: Final = "transforms.media.sandbox.worker"
_TAIL_BYTES: Final = 4_096
#: Of what a library said at the end, so much goes into a message.
_TAIL_TEXT: Final = 200
#: A descendant may hold a dead worker's socket open: so often it is looked at whether it lives.
_LOOK_SECONDS: Final = 0.2
#: Seconds for a process to end whose socket is closed.
_ENDING_SECONDS: Final = 1.0
_SOCKET_BYTES: Final = 1024 * 1024

#: Of the GNU C library: a process keeps the memory of one picture for the next. Without it each
#: buffer of a few megabytes is taken from the system and given back, which clears all its pages
#: every time: a third of the time of a picture. Larger buffers are not kept.
_MALLOC: Final = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": str(32 * 1024 * 1024),
    "MALLOC_TRIM_THRESHOLD_": str(128 * 1024 * 1024),
}


class WorkerLostError(Exception):
    """A worker ended, or has to be ended, before it answered.

    `dead` tells which; `why` says what it did. `tail` is the last that it said to stderr.
    """

    def __init__(self, why: str, tail: str, *, dead: bool = False) -> None:
        super().__init__(why)
        self.why, self.tail, self.dead = why, tail, dead


class TooLateError(Exception):
    """The deadline passed."""


class WorkerProcess:
    """A worker. Used by one thread at a time; whoever has an error from it ends it with `kill`."""

    def __init__(self, folder: str, config: Mapping[str, Any]) -> None:
        self.tasks = 0
        self.warm: set[str] = set()
        self.ready = False
        self._number = 0
        self._tail = bytearray()
        self._ended: int | None = None
        self._folder = tempfile.mkdtemp(dir=folder)
        here, there = socket.socketpair()
        with there:
            for end in (here, there):
                with contextlib.suppress(OSError):  # a system that allows no so large ones
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BYTES)
            self.process = subprocess.Popen(  # noqa: S603 - this interpreter and a module of ours
                [sys.executable, "-P", "-s", "-m", _MODULE],
                stdin=there.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                bufsize=0,
                cwd=self._folder,
                env=environment(self._folder),
                start_new_session=True,
            )
        here.setblocking(False)
        assert self.process.stderr is not None
        self._socket, self._stderr = here, self.process.stderr
        os.set_blocking(self._stderr.fileno(), False)
        self._poll = select.poll()
        self._poll.register(self._stderr, select.POLLIN)
        self._watch(select.POLLIN)
        with contextlib.suppress(OSError):  # dead at once: told when it should be ready
            self._socket.send(pack({"n": 0, **config}))

    @property
    def group(self) -> int:
        """The process group of the worker and of all that it starts."""
        return self.process.pid

    def ended(self) -> bool:
        """Whether the process is dead; it is not reaped, so its number stays its own."""
        if self._ended is not None:
            return True
        if hasattr(os, "waitid"):
            options = os.WEXITED | os.WNOHANG | os.WNOWAIT
            return os.waitid(os.P_PID, self.process.pid, options) is not None
        return self.process.poll() is not None

    def await_ready(self, deadline: float) -> None:
        """Wait until the worker has started."""
        answer, _ = self.expect("ready", deadline)
        self.warm = {str(name) for name in answer.get("warm", ())}
        self.ready = True

    def ask(self, what: Mapping[str, Any], data: bytes, deadline: float) -> None:
        """Send a task.

        Raises:
            WorkerLostError, TooLateError: it was not taken.
        """
        self._number += 1
        message = pack({**what, "n": self._number}, len(data))
        self._send(memoryview(message + data if len(data) < _TAIL_BYTES else message), deadline)
        if len(data) >= _TAIL_BYTES:
            self._send(memoryview(data), deadline)

    def expect(self, kind: str, deadline: float, max_blob: int = 0) -> tuple[Header, bytes]:
        """The answer to what was asked; an empty `kind` takes any.

        Raises:
            WorkerLostError, TooLateError: there is none, or one that can't be trusted.
        """
        try:
            header_bytes, blob_bytes = lengths(self._receive(FRAME.size, deadline), max_blob)
            header = header_of(self._receive(header_bytes, deadline))
            if header.get("n") != self._number or (kind and header.get("is") != kind):
                raise GarbledError("an answer to another question")
            return header, bytes(self._receive(blob_bytes, deadline))
        except GarbledError as error:
            raise WorkerLostError(f"it answered with {error}", self.tail()) from None

    def tail(self) -> str:
        """The last line that the worker said to stderr, without what differs from run to run."""
        self._drain()
        text = self._tail.decode("utf-8", "replace").replace(self._folder, "")
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        last = re.sub(r"0x[0-9a-fA-F]+", "0x…", lines[-1]) if lines else ""
        return last[:_TAIL_TEXT]

    def strike(self) -> None:
        """Kill the process and all that it started; any thread may do so."""
        if self._ended is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.group, signal.SIGKILL)

    def kill(self) -> int:
        """End the worker and all that it started; returns its status. May be called twice."""
        if self._ended is None:
            self.strike()
            self._ended = self.process.wait()
            self._drain()
            self._socket.close()
            self._stderr.close()
            shutil.rmtree(self._folder, ignore_errors=True)
        return self._ended

    def forget_tail(self) -> None:
        """What was said so far has nothing to do with the task to come."""
        self._drain()
        self._tail.clear()

    def _watch(self, events: int) -> None:
        self._poll.register(self._socket, events)

    def _wait(self, deadline: float) -> bool:
        """Wait for the socket; False where the worker is dead and will say nothing more.

        Raises:
            TooLateError: nothing came before the deadline.
        """
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TooLateError
            ready = self._poll.poll(min(left, _LOOK_SECONDS) * 1000)
            numbers = [number for number, _ in ready]
            if self._stderr.fileno() in numbers:
                self._drain()
            if self._socket.fileno() in numbers:
                return True
            if not ready and self.ended():
                return False

    def _send(self, rest: memoryview, deadline: float) -> None:
        try:
            while rest:
                try:
                    rest = rest[self._socket.send(rest) :]
                except BlockingIOError:
                    self._watch(select.POLLOUT)
                    if not self._wait(deadline):
                        raise self._lost() from None
        except OSError:
            raise self._lost() from None
        finally:
            self._watch(select.POLLIN)

    def _receive(self, size: int, deadline: float) -> bytearray:
        """So many bytes; memory is taken as they come, not as they are announced."""
        got = bytearray()
        while len(got) < size:
            try:
                part = self._socket.recv(min(size - len(got), _SOCKET_BYTES))
            except BlockingIOError:
                if self._wait(deadline):
                    continue
                part = b""
            except OSError:
                part = b""
            if not part:
                raise self._lost()
            got += part
        return got

    def _drain(self) -> None:
        """Take what is in stderr, so that nobody waits there; the end of it is kept."""
        if self._stderr.closed:
            return
        for _ in range(64):  # not for ever: a child of a dead worker may go on writing
            try:
                part = os.read(self._stderr.fileno(), 65_536)
            except (BlockingIOError, OSError):
                return
            if not part:  # closed: or poll would report it again and again
                with contextlib.suppress(KeyError):
                    self._poll.unregister(self._stderr)
                return
            self._tail += part
            del self._tail[:-_TAIL_BYTES]

    def _lost(self) -> WorkerLostError:
        """What to say of a worker whose socket is closed: it may be about to end."""
        limit = time.monotonic() + _ENDING_SECONDS
        while not (dead := self.ended()) and time.monotonic() < limit:
            time.sleep(0.002)
        return WorkerLostError("it closed its connection", self.tail(), dead=dead)


def environment(folder: str) -> dict[str, str]:
    """The environment of a worker: nothing secret, fixed numbers of threads, a home of its own."""
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return {
        **passed,
        "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path)),
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "HOME": folder,
        "TMPDIR": folder,
        "XDG_CACHE_HOME": folder,
        "XDG_RUNTIME_DIR": folder,
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        **_MALLOC,
    }


def signal_name(status: int) -> str:
    """What ended a process: ``SIGSEGV``, or ``exit 3``."""
    if status >= 0:
        return f"exit {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
