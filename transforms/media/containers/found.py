"""One wanted member as it was found."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final, NamedTuple, Protocol

from transforms.media.errors import MediaError

#: A member beyond this is no picture, clip, sound or mesh that anybody judged.
MAX_MEMBER_BYTES: Final = 2_000_000_000


class Found(NamedTuple):
    """The member as it was asked for, and its bytes or why there are none.

    `place` is the name by which the container finds these very bytes and no others, empty where
    that is `member` itself: of an archive's entry its whole name behind a slash.
    """

    member: str
    data: bytes | MediaError
    place: str = ""


class Reader(Protocol):
    """Gives the wanted members of a container; those of more than `largest` bytes are refused."""

    def __call__(
        self, container: str, members: Collection[str], /, *, largest: int = MAX_MEMBER_BYTES
    ) -> Iterator[Found]:
        """The wanted members, each with its bytes or the reason why it has none."""
        ...


def too_large(name: str, size: int, largest: int) -> MediaError | None:
    """Why a file of so many bytes is not read, if that is why."""
    if size <= largest:
        return None
    return MediaError("media_too_large", f"{name} has {size:,} bytes, the limit is {largest:,}")


def missing(member: str, container: str) -> Found:
    """A member that the container does not have."""
    return Found(member, MediaError("media_missing", f"not in {container}"))
