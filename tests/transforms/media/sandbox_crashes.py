"""A modality for tests of the sandbox: what is asked for in the bytes happens to the process."""

from __future__ import annotations

import ctypes
import mmap
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from transforms.media.errors import MediaError
from transforms.media.modality import Facts, Picture, Product

MEGABYTE = 1024 * 1024
_kept: list[bytearray] = []
_held: list[mmap.mmap] = []
_counted = 0


def probe(data: bytes, policy: Any) -> Facts:
    if data.startswith(b"refuse "):
        raise MediaError("crash_format", data[7:].decode())
    return {"format": "crash"}


def validate(data: bytes, policy: Any) -> bytes:
    word, _, rest = data.partition(b" ")
    if word.decode("latin-1") in _DEEDS:
        _DEEDS[word.decode()](rest)
    return data


def describe(decoded: bytes, policy: Any) -> Facts:
    return {"frames": len(decoded)}


def normalise(decoded: bytes, policy: Any) -> Product:
    word, _, rest = decoded.partition(b" ")
    if word == b"upper":
        return Product({"width": 3}, rest.upper(), ("case",))
    if word == b"huge":
        return Product({}, bytes(int(rest)))
    if word == b"strange":
        return Product({"colour": "red"})
    if word == b"unfit":
        return Product({}, b"refuse this")
    if word == b"count":
        return Product({"frames": _count()})
    if word == b"environment":
        told = ",".join(sorted(os.environ))
        raise MediaError("crash_told", f"{told} in {os.listdir('.')} stdin {os.read(0, 9)!r}")
    return Product({})


def render_for_judge(data: bytes, policy: Any, view: Any) -> list[Picture]:
    return []


def _count() -> int:
    global _counted  # noqa: PLW0603 - the state that a decoder should not have
    _counted += 1
    return _counted


def _segfault(rest: bytes) -> None:
    ctypes.string_at(1)


def _abort(rest: bytes) -> None:
    os.write(2, b"[codec @ 0x55d0c0ffee] bad table\n" + rest)
    os.abort()


def _hang(rest: bytes) -> None:
    """Inside a C library that holds the interpreter: no thread of Python runs any more."""
    _tell(rest, os.getpid())
    ctypes.PyDLL(None).sleep(600)


def _spin(rest: bytes) -> None:
    while True:
        pass


def _work(rest: bytes) -> None:
    begun = time.process_time()
    while time.process_time() - begun < float(rest):
        pass


def _eat(rest: bytes) -> None:
    _kept.append(bytearray(10**6 * MEGABYTE))


def _swallow(rest: bytes) -> None:
    """As decoders do that report any exception as damage."""
    try:
        _eat(rest)
    except Exception as error:
        raise MediaError("crash_undecodable", str(error)) from None


def _leak(rest: bytes) -> None:
    try:
        _held.append(mmap.mmap(-1, int(rest) * MEGABYTE))
    except OSError:
        raise MemoryError from None


def _after(rest: bytes) -> None:
    """Crashes only where something was decoded before."""
    if _counted:
        os.kill(os.getpid(), signal.SIGSEGV)


def _sockets() -> list[int]:
    return [number for number in range(3, 64) if _is_socket(number)]


def _is_socket(number: int) -> bool:
    try:
        return os.fstat(number).st_mode & 0o170000 == 0o140000
    except OSError:
        return False


def _close(rest: bytes) -> None:
    for number in _sockets():
        os.close(number)
    time.sleep(600)


def _garbage(rest: bytes) -> None:
    """Not to standard output only, but to the parent itself."""
    os.write(1, b"garbage")
    for number in _sockets():
        os.write(number, rest or b"garbage" * 9)
    time.sleep(600)


def _announce(rest: bytes) -> None:
    """An answer that says that it is huge."""
    from transforms.media.sandbox.messages import FRAME

    _garbage(FRAME.pack(b"omr1", 10, 2**60))


def _say(rest: bytes) -> None:
    os.write(1, b"x" * 300_000)
    os.write(2, b"y" * 300_000)


def _child(rest: bytes) -> None:
    """Dies while a child of it holds the socket to the parent."""
    held = _sockets()
    started = subprocess.Popen([sys.executable, "-c", "input()"], pass_fds=held, stdin=None)
    _tell(rest, started.pid)
    os.kill(os.getpid(), signal.SIGSEGV)


def _with_child(rest: bytes) -> None:
    """As one that waits for ffmpeg, which hangs."""
    started = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    _tell(rest, started.pid)
    started.wait()


def _tell(rest: bytes, number: int) -> None:
    """Writes down who is there: this process and its child."""
    if rest:
        path = Path(rest.decode())
        path.with_suffix(".new").write_text(f"{os.getpid()} {number}")
        path.with_suffix(".new").rename(path)


def _litter(rest: bytes) -> None:
    Path("left.tmp").write_bytes(b"1")
    Path("folder").mkdir()
    Path("folder/left").write_bytes(b"2")


def _fault(rest: bytes) -> None:
    raise TypeError("no such thing")


def _exit(rest: bytes) -> None:
    os._exit(int(rest))


def _leave(rest: bytes) -> None:
    sys.exit(5)


def _die(rest: bytes) -> None:
    """As one that others end, by a signal; with a path only where nobody was there before."""
    number, _, path = rest.decode().partition(" ")
    if not path or not Path(path).exists():
        if path:
            Path(path).touch()
        if int(number) != signal.SIGKILL:
            signal.signal(int(number), signal.SIG_DFL)  # whoever started this may ignore it
        os.kill(os.getpid(), int(number))
        time.sleep(600)


_DEEDS: dict[str, Callable[[bytes], None]] = {
    "segfault": _segfault,
    "abort": _abort,
    "hang": _hang,
    "spin": _spin,
    "work": _work,
    "eat": _eat,
    "swallow": _swallow,
    "leak": _leak,
    "after": _after,
    "close": _close,
    "garbage": _garbage,
    "announce": _announce,
    "say": _say,
    "child": _child,
    "with-child": _with_child,
    "litter": _litter,
    "fault": _fault,
    "exit": _exit,
    "leave": _leave,
    "die": _die,
}
