"""The marker of a build that is running: what others should leave alone meanwhile."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from pipelines.layout import Layout
from transforms.beamkit import files

#: A marker of another machine that is older than this was left by a build that was killed.
_STALE_SECONDS: Final = 7 * 24 * 3600.0


@contextmanager
def building(layout: Layout) -> Iterator[None]:
    """Mark an output folder while a build writes to it and to its store."""
    path = _path(layout)
    told = {"process": os.getpid(), "machine": socket.gethostname(), "since": time.time()}
    files.write_once(path, json.dumps(told).encode())
    try:
        yield
    finally:
        with suppress(OSError):
            files.remove([path])


def running(layout: Layout) -> str | None:
    """Which build is running on an output folder; None if none is, as far as can be told."""
    path = _path(layout)
    if not files.exists(path):
        return None
    try:
        told = json.loads(files.read_bytes(path))
        process, machine = int(told["process"]), str(told["machine"])
        since = float(told["since"])
    except (OSError, ValueError, TypeError, KeyError):
        return None
    here = machine == socket.gethostname()
    if not _lives(process) if here else time.time() - since > _STALE_SECONDS:
        return None
    return f"process {process}" + ("" if here else f" on {machine}")


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True


def _path(layout: Layout) -> str:
    return files.join(layout.output, ".work", "building.json")
