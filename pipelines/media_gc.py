"""What lies in a media store and belongs to no dataset any more.

A medium is in use where a finished unit `prepare` refers to it, or the media that dead letters are
tried again with. Whatever is young stays: a build that was killed goes on with it. What the store
knows of media that can't be used stays too: it is small, and spares decoding them again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.build_marker import running
from pipelines.layout import Layout
from pipelines.planning import PREPARE
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.beamkit.manifest import Part, read_manifest
from transforms.media.store import MediaStore
from transforms.media.store.sweep import Kind, Stored, fate_at, stored
from transforms.writing.prepared import PAIRS_ROLE

#: Seconds for which a file is nobody's business but its writer's.
YOUNG_SECONDS: Final = 24 * 3600.0

#: Files that are removed without another look at what is running.
_BATCH: Final = 500

#: Columns of prepared pairs that refer to media.
_MEDIA: Final = ("prompt_media", "a_media", "b_media")
#: Facts that name content of the store.
_NAMED: Final = ("digest", "product")

#: What is removed first is what names others.
_ORDER: Final[tuple[Kind, ...]] = ("fate", "product", "source", "temporary")


@dataclass
class Tally:
    """Files and bytes of one kind: in all, unused, and unused but young."""

    files: int = 0
    bytes: int = 0
    unused: int = 0
    unused_bytes: int = 0
    young: int = 0


@dataclass
class Clearing:
    """What is unused in a store. `paths` may be removed, in this order."""

    tallies: dict[Kind, Tally] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)
    young_hours: float = YOUNG_SECONDS / 3600

    @property
    def total(self) -> Tally:
        """All kinds together."""
        sums = zip(*(vars(tally).values() for tally in self.tallies.values()), strict=True)
        return Tally(*map(sum, sums))


def clearing_of(
    store: str, layouts: Sequence[Layout], keys: Iterable[str] | None = None
) -> Clearing:
    """Find what no dataset of these output folders uses.

    With `keys` of policies, products for other policies are unused too.

    Raises:
        BuildError: an output folder can't be read as a whole, or a build is running on it: then
            nothing is known to be unused.
    """
    used = set[str]()
    for layout in layouts:
        used |= referred_to(layout)
    every = list(stored(MediaStore(store)))
    wanted = frozenset(keys) if keys is not None else None
    kept_fates, products = _followed(every, used, wanted)
    found, unused = Clearing(), dict[Kind, list[str]]()
    for file in every:
        tally = found.tallies.setdefault(file.kind, Tally())
        tally.files, tally.bytes = tally.files + 1, tally.bytes + file.size
        if file.kind == "unknown" or _is_used(file, used, kept_fates, products):
            continue
        if file.age is None or file.age < YOUNG_SECONDS:
            tally.young += 1
            continue
        tally.unused, tally.unused_bytes = tally.unused + 1, tally.unused_bytes + file.size
        unused.setdefault(file.kind, []).append(file.path)
    found.paths = [path for kind in _ORDER for path in unused.get(kind, ())]
    return found


def remove_unused(found: Clearing, layouts: Sequence[Layout]) -> int:
    """Remove what was found to be unused, and folders that are empty then; returns how many files.

    Between the listing and now builds may have taken up old files: those are young again, and stay.

    Raises:
        BuildError: a build began meanwhile; what was removed until then, nothing refers to.
    """
    removed = 0
    for start in range(0, len(found.paths), _BATCH):
        for layout in layouts:
            busy = running(layout)
            if busy is not None:
                raise BuildError(
                    f"{layout.output}: a build began there meanwhile ({busy}), so after "
                    f"{removed:,} of {len(found.paths):,} files nothing more was removed; "
                    "wait until it ends"
                )
        old = [path for path in found.paths[start : start + _BATCH] if not _is_young(path)]
        files.remove(old)
        removed += len(old)
    remove_empty_folders(found.paths)
    return removed


def _is_young(path: str) -> bool:
    """Whether a file on this machine was stored or used lately."""
    if not files.is_local(path):
        return False
    try:
        return time.time() - os.stat(path).st_mtime < YOUNG_SECONDS
    except FileNotFoundError:
        return False


def referred_to(layout: Layout) -> set[str]:
    """Digests of all media that the finished work of an output folder refers to: of their source
    bytes, and of their products' where those differ.

    Raises:
        BuildError: there is no finished work, it can't be read, or a build is running.
    """
    busy = running(layout)
    if busy is not None:
        raise BuildError(f"{layout.output}: a build is running there ({busy}); wait until it ends")
    found = files.find(layout.output, ".work", "*", f"{PREPARE}.json")
    paths = [path for path, _ in found]
    if not paths:
        raise BuildError(
            f"{layout.output}: no finished work of a build is here, so nothing tells which media "
            "are in use; name the output folders of all datasets that share the store"
        )
    used = set[str]()
    for path in paths:
        manifest = read_manifest(path)
        if manifest is None:
            raise BuildError(f"{path}: can't be read; build that subset again")
        for part in manifest.of_role(PAIRS_ROLE):
            used |= _digests_of(part)
        known = Layout.known_media(layout, path.replace("\\", "/").split("/")[-2])
        if files.exists(known):
            used |= _known(known)
    return used


def _digests_of(part: Part) -> set[str]:
    """Columns are found by name: the part may have been written by another release."""
    try:
        with files.open_read(part.path) as stream:
            names = pa.ipc.open_file(stream).schema.names
            stream.seek(0)
            wanted = [names.index(name) for name in _MEDIA]
            options = pa.ipc.IpcReadOptions(included_fields=wanted)
            table = pa.ipc.open_file(stream, options=options).read_all()
    except (OSError, ValueError, pa.ArrowInvalid) as error:
        raise BuildError(
            f"{part.path}: a finished unit names it, and it can't be read ({error}); "
            "build that subset again"
        ) from None
    refs = (table[name].combine_chunks().flatten().field("info") for name in _MEDIA)
    return {digest for info in refs for digest in _digests(info)}


def _digests(info: pa.Array) -> Iterator[str]:
    for name in _NAMED:
        position = info.type.get_field_index(name)
        if position >= 0:  # parts of an older release know of no products
            field = pc.struct_field(info, [position])
            yield from pc.unique(field).drop_null().to_pylist()


def _known(path: str) -> set[str]:
    with files.open_read(path) as stream:
        table = pa.ipc.open_file(pa.py_buffer(stream.read())).read_all()
    return set(_digests(table["info"].combine_chunks()))


def _followed(
    every: Iterable[Stored], used: set[str], keys: frozenset[str] | None
) -> tuple[set[str], set[str]]:
    """Paths of fates that stay, and digests of products that those name."""
    kept, products = set[str](), set[str]()
    for file in every:
        if file.kind != "fate" or (keys is not None and file.key not in keys):
            continue
        fate = fate_at(file.path)
        if fate is None or not (file.digest in used or fate.reason is not None):
            continue
        kept.add(file.path)
        if fate.product is not None:
            products.add(fate.product)
    return kept, products


def _is_used(file: Stored, used: set[str], fates: set[str], products: set[str]) -> bool:
    if file.kind == "source":
        return file.digest in used
    if file.kind == "product":
        return file.digest in products or file.digest in used
    return file.kind == "fate" and file.path in fates


def remove_empty_folders(paths: Iterable[str]) -> None:
    """Folders of removed files that hold nothing any more, on this machine."""
    for folder in sorted({os.path.dirname(path) for path in paths if files.is_local(path)}):
        if os.path.isdir(folder) and not os.listdir(folder):
            os.rmdir(folder)
