"""`omnireward media check`: what becomes of files under the media policy of a recipe."""

from __future__ import annotations

import os
import re
import stat
from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from schemas.ids import source_digest
from schemas.tasks import Modality
from transforms.beamkit.errors import BuildError
from transforms.media.companions import with_companions
from transforms.media.containers.found import Found, too_large
from transforms.media.errors import MediaError
from transforms.media.guess import modality_of
from transforms.media.sandbox.runner import Sandbox
from transforms.media.settings import MediaPolicy

Outcome = Literal["kept", "normalised", "rejected", "no medium", "unreadable"]

#: In the order of a summary; the last two of `BAD` make a check fail.
OUTCOMES: Final[tuple[Outcome, ...]] = (
    "kept",
    "normalised",
    "rejected",
    "unreadable",
    "no medium",
)
BAD: Final = ("rejected", "unreadable")

#: What is looked at of a file that is too large for any policy.
_HEAD_BYTES: Final = 1024 * 1024

_TURN_SECONDS: Final = 0.2


@dataclass(frozen=True)
class Checked:
    """What became of one file. Digests are SHA-256, `facts` are those of the product."""

    path: str
    modality: str | None
    outcome: Outcome
    reason: str | None = None
    message: str = ""
    changes: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    source_digest: str | None = None
    product_digest: str | None = None
    saved: str | None = None

    def as_json(self) -> dict[str, Any]:
        """As a value of JSON."""
        return {**vars(self), "changes": list(self.changes), "facts": dict(self.facts)}


def files_of(paths: Sequence[Path]) -> list[Path]:
    """The files named, and all that lie in the folders named, in order; hidden ones are skipped.

    Links to folders are not followed, and what is no regular file is left out.

    Raises:
        BuildError: a path is not there.
    """
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise BuildError(f"{path}: there is no such file or folder")
        found += _below(path) if path.is_dir() else [path]
    return list(dict.fromkeys(found))


def _below(folder: Path) -> Iterator[Path]:
    for here, inner, names in os.walk(folder):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        for name in sorted(names):
            path = Path(here, name)
            if not name.startswith(".") and path.is_file():
                yield path


class Checker:
    """Checks files in a sandbox, several at a time, in their order.

    `modality` says what all of them are, where content and name should not decide. Products are
    written to `save`, under names of their own.
    """

    def __init__(
        self, sandbox: Sandbox, modality: Modality | None = None, save: Path | None = None
    ) -> None:
        self.sandbox, self.modality, self.save = sandbox, modality, save

    def check(self, paths: Iterable[Path]) -> Iterator[Checked]:
        """What becomes of each file."""
        workers = max(self.sandbox.workers, 1)
        pool = ThreadPoolExecutor(workers)
        waiting: deque[Future[Checked]] = deque()
        try:
            for path in paths:
                waiting.append(pool.submit(self.one, path))
                if len(waiting) > workers:
                    yield _settled(waiting.popleft())
            while waiting:
                yield _settled(waiting.popleft())
        finally:  # who interrupts is not made to wait for files at work
            pool.shutdown(wait=False, cancel_futures=True)

    def one(self, path: Path) -> Checked:
        """What becomes of one file."""
        try:
            size, data = _read(path, _largest(self.sandbox.policy))
        except OSError as error:
            return Checked(str(path), None, "unreadable", message=error.strerror or str(error))
        modality = self.modality or modality_of(data, path.name)
        if modality is None:
            return Checked(str(path), None, "no medium")
        try:
            limit = getattr(self.sandbox.policy, modality).max_bytes
            if size > limit:
                raise MediaError(f"{modality}_too_large", f"{size:,} bytes, the limit is {limit:,}")
            if modality == "mesh":
                data, size = self._with_companions(path, data)
            product = self.sandbox.run(modality, data)
        except MediaError as error:
            digest = source_digest(data) if len(data) == size else None
            told = (error.reason, error.message)
            return Checked(str(path), modality, "rejected", *told, source_digest=digest)
        made = data if product.data is None else product.data
        made_digest = source_digest(made)
        return Checked(
            str(path),
            modality,
            "kept" if product.data is None else "normalised",
            changes=product.changes,
            facts=product.facts,
            source_digest=source_digest(data),
            product_digest=made_digest,
            saved=self._saved(path, made, made_digest, str(product.facts.get("format", "bin"))),
        )

    def _with_companions(self, path: Path, data: bytes) -> tuple[bytes, int]:
        """A model with the files beside it that it names."""
        most = self.sandbox.policy.mesh

        def read(names: Collection[str], *, largest: int = most.max_bytes) -> Iterator[Found]:
            for name in names:
                if name == path.name:
                    yield Found(name, data)
                    continue
                with suppress(OSError):  # it is not there: the model does without
                    size, content = _read(path.parent / name, largest)
                    yield Found(name, too_large(name, size, largest) or content)

        (found,) = with_companions(read, [path.name], most.max_files, most.max_bytes)
        if isinstance(found.data, MediaError):
            raise found.data
        return found.data, len(found.data)

    def _saved(self, path: Path, data: bytes, digest: str, ending: str) -> str | None:
        """Where a product was written: its name can't lead out of the folder."""
        if self.save is None:
            return None
        self.save.mkdir(parents=True, exist_ok=True)
        stem = re.sub(r"[^A-Za-z0-9_-]+", "-", path.stem).strip("-")[:60] or "medium"
        kind = re.sub(r"[^a-z0-9]+", "", ending.lower())[:8] or "bin"
        target = self.save / f"{stem}-{digest[:12]}.{kind}"
        target.write_bytes(data)
        return str(target)


def _settled(future: Future[Checked]) -> Checked:
    """A result, waited for in short turns.

    Polars handles interrupts so that a wait without end goes on through them.
    """
    while not wait([future], _TURN_SECONDS).done:
        pass
    return future.result()


def summary(checked: Iterable[Checked]) -> tuple[Counter[str], Counter[str]]:
    """How many files came to each outcome, and how many were rejected for each reason."""
    outcomes, reasons = Counter[str](), Counter[str]()
    for one in checked:
        outcomes[one.outcome] += 1
        if one.reason is not None:
            reasons[one.reason] += 1
    return outcomes, reasons


def _largest(policy: MediaPolicy) -> int:
    policies = (policy.image, policy.video, policy.audio, policy.mesh)
    return max(each.max_bytes for each in policies)


def _read(path: Path, largest: int) -> tuple[int, bytes]:
    """The size and the bytes of a regular file; of one beyond all limits only the first."""
    with open(path, "rb", opener=_opener) as stream:
        told = os.fstat(stream.fileno())
        if not stat.S_ISREG(told.st_mode):
            raise OSError("not a regular file")
        return told.st_size, stream.read(_HEAD_BYTES if told.st_size > largest else -1)


def _opener(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)  # a pipe without a writer would block for ever
