"""Progress while a subset is built: bars with rates on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from pipelines.planning import SubsetPlan
from pipelines.sizes import size_of
from transforms.beamkit import files, progress

_EVERY_SECONDS = 0.25


class _Amount(ProgressColumn):
    """Done, total and rate of a step, in bytes or in pieces."""

    def render(self, task: Task) -> Text:
        show = size_of if "bytes" in task.description else lambda number: f"{number:,.0f}"
        total = f" of {show(task.total)}" if task.total else ""
        rate = f", {show(task.speed)}/s" if task.speed else ""
        return Text(f"{show(task.completed)}{total}{rate}")


class Watcher:
    """Shows how subsets come along. `quiet` shows nothing."""

    def __init__(self, console: Console, *, quiet: bool) -> None:
        self.console, self.quiet = console, quiet

    @contextmanager
    def __call__(self, plan: SubsetPlan) -> Iterator[None]:
        """Watch one subset while the block runs."""
        if self.quiet:
            yield
        elif plan.published is not None and plan.known is None:
            self.console.print(f"{plan.name}: up to date", markup=False)
            yield
        elif not self.console.is_terminal or not files.is_local(plan.layout.output):
            self.console.print(f"{plan.name}: building", markup=False)
            yield
            self.console.print(f"{plan.name}: done", markup=False)
        else:
            with self._bars(plan):
                yield

    @contextmanager
    def _bars(self, plan: SubsetPlan) -> Iterator[None]:
        folder = Path(plan.layout.progress)
        progress.start(folder)
        totals: dict[str, float] = {
            "bytes read": sum(unit.size for unit in plan.work_units),
            **({"rows written": plan.subset.target} if plan.subset.target else {}),
        }
        bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description:16}"),
            BarColumn(24),
            _Amount(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self.console,
            transient=True,
        )
        stop = threading.Event()

        def follow() -> None:
            tasks = {}
            while not stop.wait(_EVERY_SECONDS):
                for step, done in progress.read(folder).items():
                    if step not in tasks:
                        tasks[step] = bars.add_task(step, total=totals.get(step))
                    bars.update(tasks[step], completed=done)

        self.console.print(plan.name, style="bold", markup=False)
        watcher = threading.Thread(target=follow, daemon=True)
        with bars:
            watcher.start()
            try:
                yield
            finally:
                stop.set()
                watcher.join()
