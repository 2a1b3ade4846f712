"""A response body that may not be larger than so many bytes, whatever its head says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

import httpx2

#: A reply larger than this is no answer.
MOST_BYTES: Final = 8_000_000


class TooLargeError(Exception):
    """A body is beyond the bound, or could unpack to be."""


async def bound(response: Any) -> None:
    """A response hook of the HTTP client: called before the body is read.

    Raises:
        TooLargeError: then, or while the body is read.
    """
    if response.headers.get("content-encoding", "identity") != "identity":
        raise TooLargeError("the reply is compressed, which was not asked for")
    response.stream = _Bounded(response.stream)


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._stream:
            size += len(chunk)
            if size > MOST_BYTES:
                raise TooLargeError(f"the reply is larger than {MOST_BYTES:,} bytes")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()
