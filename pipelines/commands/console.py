"""Where commands print, and how they fail."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from rich.console import Console
from rich.markup import escape

#: Columns of output that goes to a file or a pipe; a terminal has its own width.
_PIPE_WIDTH = 120

out = Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH)
err = Console(stderr=True)


def fail(message: object, code: int) -> NoReturn:
    """End with a message that says what is wrong, and an exit code."""
    err.print(f"[bold red]error:[/] {plain(str(message))}", highlight=False, soft_wrap=True)
    raise SystemExit(code)


def plain(text: str) -> str:
    """A text as it is: nothing in it is read as markup."""
    return escape(text)


def interrupted() -> NoReturn:
    """End at once; what is finished stays."""
    err.print("\ninterrupted; run the same command again to go on from here")
    err.file.flush()
    os._exit(130)  # worker threads may be in mid-decode: they are not waited for
