"""Near-duplicates in real text: copies of real pairs are found, the pairs themselves stay apart.

The files lie beside the checkout on machines that have them; elsewhere these tests are skipped.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tests.transforms.dedup.planted_texts import Texts, refolded
from transforms.dedup.near_text import near_pairs
from transforms.dedup.prints import Prints
from transforms.dedup.settings_text import NearTextSettings
from transforms.dedup.text_prints import text_prints

CORPORA = Path(__file__).parents[4] / "shared" / "realdata" / "corpora"

pytestmark = pytest.mark.skipif(
    not CORPORA.is_dir(), reason=f"the real files are not there: no folder {CORPORA}"
)

SETTINGS = NearTextSettings()


def llmbar() -> list[Texts]:
    files = ["llmbar/Natural.json", "llmbar/Adversarial_GPTInst.json"]
    files += ["llmbar/Adversarial_Neighbor.json"]
    return [row for file in files for row in _pairs(file, ("input", "output_1", "output_2"))]


def mt_bench() -> list[Texts]:
    return _pairs("mt-bench/LLMBar_processed_MT-Bench.json", ("input", "output_1", "output_2"))


def pandalm() -> list[Texts]:
    return _pairs("pandalm/testset-v1.json", ("instruction", "response1", "response2"))


def hh_rlhf() -> list[Texts]:
    rows = []
    with gzip.open(CORPORA / "hh-rlhf/harmless-base/test.jsonl.gz", "rt") as lines:
        for line in lines:
            row = json.loads(line)
            prompt, _, chosen = row["chosen"].rpartition("\n\nAssistant:")
            rows.append((prompt, chosen, row["rejected"].rpartition("\n\nAssistant:")[2]))
    return rows


def _pairs(file: str, columns: tuple[str, str, str]) -> list[Texts]:
    rows = json.loads((CORPORA / file).read_text())
    texts = [tuple(str(row[column]) for column in columns) for row in rows]
    if "input" in rows[0] and "input" not in columns:
        texts = [(f"{p}\n{row['input']}", a, b) for (p, a, b), row in zip(texts, rows, strict=True)]
    return texts  # type: ignore[return-value]


def printed(texts: list[Texts]) -> Prints:
    columns = (pa.chunked_array([list(part)]) for part in zip(*texts, strict=True))
    return Prints.of(text_prints(*columns, SETTINGS))


def words_of(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def trigrams(text: str) -> set[tuple[str, ...]]:
    words = words_of(text)
    return {tuple(words[at : at + 3]) for at in range(max(1, len(words) - 2))}


def jaccard(one: str, other: str) -> float:
    first, second = trigrams(one), trigrams(other)
    return len(first & second) / len(first | second)


@pytest.mark.parametrize(
    ("read", "rows", "equal", "near"),
    [(llmbar, 326, 0, 0), (mt_bench, 200, 5, 0), (hh_rlhf, 1156, 0, 0), (pandalm, 999, 148, 33)],
)
def test_pairs_of_real_corpora(
    read: Callable[[], list[Texts]], rows: int, equal: int, near: int
) -> None:
    """MT-Bench and PandaLM hold many answers to one question; some models answered the same."""
    texts = read()
    edges = near_pairs(printed(texts), np.arange(len(texts)), SETTINGS)
    assert len(texts) == rows
    assert int((edges.similarity == 1).sum()) == equal
    assert int((edges.similarity < 1).sum()) == near
    for later, earlier, _, swapped in zip(*edges, strict=True):
        mate = texts[earlier]
        if swapped:
            mate = (mate[0], mate[2], mate[1])
        for one, other in zip(texts[later], mate, strict=True):
            assert words_of(one) == words_of(other) or jaccard(one, other) > 0.4


@pytest.mark.parametrize("read", [llmbar, mt_bench, hh_rlhf, pandalm])
def test_copies_planted_among_real_pairs(read: Callable[[], list[Texts]]) -> None:
    rng = np.random.default_rng(31)
    texts = read()
    long = [row for row, parts in enumerate(texts) if min(len(p.split()) for p in parts) >= 20]
    chosen = rng.choice(long, min(len(long), 60), replace=False).tolist()
    copies = [tuple(map(refolded, texts[row])) for row in chosen]
    copies += [tuple(edited(rng, part) for part in texts[row]) for row in chosen]
    edges = near_pairs(printed([*texts, *copies]), np.arange(len(texts) + len(copies)), SETTINGS)
    found = set(edges.later.tolist())
    exact = [len(texts) + number in found for number in range(len(chosen))]
    near = [len(texts) + len(chosen) + number in found for number in range(len(chosen))]
    assert len(chosen) >= 15
    assert all(exact)
    assert np.mean(near) >= 0.95


def edited(rng: np.random.Generator, text: str) -> str:
    """One word in twenty replaced, left out, or with a letter more; white space stays."""
    parts = re.split(r"(\s+)", text)
    words = [at for at, part in enumerate(parts) if part.strip()]
    for at in rng.choice(words, max(1, len(words) // 20), replace=False).tolist():
        parts[at] = ("other", "", parts[at] + "x")[rng.integers(3)]
    return "".join(parts)
