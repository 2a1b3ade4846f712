"""The process that ends a sandbox's workers when their parent is gone, however it went.

A worker that hangs inside a C library can't see that its pipe was closed. This one does nothing
else: it is told of process groups (``+123``, ``-123`` by line) and, when its input ends, kills
those that are left and removes the sandbox's folder. It is run as a file, by a bare interpreter.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys


def main(folder: str) -> None:
    """Keep count until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin.buffer:
        number = int(line[1:])
        if line[:1] == b"+":
            groups.add(number)
        else:
            groups.discard(number)
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1])
