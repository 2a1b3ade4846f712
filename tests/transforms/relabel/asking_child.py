"""A process that asks until it is killed: python -m … FOLDER BASE_URL QUESTIONS."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.transforms.relabel.asking import model, question, session

if __name__ == "__main__":
    folder, base_url, number, keeper = sys.argv[1:]
    settings = model(base_url, timeout_s=10, concurrency=16)
    with session(Path(folder), settings, segments=keeper == "segments") as asked:
        sys.stdout.write(f"asking {asked.lost}\n")
        sys.stdout.flush()
        outcomes = asked.ask([question(index) for index in range(int(number))])
    sys.stdout.write(f"done {len(outcomes)}\n")
