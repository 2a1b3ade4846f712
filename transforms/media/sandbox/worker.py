"""A worker of the sandbox: takes a medium, answers with its product or why it is refused.

It is the process that a hostile file may crash, hang or fill up. It ends when its parent does, and
limits itself before it looks at anything: memory, the size and number of its files, no core file;
and for each medium its processor time, at whose end the kernel sends `SIGPROF`.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from transforms.media.errors import MediaError
from transforms.media.modality import Product
from transforms.media.produce import module_of, produce
from transforms.media.sandbox.messages import (
    FRAME,
    Header,
    header_of,
    lengths,
    pack,
    policy_from,
    product_header,
    refusal_header,
)
from transforms.media.settings import PATIENCE, MediaPolicy

#: Seconds beyond those that the parent waits, after which the kernel ends this process in any case.
_GRACE: Final = 30.0


def main() -> None:
    """Serve the parent at the other end of standard input until it closes it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = _take_over_stdin()
    start, _ = _receive(parent)
    _limit(start["limits"])
    worker = _Worker(policy_from(start["policy"]), start["modules"], start["limits"]["answer"])
    warm = [name for name in start["warm"] if worker.warmed(name)["is"] == "warm"]
    parent.sendall(pack({"is": "ready", "n": start["n"], "warm": warm}))
    with suppress(EOFError, ConnectionError):
        while True:
            worker.serve(parent)


@dataclass
class _Worker:
    policy: MediaPolicy
    modules: Mapping[str, str]
    largest: int

    def serve(self, parent: socket.socket) -> None:
        """Do one thing that the parent asks for."""
        asked, data = _receive(parent)
        if asked["do"] == "warm":
            answer, product = self.warmed(asked["modality"]), None
        else:
            parent.sendall(pack({"is": "took", "n": asked["n"]}))
            seconds = self.policy.seconds_for(asked["modality"])
            signal.setitimer(signal.ITIMER_REAL, PATIENCE * seconds + _GRACE)
            signal.setitimer(signal.ITIMER_PROF, seconds)
            answer, product = self._answer(asked["modality"], data)
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.setitimer(signal.ITIMER_REAL, 0)
            _clear_folder()
        blob = product.data or b"" if product else b""
        parent.sendall(pack({**answer, "n": asked["n"]}, len(blob)))
        parent.sendall(blob)

    def warmed(self, modality: str) -> Header:
        """Import what a modality needs; says whether that worked."""
        try:
            module_of(modality, self.modules)
        except Exception as error:
            return {"is": "unable", "message": f"{type(error).__name__}: {error}"[:2_000]}
        return {"is": "warm"}

    def _answer(self, modality: str, data: bytes) -> tuple[Header, Product | None]:
        try:
            product = produce(modality, data, self.policy, self.modules)
            size = len(product.data or b"")
            if size > self.largest:
                raise MediaError(
                    f"{modality}_too_large",
                    f"the product has {size:,} bytes, the limit is {self.largest:,}",
                )
        except MediaError as error:
            return refusal_header(error), None
        return product_header(product), product


def _take_over_stdin() -> socket.socket:
    """The parent's socket under another number: a C library may read or print what it likes."""
    parent = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.close(nothing)
    return parent


def _limit(limits: Mapping[str, int]) -> None:
    for name, value in (
        ("RLIMIT_AS", limits["memory"]),
        ("RLIMIT_CORE", 0),
        ("RLIMIT_FSIZE", limits["file"]),
        ("RLIMIT_NOFILE", limits["files"]),
    ):
        with suppress(ValueError, OSError):  # macOS knows a limit of memory, but not everywhere
            _, hard = resource.getrlimit(getattr(resource, name))
            bounded = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(getattr(resource, name), (bounded, bounded))


def _receive(parent: socket.socket) -> tuple[dict[str, Any], bytes]:
    header, blob = lengths(_exactly(parent, FRAME.size))
    return header_of(_exactly(parent, header)), _exactly(parent, blob)


def _exactly(parent: socket.socket, size: int) -> bytes:
    """So many bytes; raises `EOFError` where the parent is gone."""
    parts: list[bytes] = []
    while size:
        part = parent.recv(size, socket.MSG_WAITALL)
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _clear_folder() -> None:
    """Remove what a decoder left in the working directory, which is this process's own."""
    with os.scandir(".") as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                with suppress(OSError):
                    os.unlink(entry.path)


if __name__ == "__main__":
    main()
