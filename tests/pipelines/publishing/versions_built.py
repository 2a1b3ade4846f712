"""What tests of publication share: a dataset that passed its gate, and versions made from it.

The first is built; the others are made from its shards with the same writer's options, which
takes no build.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.gate.result import Checked, Gate, Outcome
from pipelines.published_record import build_digest
from pipelines.publishing.plan import Build, make_plan
from pipelines.publishing.publish import Watch, carry_out
from pipelines.publishing.reading_back import Seen
from pipelines.publishing.remote import look
from pipelines.publishing.versions import Version
from pipelines.quality_of_build import BUILD_META
from pipelines.recipe import Recipe

OWNER = "zoo"
REPO = f"{OWNER}/rewards"
TOKEN = "hf_" + "writer" * 5

Publish = Callable[..., None]

#: No two checks of a dataset are made at one time.
_TIMES = (f"2026-01-01T00:00:00.{number:06d}Z" for number in itertools.count())

SUBSETS = ("Skywork-Reward-Preference", "RLAIF-V", "HPDv2")
CHANGED = "HPDv2"


def copy_of(output: Path, target: Path) -> Path:
    """The published part of an output folder, with a gate that it passed."""
    shutil.copytree(output, target, ignore=shutil.ignore_patterns(".work"), copy_function=os.link)
    pass_gate(target)
    return target


def pass_gate(output: Path, stopped: Mapping[str, Outcome] | None = None) -> None:
    """Write the gate's file for what lies in an output folder; `stopped` fails, by subset."""
    record = record_of(output)
    subsets = {
        name: Checked(
            entry["rows"], tuple(one for at, one in (stopped or {}).items() if at == name)
        )
        for name, entry in record["subsets"].items()
    }
    run = build_digest(record_of(output))
    whole = Checked(sum(one.rows for one in subsets.values()), ())
    gate = Gate(next(_TIMES), record["recipe_sha256"], run, subsets, whole, current=run)
    put(output / "quality" / "gate.json", gate.to_json())


def plain_card(
    output: str | Path,
    recipe: Recipe | None,
    repo: str,
    version: str,
    previous: bytes | None = None,
    *,
    changes: Sequence[str] = (),
    released: str | None = None,
) -> dict[str, bytes]:
    """A card of a few lines, for tests that are not about cards."""
    head = "---\nconfigs:\n- config_name: default\n  data_files: data/*/*.parquet\n---\n"
    told = "\n".join([f"# {repo} {version}", *changes])
    return {"README.md": f"{head}{told}\n".encode()}


def publish_plainly(output: Path, version: str) -> Seen:
    """What the command does after the gate, with a plain card."""
    build = Build(output, record_of(output), None)
    plan = make_plan(build, look(REPO), Version.parse(version), plain_card)
    return carry_out(plan, private=False, watch=Watch())


def put(file: Path, data: bytes) -> None:
    """Write a file anew: others may be linked to what was there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    file.write_bytes(data)


def write_report(output: Path, text: str = "") -> None:
    """Write a report of what lies in an output folder."""
    head = f'<!doctype html><meta name="{BUILD_META}" content="{build_digest(record_of(output))}">'
    put(output / "quality" / "report.html", f"{head}<title>Report</title>{text}".encode())


def write_findings(output: Path, name: str, **found: Any) -> None:
    """Write a file of ``quality/`` about what lies in an output folder."""
    run = build_digest(record_of(output))
    told = {"run": run, "checked": next(_TIMES), **found}
    put(output / "quality" / f"{name}.json", json.dumps(told).encode())


def record_of(output: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((output / "run_record.json").read_bytes())
    return record


def change_rows(
    output: Path, change: Callable[[pa.Table], pa.Table], subset: str = CHANGED
) -> None:
    """Change the rows of a subset's shards, with its record and gate."""
    record = record_of(output)
    entry = record["subsets"][subset]
    for name, shard in entry["shards"].items():
        file = output / "data" / subset / name
        table = change(pq.read_table(file))
        file.unlink()
        pq.write_table(
            table, file, compression="zstd", use_content_defined_chunking=True,
            write_page_index=True,
        )  # fmt: skip
        data = file.read_bytes()
        shard |= {
            "rows": table.num_rows,
            "bytes": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
        }
    entry["rows"] = sum(shard["rows"] for shard in entry["shards"].values())
    write_record(output, record)


def write_record(output: Path, record: dict[str, Any]) -> None:
    put(output / "run_record.json", json.dumps(record, indent=2).encode())
    pass_gate(output)


def fewer_and_other(table: pa.Table) -> pa.Table:
    """Without the first ten rows, and with the labels of the next three turned round."""
    kept = table.slice(10)
    turned = {"a": "b", "b": "a", "tie": "a"}
    labels = kept["preference"].to_pylist()
    labels[:3] = [turned[label] for label in labels[:3]]
    at = kept.schema.get_field_index("preference")
    return kept.set_column(at, kept.schema.field(at), pa.array(labels, pa.string()))
