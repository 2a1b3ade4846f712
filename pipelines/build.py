"""The graph of one subset: only wiring, readable as the list of stages."""

from __future__ import annotations

from dataclasses import replace

import apache_beam as beam

from pipelines.planning import PREPARE, QUALITY, RELABEL, SELECT, WRITE, SubsetPlan
from transforms.beamkit import (
    coder,  # noqa: F401 - registers the coder of Arrow tables
    files,
)
from transforms.beamkit.commit import CommitManifest
from transforms.beamkit.manifest import Manifest
from transforms.beamkit.unit import Books
from transforms.dedup.benchmarks.known import stage_fingerprints
from transforms.dedup.select import Rules, SelectRows
from transforms.media.locate import MediaPlace
from transforms.media.prepare import PreparePairs
from transforms.media.scope import KeepInScope
from transforms.media.store import MediaStore
from transforms.quality.check_rows import CheckRows
from transforms.relabel.admit import KeepAdmitted
from transforms.relabel.relabel_rows import RelabelRows
from transforms.sampling.rank import cut_at
from transforms.sampling.sample import SampleByRank
from transforms.sources.read_pairs import ReadPairs
from transforms.writing.cells import Cells
from transforms.writing.prepared import DEAD_ROLE, PAIRS_ROLE, SpoolTables, read_part
from transforms.writing.roster import of_pairs, read_roster, write_roster
from transforms.writing.write_subset import WriteSubset


def build_subset(pipeline: beam.Pipeline, plan: SubsetPlan, until: str = WRITE) -> None:
    """sources -> sampling -> media | dedup | relabel | quality | trim -> writing.

    What stands between bars is a unit: a finished one is read, not made. The graph ends with the
    unit `until`.
    """
    books = Books(PAIRS_ROLE, DEAD_ROLE, read_part, read_roster, of_pairs, write_roster)
    prepared = _unit(pipeline, plan.prepared if plan.known is None else None, PREPARE)
    if prepared is None:
        prepared = _prepare(pipeline, plan)
    selected = _unit(pipeline, plan.selected if plan.known is None else None, SELECT)
    if selected is None:
        selected = prepared | "Select" >> SelectRows(
            plan.name,
            plan.selection,
            plan.earlier,
            books,
            _reached(plan),
        )
    if until == SELECT:
        return
    units = [prepared, selected]
    if plan.origin is not None:
        relabelled = _unit(pipeline, None if plan.known else plan.relabelled, RELABEL)
        if relabelled is None:
            relabelled = selected | "Relabel" >> RelabelRows(
                plan.name, plan.relabelling, plan.subset.target, plan.origin, books, prepared
            )
        units.append(relabelled)
    if until == RELABEL:
        return
    checked = _unit(pipeline, None if plan.known else plan.checked, QUALITY)
    if checked is None:
        checked = units[-1] | "Quality" >> CheckRows(
            plan.subject, plan.checking, plan.recipe.quality.rules, books, prepared
        )
    units.append(checked)
    if until == QUALITY:
        return
    cut = units[-1] | "Trim" >> beam.Map(
        lambda manifest, target: cut_at(read_roster(manifest), target), plan.subset.target
    )
    store = MediaStore(plan.layout.store)
    cells = Cells(store.published, plan.clips)
    (
        units
        | "Units" >> beam.Flatten()
        | "Write" >> WriteSubset(plan.target, plan.facts, cells, plan.recipe.writing, cut)
    )


def _reached(plan: SubsetPlan) -> Rules:
    """The rules with fingerprints where every worker that reaches the output reads them."""
    rules, layout = plan.rules, plan.layout
    if files.is_local(layout.output):
        return rules
    return replace(rules, fingerprints=stage_fingerprints(rules.fingerprints, layout.fingerprints))


def _unit(
    pipeline: beam.Pipeline, finished: Manifest | None, unit: str
) -> beam.PCollection[Manifest] | None:
    """The manifest of a finished unit, in the graph."""
    if finished is None:
        return None
    return pipeline | f"Finished-{unit}" >> beam.Create([finished])


def _prepare(pipeline: beam.Pipeline, plan: SubsetPlan) -> beam.PCollection[Manifest]:
    recipe, subset, store = plan.recipe, plan.subset, MediaStore(plan.layout.store)
    folder = plan.layout.parts(plan.name, PREPARE)

    read = pipeline | "Sources" >> ReadPairs(plan.adapter, plan.work_units)
    stages = [read]
    if plan.rank_scope is not None:
        stages.append(read.rows | "Scope" >> KeepInScope(plan.root, plan.rank_scope))
    if plan.origin is not None:
        stages.append(stages[-1].rows | "Admit" >> KeepAdmitted(plan.origin))
    sampled = stages[-1].rows | "Sampling" >> SampleByRank(
        subset.corpus, recipe.seed, plan.drawn, plan.sampling
    )
    media = sampled.rows | "Media" >> PreparePairs(
        subset.task,
        plan.name,
        subset.corpus,
        MediaPlace(plan.root, plan.rank_scope),
        store,
        recipe.media,
        has_media=plan.has_media,
        known=plan.known,
        beside=plan.clips.least_bytes if plan.clips else None,
    )

    pairs = media.rows | "SpoolPairs" >> SpoolTables(folder, PAIRS_ROLE)
    dead = (
        (read.dead, media.dead)
        | "Dead" >> beam.Flatten()
        | "SpoolDead" >> SpoolTables(folder, DEAD_ROLE)
    )
    stages += [sampled, media]
    counts = [stage.counts for stage in stages] | "Counts" >> beam.Flatten()
    return (
        (pairs, dead)
        | "Parts" >> beam.Flatten()
        | "CommitPrepared"
        >> CommitManifest(
            plan.layout.manifest(plan.name, PREPARE),
            f"{plan.name}/{PREPARE}",
            plan.prepare_inputs,
            counts,
        )
    )
