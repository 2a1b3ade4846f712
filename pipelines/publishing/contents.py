"""What is published of an output folder: every file with its place on the Hub, size and digest."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pipelines.clip_files import clips_named
from pipelines.layout import Layout
from pipelines.published_record import published_record
from pipelines.publishing import places
from pipelines.publishing.provenance import published_json, published_lock, recipe_yaml
from pipelines.quality_of_build import AUDITS, GATE, REPORT, REVIEW, is_current
from transforms.beamkit.errors import BuildError
from transforms.beamkit.hub.digests import SHA256, hasher_of, hex_of

_BLOCK: Final = 1 << 20
_SIDE_TABLES: Final = ("dead_letters", "duplicates", "contamination")


@dataclass(frozen=True)
class Item:
    """A file to be published. `rows` is that of a shard."""

    path: str
    source: Path | bytes
    size: int
    sha256: str
    subset: str | None = None
    rows: int | None = None

    @staticmethod
    def of_bytes(path: str, data: bytes) -> Item:
        """A file that is made for publication."""
        return Item(path, data, len(data), hashlib.sha256(data).hexdigest())

    @staticmethod
    def of_file(path: str, file: Path, subset: str | None = None) -> Item:
        """A file as it lies in the output folder."""
        return Item(path, file, file.stat().st_size, digest_of_file(file, SHA256), subset)

    def is_like(self, size: int, digest: str) -> bool:
        """Whether a file of this size and digest, as the Hub states it, is the same."""
        if size != self.size:
            return False
        if digest.startswith(f"{SHA256}:"):
            return hex_of(digest) == self.sha256
        if isinstance(self.source, Path):
            return digest_of_file(self.source, digest) == hex_of(digest)
        hasher = hasher_of(digest, size)
        hasher.update(self.source)
        return hasher.hexdigest() == hex_of(digest)


def digest_of_file(file: Path, kind: str) -> str:
    """A file's digest of the kind of ``kind:…``, hex."""
    hasher = hasher_of(kind, file.stat().st_size)
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            hasher.update(block)
    return hasher.hexdigest()


def content_digest(items: Iterable[Item]) -> str:
    """One digest over paths and bytes: the same content has the same, whatever its version."""
    whole = hashlib.sha256()
    for item in sorted(items, key=lambda item: item.path):
        whole.update(f"{item.path}\0{item.sha256}\n".encode())
    return whole.hexdigest()


def gather(output: Path, record: Mapping[str, Any], repo: str) -> dict[str, Item]:
    """All that an output folder publishes but its card, by path on the Hub.

    A file of ``quality/`` that is about another build is not among it. Shards have the digest that
    the run record states; whoever uploads one holds it against that.

    Args:
        output: the folder.
        record: its run record.
        repo: ``owner/name``, where it is published.

    Raises:
        BuildError: a file is missing, or not as the run record says; or rows name their clips in
            another repository.
    """
    layout = Layout.of(str(output))
    items = [
        *_shards(output, record),
        *_clips(layout, record, repo),
        *_tables(layout, record),
        *_provenance(layout, record),
    ]
    if is_current(layout, record, REPORT):
        items.append(Item.of_file(places.REPORT, Path(layout.quality(REPORT))))
    return {item.path: item for item in items}


def _shards(output: Path, record: Mapping[str, Any]) -> Iterator[Item]:
    layout = Layout.of(str(output))
    for subset, entry in record["subsets"].items():
        for name, shard in entry["shards"].items():
            file = Path(layout.shard(subset, name))
            if not file.is_file() or os.path.getsize(file) != shard["bytes"]:
                raise BuildError(
                    f"{file}: missing, or not of the {shard['bytes']:,} bytes that the run record "
                    f"states; build it again: omnireward build --subset {subset} --output {output}"
                )
            path = places.shard(subset, name)
            yield Item(path, file, shard["bytes"], shard["sha256"], subset, shard["rows"])


def _clips(layout: Layout, record: Mapping[str, Any], repo: str) -> Iterator[Item]:
    """Clips that are files: their names are the digests of their bytes."""
    for place, named in clips_named(layout, record["subsets"]).items():
        if named != repo:
            raise BuildError(
                f"rows name their clips in {named}, not in {repo}: publish there, or set "
                "publication.repo of the recipe and build again"
            )
        file = Path(layout.output) / place
        if not file.is_file():
            raise BuildError(
                f"{file}: missing; rows name this clip. Build again, with --fresh for its subset"
            )
        yield Item(place, file, file.stat().st_size, file.stem)


def _tables(layout: Layout, record: Mapping[str, Any]) -> Iterator[Item]:
    for subset in record["subsets"]:
        labels = Path(layout.labels(subset))
        if labels.is_file():
            yield Item.of_file(places.labels(subset), labels, subset)
        for kind in _SIDE_TABLES:
            file = Path(getattr(layout, kind)(subset))
            if file.is_file():
                yield Item.of_file(places.side_table(kind, subset), file)


def _provenance(layout: Layout, record: Mapping[str, Any]) -> Iterator[Item]:
    yield Item.of_bytes(places.RUN_RECORD, published_record(record))
    yield Item.of_bytes(places.RECIPE, recipe_yaml(record["recipe"]))
    lock = Path(layout.lock)
    if lock.is_file():
        yield Item.of_bytes(places.LOCK, published_lock(lock))
    for name in (GATE, AUDITS, REVIEW):
        if is_current(layout, record, name):
            told = published_json(Path(layout.quality(name)), record)
            yield Item.of_bytes(places.quality(name), told)
