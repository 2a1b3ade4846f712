"""Trying the dead letters of a finished run again, on a mirror that was mended since.

A subset is brought to its mirror's present state as a whole: a dataset of two states of one mirror
could be made by no fresh build. What is dear is not done again. The unit `prepare` runs anew over
the records' text; media in files that did not change are taken over from the last build without
being read, media in changed files are read and compared by digest, and only bytes that were never
validated are decoded. So ranks, reserve, trim and bytes are those of a fresh build.

Nothing is lost by a kill: the new parts of `prepare` lie beside the old ones until one manifest
names them, and the published files stay until the new shards are written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from pipelines.browse import dead_letters
from pipelines.build_marker import refuse_second
from pipelines.known_names import check_known, reasons_in
from pipelines.layout import Layout
from pipelines.opening import Corpora
from pipelines.planning import PREPARE, SubsetPlan, plan_subsets
from pipelines.readiness import choose
from pipelines.run import Failure, RunRequest, Watch, run, sweep
from pipelines.run_record import read_record
from schemas.dead_letter import STAGES
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.beamkit.manifest import Manifest, finished, read_manifest
from transforms.media.known import KnownMedia, write_known
from transforms.media.locate import MEDIA_COLUMNS
from transforms.writing.prepared import read_fields

#: What `MEDIA_COLUMNS` of drafts are called once the sides are placed.
_PREPARED_MEDIA = tuple(name.replace("first", "a").replace("second", "b") for name in MEDIA_COLUMNS)


@dataclass(frozen=True)
class Choice:
    """Which dead letters are meant; an empty tuple means all."""

    reasons: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()

    def of(self, letters: pl.DataFrame) -> pl.DataFrame:
        """Those that are meant."""
        for column, wanted in (("reason", self.reasons), ("stage", self.stages)):
            if wanted:
                letters = letters.filter(pl.col(column).is_in(wanted))
        return letters

    def check(self, layout: Layout, letters: Mapping[str, pl.DataFrame]) -> None:
        """That what is meant is known here: stages, and reasons of letters and the run record.

        Raises:
            BuildError: a name is not.
        """
        reasons = {reason for table in letters.values() for reason in table["reason"]}
        known = reasons | reasons_in(read_record(layout))
        check_known(layout.output, "stage", self.stages, STAGES)
        check_known(layout.output, "dead letter with the reason", self.reasons, known)

    def nothing(self, letters: Mapping[str, pl.DataFrame]) -> str:
        """That none of the letters are meant, and which there are."""
        meant = " and ".join(
            f"{what} {' or '.join(map(repr, wanted))}"
            for what, wanted in (("stage", self.stages), ("reason", self.reasons))
            if wanted
        )
        there = Counter[str]()
        for table in letters.values():
            there.update(table["reason"].to_list())
        found = ", ".join(f"{number:,} {reason}" for reason, number in sorted(there.items()))
        return (
            f"nothing to try again: no dead letters{' of the ' + meant if meant else ''} in "
            f"{', '.join(letters)}" + (f"; there are {found}" if found else "")
        )


@dataclass(frozen=True)
class Tried:
    """What became of the letters of one stage and reason. ``tried == works + fails``.

    `works` are dead letters no more. `new` are letters for this reason that were none before: a
    mended record of which something else is wrong.
    """

    subset: str
    stage: str
    reason: str
    tried: int = 0
    works: int = 0
    fails: int = 0
    new: int = 0


@dataclass(frozen=True)
class RetryResult:
    """What became of every letter of the subsets that were tried.

    `rows`: subset -> rows before and after. `resumed`: subsets in which an earlier attempt had been
    interrupted, and was completed.
    """

    failures: list[Failure]
    tried: list[Tried]
    rows: dict[str, tuple[int, int]]
    resumed: list[str]


def letters_of(layout: Layout, names: Sequence[str]) -> tuple[dict[str, pl.DataFrame], list[str]]:
    """The letters of finished subsets, and the names of those that a killed attempt left half done:
    files not all in place, or in place but not in the run record.

    Raises:
        BuildError: there is no finished run, or a subset asked for is not part of it.
    """
    built = (read_record(layout) or {}).get("subsets", {})
    absent = [name for name in names if name not in built]
    if absent or not built:
        what = f"{', '.join(absent)} is not built" if absent else "no finished run"
        raise BuildError(
            f"{layout.output}: {what} here; build first: omnireward build --output {layout.output}"
        )
    letters, half = {}, []
    for name in names or built:
        published = read_manifest(layout.published(name))
        if published is not None:
            letters[name] = dead_letters(Path(layout.output), [name])
        if published is None or not _is_recorded(published, built[name]):
            half.append(name)
    return letters, half


def cap_of_last_run(layout: Layout) -> float | None:
    """Dollars that models might cost at most in the last run; None where it had no cap.

    `build --budget` stands in the record alone, not in the recipe's file.
    """
    value: Any = read_record(layout)
    for name in ("recipe", "relabel", "budget"):
        value = value.get(name) if isinstance(value, dict) else None
    return float(value) if isinstance(value, int | float) and value > 0 else None


def _is_recorded(published: Manifest, entry: Mapping[str, Any]) -> bool:
    recorded = {
        shard["sha256"] for kind in ("shards", "dead_letters") for shard in entry[kind].values()
    }
    return published.inputs == entry["units"]["write"] and recorded == {
        part.digest for part in published.parts if part.role in ("shard", "dead")
    }


def retry(
    request: RunRequest, before: Mapping[str, pl.DataFrame], half: Sequence[str], watch: Watch
) -> RetryResult:
    """Try all letters of some subsets again; `before` are their letters, `half` as `letters_of`.

    Raises:
        BuildError: a subset was built by other code or another recipe, an input is wrong, or a
            build runs there. The dataset is then as it was.
    """
    refuse_second(request.layout)
    half = [name for name in half if name not in before]
    layout, names = request.layout, (*before, *half)
    choose(request.recipe, names, request.base)
    record = read_record(layout) or {"subsets": {}}
    known = {}
    for plan in plan_subsets(request.recipe, before, Corpora(request.base, layout), layout):
        known[plan.name] = _known_media(plan, record["subsets"][plan.name]["inputs"])
        sweep(layout, plan.name, PREPARE)
    result, failures = run(replace(request, names=names, known=known), watch)
    tried: list[Tried] = []
    for name, letters in before.items():
        sweep(layout, name, PREPARE)
        files.remove([layout.known_media(name)])
        tried += compared(letters, dead_letters(Path(layout.output), [name]), name)
    rows = {
        name: (record["subsets"][name]["rows"], result["subsets"][name]["rows"]) for name in before
    }
    return RetryResult(failures, tried, rows, list(half))


def compared(before: pl.DataFrame, after: pl.DataFrame, subset: str) -> list[Tried]:
    """What became of the letters of one subset, by stage and reason; told apart by their keys."""
    left = Counter(after["key"])
    works: Counter[tuple[str, str]] = Counter()
    fails: Counter[tuple[str, str]] = Counter()
    for letter in before.select("stage", "reason", "key").iter_rows():
        stage, reason, key = letter
        (fails if left[key] else works)[stage, reason] += 1
        left[key] -= bool(left[key])
    new: Counter[tuple[str, str]] = Counter()
    for stage, reason, key in after.select("stage", "reason", "key").iter_rows():
        if left[key]:
            left[key] -= 1
            new[stage, reason] += 1
    return [
        Tried(subset, *at, works[at] + fails[at], works[at], fails[at], new[at])
        for at in sorted(works.keys() | fails.keys() | new.keys())
    ]


def _known_media(plan: SubsetPlan, inputs: Mapping[str, Mapping[str, Any]]) -> KnownMedia:
    """Write down what the last build found; `inputs` are its files, as its record states them."""
    then = tuple(sorted((name, entry["digest"]) for name, entry in inputs.items()))
    last = _last_build(plan, then)
    same = last.inputs == plan.prepare_inputs
    unchanged = frozenset(name for name, _ in {*plan.input_digests} & {*then})
    if same:
        unchanged = frozenset(name for name, _ in plan.input_digests)
    path = plan.layout.known_media(plan.name)
    write_known(path, _located(last))
    return KnownMedia(path, unchanged)


def _last_build(plan: SubsetPlan, then: tuple[tuple[str, str], ...]) -> Manifest:
    """The unit `prepare` of the last build, of the files as they are or as they were `then`.

    Raises:
        BuildError: there is none that differs in its files alone.
    """
    place = plan.layout.manifest(plan.name, PREPARE)
    for candidate in (plan, replace(plan, input_digests=then)):
        manifest = finished(place, candidate.prepare_inputs)
        if manifest is not None:
            return manifest
    why = (
        "it was built by other code, another recipe or another --limit"
        if read_manifest(place) is not None
        else "its prepared pairs are gone from the output folder's .work"
    )
    raise BuildError(
        f"{plan.name}: its dead letters can't be tried again, {why}; "
        f"build it again: omnireward build --subset {plan.name}"
    )


def _located(manifest: Manifest) -> Iterator[pa.Array]:
    for table in read_fields(manifest, _PREPARED_MEDIA):
        for name in _PREPARED_MEDIA:
            yield table[name].combine_chunks().flatten()
