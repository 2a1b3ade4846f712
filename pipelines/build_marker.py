"""The marker of a build that is running: what others leave alone meanwhile, builds among them."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from pipelines.layout import Layout
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError

#: A marker of another machine that is older than this was left by a build that was killed.
_STALE_SECONDS: Final = 7 * 24 * 3600.0
#: Among the fields of ``/proc/N/stat`` behind the name of the program: when it began.
_STARTED: Final = 19


@contextmanager
def building(layout: Layout) -> Iterator[None]:
    """Mark an output folder while a build writes to it and to its store.

    Raises:
        BuildError: another process of this machine builds there.
    """
    refuse_second(layout)
    path, process = _path(layout), os.getpid()
    told = {
        "process": process,
        "machine": socket.gethostname(),
        "since": time.time(),
        "began": _began(process),
    }
    files.write_once(path, json.dumps(told).encode())
    try:
        yield
    finally:
        with suppress(OSError):
            files.remove([path])


def refuse_second(layout: Layout) -> None:
    """Refuse to build where another process of this machine does.

    Subsets are compared with those that lie there, and one record is written of all: of two builds
    at once each would take the other's work away. A marker of another machine refuses nothing: a
    build that was killed leaves one, and often comes back under another name.

    Raises:
        BuildError: there is one.
    """
    told = _told(layout)
    if told is None:
        return
    process, machine, _, began = told
    if machine == socket.gethostname() and process != os.getpid() and _lives(process, began):
        raise BuildError(
            f"{layout.output}: a build is running there (process {process}); wait until it ends, "
            "or name another folder with --output"
        )


def running(layout: Layout) -> str | None:
    """Which build is running on an output folder; None if none is, as far as can be told."""
    told = _told(layout)
    if told is None:
        return None
    process, machine, since, began = told
    here = machine == socket.gethostname()
    if not _lives(process, began) if here else time.time() - since > _STALE_SECONDS:
        return None
    return f"process {process}" + ("" if here else f" on {machine}")


def _told(layout: Layout) -> tuple[int, str, float, object] | None:
    """What the marker says: process, machine, since when, and when the process began there."""
    path = _path(layout)
    if not files.exists(path):
        return None
    try:
        told = json.loads(files.read_bytes(path))
        return int(told["process"]), str(told["machine"]), float(told["since"]), told.get("began")
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _lives(process: int, began: object) -> bool:
    """Whether a process is there, and is the one that began then: numbers are given out again."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    now = _began(process)
    return began is None or now is None or began == now


def _began(process: int) -> str | None:
    """When a process began, in the system's own count; None where it does not say."""
    try:
        told = Path(f"/proc/{process}/stat").read_text("utf-8", "replace")
    except OSError:
        return None
    fields = told.rpartition(")")[2].split()
    return fields[_STARTED] if len(fields) > _STARTED else None


def _path(layout: Layout) -> str:
    return files.join(layout.output, ".work", "building.json")
