"""What a run did: recipe, inputs, code version, counts that add up, digests of what it wrote."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

from pipelines.layout import Layout
from pipelines.recipe import Recipe, digest_of
from pipelines.settings_of import settings_of
from pipelines.version import CODE_VERSION
from transforms.beamkit import files
from transforms.beamkit.counts import unbalanced
from transforms.beamkit.manifest import Manifest
from transforms.dedup.benchmarks.known import used

if TYPE_CHECKING:
    from pipelines.planning import SubsetPlan

_LIBRARIES: Final = ("apache-beam", "pyarrow", "polars", "pillow", "numpy")


def subset_record(
    plan: SubsetPlan, published: Manifest, seconds: Mapping[str, float], *, resumed: str
) -> dict[str, Any]:
    """The record of one subset. `resumed` says what was taken over from an earlier run."""
    shards = published.of_role("shard")
    return {
        "task": plan.subset.task,
        "kind": plan.subset.kind,
        "corpus": plan.subset.corpus,
        "revision": plan.revision,
        "target": plan.subset.target,
        "min_count": plan.subset.min_count,
        "rows": sum(shard.rows for shard in shards),
        "counts": published.counts,
        "unbalanced": unbalanced(published.counts),
        "inputs": {
            source.name: {"bytes": source.size, "digest": digest}
            for source, (_, digest) in zip(plan.sources, plan.input_digests, strict=True)
        },
        "units": {
            "prepare": plan.prepare_inputs,
            "select": plan.select_inputs,
            "write": published.inputs,
        },
        "settings": settings_of(plan.recipe, plan.name),
        "compared_with": [one.subset for one in plan.earlier if one.rival],
        "decontamination": used(plan.rules.decontamination, plan.rules.fingerprints),
        "resumed": resumed,
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
        "shards": {
            part.path.rsplit("/", 1)[-1]: {
                "rows": part.rows,
                "bytes": part.size,
                "sha256": part.digest,
            }
            for part in shards
        },
        "dead_letters": {
            part.path.rsplit("/", 1)[-1]: {"rows": part.rows, "sha256": part.digest}
            for part in published.of_role("dead")
        },
    }


def run_record(
    recipe: Recipe,
    subsets: Mapping[str, Any],
    left_out: Mapping[str, str],
    runner: str,
    lock: Mapping[str, Any],
) -> dict[str, Any]:
    """The record of a run."""
    return {
        "name": recipe.name,
        "code": CODE_VERSION,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "libraries": {name: metadata.version(name) for name in _LIBRARIES},
        "runner": runner,
        "recipe_sha256": recipe.digest(),
        "lock_sha256": digest_of(lock),
        "recipe": asdict(recipe),
        "subsets": dict(subsets),
        "left_out": dict(left_out),
        "decontamination": searched(subsets),
    }


def searched(subsets: Mapping[str, Any]) -> dict[str, Any]:
    """The benchmarks that all subsets were compared with, and those that were waived.

    A dataset may be built in several runs, and fingerprints come and change in between. What one
    subset was not compared with counts as missing; `missing` names the subsets.

    Args:
        subsets: the records of all that were built.
    """
    told = {
        name: entry["decontamination"]
        for name, entry in subsets.items()
        if "decontamination" in entry
    }
    known = {name: one for said in told.values() for name, one in said["fingerprints"].items()}
    waived = {name: why for said in told.values() for name, why in said["waived"].items()}
    missing = {
        benchmark: [
            name
            for name, said in told.items()
            if said["fingerprints"].get(benchmark) != fingerprint
            and benchmark not in said["waived"]
        ]
        for benchmark, fingerprint in known.items()
    }
    return {
        "fingerprints": {
            name: one
            for name, one in sorted(known.items())
            if not missing[name] and name not in waived
        },
        "waived": {name: why for name, why in sorted(waived.items()) if not missing.get(name)},
        "missing": {name: where for name, where in sorted(missing.items()) if where},
    }


def not_built(record: Mapping[str, Any]) -> dict[str, str]:
    """The subsets that a dataset lacks, with the reason.

    What the last run left out may be there from an earlier one: it is then no part of this.
    """
    left_out = record.get("left_out") or {}
    return {name: str(why) for name, why in left_out.items() if name not in record["subsets"]}


def read_record(layout: Layout) -> dict[str, Any] | None:
    """The record of the last run into an output folder, if there was one."""
    if not files.exists(layout.run_record):
        return None
    try:
        value = json.loads(files.read_bytes(layout.run_record))
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def write_record(layout: Layout, record: Mapping[str, Any]) -> None:
    """Put the record in place."""
    data = json.dumps(record, indent=2, ensure_ascii=False, sort_keys=False).encode()
    files.write_once(layout.run_record, data + b"\n")
