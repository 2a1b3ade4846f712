"""Running a build: subset after subset, each unit once, files put in place, the record written."""

from __future__ import annotations

import gc
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import apache_beam as beam

from pipelines.build import build_subset
from pipelines.build_marker import building, refuse_second
from pipelines.clip_files import remove_unnamed_clips
from pipelines.layout import Layout
from pipelines.lock import write_lock
from pipelines.model_checks import check_models, to_ask
from pipelines.opening import Corpora
from pipelines.planning import (
    PREPARE,
    QUALITY,
    RELABEL,
    SELECT,
    UNITS,
    WRITE,
    SubsetPlan,
    fingerprints_folder,
    plan_subsets,
)
from pipelines.reachable import check_reachable
from pipelines.readiness import choose, forbidden
from pipelines.recipe import Recipe
from pipelines.recipe_lines import located
from pipelines.run_record import read_record, run_record, subset_record, write_record
from pipelines.runners import checked_options, options_of
from pipelines.worker_logs import stderr_into
from transforms.beamkit import files
from transforms.beamkit.counts import dead, dead_share
from transforms.beamkit.errors import BuildError, find_build_error
from transforms.beamkit.manifest import Manifest, Part, read_manifest, write_manifest
from transforms.beamkit.os_errors import find_os_error
from transforms.dedup.benchmarks.known import missing, missing_message
from transforms.dedup.select import CONTAMINATION_ROLE, DUPLICATES_ROLE
from transforms.media.known import KnownMedia
from transforms.media.sandbox.shared import shared_until_end
from transforms.relabel.relabel_rows import LABELS_ROLE
from transforms.writing.write_subset import SHARD_ROLE, TRAIN

#: Files of units before `write` that are part of the dataset: what was removed and why, labels.
TOLD_ROLES: Final = (DUPLICATES_ROLE, CONTAMINATION_ROLE, LABELS_ROLE)


@dataclass(frozen=True)
class RunRequest:
    """What the command line asks for."""

    recipe: Recipe
    base: Path
    layout: Layout
    names: tuple[str, ...] = ()
    runner: str = "local"
    workers: int = 2
    beam_flags: tuple[str, ...] = ()
    #: Leaves out subsets whose corpus forbids commercial use.
    commercial_only: bool = False
    #: Subsets that are made anew although finished, with media of their last build.
    known: Mapping[str, KnownMedia] = field(default_factory=dict)
    #: Forgets the finished work of the subsets first.
    fresh: bool = False
    #: Subsets whose target is below the recipe's because of ``--limit``, and that limit.
    limits: Mapping[str, int] = field(default_factory=dict)
    #: The recipe's file, for errors that name its lines.
    file: Path | None = None


@dataclass(frozen=True)
class Failure:
    """A subset that was built but must not be used: why."""

    subset: str
    reason: str


Watch = Callable[[SubsetPlan], Any]


def run(
    request: RunRequest, watch: Watch, corpora: Corpora | None = None
) -> tuple[dict[str, Any], list[Failure]]:
    """Build the subsets and write the run record.

    `watch` gives a context manager that shows progress while a subset is built. `corpora` are
    those that were opened to look ahead, if that was done.

    Raises:
        BuildError: an input is wrong, or another build runs there; says which, and what to do.
        RecipeError: models of the recipe can't be asked; says which line, and what to do.
    """
    layout, recipe = request.layout, request.recipe
    ready, left_out = choose(
        recipe, request.names, request.base, commercial_only=request.commercial_only
    )
    check_reachable(recipe, ready, request.runner, layout)
    checked_options(request.runner, request.workers, request.beam_flags)
    refuse_second(layout)
    before = read_record(layout) or {}
    _check_commercial(request, before.get("subsets", {}))
    if request.fresh:
        forget(layout, ready)
    corpora = corpora or Corpora(request.base, layout)
    plans = [
        replace(plan, known=request.known.get(plan.name))
        for plan in plan_subsets(recipe, ready, corpora, layout)
    ]
    check_models(recipe, to_ask(plans), request.file, os.environ)
    with building(layout), shared_until_end():
        return _run(request, plans, corpora, left_out, watch)


