"""Trying again: how often, and how long to wait before it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final, TypeVar

import httpx2
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import parse_ratelimit_headers  # type: ignore[attr-defined]

T = TypeVar("T")

#: Statuses that another attempt may mend.
_PASSING: Final = (408, 429, 500, 502, 503, 504)


class InterruptedTransferError(Exception):
    """An answer that broke off or was not what was asked for: worth another attempt."""


@dataclass
class Patience:
    """How long to go on when the Hub or the network fails."""

    #: Attempts in a row that bring nothing, beyond the first.
    retries: int = 6
    #: Seconds before the second attempt, doubled each time.
    first_wait: float = 1.0
    longest_wait: float = 30.0
    #: The longest `Retry-After` that is waited for; the Hub's limits are per five minutes.
    longest_asked: float = 330.0
    #: Is told of every wait before it begins; set by `telling`.
    say: Callable[[str], None] | None = None


#: In force for all reads of this process.
PATIENCE: Final = Patience()


@contextmanager
def telling(say: Callable[[str], None]) -> Iterator[None]:
    """Tells a person of every wait inside the block, one line each."""
    before, PATIENCE.say = PATIENCE.say, say
    try:
        yield
    finally:
        PATIENCE.say = before


class Attempts:
    """The attempts at one thing. Each that brings something starts the count anew."""

    def __init__(self) -> None:
        self._failed = 0

    def progressed(self) -> None:
        """The last attempt brought something."""
        self._failed = 0

    def wait(self, error: Exception) -> None:
        """Wait before another attempt.

        Raises:
            Exception: `error` itself, where another attempt would not help or there were enough.
        """
        if not is_passing(error) or self._failed >= PATIENCE.retries:
            raise error
        seconds = _seconds(error, self._failed)
        self._failed += 1
        if PATIENCE.say is not None:
            PATIENCE.say(
                f"{_in_short(error)}; trying again in {seconds:,.0f} s "
                f"({self._failed} of {PATIENCE.retries})"
            )
        time.sleep(seconds)


def patiently(call: Callable[[], T]) -> T:
    """The result of a call, tried again while it fails in passing."""
    attempts = Attempts()
    while True:
        try:
            return call()
        except Exception as error:
            attempts.wait(error)


def is_passing(error: Exception) -> bool:
    """Whether another attempt may go better."""
    if isinstance(error, HfHubHTTPError) and error.response is not None:
        return error.response.status_code in _PASSING
    passing = (
        InterruptedTransferError,
        httpx2.TimeoutException,
        httpx2.NetworkError,
        httpx2.RemoteProtocolError,
    )
    return isinstance(error, passing)


def _seconds(error: Exception, failed: int) -> float:
    wait = min(PATIENCE.longest_wait, PATIENCE.first_wait * 2**failed)
    wait *= random.uniform(0.75, 1.25)  # noqa: S311 - spreads workers, hides nothing
    # The Hub may ask for no wait at all: that it can't be obeyed often shows by the next failure.
    return max(wait, min(_asked_for(error) or 0.0, PATIENCE.longest_asked))


def _asked_for(error: Exception) -> float | None:
    """Seconds that the Hub asks to wait: its rate limit's reset, or `Retry-After`."""
    if not isinstance(error, HfHubHTTPError) or error.response is None:
        return None
    headers = error.response.headers
    limit = parse_ratelimit_headers(headers)
    if error.response.status_code == 429 and limit is not None and limit.remaining == 0:
        return limit.reset_in_seconds + 1
    return _retry_after(headers.get("Retry-After", ""))


def _retry_after(value: str) -> float | None:
    """Seconds of a header `Retry-After`: a number of them, or a date."""
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _in_short(error: Exception) -> str:
    """What failed, in a few words without an address's secrets."""
    if isinstance(error, HfHubHTTPError) and error.response is not None:
        status = error.response.status_code
        return f"the Hub {'asks to wait' if status == 429 else 'has trouble'} (status {status})"
    if isinstance(error, httpx2.RequestError):
        host = error.request.url.netloc.decode() if error._request is not None else "the Hub"
        silent = isinstance(error, httpx2.TimeoutException)
        return f"{host} did not answer in time" if silent else f"{host} can't be reached"
    return "an answer broke off"
