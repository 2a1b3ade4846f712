"""Media of benchmark items as hashes: read where they lie, decoded in the sandbox, each once."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from pipelines.benchmarks.items import MediumPart
from pipelines.benchmarks.variants import variants
from schemas.ids import source_digest
from schemas.tasks import Modality
from transforms.beamkit import files
from transforms.media.containers import folder, reader_of
from transforms.media.errors import MediaError
from transforms.media.guess import modality_of
from transforms.media.sandbox.runner import Sandbox
from transforms.sources.urls import split_url

#: Media that are decoded or wait for it, at most.
_AHEAD: Final = 16

#: Folders that may be taken off the front of a path.
_MAX_ABOVE: Final = 8

_ARCHIVES: Final = (".zip", ".tar", ".tar.gz", ".tgz")


@dataclass(frozen=True)
class HashedMedium:
    """What is kept of a medium: SHA-256 of its bytes, and perceptual hashes, none if undecodable.

    The first hash is that of the medium itself, the others are of its crops.
    """

    modality: Modality
    source: str
    hashes: tuple[str, ...]


@dataclass
class MediaHasher:
    """Hashes media, each content once. `skipped` counts what could not be used, by reason.

    A medium that can't be decoded keeps its digest: equal files are found all the same.
    """

    sandbox: Sandbox
    skipped: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._known: dict[str, HashedMedium | None] = {}

    def of_records(self, parts: Sequence[MediumPart]) -> list[HashedMedium | None]:
        """The hashes of media whose bytes came with their records, in order."""
        return self._hashed([(part.data or b"", part.path) for part in parts])

    def of_paths(
        self, paths: Sequence[str], root: str, media_root: str
    ) -> Mapping[str, HashedMedium]:
        """The hashes of media by path: below a folder, or in an archive, of the benchmark."""
        wanted = {path: member for path in paths if (member := _member(path)) is not None}
        self.skipped["media_on_the_web"] += len(set(filter(_is_on_the_web, paths)))
        container = files.join(root, media_root) if media_root else root
        found: dict[str, HashedMedium] = {}
        # Paths may begin with folders above the root: they are taken off one by one.
        for _ in range(_MAX_ABOVE):
            by_member: dict[str, list[str]] = {}
            for path, member in wanted.items():
                by_member.setdefault(member, []).append(path)
            met = self._found(container, by_member, found)
            wanted = {
                path: member.split("/", 1)[1]
                for path, member in wanted.items()
                if member not in met and "/" in member
            }
            if not wanted:
                break
        missing = sum(1 for path in paths if path not in found and _member(path) is not None)
        if missing:
            self.skipped["media_not_read"] += missing
        return found

    def _found(
        self, container: str, by_member: Mapping[str, Sequence[str]], found: dict[str, HashedMedium]
    ) -> set[str]:
        """Hash the members that are there into `found`, by path; returns which they are."""
        met: set[str] = set()
        for batch in _batches(self._bytes(container, sorted(by_member))):
            for (_, name), hashed in zip(batch, self._hashed(batch), strict=True):
                met.add(name)
                if hashed is not None:
                    found.update(dict.fromkeys(by_member[name], hashed))
        return met

    def _bytes(self, container: str, members: Sequence[str]) -> Iterator[tuple[bytes, str]]:
        if not members:
            return
        is_archive = container.lower().endswith(_ARCHIVES)
        # It is one that was found: a star in its name stands for itself.
        reader = reader_of(container.replace("*", "_")) if is_archive else folder.read
        for found in reader(container, members):
            if not isinstance(found.data, MediaError):
                yield found.data, found.member
            elif found.data.reason != "media_missing":
                self.skipped[found.data.reason] += 1

    def _hashed(self, media: Sequence[tuple[bytes, str]]) -> list[HashedMedium | None]:
        digests = [source_digest(data) for data, _ in media]
        with ThreadPoolExecutor(max(self.sandbox.workers, 1)) as pool:
            asked: dict[str, Future[HashedMedium | None]] = {}
            for digest, (data, name) in zip(digests, media, strict=True):
                if digest not in self._known and digest not in asked:
                    asked[digest] = pool.submit(self._one, digest, data, name)
            self._known |= {digest: future.result() for digest, future in asked.items()}
        return [self._known[digest] for digest in digests]

    def _one(self, digest: str, data: bytes, name: str) -> HashedMedium | None:
        modality = modality_of(data, name)
        if modality is None:
            self.skipped["not_a_medium"] += 1
            return None
        try:
            hashes = variants(data, modality, self.sandbox)
        except MediaError as error:
            self.skipped[error.reason] += 1
            hashes = ()
        return HashedMedium(modality, digest, hashes)


_WEB: Final = ("http", "https", "ftp", "s3", "gs", "data")


def _is_on_the_web(path: str) -> bool:
    parts = split_url(path)
    return parts is not None and parts.scheme in _WEB


def _member(path: str) -> str | None:
    """A path below the media root; None for what lies on the web."""
    if _is_on_the_web(path):
        return None
    return posixpath.normpath(path.replace("\\", "/")).lstrip("/")


def _batches(media: Iterator[tuple[bytes, str]]) -> Iterator[list[tuple[bytes, str]]]:
    batch: list[tuple[bytes, str]] = []
    for one in media:
        batch.append(one)
        if len(batch) >= _AHEAD:
            yield batch
            batch = []
    if batch:
        yield batch