def _run(
    request: RunRequest,
    plans: Sequence[SubsetPlan],
    corpora: Corpora,
    left_out: Mapping[str, str],
    watch: Watch,
) -> tuple[dict[str, Any], list[Failure]]:
    """Build what was planned, one subset after the other, and write the run record."""
    layout, recipe = request.layout, request.recipe
    before = read_record(layout) or {}
    write_lock(layout.lock, corpora.lock)  # a run that is killed goes on with the same commits
    records: dict[str, Any] = dict(before.get("subsets", {}))
    rules = plans[0].rules
    lacking = missing(rules.decontamination, rules.fingerprints)
    failures: list[Failure] = []
    if lacking:
        folder = fingerprints_folder(recipe, request.base)
        failures.append(Failure("decontamination", missing_message(lacking, folder)))
    for plan in plans:
        with watch(plan):
            record = _build(plan, request)
        records[plan.name] = record
        failures += _failures(plan, record)
    lock = replace(corpora.lock, shards=_shard_counts(records))
    write_lock(layout.lock, lock)
    ordered = {name: records[name] for name in recipe.subsets if name in records}
    untouched = {
        name: why
        for name, why in before.get("left_out", {}).items()
        if name in recipe.subsets and name not in {*request.names, *records}
    }
    record = run_record(recipe, ordered, {**untouched, **left_out}, request.runner, lock.as_json())
    write_record(layout, record)
    remove_unnamed_clips(layout)
    return record, failures


def _shard_counts(records: Mapping[str, Any]) -> dict[str, int]:
    """Shards of every subset and split, by the names of the lock."""
    splits = Counter(
        (name, shard.split("-")[0])
        for name, record in records.items()
        for shard in record["shards"]
    )
    return {
        name if split == TRAIN else f"{name}/{split}": number
        for (name, split), number in splits.items()
    }


def forget(layout: Layout, names: Sequence[str]) -> None:
    """Forget the finished work of subsets; stored media stay."""
    for name in names:
        files.remove(
            [
                layout.published(name),
                *(layout.manifest(name, unit) for unit in UNITS),
            ]
        )


def _check_commercial(request: RunRequest, built: Mapping[str, Any]) -> None:
    """Leaving a subset out is not enough where an earlier build has put it into the same dataset.

    Raises:
        BuildError: there is such a subset.
    """
    there = forbidden(request.recipe, built) if request.commercial_only else []
    if there:
        raise BuildError(
            f"{request.layout.output} holds subsets that forbid commercial use, from an earlier "
            f"build: {', '.join(there)}. Name another folder with --output"
        )


def _build(plan: SubsetPlan, request: RunRequest) -> dict[str, Any]:
    started = time.monotonic()
    resumed = "all"
    published = None if plan.known else plan.published
    if published is None:
        resumed = "media" if plan.known else _resumed(plan)
        published = _made(plan, request)
    _check_rows(plan, published)
    record = subset_record(plan, published, {"total": time.monotonic() - started}, resumed=resumed)
    limit = request.limits.get(plan.name)
    return record if limit is None else {**record, "limit": limit}


def _resumed(plan: SubsetPlan) -> str:
    """The last unit that an earlier run has finished."""
    done = {PREPARE: plan.prepared, SELECT: plan.selected}
    if plan.origin is not None:
        done[RELABEL] = plan.relabelled
    done |= {QUALITY: plan.checked, WRITE: plan.written}
    return next((unit for unit in reversed(done) if done[unit]), "nothing")


def _made(plan: SubsetPlan, request: RunRequest) -> Manifest:
    """Make what is not finished yet; where only subsets before it changed, perhaps nothing is."""
    there = read_manifest(plan.layout.published(plan.name)) is not None
    if there and plan.units is None and plan.known is None:
        _run_graph(plan, request, until=QUALITY)
        if plan.published is not None:
            return plan.published
    if plan.known is not None or plan.written is None:
        _run_graph(plan, request)
    written = plan.written
    if written is None:
        raise BuildError(f"{plan.name}: the runner ended without writing its manifest")
    return _put_in_place(plan, written)


def select(plan: SubsetPlan, request: RunRequest) -> None:
    """Bring a subset's units to the roster of pairs that go on, no further: that costs nothing."""
    if plan.selected is None:
        _run_graph(plan, request, until=SELECT)


