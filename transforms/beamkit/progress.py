"""How far a run has come, told by workers to whoever watches.

Each worker process keeps one small file in the progress folder and replaces it at most twice a
second; the watcher adds them up. Works in one process and in many on one machine; elsewhere the
folder is not set and nothing is told.
"""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

FOLDER_VARIABLE = "OMNIREWARD_PROGRESS"
_EVERY_SECONDS = 0.5

_lock = threading.Lock()
_done: dict[str, int] = {}
_written = 0.0


def advance(step: str, number: int) -> None:
    """Tell that `number` more of `step` (``bytes read``, ``rows written``) are done."""
    folder = os.environ.get(FOLDER_VARIABLE)
    if not folder or not number:
        return
    global _written  # noqa: PLW0603 - one file a process, so one clock a process
    with _lock:
        _done[step] = _done.get(step, 0) + number
        if time.monotonic() - _written < _EVERY_SECONDS:
            return
        _written = time.monotonic()
        text = json.dumps(_done)
        target = Path(folder) / f"{os.getpid()}.json"
        attempt = target.with_suffix(".attempt")
        try:
            attempt.write_text(text)
            attempt.replace(target)
        except OSError:  # the watcher has gone: progress is told to nobody
            return


def start(folder: Path) -> None:
    """Begin to watch: an empty folder, known to this process and those it starts."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    with _lock:
        _done.clear()
    os.environ[FOLDER_VARIABLE] = str(folder)


def read(folder: Path) -> dict[str, int]:
    """What all workers have told so far."""
    total: dict[str, int] = {}
    for file in folder.glob("*.json"):
        try:
            told = json.loads(file.read_text())
        except (OSError, ValueError):  # replaced while we looked
            continue
        for step, number in told.items():
            total[step] = total.get(step, 0) + number
    return total
