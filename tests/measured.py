"""What a command takes: peak memory and processor time, whatever the test itself has taken."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from typing import Final, NamedTuple

#: A small process between: the memory of whoever starts a process counts as that process's too.
_BETWEEN: Final = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(done.returncode, usage.ru_maxrss * 1024 / 1e6, usage.ru_utime + usage.ru_stime)
"""


class Measured(NamedTuple):
    """One run. `memory_mb` is that of its largest process at most, in 10^6 bytes."""

    code: int
    memory_mb: float
    cpu_s: float
    stderr: str


def measured(command: Sequence[object]) -> Measured:
    """Run a command to its end; what it prints to standard output is dropped."""
    done = subprocess.run(
        [sys.executable, "-c", _BETWEEN, *map(str, command)],
        check=True,
        capture_output=True,
        text=True,
    )
    code, memory, seconds = done.stdout.split()
    return Measured(int(code), float(memory), float(seconds), done.stderr)
