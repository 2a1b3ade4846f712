"""VLFeedback as Parquet: pictures in cells, completions as one struct of lists.

Layout from the card of davanstrien/VLFeedback, whose shards are those of today's
MMInstruction/VLFeedback by size; there is no `img_path`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from pipelines.sample_corpora import vlfeedback
from pipelines.sample_corpora.files import write_parquet
from pipelines.sample_corpora.planted import Corpus, Planted
from pipelines.sample_corpora.scheduling import counts, scaled
from pipelines.sample_corpora.vlfeedback import ASPECTS, Plan

NAME: Final = "vlfeedback_parquet"
SHARD_ROWS: Final = 9_000
GROUP_ROWS: Final = 100
FILE_PATTERN: Final = "data/train-{:05d}-of-{:05d}.parquet"

_ANNOTATION = pa.struct([("Rating", pa.string()), ("Rationale", pa.string())])
_LISTS: Final = {
    "annotations": pa.list_(pa.struct([(aspect, _ANNOTATION) for aspect in ASPECTS])),
    "model": pa.list_(pa.string()),
    "response": pa.list_(pa.string()),
}
SCHEMA: Final = pa.schema(
    [
        ("id", pa.string()),
        ("prompt", pa.string()),
        ("models", pa.list_(pa.string())),
        ("completions", pa.struct(list(_LISTS.items()))),
        ("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
    ]
)


def write(folder: Path, scale: float, seed: int, faults: bool) -> Planted:
    """Write the corpus below `folder`, in at least two shards."""
    records = scaled(vlfeedback.FULL_SCALE, scale, least=80)
    bad = counts(records, vlfeedback.FAULTS) if faults else {}
    dropped = counts(records, vlfeedback.NATIVE_DROPPED)
    odd = counts(records, vlfeedback.NATIVE_TRAPS | (vlfeedback.ODD_TRAPS if faults else {}))
    plan = vlfeedback.plan(records, seed, bad | dropped | odd)
    shards = max(2, -(-records // SHARD_ROWS))
    files = tuple(FILE_PATTERN.format(shard, shards) for shard in range(shards))
    for shard, file in enumerate(files):
        numbers = range(shard * records // shards, (shard + 1) * records // shards)
        write_parquet(folder / file, SCHEMA, _rows(plan, numbers), GROUP_ROWS)
    for old in (folder / "data").glob("train-*.parquet"):
        if f"data/{old.name}" not in files:
            old.unlink()
    good = records - sum(bad.values()) - sum(dropped.values())
    return Planted(NAME, records, good, bad, odd, files, dropped)


CORPUS: Final = Corpus(
    NAME,
    vlfeedback.FULL_SCALE,
    write,
    of=vlfeedback.NAME,
    recipe={
        "revision": "main",
        "files": ["data/train-*.parquet"],
        "options": {"archive": None, "citations": "drop"},
    },
)


def _rows(plan: Plan, numbers: range) -> Iterator[dict[str, Any]]:
    for number in numbers:
        row, (code, nth) = vlfeedback.record(plan, number), plan.mark(number)
        if row["completions"] is not None:
            lists = {name: [one[name] for one in row["completions"]] for name in _LISTS}
            if code == "malformed_completions":
                lists["response"] = lists["response"][nth % 2 + 1 :]
            row["completions"] = lists
        data = None if code == "media_missing" else plan.picture(number)
        yield row | {"image": {"bytes": data, "path": f"{row['id']}.jpg"}}
