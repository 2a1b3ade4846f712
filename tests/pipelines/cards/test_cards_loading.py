"""The lines that a card shows for loading, run as they stand against a Hub that has the dataset."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.cards.loading import snippets
from tests.hub_server.fixtures import client_environment
from tests.hub_server.server import HubServer

REPO, VERSION = "ada/toy", "1.1.0"

#: Runs blocks of code one after the other, each by itself, and tells the value of the last line.
RUN = """
import ast, json, sys
told = []
for block in json.load(sys.stdin):
    tree = ast.parse(block)
    last = tree.body[-1]
    names = {}
    exec(compile(ast.Module(tree.body[:-1], []), "card", "exec"), names)
    if isinstance(last, ast.Expr):
        told.append(eval(compile(ast.Expression(last.value), "card", "eval"), names))
    else:
        exec(compile(ast.Module([last], []), "card", "exec"), names)
        told.append(names[last.targets[0].id])
told = [one.rows() if hasattr(one, "rows") else one for one in told]

def plain(one):
    return list(one) if hasattr(one, "column_names") else str(one)

json.dump(told, sys.stdout, default=plain)
"""


def shown(readme: str) -> list[str]:
    """The blocks of Python of a card."""
    return re.findall(r"^```python\n(.*?)\n```$", readme, re.MULTILINE | re.DOTALL)


def served(server: HubServer, folder: Path, cards: dict[str, bytes]) -> None:
    """Put a dataset with its cards into a repository, and tag it."""
    found = {
        str(path.relative_to(folder)): path
        for part in ("data", "labels")
        for path in sorted((folder / part).rglob("*.parquet"))
    }
    server.store.create(REPO)
    commit = server.store.commit(REPO, {**found, **cards}, "Files")
    repo = server.store.find(REPO)
    assert repo is not None
    repo.tags[f"v{VERSION}"] = commit
    # What comes later is not what the tag names.
    server.store.commit(REPO, {"README.md": b"# gone\n"}, "Later")


def run(server: HubServer, home: Path, blocks: list[str]) -> list[Any]:
    """The values of blocks, from a process of its own that uses the server."""
    environment = {k: v for k, v in os.environ.items() if not k.upper().endswith("_PROXY")}
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        input=json.dumps(blocks), capture_output=True, text=True, check=False, cwd=home,
        env={**environment, **client_environment(server, home)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


#: Loads a config whole, and says how many rows each split has.
WHOLE = """
from datasets import load_dataset
loaded = load_dataset("{repo}", "{config}", revision="v{version}")
{{split: len(rows) for split, rows in loaded.items()}}
"""
HELD_OUT = """
from datasets import load_dataset
rows = load_dataset("{repo}", revision="v{version}", split="validation", streaming=True)
next(iter(rows))["response_a_image"].size
"""


def test_each_shown_line_runs_and_every_config_loads(
    toy: Path, cards: dict[str, bytes], server: HubServer, tmp_path: Path
) -> None:
    served(server, toy, cards)
    blocks = shown(cards["README.md"].decode())
    told = snippets(REPO, VERSION, "Omni-HPDv2", "train", labels=True)
    assert blocks == [one.code for one in told]
    assert blocks[0].splitlines()[2] == (
        'pairs = load_dataset("ada/toy", "Omni-HPDv2", revision="v1.1.0")'
    )
    more = [
        WHOLE.format(repo=REPO, config=config, version=VERSION)
        for config in ("default", "Omni-HPDv2", "RLAIF-V", "Mine")
    ]
    more.append(HELD_OUT.format(repo=REPO, version=VERSION))
    values = run(server, tmp_path, [*blocks, *more])
    whole, streamed, polars, duckdb, labels = values[:5]
    assert whole == "a"
    assert streamed["prompt"] == [{"role": "user", "content": "A boat"}]
    assert sorted(streamed) == ["preference", "prompt", "subset"]
    assert sorted(polars) == [[f"{at:032x}", "A boat is bright", "ab"[at % 2]] for at in range(4)]
    assert sorted(duckdb) == [["a", 2], ["b", 2]]
    assert len(labels) == 17
    default, omni, rlaif, mine, size = values[5:]
    assert default == {"train": 14, "validation": 1}
    assert omni == {"train": 4, "validation": 1}
    assert (rlaif, mine) == ({"train": 7}, {"train": 3})
    assert size == [8, 8]


@pytest.mark.full
@pytest.mark.parametrize("library", ["polars", "DuckDB"])
def test_columns_are_fetched_without_the_media(
    library: str, server: HubServer, tmp_path: Path
) -> None:
    media = pa.array([{"bytes": os.urandom(300_000), "path": "x"} for _ in range(200)])
    rows = pa.table(
        {
            "pair_id": [f"{at:032x}" for at in range(200)],
            "response_a_image": media,
            "criterion": ["clear"] * 200,
            "preference": ["a", "b"] * 100,
        }
    )
    file = tmp_path / "data" / "Big" / "train-00000-of-00001.parquet"
    file.parent.mkdir(parents=True)
    pq.write_table(rows, file)
    served(server, tmp_path, {})
    (lines,) = [
        one.code
        for one in snippets(REPO, VERSION, "Big", "train", labels=False)
        if one.title.startswith(library)
    ]
    (values,) = run(server, tmp_path, [lines])
    assert len(values) == {"polars": 200, "DuckDB": 2}[library]
    assert sum(entry.sent for entry in server.log.entries()) < file.stat().st_size / 5


def test_hostile_names_stay_texts_of_the_shown_lines() -> None:
    for one in snippets("a/b", "1.0.0", "it's [x] {y}", "train", labels=False):
        plain = snippets("a/b", "1.0.0", "x", "train", labels=False)
        same = next(other for other in plain if other.title == one.title)
        kinds = [type(node) for node in ast.walk(ast.parse(one.code))]
        assert kinds == [type(node) for node in ast.walk(ast.parse(same.code))]
    query = snippets("a/b", "1.0.0", "it's", "train", labels=False)[3].code
    assert "data/it''s/train-*.parquet'" in query
