"""Sends files to the Hub's storage, where nobody sees them until a commit names them."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO, Final
from urllib.parse import urlsplit

from httpx2 import HTTPError
from huggingface_hub import CommitOperationAdd, constants
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils.tqdm import disable_progress_bars, enable_progress_bars

from pipelines.publishing.contents import Item, digest_of_file
from pipelines.publishing.remote import DATASET, MAIN
from pipelines.publishing.trouble import status_of, while_publishing, xet_trouble
from transforms.beamkit.errors import BuildError
from transforms.beamkit.hub import session
from transforms.beamkit.hub.digests import SHA256
from transforms.beamkit.hub.patience import Attempts, InterruptedTransferError

#: Files and bytes that are announced together; what storage grants for them expires in hours.
_BATCH_FILES: Final = 64
_BATCH_BYTES: Final = 8_000_000_000
_THREADS: Final = 4

#: What Xet's own library does not raise.
_TOLD_APART: Final = (HTTPError, HfHubHTTPError, InterruptedTransferError, BuildError)

#: Told of the bytes that were sent so far, and of those that need not be sent.
Told = Callable[[int], None]


class Progress:
    """Bytes sent, over all files that are under way. Safe for threads."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._lock = threading.Lock()
        self._at: dict[str, int] = {}

    def at(self, path: str, position: int) -> None:
        """So much of a file is done; less than before where it had to begin anew."""
        with self._lock:
            self._at[path] = position
            self._told(sum(self._at.values()))


class _Counted(io.BufferedReader):
    """A file that tells how far it was read."""

    def __init__(self, file: str, told: Told) -> None:
        super().__init__(io.FileIO(file))
        self._tell_it = told

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self._tell_it(self.tell())
        return data

    def seek(self, target: int, whence: int = 0) -> int:
        position = super().seek(target, whence)
        self._tell_it(position)
        return position


class Addition(CommitOperationAdd):
    """A file of a commit that tells how far it was sent. It stays a path, for Xet to read."""

    progress: Progress | None = None

    @contextmanager
    def as_file(self, with_tqdm: bool = False) -> Iterator[BinaryIO]:
        """Open it; for sending, if a bar is asked for."""
        source, progress = self.path_or_fileobj, self.progress
        if with_tqdm and progress is not None and isinstance(source, str):
            with _Counted(source, lambda at: progress.at(self.path_in_repo, at)) as stream:
                yield stream
            return
        with super().as_file() as file:
            yield file


def _addition(item: Item, progress: Progress) -> Addition:
    if isinstance(item.source, bytes):
        addition = Addition(item.path, item.source)
    else:
        found = digest_of_file(item.source, SHA256)
        if found != item.sha256:
            raise BuildError(
                f"{item.source}: not the file that was built (its digest is {found[:12]}…, the "
                f"run record states {item.sha256[:12]}…): build it again, and check it"
            )
        addition = Addition(item.path, str(item.source))
        addition.upload_info.sha256 = bytes.fromhex(item.sha256)
    addition.progress = progress
    return addition


def upload(
    repo: str, items: Sequence[Item], progress: Progress, *, bars: bool = False
) -> list[Addition]:
    """Send the files that storage does not hold yet, trying again where that helps.

    Args:
        repo: ``owner/name``, which must exist.
        items: what to send; the small ones go with the commit.
        progress: is told how far it is.
        bars: whether the library may show its own bars, where it sends by Xet.

    Returns:
        The operations that add the files to a commit.

    Raises:
        BuildError: a file is not the one that was built, or can't be sent; what was sent stays in
            storage.
    """
    additions: list[Addition] = []
    with while_publishing(f"uploading to {repo}", repo), _bars(bars):
        for batch in _batches(items):
            announced = [_addition(item, progress) for item in batch]
            _upload_batch(repo, announced)
            additions += announced
    return additions


def _upload_batch(repo: str, batch: Sequence[Addition]) -> None:
    attempts = Attempts()
    while True:
        try:
            session.api().preupload_lfs_files(
                repo, batch, repo_type=DATASET, revision=MAIN, num_threads=_THREADS,
                free_memory=False,
                gitignore_content="",
            )  # fmt: skip
            return
        except Exception as error:
            cause = _cause(error)
            if sends_by_xet() and not isinstance(cause, _TOLD_APART):
                raise xet_trouble(cause) from error
            attempts.wait(cause)


def _cause(error: Exception) -> Exception:
    """What went wrong in truth, as something that may pass where it may."""
    inner = error.__cause__ if isinstance(error, RuntimeError) else None
    cause = inner if isinstance(inner, Exception) else error
    if isinstance(cause, HfHubHTTPError) and cause.response is not None:
        host = cause.response.request.url.netloc.decode()
        storage = host != urlsplit(session.endpoint()).netloc.rpartition("@")[2]
        if storage and status_of(cause) in (400, 403):
            # What storage grants has expired, or bytes were lost on the way.
            return InterruptedTransferError(f"storage refused a file ({status_of(cause)})")
    return cause


def _batches(items: Sequence[Item]) -> Iterator[list[Item]]:
    batch: list[Item] = []
    size = 0
    for item in items:
        if batch and (len(batch) == _BATCH_FILES or size > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += item.size
    if batch:
        yield batch


@contextmanager
def _bars(wanted: bool) -> Iterator[None]:
    """Show the library's bars only where it sends past our counting."""
    if constants.HF_HUB_DISABLE_PROGRESS_BARS is not None:  # the user has decided
        yield
        return
    shown = wanted and sends_by_xet()
    (enable_progress_bars if shown else disable_progress_bars)()
    try:
        yield
    finally:
        enable_progress_bars()


def sends_by_xet() -> bool:
    """Whether the library sends by Xet, which counts for itself."""
    from huggingface_hub.utils._runtime import is_xet_available

    return bool(is_xet_available())
