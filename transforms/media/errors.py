"""Why a medium can't be used."""

from __future__ import annotations


class MediaError(Exception):
    """A medium that can't be used: the reason code and message of the dead letters it causes."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason, self.message = reason, message
