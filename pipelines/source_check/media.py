"""Step: one medium of each kind, found where the records say it is and opened."""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import pyarrow as pa

from pipelines.sizes import size_of
from pipelines.source_check.archives import (
    Look,
    look_in_cells,
    look_in_folder,
    look_in_tar,
    look_in_zip,
)
from pipelines.source_check.file_names import FilesFound
from pipelines.source_check.finding import Difference
from pipelines.source_check.found_media import judge
from pipelines.source_check.globs import is_glob, matching
from pipelines.source_check.kinds import ARCHIVES, kind_of
from pipelines.source_check.meter import Enough
from pipelines.source_check.runs import part_of
from pipelines.source_check.subject import Subject
from pipelines.source_check.words import clean, listed, yaml_line
from schemas.media import SLOT_MODALITY, MediaRef
from transforms.beamkit.errors import BuildError
from transforms.beamkit.sniff import HEAD_BYTES, sniff
from transforms.media.produce import module_of
from transforms.media.settings import MediaPolicy

_UNREADABLE: Final = (
    BuildError,
    OSError,
    ValueError,
    EOFError,
    pa.ArrowException,
    tarfile.ReadError,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclass(frozen=True)
class Kind:
    """Media of one modality in one container; of cells, in one column of all files."""

    container: str
    modality: str
    members: tuple[str, ...]
    slot: str

    @property
    def is_cells(self) -> bool:
        """Whether they lie in cells of a Parquet file."""
        return self.container.lower().endswith(".parquet")

    @property
    def title(self) -> str:
        """Where they lie, for a person."""
        if self.is_cells:
            return f"cells of {self.members[0].rsplit('/', 2)[0]!r}"
        return self.container or "the corpus's folder"


def kinds_of(refs: Sequence[MediaRef]) -> list[Kind]:
    """The kinds of media that references ask for, in order; of cells those of the first file."""
    members: dict[tuple[str, str, str], dict[str, None]] = {}
    homes: dict[tuple[str, str], str] = {}
    slots: dict[tuple[str, str, str], str] = {}
    for ref in refs:
        modality = SLOT_MODALITY[ref.slot]
        column = ""
        if ref.container.lower().endswith(".parquet"):
            column = ref.member.rsplit("/", 2)[0]
            if homes.setdefault((column, modality), ref.container) != ref.container:
                continue
        key = (ref.container, modality, column)
        members.setdefault(key, {})[ref.member] = None
        slots.setdefault(key, ref.slot)
    return [Kind(key[0], key[1], tuple(own), slots[key]) for key, own in members.items()]


def check_media(
    subject: Subject, refs: Sequence[MediaRef], found: FilesFound, cells: Sequence[str] = ()
) -> tuple[list[str], list[Difference]]:
    """Look for one medium of each kind; returns facts about those that opened.

    `cells` are columns of Parquet files that hold bytes.
    """
    facts: list[str] = []
    differences: list[Difference] = []
    for kind in kinds_of(refs):
        home = _home(subject, kind, found)
        if home is None and cells and subject.may_be_null("archive"):
            home = _in_cells(subject, kind, cells)
        if isinstance(home, Difference):
            differences.append(home)
        elif home is not None:
            fact, said = _look(subject, kind, home)
            facts += fact
            differences += said
    return facts, differences


def _home(subject: Subject, kind: Kind, found: FilesFound) -> str | Difference | None:
    """What the container is called now; None where that it lacks was said before."""
    name = found.moved.get(kind.container, kind.container)
    sizes = subject.sizes
    if kind.is_cells:
        return name
    if is_glob(name):
        shards = matching(name, sizes)
        if shards:
            return shards[0]
    elif kind_of(name) == "archive":
        if any(lost in found.lacking for lost in (kind.container, name)):
            return None
        if name in sizes or any((part_of(other) or ("",))[0] == name for other in sizes):
            return name
    elif not name or any(other.startswith(f"{name}/") for other in sizes):
        return name
    if any(lost == name or lost.startswith((f"{name}.", f"{name}/")) for lost in found.lacking):
        return None
    return _absent(subject, kind, name)


def _in_cells(subject: Subject, kind: Kind, cells: Sequence[str]) -> Difference:
    expected = f"{kind.modality} in {kind.container}"
    found = f"no such archive; bytes are in cells of {listed(map(repr, cells))}"
    change = yaml_line("options", {"archive": None})
    return subject.differs("media", "error", expected, found, change)


def _absent(subject: Subject, kind: Kind, name: str) -> Difference:
    if kind_of(name) == "archive":
        there = [other for other in sorted(sizes_of(subject)) if kind_of(other) == "archive"]
    else:
        there = sorted({other.split("/")[0] for other in subject.sizes if "/" in other})
    change = subject.options_line(kind.container, there[0]) if len(there) == 1 else ""
    found = f"nothing of this name; there is {listed(there)}" if there else "nothing of this name"
    return subject.differs(
        "media",
        "error",
        f"{kind.modality} in {name}",
        found,
        change or "download it, or name in `options` what holds the media",
    )


def sizes_of(subject: Subject) -> list[str]:
    """Names at the root, of a split file the whole's."""
    return list(dict.fromkeys((part_of(name) or (name,))[0] for name in subject.sizes))


def _look(subject: Subject, kind: Kind, home: str) -> tuple[list[str], list[Difference]]:
    inspect = partial(described, kind.modality, subject.policy)
    try:
        look = _looker(subject, home)(kind.members, inspect)
    except Enough as error:
        found = f"{home}: {error} would have to be read"
        change = "none: it is left to the build"
        return [], [subject.differs("media", "note", f"a look into {home}", found, change)]
    except _UNREADABLE as error:
        return [], [_unreadable(subject, home, error)]
    fact = [f"{look.opened[1]} from {kind.title}"] if look.opened else []
    return [clean(text) for text in fact], judge(subject, kind.members, kind.slot, home, look)


def _looker(subject: Subject, home: str) -> Callable[[Sequence[str], Callable[[bytes], str]], Look]:
    path, meter, lowered = subject.path(home), subject.meter, home.lower()
    if lowered.endswith(".parquet"):
        return partial(look_in_cells, meter, path)
    if lowered.endswith(".zip"):
        return partial(look_in_zip, meter, path)
    if lowered.endswith(ARCHIVES):
        return partial(look_in_tar, meter, path)
    head = f"{home}/" if home else ""
    below = {
        name.removeprefix(head): size
        for name, size in subject.sizes.items()
        if name.startswith(head)
    }
    return partial(look_in_folder, meter, lambda member: subject.path(head + member), below)


def _unreadable(subject: Subject, home: str, error: Exception) -> Difference:
    said = str(error).replace(subject.path(home), home) or type(error).__name__
    change = "download it again"
    if any(part_of(name) for name in subject.sizes if name.startswith(f"{home}.")):
        change = "download all parts again; the last one may be missing"
    elif home.removesuffix(".zip") + ".z01" in subject.sizes:
        change = "a zip archive of several volumes: join them (zip -s 0 IN --out OUT)"
    elif not subject.is_mirror:
        change = "the published file is damaged: pin `revision:` to another commit"
    told = {".parquet": "cells that can be read", ".zip": "a zip archive that can be read"}
    expected = next((text for end, text in told.items() if home.endswith(end)), "media to read")
    return subject.differs("media", "error", expected, f"{home}: {said}", change)


def described(modality: str, policy: MediaPolicy, data: bytes) -> str:
    """A medium's facts in words: ``image 512 x 512 jpeg (61.2 kB)``.

    Raises:
        MediaError: it can't be used.
    """
    module, own = module_of(modality), getattr(policy, modality)
    inspected = module.describe(module.validate(data, own), own)
    size = f"{inspected['width']} x {inspected['height']}" if "width" in inspected else ""
    seconds = inspected.get("duration_s")
    length = f"{seconds:.1f} s" if seconds else ""
    form = inspected.get("format") or sniff(data[:HEAD_BYTES])
    told = " ".join(part for part in (modality, size, length, str(form)) if part)
    return f"{told} ({size_of(len(data))})"
