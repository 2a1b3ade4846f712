"""Writes the text corpus of the benchmark: preference pairs as JSON lines, the same every time.

A row depends on nothing but the seed and its number, so files are written side by side. One row in
twenty repeats an earlier one under a new id, one in twenty repeats it with one word edited.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path

import numpy as np

SEED = 20
FILES = 8
VOCABULARY = 4_000
PROMPT_WORDS, CHOSEN_WORDS, REJECTED_WORDS = 40, 160, 150
EXACT, NEAR = 0.05, 0.05

_WORDS = PROMPT_WORDS + CHOSEN_WORDS + REJECTED_WORDS


@dataclass(frozen=True)
class Origins:
    """For every row the row its text is drawn from, and the word that is edited (-1: none)."""

    base: np.ndarray
    edited: np.ndarray


def vocabulary() -> list[str]:
    """Words of three to nine random letters."""
    rng = np.random.default_rng([SEED, 0])
    letters = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz", np.uint8)
    return [
        letters[rng.integers(0, 26, length)].tobytes().decode()
        for length in rng.integers(3, 10, VOCABULARY).tolist()
    ]


def origins(rows: int) -> Origins:
    """Which rows repeat which earlier ones."""
    rng = np.random.default_rng([SEED, 1])
    draw = rng.random(rows)
    draw[:1] = 1.0  # the first row has nothing to repeat
    fresh = draw >= EXACT + NEAR
    fresh_rows = np.flatnonzero(fresh)
    before: np.ndarray = np.cumsum(fresh) - fresh
    pick = (rng.random(rows) * before).astype(np.int64)
    base = np.where(fresh, np.arange(rows), fresh_rows[np.minimum(pick, len(fresh_rows) - 1)])
    near = ~fresh & (draw >= EXACT)
    edited = np.where(near, rng.integers(0, CHOSEN_WORDS, rows), -1)
    return Origins(base, edited)


def record(row: int, base: int, edited: int, words: list[str], *, ascii_only: bool) -> dict:
    """One row: its text is that of row `base`, its id is its own."""
    rng = np.random.default_rng([SEED, 2, base])
    text = [words[at] for at in rng.integers(0, VOCABULARY, _WORDS).tolist()]
    if edited >= 0:
        text[PROMPT_WORDS + edited] = "edited"
    prompt = " ".join(text[:PROMPT_WORDS])
    chosen = "  " + " ".join(text[PROMPT_WORDS : PROMPT_WORDS + CHOSEN_WORDS])
    rejected = " ".join(text[PROMPT_WORDS + CHOSEN_WORDS :])
    chosen += "\n" if ascii_only else "\u00a0\r\n"
    rejected += "e" if ascii_only else "e\u0301"
    return {
        "prompt": prompt,
        "chosen": chosen,
        "rejected": rejected,
        "label": "AB"[int(rng.integers(0, 2))],
        "margin": int(rng.integers(-3, 4)),
        "id": f"r{row:07d}",
        "text": f"{prompt}\n{chosen}",
    }


def write_file(job: tuple[str, int, int, bool]) -> int:
    """Write one of the files: every `FILES`-th row. Returns its bytes."""
    path, number, rows, ascii_only = job
    words, drawn = vocabulary(), origins(rows)
    with open(path, "w", encoding="ascii") as stream:
        for row in range(number, rows, FILES):
            base, edited = int(drawn.base[row]), int(drawn.edited[row])
            line = record(row, base, edited, words, ascii_only=ascii_only)
            stream.write(json.dumps(line) + "\n")
    return os.path.getsize(path)


def write_corpus(folder: Path, rows: int, *, ascii_only: bool = False) -> int:
    """Write all files into `folder`; returns their bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [
        (str(folder / f"{number:03d}.jsonl"), number, rows, ascii_only) for number in range(FILES)
    ]
    with Pool() as pool:
        return sum(pool.map(write_file, jobs, chunksize=1))


def main() -> None:
    """Write a corpus from the command line."""
    parser = argparse.ArgumentParser(description="Write the text corpus of the benchmark.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--ascii", action="store_true", help="no character above 127, no CR")
    options = parser.parse_args()
    size = write_corpus(options.folder, options.rows, ascii_only=options.ascii)
    print(f"{options.rows:,} rows, {size:,} bytes in {FILES} files: {options.folder}")


if __name__ == "__main__":
    main()
