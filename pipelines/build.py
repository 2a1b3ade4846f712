"""The graph of one subset: only wiring, readable as the list of stages."""

from __future__ import annotations

import apache_beam as beam

from pipelines.planning import PREPARE, SubsetPlan
from transforms.beamkit import coder  # noqa: F401 - registers the coder of Arrow tables
from transforms.beamkit.commit import CommitManifest
from transforms.beamkit.manifest import Manifest
from transforms.media.locate import MediaPlace
from transforms.media.prepare import PreparePairs
from transforms.media.scope import KeepInScope
from transforms.media.store import MediaStore
from transforms.sampling.rank import cut_at
from transforms.sampling.sample import SampleByRank
from transforms.sources.read_pairs import ReadPairs
from transforms.writing.prepared import DEAD_ROLE, PAIRS_ROLE, SpoolTables, read_keys
from transforms.writing.write_subset import WriteSubset


def build_subset(pipeline: beam.Pipeline, plan: SubsetPlan) -> beam.PCollection[Manifest]:
    """sources -> sampling -> media, then trim -> writing; a finished half is read, not made."""
    finished = plan.prepared if plan.known is None else None
    if finished is not None:
        prepared = pipeline | "ReadPrepared" >> beam.Create([finished])
    else:
        prepared = _prepare(pipeline, plan)

    cut = prepared | "Trim" >> beam.Map(
        lambda manifest, target: cut_at(read_keys(manifest), target), plan.subset.target
    )
    return prepared | "Write" >> WriteSubset(
        plan.target, plan.facts, MediaStore(plan.layout.store).published, plan.recipe.writing, cut
    )


def _prepare(pipeline: beam.Pipeline, plan: SubsetPlan) -> beam.PCollection[Manifest]:
    recipe, subset, store = plan.recipe, plan.subset, MediaStore(plan.layout.store)
    folder = plan.layout.parts(plan.name, PREPARE)

    read = pipeline | "Sources" >> ReadPairs(plan.adapter, plan.work_units)
    stages = [read]
    if plan.rank_scope is not None:
        stages.append(read.rows | "Scope" >> KeepInScope(plan.root, plan.rank_scope))
    sampled = stages[-1].rows | "Sampling" >> SampleByRank(
        subset.corpus, recipe.seed, subset.target, recipe.sampling
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
