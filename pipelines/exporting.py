"""Exporting a dataset: every row of the chosen subsets goes into a format, or is counted."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, cast

from pipelines.dataset.dataset import Dataset
from schemas.tasks import TASKS, TaskName
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.writing.exports.format import (
    Format,
    Options,
    Part,
    PartCounts,
    UnfitError,
    columns_read,
)

#: What was exported, in the folder of the export.
COUNTS_FILE: Final = "export.json"
#: What it says by subset, over all exports into that folder.
_BY_SUBSET: Final = ("subsets", "left_out", "left_out_rows")
#: Rows that are Python objects at a time, media included.
_ROWS_AT_ONCE: Final = 32


@dataclass(frozen=True)
class Exported:
    """What an export did.

    Attributes:
        left_out: why, of each subset that the format has no form for.
        left_out_rows: rows of each of them.
        remarks: what the format has to say beside the counts.
    """

    format: str
    source: str
    options: Options
    parts: tuple[PartCounts, ...]
    left_out: dict[str, str]
    left_out_rows: dict[str, int]
    remarks: tuple[str, ...] = ()

    @property
    def rows(self) -> dict[str, int]:
        """Rows of the chosen subsets: ``in = out + dropped + without_form``."""
        without = sum(self.left_out_rows.values())
        return {
            "in": sum(one.rows_in for one in self.parts) + without,
            "out": sum(one.rows_out for one in self.parts),
            "dropped": sum(one.dropped.total() for one in self.parts),
            "without_form": without,
        }

    def as_json(self) -> dict[str, Any]:
        """For programs: counts in all, and a subset and split."""
        subsets: dict[str, dict[str, Any]] = {}
        for counts in self.parts:
            subsets.setdefault(counts.part.subset, {})[counts.part.split] = counts.as_json()
        return {
            "format": self.format,
            "options": asdict(self.options),
            "rows": self.rows,
            "subsets": subsets,
            "left_out": self.left_out,
            "left_out_rows": self.left_out_rows,
            "remarks": list(self.remarks),
        }


def export(
    dataset: Dataset,
    form: Format,
    folder: str,
    subsets: Sequence[str] | None = None,
    options: Options | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Exported:
    """Write the subsets into a folder, in a format.

    Files of the same names are replaced; media that are there already are kept. Each part is in
    place whole or not at all. Of a subset that was exported here before, the files of splits that
    it has no longer are removed.

    Raises:
        BuildError: there is no such subset, the format has a form for none of them, or the folder
            belongs to an export of another format.
    """
    names, options = dataset.chosen(subsets), options or Options()
    before = _exported_before(folder, form)
    parts: list[PartCounts] = []
    facts = {name: _facts(dataset, name) for name in names}
    unfit = [name for name, (task, _) in facts.items() if task not in form.tasks]
    listed = before["subsets"]
    if len(unfit) == len(names) and not listed.keys() & facts:
        raise BuildError(_no_form(form, {name: facts[name][0] for name in unfit}))
    left_out = {
        name: f"{form.name} has no form for {TASKS[facts[name][0]].title}" for name in unfit
    }
    for name, (task, kind) in facts.items():
        if name in left_out:
            continue
        for split in dataset.splits:
            if dataset.files(name, split):
                tell(f"{name} {split}")
                part = Part(name, task, kind, split)
                parts.append(_export_part(dataset, form, folder, part, options))
                _check_files(parts)
    gone = _no_longer_written(listed, names, parts)
    files.remove([files.join(folder, name) for name in gone])
    form.finish(folder, parts, gone)
    done = Exported(
        form.name,
        dataset.place.said,
        options,
        tuple(parts),
        left_out,
        {name: dataset.rows(name) for name in unfit},
        tuple(form.remarks(parts)),
    )
    data = json.dumps(_together(before, done, names), indent=2, ensure_ascii=False) + "\n"
    files.write_once(files.join(folder, COUNTS_FILE), data.encode())
    return done


def _together(
    before: Mapping[str, dict[str, Any]], done: Exported, names: Sequence[str]
) -> dict[str, Any]:
    """What the folder holds now: this export, and what former ones counted of other subsets."""
    told = done.as_json()
    for key, former in before.items():
        told[key] = {name: one for name, one in former.items() if name not in names} | told[key]
    parts = [part for splits in told["subsets"].values() for part in _mappings(splits)]
    without = sum(told["left_out_rows"].values())
    told["rows"] = {
        "in": sum(part.get("in", 0) for part in parts) + without,
        "out": sum(part.get("out", 0) for part in parts),
        "dropped": sum(sum(part.get("dropped", {}).values()) for part in parts),
        "without_form": without,
    }
    return told


def _mappings(value: object) -> Iterator[dict[str, Any]]:
    for one in value.values() if isinstance(value, dict) else ():
        if isinstance(one, dict):
            yield one


def _no_form(form: Format, unfit: Mapping[str, TaskName]) -> str:
    """That a format takes none of these subsets, and what it takes."""
    named = ", ".join(f"{name} ({TASKS[task].title})" for name, task in unfit.items())
    takes = ", ".join(one.title for task, one in TASKS.items() if task in form.tasks)
    return f"{form.name} has no form for {named}; it takes {takes}"


def _export_part(
    dataset: Dataset, form: Format, folder: str, part: Part, options: Options
) -> PartCounts:
    counts = PartCounts(part)
    with form.sink(part, folder, options) as sink:
        for row in _rows(dataset, part):
            counts.rows_in += 1
            try:
                counts.notes.update(sink.add(row))
            except UnfitError as unfit:
                counts.dropped[unfit.reason] += 1
            else:
                counts.rows_out += 1
    counts.files = sink.files()  # the last one is opened when the rest is written
    return counts


def _no_longer_written(
    before: Mapping[str, Any], names: Sequence[str], parts: Sequence[PartCounts]
) -> list[str]:
    """Files of the exported subsets that a former export lists, and that are nobody's now."""
    written = {file for part in parts for file in part.files}
    others = {file for name in before if name not in names for file in _listed(before[name])}
    found = {file for name in names for file in _listed(before.get(name))}
    return sorted(file for file in found - written - others if _is_inside(file))


