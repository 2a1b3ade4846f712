"""Auditing a built dataset: subset by subset, then by task and over all; `quality/audits.json`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import polars as pl
import pyarrow as pa

from pipelines.audit_labels import (
    gold_of,
    labels_of,
    matches_of,
    panel_of,
    removed_of,
    stated_of,
)
from pipelines.audit_reading import facts_of, sample_of
from pipelines.build_marker import running
from pipelines.layout import Layout
from pipelines.published_record import digest_of_build
from pipelines.recipe import digest_of
from pipelines.recipe_binding import nearest
from pipelines.run_record import read_record
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.measures.tables import attributes_of
from transforms.quality.audits.registry import audited
from transforms.quality.evidence import Evidence, together
from transforms.quality.finding import Finding
from transforms.quality.settings_audits import AuditSettings

#: Rows a subset whose languages are told.
_LANGUAGES: Final = 300

Watch = Callable[[str], object]


def audits_file(output: str) -> str:
    """Where the audits of a dataset are written."""
    return files.join(output, "quality", "audits.json")


def run_audits(
    output: str,
    settings: AuditSettings,
    subsets: Sequence[str] = (),
    watch: Watch = lambda _: None,
) -> list[Finding]:
    """Audit a built dataset, or some of its subsets; nothing is written.

    Args:
        output: folder of the dataset.
        settings: `quality.audits` of a recipe.
        subsets: names; all where none is given. Tasks and the dataset are then made of these.
        watch: is told what is looked at.

    Raises:
        BuildError: there is no dataset, or no such subset in it, or a shard is missing; or a build
            is running.
    """
    layout = Layout.of(output)
    record = _record(layout)
    names = _chosen(record, subsets, output)
    found: list[Finding] = []
    parts: dict[str, Evidence] = {}
    for name in names:
        watch(name)
        part = _evidence(layout, record, name, settings)
        found += audited(part, settings)
        parts[name] = part
    by_task: dict[str, list[Evidence]] = {}
    for name in names:
        by_task.setdefault(record["subsets"][name]["task"], []).append(parts[name])
    for task, mine in by_task.items():
        watch(f"task {task}")
        found += audited(together("task", task, mine), settings)
    watch("the whole")
    # No audit of the whole compares features: what is measured differs from task to task.
    whole = [replace(part, measured=part.measured.select("row_id")) for part in parts.values()]
    found += audited(together("dataset", str(record.get("name", "")), whole), settings)
    return found


def _record(layout: Layout) -> dict[str, Any]:
    record = read_record(layout)
    if record is None or not record.get("subsets"):
        raise BuildError(
            f"{layout.output}: no dataset here (no run_record.json that can be read); build it "
            f"with: omnireward build --output {layout.output}"
        )
    busy = running(layout)
    if busy is not None:
        raise BuildError(f"{layout.output}: a build is running ({busy}); audit it when it is done")
    return record


def _chosen(record: Mapping[str, Any], wanted: Sequence[str], output: str) -> list[str]:
    there = record["subsets"]
    for name in wanted:
        if name not in there:
            raise BuildError(f"{output}: no subset {name!r}; {nearest(name, there)}")
    return [name for name in there if not wanted or name in wanted]


def _evidence(
    layout: Layout, record: Mapping[str, Any], name: str, settings: AuditSettings
) -> Evidence:
    entry = record["subsets"][name]
    shards = [Path(layout.shard(name, shard)) for shard in entry["shards"]]
    lost = [shard for shard in shards if not shard.exists()]
    if lost:
        raise BuildError(
            f"{lost[0]}: the run record names this shard, and it is not there; build {name} again"
        )
    try:
        return _read_evidence(layout, record, name, shards, settings)
    except (pa.ArrowException, pl.exceptions.PolarsError, OSError) as error:
        raise BuildError(
            f"{name}: its files in {layout.output} can't be read ({error}); build it again"
        ) from error


def _read_evidence(
    layout: Layout,
    record: Mapping[str, Any],
    name: str,
    shards: Sequence[Path],
    settings: AuditSettings,
) -> Evidence:
    task = record["subsets"][name]["task"]
    rows = facts_of(shards)
    sample = sample_of(shards, task, settings.sample, settings.texts, settings.seed, _LANGUAGES)
    labels = labels_of(layout, name)
    decontaminated = record.get("decontamination")
    known = decontaminated if isinstance(decontaminated, dict) else {}
    return Evidence(
        "subset",
        name,
        rows=rows,
        measured=sample.measured,
        languages=sample.languages,
        stated=stated_of(labels),
        votes=panel_of(labels),
        gold=gold_of(labels, task),
        removed=removed_of(layout, name),
        matches=matches_of(layout, name),
        askable={task: sum(one.askable for one in attributes_of(task).values())},
        benchmarks=sorted(known.get("fingerprints", {})),
        waived=dict(known.get("waived", {})),
    )


def write_audits(
    output: str, findings: Sequence[Finding], settings: AuditSettings, build: str
) -> None:
    """Put `quality/audits.json` in place, with the digests of the build and settings it is about.

    Args:
        output: folder of the dataset.
        findings: of all its subsets.
        settings: that they were made by.
        build: digest of the build as it was before the first subset was read: another may have
            ended meanwhile.
    """
    told = {
        "checked": datetime.now(UTC).isoformat(timespec="seconds"),
        "run": build,
        "settings": digest_of(asdict(settings)),
        "audits": [finding.as_json() for finding in findings],
    }
    data = json.dumps(told, indent=1, ensure_ascii=False, allow_nan=False).encode()
    files.write_once(audits_file(output), data + b"\n")


def read_audits(output: str) -> list[dict[str, Any]] | None:
    """The audits that were written for a dataset, newest run or not; None where there are none."""
    told = _read(output)
    return None if told is None else told["audits"]


def ensure_audits(
    output: str, settings: AuditSettings, watch: Watch = lambda _: None
) -> list[dict[str, Any]]:
    """The audits of a dataset as it is now: those written, or made and written anew.

    Raises:
        BuildError: see `run_audits`.
    """
    told = _read(output)
    asked = digest_of(asdict(settings))
    build = digest_of_build(Layout.of(output))
    if told is None or (told.get("run"), told.get("settings")) != (build, asked):
        write_audits(output, run_audits(output, settings, watch=watch), settings, build)
        told = _read(output)
    assert told is not None
    audits: list[dict[str, Any]] = told["audits"]
    return audits


def _read(output: str) -> dict[str, Any] | None:
    path = audits_file(output)
    if not files.exists(path):
        return None
    try:
        value = json.loads(files.read_bytes(path))
    except ValueError:
        return None
    return value if isinstance(value, dict) and isinstance(value.get("audits"), list) else None
