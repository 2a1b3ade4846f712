"""Shows where the text path's time goes: timers around its steps, in one process.

Beam runs the steps of a bundle one after the other, and some steps work in threads of their own, so
times of day can add up to more than the whole. `self` leaves out timed steps further in. CPU is
that of the calling thread; what polars and pyarrow do in threads of theirs shows as time of day.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import resource
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: ``module:attribute``, as the caller finds them.
STEPS = (
    "pipelines.run:plan_subsets",
    "pipelines.inputs:_digest",
    "pipelines.run:_run_graph",
    "pipelines.run:build_subset",
    "pipelines.run:_put_in_place",
    "transforms.sources.formats.jsonl:read",
    "transforms.sources.mapped.text_columns:parse_lines",
    "transforms.sources.mapped.text_columns:text_batch",
    "transforms.sources.adapter:RecordAdapter.read",
    "transforms.sampling.rank:with_ranks",
    "transforms.media.prepare:prepare",
    "transforms.media.prepare:normalise_texts",
    "transforms.media.prepare:identities",
    "transforms.media.prepare:_placed",
    "transforms.media.prepare:_payload",
    "transforms.beamkit.coder:ArrowTableCoder.encode",
    "transforms.beamkit.coder:ArrowTableCoder.decode",
    "transforms.writing.prepared:_Spool.work",
    "transforms.writing.prepared:_partitioned",
    "transforms.dedup.select:row_prints",
    "transforms.quality.check_rows:rule_frame",
    "transforms.quality.check_rows:judge",
    "transforms.writing.write_subset:read_shard",
    "transforms.writing.write_subset:write_shard",
    "transforms.writing.shard:canonical_order",
    "transforms.writing.shard:published",
    "transforms.writing.shard:DigestingFile.write",
    "pyarrow.parquet:ParquetWriter.write_table",
)


@dataclass
class Spent:
    """What one step took."""

    calls: int = 0
    wall: float = 0.0
    own: float = 0.0
    cpu: float = 0.0
    first: float = 0.0
    last: float = 0.0


class Timers:
    """Timers around functions, aware of nesting within a thread."""

    def __init__(self) -> None:
        self.spent: dict[str, Spent] = {}
        self.origin = time.perf_counter()
        self._lock = threading.Lock()
        self._open = threading.local()

    def around(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function`, timed under `name`; for a generator only its creation would be timed."""

        @functools.wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            inner: list[float] = getattr(self._open, "inner", None) or [0.0]
            self._open.inner = inner
            inner.append(0.0)
            began, began_cpu = time.perf_counter(), time.thread_time()
            try:
                return function(*args, **kwargs)
            finally:
                ended = time.perf_counter()
                wall, cpu = ended - began, time.thread_time() - began_cpu
                within = inner.pop()
                inner[-1] += wall
                with self._lock:
                    entry = self.spent.setdefault(name, Spent(first=began - self.origin))
                    entry.calls += 1
                    entry.wall += wall
                    entry.own += wall - within
                    entry.cpu += cpu
                    entry.last = ended - self.origin

        return timed

    def install(self, step: str) -> None:
        """Put a timer around ``module:attribute``."""
        module_name, _, path = step.partition(":")
        holder: Any = importlib.import_module(module_name)
        *outer, last = path.split(".")
        for name in outer:
            holder = getattr(holder, name)
        if not hasattr(holder, last):
            print(f"no step {step}")
            return
        setattr(
            holder,
            last,
            self.around(f"{module_name.rpartition('.')[2]}.{path}", getattr(holder, last)),
        )

    def table(self) -> str:
        """Steps in the order in which they first began."""
        lines = [
            f"{'step':44} {'calls':>6} {'wall s':>8} {'self s':>8} {'CPU s':>8} "
            f"{'from s':>7} {'to s':>7}"
        ]
        for name, entry in sorted(self.spent.items(), key=lambda item: item[1].first):
            lines.append(
                f"{name:44} {entry.calls:6} {entry.wall:8.2f} {entry.own:8.2f} {entry.cpu:8.2f} "
                f"{entry.first:7.1f} {entry.last:7.1f}"
            )
        return "\n".join(lines)


def by_function(source: Path, output: Path, number: int) -> None:
    """Profile Python functions of the main thread, the most costly first."""
    import cProfile
    import pstats

    from run_pipeline import build

    profile = cProfile.Profile()
    profile.runcall(build, source, output)
    pstats.Stats(profile).sort_stats("tottime").print_stats(number)


def main() -> None:
    """Profile one build."""
    parser = argparse.ArgumentParser(description="Show where the text path's time goes.")
    parser.add_argument("--rows", type=int, default=100_000, help="rows to generate")
    parser.add_argument("--input", type=Path, help="a folder of *.jsonl instead")
    parser.add_argument("--ascii", action="store_true", help="generate ASCII text")
    parser.add_argument("--functions", type=int, metavar="N", help="the top N by cProfile instead")
    parser.add_argument("--work", type=Path, help="folder for outputs; default: temporary")
    options = parser.parse_args()

    started = time.perf_counter()
    from run_pipeline import build

    from pipelines import run as _  # noqa: F401 - timed: it is part of every build

    imported = time.perf_counter() - started
    from text_corpus import write_corpus

    folder = Path(tempfile.mkdtemp(prefix="profile-text-", dir=options.work))
    try:
        source = options.input
        if source is None:
            source = folder / "input"
            write_corpus(source, options.rows, ascii_only=options.ascii)
        if options.functions:
            by_function(source, folder / "out", options.functions)
            return
        timers = Timers()
        for step in STEPS:
            timers.install(step)
        before = resource.getrusage(resource.RUSAGE_SELF)
        timers.origin = began = time.perf_counter()
        rows = build(source, folder / "out")
        wall = time.perf_counter() - began
        after = resource.getrusage(resource.RUSAGE_SELF)
        user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
        print(timers.table())
        print(
            f"\n{rows:,} rows: imports {imported:.1f} s, build {wall:.1f} s wall, "
            f"{user:.1f} s user, {system:.1f} s system ({(user + system) / wall:.2f} processors), "
            f"peak {after.ru_maxrss / 1e3:,.0f} MB"
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
