"""A small output folder of a build, written row by row: three subsets, with and without labels."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from pipelines.published_record import build_digest
from pipelines.quality_of_build import BUILD_META
from schemas.contamination import CONTAMINATION_SCHEMA
from schemas.label import LABEL_SCHEMA
from schemas.pair import PAIR_SCHEMA
from schemas.removed import DUPLICATE_SCHEMA

PINNED = "40b436560ca83a8dba36114c22ab3c66e43f6d5e"


def picture(shade: int) -> dict[str, Any]:
    """A medium: a small PNG."""
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), (shade, shade, shade)).save(stream, "png")
    return {"bytes": stream.getvalue(), "path": f"{shade}.png"}


def corpus(repo: str, licence: str, *, nc: bool = False) -> dict[str, Any]:
    return {"adapter": "x", "repo": repo, "licence": licence, "nc": nc, "revision": "main"}


@dataclass
class Toy:
    """What the folder will hold; change it before `write`."""

    corpora: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {
            "hpdv2": corpus("ymhao/HPDv2", "apache-2.0"),
            "rlaif_v": corpus("openbmb/RLAIF-V-Dataset", "cc-by-nc-4.0", nc=True),
            "mine": corpus("me/mine", "unknown"),
        }
    )
    #: name -> (corpus, task, kind, target, rows of each split)
    subsets: dict[str, tuple[str, str, str, int | None, dict[str, int]]] = field(
        default_factory=lambda: {
            "Omni-HPDv2": ("hpdv2", "t2i", "instruction", 5, {"train": 4, "validation": 1}),
            "RLAIF-V": ("rlaif_v", "ti2t", "general", 10, {"train": 7}),
            "Mine": ("mine", "t2t", "general", None, {"train": 3}),
        }
    )
    text: str = "A boat"
    reason: str = "image_undecodable"
    model: str = "judge-1"
    criteria: str = "llm"
    name: str = "toy"
    revision: str = "main"

    def write(self, output: Path) -> Path:
        """Write the folder."""
        record: dict[str, Any] = {
            "name": self.name,
            "code": "0.1.0+abc",
            "python": "3.11.7",
            "machine": "x86_64",
            "libraries": {"pyarrow": "25.0.1"},
            "runner": "local",
            "recipe_sha256": "r" * 64,
            "lock_sha256": "l" * 64,
            "recipe": {
                "seed": 7,
                "corpora": self.corpora,
                "subsets": {name: {"criteria": None} for name in self.subsets},
                "media": {"version": "normal-1"},
                "relabel": {"origin": self.criteria},
            },
            "subsets": {name: self._subset(output, name) for name in self.subsets},
            "left_out": {},
        }
        (output / "run_record.json").write_text(json.dumps(record))
        return output

    def _subset(self, output: Path, name: str) -> dict[str, Any]:
        corpus_name, task, kind, target, splits = self.subsets[name]
        licence = self.corpora[corpus_name]
        shards, number = {}, 0
        for split, rows in splits.items():
            made = [
                self.row(name, task, kind, number + at, corpus_name, licence) for at in range(rows)
            ]
            number += rows
            file = f"{split}-00000-of-00001.parquet"
            data = write_table(output / "data" / name / file, made, PAIR_SCHEMA)
            digest = hashlib.sha256(data).hexdigest()
            shards[file] = {"rows": rows, "bytes": len(data), "sha256": digest}
        if kind == "instruction":
            write_table(output / "labels" / f"{name}.parquet", self.labels(number), LABEL_SCHEMA)
        return {
            "task": task,
            "kind": kind,
            "corpus": corpus_name,
            "revision": self.revision,
            "target": target,
            "min_count": 0,
            "rows": number,
            "counts": {
                "media": {f"dead:{self.reason}": 2, "in": number + 4, "out": number + 2},
                "trim": {"dropped:beyond_target": 2, "in": number + 2, "out": number},
            },
            "inputs": {"train.json": {"bytes": 10, "digest": "sha256:" + "0" * 64}},
            "shards": shards,
        }

    def row(
        self, name: str, task: str, kind: str, at: int, corpus_name: str, licence: Mapping[str, Any]
    ) -> dict[str, Any]:
        """One published row."""
        row: dict[str, Any] = {
            "row_id": hashlib.sha256(f"{name}{at}".encode()).hexdigest()[:32],
            "pair_id": f"{at:032x}",
            "task": task,
            "subset": name,
            "kind": kind,
            "prompt": [{"role": "user", "content": self.text}],
            "preference": "ab"[at % 2],
            "source_preference": "a",
            "annotator": "human",
            "source": {"corpus": corpus_name, "revision": "main", "key": str(at),
                       "licence": licence["licence"], "url": None},
            "nc": licence["nc"],
        }  # fmt: skip
        for side in ("a", "b"):
            if task == "t2i":
                row[f"response_{side}_image"] = picture(at * 2 + (side == "b"))
            else:
                row[f"response_{side}_text"] = f"{self.text} {side}{at}"
        if task == "ti2t":
            row["prompt_images"] = [picture(100 + at)]
        if kind == "instruction":
            row |= {"criterion": f"{self.text} is bright", "criterion_origin": self.criteria,
                    "flipped": at % 2 == 1}  # fmt: skip
        return row

    def labels(self, pairs: int) -> list[dict[str, Any]]:
        """A proposal for each pair, and gold questions that the judge answers half in error."""
        made = [self.label(at, "propose", None, "a", self.criteria) for at in range(pairs)]
        for at in range(4):
            made.append(self.label(at, "gold", None, "a", "measured"))
            said = "a" if at < 3 else "b"
            made += [self.label(at, "gold", order, said, "llm") for order in ("ab", "ba")]
        return made

    def label(
        self, at: int, step: str, order: str | None, said: str, origin: str
    ) -> dict[str, Any]:
        """One label row."""
        model = "measured" if origin == "measured" else self.model
        return {
            "pair_id": f"{at:032x}",
            "criterion": f"{self.text} is bright",
            "step": step,
            "order": order,
            "verdict": said,
            "producer": {"origin": origin, "model": model, "prompt_version": "1",
                         "parameters": "{}"},
            "input_tokens": 0,
            "output_tokens": 0,
            "cost_usd": 0.01,
        }  # fmt: skip


def write_table(path: Path, rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> bytes:
    """Write rows as Parquet; gives the file's bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist([dict(row) for row in rows], schema=schema), path)
    return path.read_bytes()


