"""The connection to the Hub: which one, and as whom."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Final

import httpx2
from huggingface_hub import HfApi, constants, get_session, get_token
from huggingface_hub.utils import logging as hub_logging

#: Seconds for an answer to a question about a repository; the library's own client has no limit.
_API_TIMEOUT: Final = 30.0


def endpoint() -> str:
    """The Hub in use: HF_ENDPOINT, or the public one."""
    return (os.environ.get("HF_ENDPOINT") or constants.ENDPOINT).rstrip("/")


def token() -> str | None:
    """The token of the environment or the login store; it is handed to the client, kept nowhere.

    HF_HUB_DISABLE_IMPLICIT_TOKEN is honoured.
    """
    return None if constants.HF_HUB_DISABLE_IMPLICIT_TOKEN else get_token()


def api() -> HfApi:
    """The Hub's API at the endpoint in use, with the token in use."""
    return _api(endpoint(), token())


@lru_cache(maxsize=4)
def _api(at: str, with_token: str | None) -> HfApi:
    hub_logging.set_verbosity_error()  # it warns of every retry
    return HfApi(endpoint=at, token=with_token or False, library_name="omni-reward-data")


def client() -> httpx2.Client:
    """The library's shared HTTP client: proxies and certificates as it is set up, and patience."""
    session = get_session()
    session.timeout = httpx2.Timeout(max(_API_TIMEOUT, constants.HF_HUB_DOWNLOAD_TIMEOUT))
    return session