def _run_graph(plan: SubsetPlan, request: RunRequest, until: str = WRITE) -> None:
    """Run what is left of a subset's graph; leftovers of killed attempts go first."""
    layout, fresh = plan.layout, plan.known is not None
    done = {
        PREPARE: fresh or plan.prepared is not None,  # its parts stay until new ones are named
        SELECT: not fresh and plan.selected is not None,
        RELABEL: not fresh and plan.origin is not None and plan.relabelled is not None,
        QUALITY: not fresh and plan.checked is not None,
        WRITE: False,
    }
    for unit, keep in done.items():
        if not keep:
            files.remove([layout.manifest(plan.name, unit)])
            if files.is_local(layout.output):
                shutil.rmtree(layout.parts(plan.name, unit), ignore_errors=True)
    options = options_of(request.runner, request.workers, request.beam_flags)
    try:
        pipeline = beam.Pipeline(options=options)
        build_subset(pipeline, plan, until)
        gc.collect()
        gc.freeze()  # what is there by now stays: it need not be searched for garbage
        with _quiet_workers(request):
            pipeline.run().wait_until_finish()
    except BuildError as error:
        raise BuildError(located(request.file, str(error))) from error
    except Exception as error:
        message = find_build_error(error) or find_os_error(error, layout.output)
        if message is None:
            raise
        raise BuildError(located(request.file, message)) from error
    for unit in (SELECT, RELABEL, QUALITY):
        sweep(layout, plan.name, unit)


def sweep(layout: Layout, name: str, unit: str) -> None:
    """Remove parts of a unit that no manifest names: those of a killed attempt, or outdated."""
    manifest = read_manifest(layout.manifest(name, unit))
    if manifest is not None:
        named = {part.path for part in manifest.parts}
        found = files.find(layout.parts(name, unit), "*")
        files.remove([path for path, _ in found if path not in named])


def _quiet_workers(request: RunRequest) -> AbstractContextManager[None]:
    """Keeps the logs of worker processes of this machine off the terminal."""
    if request.runner != "multi_processing" or not files.is_local(request.layout.output):
        return nullcontext()
    return stderr_into(Path(request.layout.worker_log))


def _put_in_place(plan: SubsetPlan, written: Manifest) -> Manifest:
    """Give a written unit's files their final names; killed half-way, it goes on the next time."""
    layout, name = plan.layout, plan.name
    files.remove([layout.published(name)])
    final: list[Part] = []
    units = plan.units or []
    told = [part for unit in units for part in unit.parts if part.role in TOLD_ROLES]
    for part in [*written.parts, *told]:
        place = _final_path(plan, part)
        if files.exists(part.path):
            if files.is_local(place):
                Path(place).parent.mkdir(parents=True, exist_ok=True)
            files.link(part.path, place)
        final.append(replace(part, path=place))
    keep = {part.path for part in final}
    told_before = [place(name) for place in _told_places(layout).values()]
    there = [path for path, _ in files.find(layout.shards(name), "*")]
    files.remove([path for path in [*there, *told_before] if path not in keep])
    counts = {
        stage: names for manifest in (*units, written) for stage, names in manifest.counts.items()
    }
    manifest = replace(written, parts=tuple(final), counts=counts)
    write_manifest(layout.published(name), manifest)
    files.remove([part.path for part in written.parts])
    return manifest


def _final_path(plan: SubsetPlan, part: Part) -> str:
    if part.role == SHARD_ROLE:
        return plan.layout.shard(plan.name, part.path.rsplit("/", 1)[-1].split(".attempt-")[0])
    return _told_places(plan.layout)[part.role](plan.name)


def _told_places(layout: Layout) -> dict[str, Callable[[str], str]]:
    """Where the files of a subset lie that are no shards, by role."""
    return {
        "where": layout.where,
        "dead": layout.dead_letters,
        DUPLICATES_ROLE: layout.duplicates,
        CONTAMINATION_ROLE: layout.contamination,
        LABELS_ROLE: layout.labels,
    }


def _check_rows(plan: SubsetPlan, published: Manifest) -> None:
    rows = sum(part.rows for part in published.of_role(SHARD_ROLE))
    planned = published.counts.get("trim", {}).get("out", 0)
    if rows != planned:
        raise BuildError(
            f"{plan.name}: {rows:,} rows were written where {planned:,} were planned; "
            "delete the output folder's .work and build again"
        )


def _failures(plan: SubsetPlan, record: Mapping[str, Any]) -> Sequence[Failure]:
    found = []
    counts = record["counts"]
    # Criteria that are not confirmed are no losses of a corpus.
    of_corpus = {stage: names for stage, names in counts.items() if stage != RELABEL}
    share, limit = dead_share(of_corpus), plan.recipe.quality.max_dead_share
    if share > limit:
        letters = sum(map(dead, of_corpus.values()))
        found.append(
            f"{share:.1%} were lost to {letters:,} dead letters, "
            f"quality.max_dead_share allows {limit:.1%}"
        )
    if record["rows"] < plan.subset.min_count:
        found.append(f"{record['rows']:,} rows, min_count is {plan.subset.min_count:,}")
    found += [f"counts don't add up: {problem}" for problem in record["unbalanced"]]
    return [Failure(plan.name, reason) for reason in found]
