"""`omnireward benchmark add`: read a benchmark, and write down the fingerprint of its items."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from pipelines.benchmarks import reading
from pipelines.benchmarks.items import MediumPart, TextPart, parts_of
from pipelines.benchmarks.layouts import KNOWN, KnownBenchmark, Part, Roles
from pipelines.benchmarks.media import HashedMedium, MediaHasher
from pipelines.benchmarks.reading import Found, Place
from pipelines.benchmarks.roles import guess_roles
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.dedup.benchmarks.fingerprint import (
    PART_SCHEMA,
    Origin,
    make_fingerprint,
    read_fingerprint,
    write_fingerprint,
)
from transforms.dedup.settings_benchmarks import TextPrintSettings, is_benchmark_name
from transforms.media.sandbox.runner import Sandbox
from transforms.media.settings import MediaPolicy
from transforms.sources.draft import Reject
from transforms.sources.mapped.values import value_of
from transforms.sources.records import Unreadable

#: Records whose media are read and decoded together: bounds what is held of them.
_RECORDS: Final = 64


@dataclass(frozen=True)
class AddRequest:
    """What a person asked for. Roles and patterns that are not given are known or guessed."""

    name: str
    path: Path | None = None
    repo: str | None = None
    revision: str = "main"
    prompt: Sequence[str] = ()
    responses: Sequence[str] = ()
    media: Sequence[str] = ()
    configs: Sequence[str] = ()
    split: str | None = None
    patterns: Sequence[str] = ()
    media_root: str | None = None


@dataclass
class PartReport:
    """What was read of one config or file."""

    title: str
    files: int
    roles: Roles
    is_guess: bool
    left_out: Sequence[str] = ()
    records: int = 0
    items: int = 0


@dataclass
class Added:
    """What became of a benchmark: the fingerprint's path and digest, and what it was made of."""

    path: str
    digest: str
    metadata: Mapping[str, Any]
    parts: Sequence[PartReport]
    #: What could not be used, by reason.
    skipped: Counter[str] = field(default_factory=Counter)
    note: str = ""


def add_benchmark(
    request: AddRequest, output: str, settings: TextPrintSettings, policy: MediaPolicy
) -> Added:
    """Read a benchmark and write its fingerprint to the folder `output`.

    Raises:
        BuildError: nothing is known of where it is, it can't be read, or it has no items.
    """
    if not is_benchmark_name(request.name):
        raise BuildError(
            f"{request.name!r} can't name a benchmark: write small letters, digits, dots and dashes"
        )
    known = KNOWN.get(request.name)
    place = _place(request, known)
    work = _work(request, place, known)
    every = sorted({file.name: file for _, found in work for file in found}.items())
    media_root = request.media_root
    if media_root is None and known is not None:
        media_root = known.media_root if _has_root(place, known.media_root) else ""
    rows: list[dict[str, Any]] = []
    skipped: Counter[str] = Counter()
    with Sandbox(policy) as sandbox:
        hasher = MediaHasher(sandbox)
        for report, found in work:
            maker = _ItemMaker(report, place, media_root or "", hasher, skipped)
            rows += maker.rows(found, is_only=len(work) == 1)
        skipped += hasher.skipped
    if not rows:
        raise BuildError(
            f"{place.root}: no items were found{_why(skipped)}; name the columns with --prompt, "
            "--response and --media"
        )
    origin = Origin(
        request.name,
        place.repo or (known.repo if known else ""),
        place.revision,
        place.licence or (known.licence if known else "unknown"),
        reading.digest_of([file for _, file in every]),
    )
    table = make_fingerprint(pa.Table.from_pylist(rows, schema=PART_SCHEMA), origin, settings)
    path, digest = write_fingerprint(output, table)
    metadata = read_fingerprint(path).metadata
    reports = [report for report, _ in work]
    return Added(path, digest, metadata, reports, +skipped, known.note if known else "")


def _place(request: AddRequest, known: KnownBenchmark | None) -> Place:
    if request.path is not None:
        return reading.local_place(request.path)
    repo = request.repo or (known.repo if known else "")
    if not repo:
        hint = f" ({known.note})" if known is not None else ""
        raise BuildError(
            f"where is {request.name}? Give its folder or file with --path, or its repository on "
            f"the Hub with --repo{hint}"
        )
    return reading.hub_place(repo, request.revision)


def _has_root(place: Place, media_root: str) -> bool:
    """Whether the known folder or archive of media is there."""
    return bool(media_root) and files.exists(files.join(place.root, media_root))


def _work(
    request: AddRequest, place: Place, known: KnownBenchmark | None
) -> list[tuple[PartReport, list[Found]]]:
    """What is read: files with the roles of their columns, config by config or file by file."""
    is_told = bool(request.prompt or request.responses or request.media)
    if known is not None and not is_told and not request.patterns:
        work = _known_work(request, place, known)
        if work:
            return work
    return _found_work(request, place, is_told)


def _known_work(
    request: AddRequest, place: Place, known: KnownBenchmark
) -> list[tuple[PartReport, list[Found]]]:
    parts = [part for part in known.parts if not request.configs or part.config in request.configs]
    work = []
    for part in parts:
        found = _of_split(reading.record_files(place, _patterns(part, request)), request.split)
        if found:
            title = part.config or request.name
            work.append((PartReport(title, len(found), part.roles, is_guess=False), found))
    return work


def _patterns(part: Part, request: AddRequest) -> Sequence[str]:
    """Where a config's files may be: as published, or the one file that was named."""
    if request.path is not None and request.path.is_file():
        return [request.path.name]
    return part.files


