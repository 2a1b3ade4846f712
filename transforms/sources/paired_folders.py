"""Media of one name in two folders: the name is the prompt, the folder says which is preferred."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from schemas.media import SLOT_MODALITY, MediaRef
from transforms.beamkit.errors import BuildError
from transforms.sources.adapter import SourceFile, need
from transforms.sources.draft import Draft, Response, Turn
from transforms.sources.grouped import GroupedAdapter, Member
from transforms.sources.records import Place, Records
from transforms.sources.work_unit import WorkUnit


@dataclass(frozen=True)
class PairedFoldersOptions:
    """Which folder holds the preferred responses, which the others, and what they are."""

    preferred: str
    other: str
    slot: str = "video"

    def __post_init__(self) -> None:
        if self.slot not in SLOT_MODALITY or self.slot.startswith("prompt_"):
            raise ValueError(f"slot {self.slot!r} is none of a response: image, video, audio, mesh")
        if self.preferred == self.other:
            raise ValueError("preferred and other name the same folder")


class PairedFolders(GroupedAdapter):
    """A file is a record; two files of one name, in either folder, are a pair."""

    Options: ClassVar[type] = PairedFoldersOptions

    def units(self, files: Sequence[SourceFile]) -> list[WorkUnit]:
        """One unit of all names. The media themselves are checked by the media stage.

        Raises:
            BuildError: a file lies in neither folder.
        """
        options = PairedFoldersOptions(**self.corpus.options)
        for file in files:
            if posixpath.dirname(file.name) not in (options.preferred, options.other):
                raise BuildError(
                    f"{file.path}: lies neither in {options.preferred!r} nor in {options.other!r}"
                )
        parts = tuple(WorkUnit(f.path, f.name, "name", 0, 0, f.size) for f in files)
        size = sum(part.size for part in parts)
        return [WorkUnit("", "", "several", 0, len(parts), size, parts)] if parts else []

    def records(self, unit: WorkUnit) -> Records:
        """The name of a file as a record."""
        folder, name = posixpath.split(unit.file)
        yield Place(unit.file, 0), {"folder": folder, "name": name}

    def key(self, record: Mapping[str, Any]) -> str:
        """The name, which both sides share."""
        return posixpath.splitext(record["name"])[0]

    group = key

    def group_pairs(self, members: Sequence[Member]) -> Iterable[Draft]:
        """The pair of a name."""
        options = PairedFoldersOptions(**self.corpus.options)
        files = {member.record["folder"]: member.record["name"] for member in members}
        need(len(files) == len(members), "ambiguous_name", "two files of this name in one folder")
        lacking = [folder for folder in (options.preferred, options.other) if folder not in files]
        need(not lacking, "unpaired", f"no file of this name in {', '.join(lacking)}")
        first, second = (
            Response(media=(MediaRef(options.slot, folder, files[folder]),))
            for folder in (options.preferred, options.other)
        )
        yield Draft(
            key=self.key(members[0].record),
            prompt=(Turn("user", self.key(members[0].record)),),
            first=first,
            second=second,
            preferred="first",
            where=str(members[0].place),
        )
