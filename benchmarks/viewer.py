"""The viewer over 317K rows of text: opening, first page, filters, search while and after indexing.

    python benchmarks/viewer.py [--rows 317382] [--keep FOLDER]

Writes a dataset in the schema with text alone (about 1.9 KB a row), starts `omnireward view` in a
process of its own and asks it over HTTP, as a browser does.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.pair import PAIR_SCHEMA

SUBSETS = 12
SHARDS = 4
GROUP = 1_000
WORDS = 40_000


def vocabulary(rng: random.Random) -> list[str]:
    """Words whose frequency falls with their place, as in speech."""
    letters = "etaoinshrdlucmfwypvbgk"
    words = {"".join(rng.choices(letters, k=rng.randint(2, 10))) for _ in range(WORDS)}
    return sorted(words)


def row(
    number: int, subset: int, words: list[str], weights: list[float], rng: random.Random
) -> dict[str, Any]:
    """A row of text."""
    text = rng.choices(words, cum_weights=weights, k=rng.randint(150, 450))
    third = len(text) // 6
    kind = "instruction" if subset % 2 else "general"
    return {
        "row_id": f"{rng.getrandbits(128):032x}",
        "pair_id": f"{rng.getrandbits(128):032x}",
        "task": ("t2t", "ti2t", "t2i")[subset % 3],
        "subset": f"Subset-{subset:02}",
        "kind": kind,
        "prompt": [
            {
                "role": "user",
                "content": " ".join(text[:third]) + (" zyzzyva" if number % 5_000 == 0 else ""),
            }
        ],
        "response_a_text": " ".join(text[third : third * 3]),
        "response_b_text": " ".join(text[third * 3 :]),
        "preference": "ab"[number % 2],
        "criterion": " ".join(text[:12]) if kind == "instruction" else None,
        "criterion_origin": "llm" if kind == "instruction" else None,
        "flipped": number % 3 == 0,
        "agreement": (number % 5 + 1) / 5,
        "annotator": "human",
        "source": {"corpus": f"corpus_{subset}", "licence": "mit", "key": str(number)},
        "nc": False,
    }


def write(output: Path, rows: int) -> None:
    """The dataset."""
    rng = random.Random(1)
    words = vocabulary(rng)
    weights, total = [], 0.0
    for place in range(len(words)):
        total += 1 / (place + 3)
        weights.append(total)
    subsets: dict[str, Any] = {}
    number = 0
    for subset in range(SUBSETS):
        name = f"Subset-{subset:02}"
        folder = output / "data" / name
        folder.mkdir(parents=True)
        shards = {}
        count = rows // SUBSETS + (subset < rows % SUBSETS)
        for shard in range(SHARDS):
            path = folder / f"train-{shard:05}-of-{SHARDS:05}.parquet"
            mine = count // SHARDS + (shard < count % SHARDS)
            with pq.ParquetWriter(path, PAIR_SCHEMA, compression="zstd") as writer:
                for start in range(0, mine, GROUP):
                    batch = [
                        row(number + k, subset, words, weights, rng)
                        for k in range(min(GROUP, mine - start))
                    ]
                    number += len(batch)
                    writer.write_table(pa.Table.from_pylist(batch, schema=PAIR_SCHEMA))
            shards[path.name] = {"rows": mine}
        subsets[name] = {
            "task": ("t2t", "ti2t", "t2i")[subset % 3],
            "kind": "general",
            "rows": count,
            "counts": {},
            "shards": shards,
        }
    record = {"name": "viewer-benchmark", "subsets": subsets}
    (output / "run_record.json").write_text(json.dumps(record))


def ask(url: str) -> tuple[float, str]:
    """Seconds and text of a page."""
    start = time.perf_counter()
    with urllib.request.urlopen(url, timeout=60) as reply:
        text = reply.read().decode()
    return time.perf_counter() - start, text


def found(text: str) -> str:
    """How many rows a page says were found."""
    told = re.search(r"–[\d,]+ of ([\d,]+)", text)
    return told.group(1) if told else "none"


QUERIES = {
    "first page": "",
    "last page": "?page=31739",
    "subset, page 100": "?subset=Subset-07&page=100",
    "flipped and agreement": "?flipped=yes&agreement=low&page=50",
    "rare word": "?q=zyzzyva",
    "two words": "?q={common}+{rare}",
    "commonest word": "?q={common}",
    "commonest word, deep page": "?q={common}&page=20000",
    "begin*": "?q={prefix}*",
    "a phrase of common words": "?q=%22{common}+{second}%22",
    "word and filters": "?q={second}&subset=Subset-03&flipped=yes",
}


def measure(url: str, named: dict[str, str]) -> Iterator[tuple[str, float, str]]:
    """Each query: its name, the worst of three times, and what was found."""
    for name, query in QUERIES.items():
        times, text = zip(*(ask(url + query.format(**named)) for _ in range(3)), strict=True)
        yield name, max(times), found(text[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=317_382)
    parser.add_argument("--keep", type=Path, help="write the dataset here, or use what is there")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        output = told.keep or Path(temporary) / "set"
        if not (output / "run_record.json").exists():
            write(output, told.rows)
        for old in (output / ".work" / "view").glob("*"):
            old.unlink()
        size = sum(path.stat().st_size for path in output.rglob("*.parquet"))
        print(f"{told.rows:,} rows, {size / 1e6:,.0f} MB of Parquet")
        for name in ("first start", "second start"):
            run(output, name)


def run(output: Path, name: str) -> None:
    """Start a viewer and ask it."""
    words = vocabulary(random.Random(1))
    named = {"common": words[0], "second": words[1], "rare": words[3_000], "prefix": words[50][:4]}
    start = time.perf_counter()
    command = [
        sys.executable,
        "-m",
        "pipelines.cli",
        "view",
        "--output",
        str(output),
        "--no-browser",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        url = re.search(r"http://\S+/", line).group()  # type: ignore[union-attr]
        print(f"\n{name}: answers after {time.perf_counter() - start:.2f} s")
        print(f"  first page                     {ask(url)[0]:8.3f} s")
        print(f"  first page with a filter       {ask(url + '?flipped=yes')[0]:8.3f} s")
        seconds, text = ask(url + "?q=zyzzyva")
        print(f"  first search                   {seconds:8.3f} s  {found(text)} found so far")
        worst = 0.0
        while not json.loads(ask(url + "state")[1])["complete"]:
            worst = max(worst, ask(url)[0], ask(url + f"?q={named['common']}")[0])
            time.sleep(1)
        print(
            f"  index complete after           {time.perf_counter() - start:8.1f} s; "
            f"worst page or search meanwhile {worst:.3f} s"
        )
        for query, seconds, rows in measure(url, named):
            print(f"  {query:30} {seconds:8.3f} s  {rows} found")
    finally:
        process.terminate()
        process.wait()
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    size = sum(path.stat().st_size for path in (output / ".work" / "view").iterdir())
    print(f"  peak memory {peak:,.0f} MB; index {size / 1e6:,.0f} MB")


if __name__ == "__main__":
    main()
