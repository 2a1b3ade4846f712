"""Moving bytes from the Hub: runs of one file, resumed after drops, checked as they come."""

from __future__ import annotations

import re
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import httpx2
from huggingface_hub import HfApi, constants, get_hf_file_metadata, hf_hub_url
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import (  # type: ignore[attr-defined]
    build_hf_headers,
    hf_raise_for_status,
)

from transforms.beamkit.errors import BuildError
from transforms.beamkit.hub import session
from transforms.beamkit.hub.digests import hex_of
from transforms.beamkit.hub.errors import explained
from transforms.beamkit.hub.patience import Attempts, InterruptedTransferError
from transforms.beamkit.hub.tree import RemoteFile

_CONTENT_RANGE: Final = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
_IS_DIGEST: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
#: What a storage host answers when the signature of an address has expired.
_EXPIRED: Final = (400, 401, 403, 404, 410)

#: Failures after which the Hub is asked anew where a file is.
_MISPLACED: Final = (
    InterruptedTransferError,
    HfHubHTTPError,
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
)


@dataclass(frozen=True)
class _Location:
    """Where a file's bytes are served, and the headers to ask with: for the Hub's own host only."""

    url: str
    headers: dict[str, str]
    elsewhere: bool


@dataclass
class _Known:
    """What is known of one file; its lock is held while it is asked for."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    location: _Location | None = None


class _Locations:
    """The locations of files, asked for once and forgotten when they no longer answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], _Known] = {}

    def of(self, file: RemoteFile) -> _Location:
        known = self._entry(file)
        with known.lock:
            if known.location is None:
                known.location = _locate(file, session.api())
            return known.location

    def forget(self, file: RemoteFile, location: _Location) -> None:
        known = self._entry(file)
        with known.lock:
            if known.location is location:  # else another thread has asked anew already
                known.location = None

    def _entry(self, file: RemoteFile) -> _Known:
        key = session.endpoint(), str(file.address)
        with self._lock:
            if len(self._known) > 10_000:  # a folder of single files: none is asked for twice
                self._known.clear()
            return self._known.setdefault(key, _Known())


_LOCATIONS: Final = _Locations()


def stream(file: RemoteFile, start: int, stop: int) -> Generator[bytes]:
    """The bytes of a file from `start` up to `stop`, in blocks as they arrive.

    A lost connection is taken up where it broke off.

    Raises:
        BuildError: the file can't be read, or is not the one that the commit names.
    """
    what = f"{file.address.name} of {file.address.repo}"
    position, attempts = start, Attempts()
    with explained(what, file.address.repo, session.endpoint()):
        while position < stop:
            try:
                with _answer(file, position, stop) as response:
                    for block in response.iter_raw():  # each as it comes: a drop costs none
                        if len(block) > stop - position:
                            raise InterruptedTransferError("more bytes than were asked for")
                        position += len(block)
                        attempts.progressed()
                        yield block
                if position < stop:
                    raise InterruptedTransferError("the answer broke off")
            except (httpx2.HTTPError, InterruptedTransferError) as error:
                attempts.wait(error)


@contextmanager
def _answer(file: RemoteFile, start: int, stop: int) -> Iterator[httpx2.Response]:
    """The answer to a request for a range, seen to be that range of that file."""
    location = _LOCATIONS.of(file)
    headers = {**location.headers, "Range": f"bytes={start}-{stop - 1}"}
    try:
        with (
            session.SLOTS,
            session.client().stream(
                "GET",
                location.url,
                headers=headers,
                timeout=constants.HF_HUB_DOWNLOAD_TIMEOUT,
                follow_redirects=False,
            ) as response,
        ):
            _check_status(response, location)
            _check_range(response, file, start, stop)
            yield response
    except _MISPLACED:
        _LOCATIONS.forget(file, location)
        raise


def _check_status(response: httpx2.Response, location: _Location) -> None:
    if response.is_redirect:
        raise InterruptedTransferError("it was moved while it was read")
    if location.elsewhere and response.status_code in _EXPIRED:
        raise InterruptedTransferError(
            f"its storage refused the address (status {response.status_code})"
        )
    hf_raise_for_status(response)


def _check_range(response: httpx2.Response, file: RemoteFile, start: int, stop: int) -> None:
    """Whether an answer holds what was asked for.

    Raises:
        InterruptedTransferError: it does not.
        BuildError: the file has another size than the commit says.
    """
    if response.status_code == 200:
        length = response.headers.get("Content-Length")
        if start == 0 and stop == file.size and (length is None or int(length) == file.size):
            return  # all of it was asked for, and all of it comes
        kind = response.headers.get("Content-Type", "")
        page = " a web page" if "html" in kind else " the whole of something"
        raise InterruptedTransferError(
            f"a range was asked for and{page} came: does a proxy or HF_ENDPOINT stand in between?"
        )
    found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if found is None:
        raise InterruptedTransferError("an answer that does not say which bytes it holds")
    if found[3] not in ("*", str(file.size)):
        raise _changed(file, f"it has {int(found[3]):,} bytes, the commit says {file.size:,}")
    if (int(found[1]), int(found[2]) + 1) != (start, stop):
        raise InterruptedTransferError(
            f"bytes {start}-{stop - 1} were asked for, {found[1]}-{found[2]} came"
        )


def _locate(file: RemoteFile, api: HfApi) -> _Location:
    """Ask the Hub where a file is served; its word on the file is held against the commit's."""
    address = file.address
    url = hf_hub_url(
        address.repo,
        address.name,
        repo_type="dataset",
        revision=address.revision,
        endpoint=session.endpoint(),
    )
    with session.SLOTS:
        found = get_hf_file_metadata(
            url,
            token=api.token,
            timeout=constants.HF_HUB_ETAG_TIMEOUT,
            library_name=api.library_name,
        )
    if found.commit_hash is None:  # a page of some proxy has a size and an ETag too
        raise InterruptedTransferError(
            "an answer that is not the Hub's: does a proxy or HF_ENDPOINT stand in between?"
        )
    if found.size is not None and found.size != file.size:
        raise _changed(file, f"it has {found.size:,} bytes, the commit says {file.size:,}")
    if found.etag and _IS_DIGEST.fullmatch(found.etag) and found.etag != hex_of(file.digest):
        raise InterruptedTransferError(
            _not_locked("its digest is not the one that the commit names")
        )
    elsewhere = _origin(found.location) != _origin(url)
    headers = {"Accept-Encoding": "identity"}
    if not elsewhere:  # the token goes to the Hub's own host and to no other
        headers |= build_hf_headers(token=api.token, library_name=api.library_name)
    return _Location(found.location, headers, elsewhere)


def _origin(url: str) -> tuple[str, str, int | None]:
    parsed = httpx2.URL(url)
    return parsed.scheme, parsed.host, parsed.port


def _changed(file: RemoteFile, how: str) -> BuildError:
    return BuildError(f"{file.address.name} of {file.address.repo}: {_not_locked(how)}")


def _not_locked(how: str) -> str:
    return (
        f"it is not the file that was locked: {how}. If the corpus was published anew, renew the "
        "lock with `omnireward sources lock --update NAME`"
    )
