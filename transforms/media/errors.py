"""Why a medium can't be used, and what stands in its place."""

from __future__ import annotations

from typing import Final

from transforms.beamkit.sniff import HEAD_BYTES, sniff

#: What is often saved in place of a medium: an error page, a pointer, nothing.
_OTHER: Final = ("html page", "git-lfs pointer", "empty", "text", "json object", "xml")


class MediaError(Exception):
    """A medium that can't be used: the reason code and message of the dead letters it causes."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason, self.message = reason, message


def found_instead(data: bytes) -> str | None:
    """What bytes are that should have been a medium, if they are none at all."""
    found = sniff(data[:HEAD_BYTES])
    return found if found in _OTHER else None
