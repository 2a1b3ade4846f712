"""The connection to the Hub: which one, as whom, and how many requests at once."""

from __future__ import annotations

import logging
import os
import threading
from functools import lru_cache
from typing import Final

import httpx2
from huggingface_hub import HfApi, constants, get_session, get_token
from huggingface_hub.utils import logging as hub_logging

from transforms.beamkit.errors import BuildError

#: Requests under way at once, in one process.
CONNECTIONS: Final = 8
#: Whoever sends a request holds one of these until the answer is read.
SLOTS: Final = threading.BoundedSemaphore(CONNECTIONS)

#: Seconds for an answer to a question about a repository; the library's own client has no limit.
API_TIMEOUT: Final = 30.0


def endpoint() -> str:
    """The Hub in use: HF_ENDPOINT, or the public one."""
    return (os.environ.get("HF_ENDPOINT") or constants.ENDPOINT).rstrip("/")


def token() -> str | None:
    """The token of the environment or the login store; it is handed to the client, kept nowhere.

    HF_HUB_DISABLE_IMPLICIT_TOKEN is honoured.

    Raises:
        BuildError: it can't be one. The client would say so by quoting it.
    """
    found = None if constants.HF_HUB_DISABLE_IMPLICIT_TOKEN else get_token()
    if found and not (found.isascii() and found.isprintable()):
        raise BuildError(
            f"the token in {_origin()} holds characters that no token has; log in again with "
            "`hf auth login`"
        )
    return found


def token_origin() -> str | None:
    """Where the token in use came from: never the token."""
    return _origin() if token() else None


def _origin() -> str:
    variables = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
    return next((name for name in variables if os.environ.get(name)), "the login store")


def api() -> HfApi:
    """The Hub's API at the endpoint in use, with the token in use."""
    client()  # the library's functions use it too
    return _api(endpoint(), token())


@lru_cache(maxsize=4)
def _api(at: str, with_token: str | None) -> HfApi:
    hub_logging.set_verbosity_error()  # it warns of every retry
    # It logs each address, and a signed one opens the file to whoever reads the log.
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    return HfApi(endpoint=at, token=with_token or False, library_name="omni-reward-data")


def client() -> httpx2.Client:
    """The library's shared HTTP client: proxies and certificates as it is set up, and patience.

    Raises:
        BuildError: proxies or certificates are not set up well.
    """
    try:
        session = get_session()
    except (OSError, ImportError, ValueError, httpx2.InvalidURL) as error:
        # What is said of a proxy's address may quote its password.
        detail = f" ({error})" if isinstance(error, (OSError, ImportError)) else ""
        raise BuildError(
            f"the HTTP client can't be set up{detail}: check SSL_CERT_FILE and SSL_CERT_DIR, and "
            "the addresses in HTTPS_PROXY, HTTP_PROXY and ALL_PROXY"
        ) from None
    session.timeout = httpx2.Timeout(max(API_TIMEOUT, constants.HF_HUB_DOWNLOAD_TIMEOUT))
    return session
