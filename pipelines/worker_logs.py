"""What libraries log: in worker processes to a file beside the dataset, and here only errors."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def quiet_libraries() -> None:
    """Keep to errors what libraries log in this process."""
    logging.getLogger().setLevel(logging.ERROR)
    logging.getLogger("apache_beam").setLevel(logging.CRITICAL)  # it logs what it raises


@contextmanager
def stderr_into(path: Path) -> Iterator[None]:
    """What is written to standard error inside the block is appended to a file.

    By its number, so that processes started inside the block inherit it: Beam's workers log every
    step there, and their level can't be set from outside.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with path.open("ab") as log:
            os.dup2(log.fileno(), 2)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
