"""Processes of our own beside this one."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from pipelines.worker_logs import quiet_libraries


def spawned(processes: int) -> ProcessPoolExecutor:
    """So many processes, whose libraries are as quiet as those of this one.

    Spawned, not forked: libraries of this process have threads.
    """
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(processes, context, initializer=quiet_libraries)
