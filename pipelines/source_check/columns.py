"""Step: the columns of Parquet files and the keys of JSON records against those that are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from pipelines.source_check.excerpt import Excerpt
from pipelines.source_check.finding import Difference, Severity, What
from pipelines.source_check.renamed import likely
from pipelines.source_check.shapes import (
    EXPECTED,
    Shape,
    family_of_value,
    shape_of_records,
    shape_of_schema,
    spellings,
)
from pipelines.source_check.subject import Subject
from pipelines.source_check.words import listed, yaml_line
from transforms.sources.adapter import RecordAdapter
from transforms.sources.columns import Column, family_of
from transforms.sources.registry import ADAPTERS

#: Families that a column may be of, where there are several.
_WIDE: Final = {"words": ("text", "list", "struct")}
#: How a person calls a family.
_CALLED: Final = {"struct": "an object", "list": "a list", "text": "text", "number": "a number"}

_Said = tuple[What, Severity, str, str, str]  # what, severity, expected, found, change


def check_columns(
    subject: Subject, excerpts: Sequence[Excerpt]
) -> tuple[frozenset[str], list[Difference]]:
    """Missing, renamed and retyped columns, also inside them; alike in several files, said once.

    Returns the files too that a build would refuse for their columns.
    """
    said: dict[_Said, list[str]] = {}
    refused: set[str] = set()
    for one in excerpts:
        columns = _columns_of(one)
        if not columns:
            continue
        top = list(_top(subject, one, columns))
        if any(severity == "error" for _, severity, *_ in top):
            refused.add(one.name)
        for difference in (*top, *_inside(subject, one, columns)):
            said.setdefault(difference, []).append(one.name)
    many = len(excerpts) > 1
    differences = [
        subject.differs(
            what, severity, expected, f"{listed(names, 1)}: {found}" if many else found, change
        )
        for (what, severity, expected, found, change), names in said.items()
    ]
    return frozenset(refused), differences


def _columns_of(one: Excerpt) -> dict[str, str]:
    """The file's columns with their families; for JSON the one met most often, null if no other."""
    if one.schema is not None:
        return {field.name: family_of(field.type) for field in one.schema}
    met: dict[str, Counter[str]] = {}
    for record in one.records:
        for key, value in record.items() if isinstance(record, Mapping) else ():
            met.setdefault(str(key), Counter())[family_of_value(value)] += 1
    return {
        key: max(families, key=lambda family, n=families: (family != "null", n[family]))  # type: ignore[misc]
        for key, families in met.items()
    }


def _top(subject: Subject, one: Excerpt, columns: Mapping[str, str]) -> Iterator[_Said]:
    expected = subject.adapter.COLUMNS
    claimed = {name for column in expected for name in column.names}
    free = {name: family for name, family in columns.items() if name not in claimed}
    missing = [
        column
        for column in expected
        if column.required and not any(name in columns for name in column.names)
    ]
    wrapped = _wrapped(one, missing) if missing else None
    if wrapped is not None:
        change = f"pin `revision:` to a commit with a list, or extend {subject.module}"
        yield "types", "error", "a list of records", wrapped, change
        return
    other = _other_adapter(subject, columns) if missing else None
    for column in missing:
        now = likely(column.names, column.family, free)
        there = f"{now!r} ({free[now]})" if now else f"only {listed(columns, 12)}"
        change = other or _rename(subject, column.names, now)
        yield "columns", "error", _told(column), there, change
    for column in expected:
        name = next((name for name in column.names if name in columns), None)
        if name is None or _fits(column.family, columns[name]):
            continue
        # Parquet is checked by type as a whole; of JSON each record stands for itself.
        severity: Severity = "error" if column.required or one.schema is not None else "warning"
        found = f"{name!r} is {_CALLED.get(columns[name], columns[name])}"
        yield "types", severity, _told(column), found, _retyped(subject)


def _wrapped(one: Excerpt, missing: Sequence[Column]) -> str | None:
    """What is there in place of a list, where the file is one object that holds the records."""
    if len(one.records) != 1 or not isinstance(one.records[0], Mapping):
        return None
    names = {name for column in missing for name in column.names}

    def is_record(value: object) -> bool:
        return isinstance(value, Mapping) and not names.isdisjoint(value)

    whole = one.records[0]
    if whole and all(is_record(value) for value in whole.values()):
        return f"one object, whose {len(whole):,} values are the records"
    held = next(
        (k for k, v in whole.items() if isinstance(v, list) and any(map(is_record, v))), None
    )
    return None if held is None else f"one object, whose {held!r} is the list"


