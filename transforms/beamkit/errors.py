"""Errors that a person can mend: their message is all that the command line shows."""

from __future__ import annotations

import re


class BuildError(Exception):
    """Something outside the code is wrong: the message says what, where, and what to do."""


_IN_TRACEBACK = re.compile(
    r"transforms\.beamkit\.errors\.BuildError: (?P<message>.*?)"
    r"(?: \[while running [^\]]*\])?(?:\n|$)"
)


def find_build_error(error: BaseException) -> str | None:
    """The message of the `BuildError` behind an exception of a runner, if there is one.

    A runner hands on a worker's exception as itself, as a cause, or as the text of a traceback.
    """
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, BuildError):
            return re.sub(r" \[while running [^\]]*\]$", "", str(seen))
        found = _IN_TRACEBACK.search(str(seen))
        if found:
            return found["message"]
        seen = seen.__cause__ or seen.__context__
    return None
