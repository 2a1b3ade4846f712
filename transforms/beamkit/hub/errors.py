"""What goes wrong on the way to the Hub, in words that say what to do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import httpx2
from huggingface_hub import errors as hub

from transforms.beamkit.errors import BuildError
from transforms.beamkit.hub import session
from transforms.beamkit.hub.patience import InterruptedTransferError

_PROXIES: Final = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")

#: Errors that `trouble` has words for.
KNOWN: Final = (
    httpx2.HTTPError,
    httpx2.InvalidURL,
    hub.OfflineModeIsEnabled,
    hub.HFValidationError,
    hub.EntryNotFoundError,
)


@contextmanager
def explained(what: str, repo: str, endpoint: str) -> Iterator[None]:
    """Turns what the client raises inside the block into a `BuildError`.

    `what` is what was asked for; it begins the message.
    """
    try:
        yield
    except KNOWN as error:
        raise trouble(error, what, repo, endpoint) from error
    except InterruptedTransferError as error:
        raise BuildError(f"{what}: tried again in vain: {error}") from None
    except OSError as error:
        raise BuildError(f"{what}: no connection can be made from here ({error})") from error
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        # An answer that is not JSON, or not the JSON that it should be.
        raise BuildError(f"{what}: {_not_a_hub(_without_login(endpoint))}") from error


def trouble(error: Exception, what: str, repo: str, endpoint: str) -> BuildError:
    """The error in words: what was asked for, why it failed, what to do."""
    return BuildError(f"{what}: {_reason(error, repo, _without_login(endpoint))}")


def unreachable(error: BaseException) -> str | None:
    """Why nothing at all can be asked now, if that is what an error of this module says.

    Whatever else is asked then fails for the same reason, after as many attempts.
    """
    cause = error.__cause__
    if isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout):
        return _reason(cause, "", _without_login(session.endpoint()))
    return None


def _reason(error: Exception, repo: str, endpoint: str) -> str:
    page = f"{endpoint}/datasets/{repo}"
    if isinstance(error, hub.OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE forbids it; unset it, or set `path` of the corpus to a local mirror"
    if isinstance(error, hub.GatedRepoError):
        return (
            f"{repo} is gated: accept its terms at {page} as the owner of your token, then log in "
            f"with `hf auth login`{_token_found()}"
        )
    if isinstance(error, hub.DisabledRepoError):
        return f"{repo} was disabled by the Hub; see {page}"
    if isinstance(error, hub.RevisionNotFoundError):
        return (
            f"this revision of {repo} does not exist (any more). If it was locked, its history was "
            "rewritten: renew the lock with `omnireward sources lock --update NAME`"
        )
    if isinstance(error, hub.EntryNotFoundError):
        return f"{repo} has no such file; see {page}/tree/main"
    if isinstance(error, hub.RepositoryNotFoundError):
        return (
            f"there is no dataset {repo} at {endpoint}, or it is private: mend `repo` in the "
            f"recipe, or log in with `hf auth login` as somebody who may read it{_token_found()}"
        )
    if isinstance(error, hub.HFValidationError):
        return f"{repo!r} is not the name of a repository (owner/name): {error}"
    if isinstance(error, hub.HfHubHTTPError) and error.response is not None:
        return _status(error.response.status_code, repo, endpoint)
    if isinstance(error, httpx2.ProxyError):
        return f"the proxy refused ({error}){_proxies()}"
    if isinstance(error, httpx2.TimeoutException):
        return (
            f"{_asked(error)} did not answer in time; try again, or raise HF_HUB_DOWNLOAD_TIMEOUT "
            f"(seconds){_proxies()}"
        )
    if isinstance(error, httpx2.ConnectError):
        return (
            f"{_asked(error)} can't be reached ({error}): check the network{_endpoint_set()}"
            f"{_proxies()}"
        )
    if isinstance(error, (httpx2.UnsupportedProtocol, httpx2.InvalidURL)):
        return (
            f"HF_ENDPOINT is {endpoint!r}, which is not an address such as https://huggingface.co"
        )
    return f"{str(error) or type(error).__name__}{_proxies()}"


def _status(status: int, repo: str, endpoint: str) -> str:
    if status == 401:
        return f"the Hub refused the token; log in again with `hf auth login`{_token_found()}"
    if status == 403:
        return (
            f"the token may not read {repo}: give it the scope to read this repository (and gated "
            f"ones) at {endpoint}/settings/tokens{_token_found()}"
        )
    if status == 429:
        return "too many requests, and waiting did not help; try later" + (
            "" if session.token() else ", or log in with `hf auth login`: the limit is then higher"
        )
    if status == 407:
        return f"the proxy asks for a log-in{_proxies()}"
    if status >= 500:
        return f"the Hub has trouble of its own (status {status}); try later"
    return f"status {status}: {_not_a_hub(endpoint)}"


def _not_a_hub(endpoint: str) -> str:
    check = "HF_ENDPOINT" if os.environ.get("HF_ENDPOINT") else "that no proxy answers in its place"
    return f"{endpoint} does not answer as a Hub does: check {check}{_proxies()}"


def _asked(error: httpx2.RequestError) -> str:
    """The host that was asked: the Hub's, or that of its storage, which a firewall may not know."""
    return error.request.url.netloc.decode()


def _host(address: str) -> str:
    """The host of an address, without a log-in that stands before it."""
    return address.rpartition("://")[2].rpartition("@")[2].split("/")[0]


def _without_login(endpoint: str) -> str:
    scheme, colon, rest = endpoint.rpartition("://")
    return scheme + colon + rest.rpartition("@")[2]


def _endpoint_set() -> str:
    return ", and that HF_ENDPOINT is right" if os.environ.get("HF_ENDPOINT") else ""


def _proxies() -> str:
    """The proxy in use, without what stands before its host: that may be a password."""
    for name in (spelt for upper in _PROXIES for spelt in (upper, upper.lower())):
        value = os.environ.get(name)
        if value:
            return f"; the proxy of {name} is {_host(value)}"
    return ""


def _token_found() -> str:
    """Where the token came from, never the token."""
    origin = session.token_origin()
    return f" (a token was found in {origin})" if origin else " (no token was found)"
