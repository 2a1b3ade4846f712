"""Why a medium can't be used, and what stands in its place."""

from __future__ import annotations

import signal
from typing import Final

from transforms.beamkit.sniff import HEAD_BYTES, sniff

#: What is often saved in place of a medium: an error page, a pointer, nothing.
_OTHER: Final = ("html page", "git-lfs pointer", "empty", "text", "json object", "xml")


class MediaError(Exception):
    """A medium that can't be used: the reason code and message of the dead letters it causes."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason, self.message = reason, message


class PassingError(MediaError):
    """A refusal that is an accident of the machine: at another time the medium may be taken.

    It makes dead letters like any other, but nobody remembers it.
    """


#: Signals by which others end a process: the kernel that runs out of memory, a service manager.
_FROM_OUTSIDE: Final = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def ended_from_outside(status: int) -> bool:
    """Whether a process of this status was ended by others (negative: by that signal)."""
    return -status in _FROM_OUTSIDE


def found_instead(data: bytes) -> str | None:
    """What bytes are that should have been a medium, if they are none at all."""
    found = sniff(data[:HEAD_BYTES])
    return found if found in _OTHER else None