def _found_work(
    request: AddRequest, place: Place, is_told: bool
) -> list[tuple[PartReport, list[Found]]]:
    if request.path is not None and request.path.is_file():
        patterns: Sequence[str] = [request.path.name]
    else:
        patterns = request.patterns or (
            [f"{config}/**/*" for config in request.configs] if request.configs else ["**/*"]
        )
    found = _of_split(reading.record_files(place, patterns), request.split)
    if not found:
        raise BuildError(
            f"{place.root}: no files of records ({', '.join(patterns)}); name them with --files"
        )
    work = []
    looked: list[Mapping[str, Any]] = []
    for file in found:
        records = reading.first_records(file)
        if not records:
            continue
        looked += records
        guessed, left = guess_roles(records)
        roles = _told(request, guessed) if is_told else guessed
        report = PartReport(file.name, 1, roles, not is_told, left if not is_told else ())
        work.append((report, [file]))
    if looked:
        _check_columns(request, looked, place)
    return work


def _check_columns(request: AddRequest, records: Sequence[Mapping[str, Any]], place: Place) -> None:
    """That each column named is in some record.

    Raises:
        BuildError: one is not; the message lists those that there are.
    """
    for name in (*request.prompt, *request.responses, *request.media):
        if "{" in name or any(value_of(record, name) is not None for record in records):
            continue
        if any(name in record for record in records):  # without a value in the first records
            continue
        there = dict.fromkeys(str(column) for record in records for column in record)
        raise BuildError(f"{place.root}: no column {name!r}; there is {', '.join(there)}")


def _of_split(found: list[Found], split: str | None) -> list[Found]:
    """The files of a split, by their names: ``test-00000-of-00001.parquet``, ``test/0.jsonl``."""
    if split is None:
        return found
    return [
        file
        for file in found
        if any(
            fnmatch(part, f"{split}*") and not part[len(split) : len(split) + 1].isalnum()
            for part in file.name.split("/")
        )
    ]


def _told(request: AddRequest, guessed: Roles) -> Roles:
    """The roles that were told; of media columns the side that their names say."""
    sided = {names[0] for names in guessed.response_media}
    media = tuple((name,) for name in request.media)
    return Roles(
        tuple(request.prompt),
        tuple(request.responses),
        tuple(names for names in media if names[0] not in sided),
        tuple(names for names in media if names[0] in sided),
    )


@dataclass
class _ItemMaker:
    """Makes rows of parts (`PART_SCHEMA`) of the records of one config or file."""

    report: PartReport
    place: Place
    media_root: str
    hasher: MediaHasher
    skipped: Counter[str]

    def rows(self, found: Sequence[Found], *, is_only: bool) -> Iterator[dict[str, Any]]:
        """The rows of all records, in their order."""
        prefix = "" if is_only else f"{self.report.title}:"
        texts: list[TextPart] = []
        media: list[tuple[MediumPart, HashedMedium | None]] = []
        waiting: list[MediumPart] = []
        number = 0
        for file in found:
            for _, record in reading.read(file, self.report.roles.columns or None):
                parts = self._parts(record, f"{prefix}{number}")
                number += 1
                texts += [part for part in parts if isinstance(part, TextPart)]
                new = [part for part in parts if isinstance(part, MediumPart)]
                media += [(part, None) for part in new if part.data is None]
                waiting += [part for part in new if part.data is not None]
                if len(waiting) >= _RECORDS:
                    media += self._hashed(waiting)
                    waiting = []
        media += self._hashed(waiting)
        paths = sorted(
            {part.path for part, hashed in media if hashed is None and part.data is None}
        )
        by_path = self.hasher.of_paths(paths, self.place.root, self.media_root)
        rows = [_text_row(part) for part in texts]
        for part, hashed in media:
            known = hashed or by_path.get(part.path)
            if known is not None:
                rows.append(_medium_row(part, known))
        self.report.items = len({row["item"] for row in rows})
        order = {f"{prefix}{at}": at for at in range(number)}
        rows.sort(key=lambda row: (order[row["item"]], _FIELD_ORDER[row["field"]]))
        yield from rows

    def _parts(self, record: Any, item: str) -> list[TextPart | MediumPart]:
        self.report.records += 1
        if isinstance(record, Unreadable) or not isinstance(record, Mapping):
            self.skipped["not_a_record"] += 1
            return []
        try:
            parts = list(parts_of(record, item, self.report.roles))
        except Reject as reject:
            self.skipped[reject.reason] += 1
            return []
        if not parts:
            self.skipped["empty_record"] += 1
        return parts

    def _hashed(self, parts: Sequence[MediumPart]) -> list[tuple[MediumPart, HashedMedium | None]]:
        hashed = self.hasher.of_records(parts)
        return [
            (replace(part, data=b""), known)
            for part, known in zip(parts, hashed, strict=True)
            if known is not None
        ]


_FIELD_ORDER: Final = {"prompt": 0, "response": 1, "prompt_medium": 2, "response_medium": 3}


def _text_row(part: TextPart) -> dict[str, Any]:
    text = part.text.encode("utf-8", "replace").decode("utf-8")
    return {"item": part.item, "field": part.field, "text": text}


def _medium_row(part: MediumPart, medium: HashedMedium) -> dict[str, Any]:
    return {
        "item": part.item,
        "field": part.field,
        "modality": medium.modality,
        "source": medium.source,
        "hashes": list(medium.hashes),
    }


def _why(skipped: Counter[str]) -> str:
    if not skipped:
        return ""
    return " (" + ", ".join(f"{number:,} {reason}" for reason, number in skipped.items()) + ")"
