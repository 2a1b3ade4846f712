"""Signed URLs of the CDN, with a clock that only tests turn."""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

_SECRET = b"a test server has no secrets"


class Signer:
    """Signs URLs that hold for `seconds`, and checks them."""

    def __init__(self, endpoint: str, seconds: int) -> None:
        self.endpoint = endpoint
        self.seconds = seconds
        self._now = 0
        self._lock = threading.Lock()

    def advance(self, seconds: int) -> None:
        """Let time pass; URLs whose time is over are refused from now on."""
        with self._lock:
            self._now += seconds

    def sign(self, path: str) -> str:
        """The URL of a decoded path of the CDN."""
        expires = self._now + self.seconds
        query = {"Expires": expires, "Signature": _signature(path, expires), "Key-Pair-Id": "TEST"}
        return f"{self.endpoint}{quote(path)}?{urlencode(query)}"

    def refusal(self, path: str, query: Mapping[str, Sequence[str]]) -> str | None:
        """Why a URL is refused, or nothing."""
        try:
            expires, signature = int(query["Expires"][0]), query["Signature"][0]
        except (KeyError, ValueError):
            return "The URL is not signed"
        if not hmac.compare_digest(signature, _signature(path, expires)):
            return "The signature does not match"
        if expires <= self._now:
            return "Request has expired"
        return None


def _signature(path: str, expires: int) -> str:
    return hmac.new(_SECRET, f"{path}\n{expires}".encode(), hashlib.sha256).hexdigest()
