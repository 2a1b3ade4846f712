"""Finding the media that drafts refer to: each wanted member is read, validated and stored once."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import apache_beam as beam
import pyarrow as pa

from schemas.ids import source_digest
from schemas.media import INFO_STRUCT, SLOT_MODALITY
from transforms.beamkit import progress
from transforms.media.companions import with_companions
from transforms.media.containers import can_be_read_again, path_of, reader_of, title_of, unit_of
from transforms.media.containers.found import Found
from transforms.media.errors import MediaError
from transforms.media.known import KnownMedia, Recalled
from transforms.media.sandbox.shared import shared_sandbox
from transforms.media.settings import MediaPolicy
from transforms.media.store import MediaStore
from transforms.media.store.making import MediaMaker

#: The index of a subset's media: found ones have `info`, others a reason. One row a member; it is
#: held whole on each worker (about 500 bytes a row, so 170 MB for 320,000 frames of clips).
INDEX_SCHEMA = pa.schema(
    [
        ("container", pa.string()),
        ("member", pa.string()),
        ("info", INFO_STRUCT),
        ("reason", pa.string()),
        ("message", pa.string()),
    ]
)

MEDIA_COLUMNS = ("prompt_media", "first_media", "second_media")

_FACTS = tuple(field.name for field in INFO_STRUCT)

Piece = tuple[str, str, str]
Wanted = tuple[Piece, list[str]]


@dataclass(frozen=True)
class MediaPlace:
    """Where a corpus's media are: the root of its containers, and the scope that the recipe sets.

    `scope` are the first bytes of an archive in which all drafts have their media; None is all.
    """

    root: str
    scope: int | None = None


class LocateMedia(beam.PTransform):
    """From drafts to the index of their media (`INDEX_SCHEMA` tables).

    `place` is where the corpus's containers lie. Equal references are read once; media of one
    archive are read in one pass. `known` media are not decoded again.
    """

    def __init__(
        self,
        place: MediaPlace,
        store: MediaStore,
        policy: MediaPolicy,
        known: KnownMedia | None = None,
    ) -> None:
        super().__init__()
        self.place, self.store, self.policy, self.known = place, store, policy, known

    def expand(self, drafts: beam.PCollection[pa.Table]) -> beam.PCollection[pa.Table]:
        """Group what is wanted by the piece that is read at once, then read it."""
        return (
            drafts
            | "Wanted" >> beam.FlatMap(wanted_media)
            | "ByContainer" >> beam.GroupByKey()
            | "Extract"
            >> beam.ParDo(
                _Extract(self.place, self.store, self.policy, self.known)
            ).with_output_types(pa.Table)
        )


def wanted_media(drafts: pa.Table) -> Iterator[Wanted]:
    """The media of a table as ``((container, unit, modality), members)``, without repeats."""
    wanted: dict[Piece, set[str]] = {}
    for column in MEDIA_COLUMNS:
        refs = drafts[column].combine_chunks().flatten()
        for slot, container, member in zip(
            *(refs.field(name).to_pylist() for name in ("slot", "container", "member")), strict=True
        ):
            key: Piece = (container, unit_of(container, member), SLOT_MODALITY[slot])
            wanted.setdefault(key, set()).add(member)
    for key, members in wanted.items():
        yield key, sorted(members)


class _Extract(beam.DoFn):
    """Reads one piece; members are validated and stored in threads while the next is read."""

    def __init__(
        self, place: MediaPlace, store: MediaStore, policy: MediaPolicy, known: KnownMedia | None
    ) -> None:
        self.place, self.store, self.policy, self.known = place, store, policy, known

    def setup(self) -> None:
        self._recalled = self.known.load() if self.known else Recalled()
        self._pool = ThreadPoolExecutor(self.policy.threads)
        sandbox = shared_sandbox(self.policy)
        self._maker = MediaMaker(self.store, sandbox, keep_sources=self.policy.keep_sources)

    def teardown(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def process(
        self, element: tuple[tuple[str, str, str], Iterable[list[str]]]
    ) -> Iterator[pa.Table]:
        (container, _, modality), groups = element
        members = {member for group in groups for member in group}
        rows = self._taken_over(container, modality, members) if self._recalled else {}
        members -= rows.keys()
        path = path_of(self.place.root, container)
        waiting: deque[Future[dict[str, Any]]] = deque()

        def settle() -> None:
            row = waiting.popleft().result()
            rows[row["member"]] = row  # a later word on the same member (ambiguous) replaces it

        for found in self._found(container, path, modality, members) if members else ():
            waiting.append(self._pool.submit(self._keep, container, modality, found))
            if len(waiting) > 4 * self.policy.threads:
                settle()
        while waiting:
            settle()
        yield pa.Table.from_pylist([rows[name] for name in sorted(rows)], schema=INDEX_SCHEMA)

    def _found(
        self, container: str, path: str, modality: str, members: Collection[str]
    ) -> Iterable[Found]:
        read = partial(reader_of(container, self.place.scope), path)
        if modality == "mesh" and can_be_read_again(container):
            mesh = self.policy.mesh
            return with_companions(read, members, mesh.max_files, mesh.max_bytes)
        return read(members)

    def _taken_over(
        self, container: str, modality: str, members: Iterable[str]
    ) -> dict[str, dict[str, Any]]:
        """Index rows of the media that an earlier build found where nothing changed since."""
        rows: dict[str, dict[str, Any]] = {}
        for member in members:
            info = self._recalled.at(modality, container, member)
            if info is not None and self.store.has_published(info):
                rows[member] = {"container": container, "member": member, "info": info}
        progress.advance("media", len(rows))
        return rows

    def _info(self, modality: str, data: bytes) -> dict[str, Any]:
        if self._recalled:
            info = self._recalled.of(modality, source_digest(data))
            if info is not None and self.store.has_published(info):
                return dict(info)
        return self._maker.info(modality, data)

    def _keep(self, container: str, modality: str, found: Found) -> dict[str, Any]:
        row: dict[str, Any] = {"container": container, "member": found.member}
        try:
            if isinstance(found.data, MediaError):
                raise found.data
            row["info"] = self._info(modality, found.data)
        except MediaError as error:
            title = title_of(container, found.member)
            row["reason"], row["message"] = error.reason, f"{title}: {error.message}"
        progress.advance("media", 1)
        return row


class MediaIndex:
    """The index of a subset's media, looked up by container and member.

    Facts are kept as bare tuples and made into a dict when asked for: clips that exist as frames
    have hundreds of thousands of entries.
    """

    def __init__(self, tables: Iterable[pa.Table]) -> None:
        self._entries: dict[str, dict[str, tuple[Any, ...]]] = {}
        for table in tables:
            info = table["info"].combine_chunks()
            facts = zip(*(info.field(name).to_pylist() for name in _FACTS), strict=True)
            found, containers, members, reasons, messages = (
                column.to_pylist()
                for column in (
                    info.is_valid(),
                    *(table[name] for name in ("container", "member", "reason", "message")),
                )
            )
            for row, known in enumerate(facts):
                entry = known if found[row] else (reasons[row], messages[row])
                self._entries.setdefault(containers[row], {})[members[row]] = entry

    def info(self, container: str, member: str) -> dict[str, Any]:
        """Facts of a medium, its source digest among them.

        Raises:
            MediaError: why it can't be used.
        """
        entry = self._entries[container][member]
        if len(entry) < len(_FACTS):
            raise MediaError(*entry)
        return dict(zip(_FACTS, entry, strict=True))