def _told(column: Column) -> str:
    kinds = " or ".join(_WIDE.get(column.family, (column.family,)))
    return column.title + ("" if column.family == "any" else f" ({kinds})")


def _fits(family: str, found: str) -> bool:
    return family == "any" or found == "null" or found in _WIDE.get(family, (family,))


def _inside(subject: Subject, one: Excerpt, columns: Mapping[str, str]) -> Iterator[_Said]:
    """What the adapter reads inside columns that are there and of the right type."""
    expected = EXPECTED.get(subject.corpus.adapter, {})
    shape = shape_of_schema(one.schema) if one.schema is not None else shape_of_records(one.records)
    retyped = {
        name
        for column in subject.adapter.COLUMNS
        for name in column.names
        if name in columns and not _fits(column.family, columns[name])
    }
    known = {path for entry in expected for path in spellings(entry)}
    for entry, family in expected.items():
        paths = [
            path
            for path in spellings(entry)
            if columns.get(path.split(".", 1)[0], "null") != "null"
            and path.split(".", 1)[0] not in retyped
        ]
        met = [path for path in paths if path in shape]
        if met:
            yield from _leaf(subject, met[0], family, shape[met[0]])
        elif paths:
            yield from _lost(subject, paths, family, shape, known)


def _leaf(subject: Subject, path: str, family: str, met: set[str]) -> Iterator[_Said]:
    kinds = met - {"null"}
    if family != "any" and kinds and family not in kinds:
        found = f"{path!r} is {_kinds(kinds)}"
        yield "types", "error", f"{path!r} ({family})", found, _retyped(subject)


def _lost(
    subject: Subject, paths: Sequence[str], family: str, shape: Shape, known: Iterable[str]
) -> Iterator[_Said]:
    """A path that is nowhere; said for the highest part of it that is lost."""
    parent, end = paths[0], ""
    while parent and parent not in shape:
        parent, _, end = parent.rpartition(".")
    if not parent or shape[parent] == {"null"}:
        return  # nothing was met there at all
    below = {
        name.removeprefix(f"{parent}."): " or ".join(sorted(families))
        for name, families in shape.items()
        if name.startswith(f"{parent}.") and "." not in name.removeprefix(f"{parent}.")
    }
    lost = [path for path in paths if path.rpartition(".")[0] == parent] or [f"{parent}.{end}"]
    ends = tuple(path.rpartition(".")[2] for path in lost)
    taken = {path.removeprefix(f"{parent}.").split(".", 1)[0] for path in known}
    free = {key: kind for key, kind in below.items() if key not in taken}
    now = likely(ends, family if lost == list(paths) else "any", free)
    if now:
        found = f"'{parent}.{now}' ({free[now]})"
    elif below:
        found = f"{parent!r} has only {listed(below, 8)}"
    else:
        found = f"{parent!r} is {_kinds(shape[parent])}"
    told = " or ".join(map(repr, lost))
    yield "columns", "error", told, found, _rename(subject, tuple(lost), now)


def _kinds(families: set[str]) -> str:
    return " or ".join(sorted(_CALLED.get(family, family) for family in families - {"null"}))


def _rename(subject: Subject, names: tuple[str, ...], now: str | None) -> str:
    if subject.is_mapped:
        option = next((o for o, value in subject.options.items() if value in names), None)
        if option and now:
            return yaml_line("options", {option: now})
        return "name the column in `options` by what it is called now"
    new = f"the name {now!r}" if now else "the new columns"
    return f"pin `revision:` to a commit with the old ones, or teach {subject.module} {new}"


def _retyped(subject: Subject) -> str:
    if subject.is_mapped:
        return "name a column of the right kind in `options`"
    return f"pin `revision:` to a commit with the old type, or teach it to {subject.module}"


def _other_adapter(subject: Subject, columns: Mapping[str, str]) -> str | None:
    """Another adapter whose columns are all there: it may be another release of the corpus."""
    fitting: list[tuple[int, str]] = []
    for name, kind in ADAPTERS.items():
        own: Any = getattr(kind, "COLUMNS", ())
        if name == subject.corpus.adapter or kind is None or not issubclass(kind, RecordAdapter):
            continue
        needed = [column for column in own if column.required]
        if len(needed) > 1 and all(_has(columns, column) for column in needed):
            fitting.append((len(needed), name))
    if not fitting:
        return None
    most = max(number for number, _ in fitting)
    names = sorted(name for number, name in fitting if number == most)
    return f"adapter: {names[0]}  # the columns are those of {' and '.join(names)}"


def _has(columns: Mapping[str, str], column: Column) -> bool:
    return any(name in columns and _fits(column.family, columns[name]) for name in column.names)