def duplicates(output: Path, subset: str, matched: Sequence[tuple[str, str]]) -> None:
    """Say which rows were removed: (rule, subset of the match)."""
    rows = [
        {"subset": subset, "row_id": str(at), "rule": rule, "matched_subset": other}
        for at, (rule, other) in enumerate(matched)
    ]
    write_table(output / "duplicates" / f"{subset}.parquet", rows, DUPLICATE_SCHEMA)


def pair_of(output: Path, subset: str) -> str | None:
    """The id of a pair that is in a subset."""
    shard = next((output / "data" / subset).glob("*.parquet"))
    pair: str | None = pq.read_table(shard, columns=["pair_id"])["pair_id"][0].as_py()
    return pair


def contamination(output: Path, subset: str, found: Sequence[tuple[str, str, bool]]) -> None:
    """Say which rows match: (benchmark, rule, removed)."""
    rows = [
        {
            "subset": subset,
            "row_id": str(at),
            "pair_id": pair_of(output, subset),
            "benchmark": name,
            "rule": rule,
            "removed": removed,
        }
        for at, (name, rule, removed) in enumerate(found)
    ]
    write_table(output / "contamination" / f"{subset}.parquet", rows, CONTAMINATION_SCHEMA)


def run_of(output: Path) -> str:
    """What files of ``quality/`` name the build by."""
    return build_digest(json.loads((output / "run_record.json").read_text()))


def find(output: Path, name: str, **found: Any) -> None:
    """Write a file of ``quality/`` about the build as it is now."""
    (output / "quality").mkdir(exist_ok=True)
    told = {"run": run_of(output), **found}
    (output / "quality" / f"{name}.json").write_text(json.dumps(told))


def write_report(output: Path) -> None:
    """Write a report of the build as it is now."""
    record = json.loads((output / "run_record.json").read_text())
    head = f'<!doctype html><meta name="{BUILD_META}" content="{build_digest(record)}">'
    (output / "quality").mkdir(exist_ok=True)
    (output / "quality" / "report.html").write_text(head)


def amend(output: Path, **values: Any) -> None:
    """Change values of the run record."""
    path = output / "run_record.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))