def _listed(splits: object) -> Iterator[str]:
    """The files of a subset, as `PartCounts` has written them down."""
    for counts in _mappings(splits):
        yield from (str(file) for file in counts.get("files") or ())


def _is_inside(file: str) -> bool:
    """Whether a path leads to below the folder that it is relative to, in whatever spelling."""
    return not any(step in ("", ".", "..") for step in re.split(r"[/\\]", file)) and ":" not in file


def _check_files(parts: Sequence[PartCounts]) -> None:
    """Refuse two parts that go to one file, as subsets whose names differ in signs only may."""
    *before, last = parts
    for one in before:
        if not set(one.files).isdisjoint(last.files):
            raise BuildError(
                f"{one.part.subset} and {last.part.subset} would go to the same file "
                f"{last.files[0]}; export one of them with --subset to a folder of its own"
            )


def _rows(dataset: Dataset, part: Part) -> Iterator[dict[str, Any]]:
    for table in dataset.tables(part.subset, columns_read(), part.split):
        for start in range(0, table.num_rows, _ROWS_AT_ONCE):
            yield from table.slice(start, _ROWS_AT_ONCE).to_pylist()


def _facts(dataset: Dataset, subset: str) -> tuple[TaskName, str]:
    """Task and kind of a subset, by its first row.

    Raises:
        BuildError: it is no task that is known.
    """
    for table in dataset.tables(subset, ["task", "kind"]):
        if table.num_rows:
            task, kind = (table[name][0].as_py() for name in ("task", "kind"))
            if task not in TASKS:
                raise BuildError(f"{subset}: unknown task {task!r}; one of {', '.join(TASKS)}")
            return cast(TaskName, task), str(kind)
    record = dataset.run_record.get("subsets", {}).get(subset, {})
    return cast(TaskName, record.get("task", "t2t")), str(record.get("kind", "general"))


def _exported_before(folder: str, form: Format) -> dict[str, dict[str, Any]]:
    """What was counted of subsets that were exported into the folder before, or left out there.

    Raises:
        BuildError: they are of another format, whose files would mix with these.
    """
    found: dict[str, dict[str, Any]] = {key: {} for key in _BY_SUBSET}
    path = files.join(folder, COUNTS_FILE)
    if not files.exists(path):
        return found
    try:
        said = json.loads(files.read_bytes(path))
        name = said["format"]
        found = {key: dict(said.get(key, {})) for key in found}
    except (ValueError, TypeError, KeyError, AttributeError):
        name = "unknown"
    if name != form.name:
        raise BuildError(
            f"{folder}: holds an export in the format {name}; name another folder with --to"
        )
    return found
