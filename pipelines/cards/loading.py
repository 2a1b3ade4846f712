"""The lines that load a published dataset, as the card shows them; a test runs each of them.

``hf://`` addresses that polars and DuckDB read by themselves go to the public Hub whatever
``HF_ENDPOINT`` says; through `HfFileSystem` they go where the client goes, with its log-in.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from pipelines.cards.places import LABELS_CONFIG, shards_glob, tag_of


@dataclass(frozen=True)
class Snippet:
    """A few lines of Python under a heading."""

    title: str
    code: str


def _text(value: str) -> str:
    """A Python literal in double quotes."""
    return json.dumps(value, ensure_ascii=True)


def snippets(
    repo: str, version: str, subset: str, split: str, *, labels: bool
) -> tuple[Snippet, ...]:
    """How to load a version: whole, streamed, with polars, with DuckDB, and its labels."""
    tag = tag_of(version)
    where, revision = _text(repo), _text(tag)
    path = f"datasets/{repo}@{tag}/{shards_glob(subset, split)}"
    shards, quoted = _text(path), f"hf://{path}".replace("'", "''")
    lines = ("SELECT preference, count(*) AS pairs", f"FROM '{quoted}'", "GROUP BY preference")
    query = "\n".join(f"    {line}" for line in lines)
    found = [
        Snippet(
            "One subset",
            "from datasets import load_dataset\n\n"
            f"pairs = load_dataset({where}, {_text(subset)}, revision={revision})\n"
            f'pairs["{split}"][0]["preference"]',
        ),
        Snippet(
            "Everything, streamed: nothing is stored",
            "from datasets import load_dataset\n\n"
            f"pairs = load_dataset({where}, revision={revision}, split={_text(split)}, "
            "streaming=True)\n"
            'next(iter(pairs.select_columns(["subset", "prompt", "preference"])))',
        ),
        Snippet(
            "polars: only the columns that are asked for are fetched",
            "import polars as pl\n"
            "import pyarrow.dataset as pads\n"
            "from huggingface_hub import HfFileSystem\n\n"
            "hub = HfFileSystem()\n"
            f"shards = pads.dataset(hub.glob({shards}), filesystem=hub)\n"
            'pairs = pl.scan_pyarrow_dataset(shards).select("pair_id", "criterion", "preference")\n'
            "pairs.collect()",
        ),
        Snippet(
            "DuckDB",
            "import duckdb\nfrom huggingface_hub import HfFileSystem\n\n"
            "duckdb.register_filesystem(HfFileSystem())\n"
            f'duckdb.sql("""\n{query}\n""").fetchall()',
        ),
    ]
    if labels:
        found.append(
            Snippet(
                "What was said of the pairs: criteria, verdicts, producers",
                "from datasets import load_dataset\n\n"
                f"labels = load_dataset({where}, {_text(LABELS_CONFIG)}, revision={revision}, "
                'split="train")',
            )
        )
    return tuple(found)
