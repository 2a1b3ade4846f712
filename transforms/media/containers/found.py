"""One wanted member as it was found."""

from __future__ import annotations

from typing import Final, NamedTuple

from transforms.media.errors import MediaError

#: A member beyond this is no picture, clip, sound or mesh that anybody judged.
MAX_MEMBER_BYTES: Final = 2_000_000_000


class Found(NamedTuple):
    """The member as it was asked for, and its bytes or why there are none."""

    member: str
    data: bytes | MediaError


def missing(member: str, container: str) -> Found:
    """A member that the container does not have."""
    return Found(member, MediaError("media_missing", f"not in {container}"))
