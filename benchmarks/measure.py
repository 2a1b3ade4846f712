"""Running contenders as whole processes: seconds, processor time and memory of each run."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import pyarrow.parquet as pq

HERE = Path(__file__).resolve().parent
_SAMPLE_SECONDS = 0.2
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Contender:
    """A program that turns the folder `input` into a folder of Parquet."""

    name: str
    command: tuple[str, ...]
    #: Where below its output folder the Parquet files lie.
    parquet: str


@dataclass(frozen=True)
class Run:
    """One run: seconds, and peak memory of the largest process and of all together, in MB."""

    wall: float
    cpu: float
    largest: float
    together: float


class TreeMemory(threading.Thread):
    """Samples the resident memory of all processes of a session; shared pages count each time."""

    def __init__(self, session: int) -> None:
        super().__init__(daemon=True)
        self.session, self.peak = session, 0
        self._stop_asked = threading.Event()

    def run(self) -> None:
        while not self._stop_asked.wait(_SAMPLE_SECONDS):
            self.peak = max(self.peak, sum(map(self._resident, Path("/proc").glob("[0-9]*"))))

    def _resident(self, process: Path) -> int:
        try:
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) != self.session:
                return 0
            return int((process / "statm").read_text().split()[1]) * _PAGE
        except (OSError, IndexError):  # it has ended meanwhile
            return 0

    def stop(self) -> int:
        """End sampling; gives the peak in bytes."""
        self._stop_asked.set()
        self.join()
        return self.peak


def run_once(contender: Contender, source: Path, output: Path, env: dict[str, str]) -> Run:
    """Run a contender into a fresh folder and measure it.

    Raises:
        SystemExit: it failed; its output is shown.
    """
    os.sync()  # what the run before has written is not written to disk at this one's cost
    with tempfile.TemporaryFile() as log:
        started = time.monotonic()
        process = subprocess.Popen(
            [*contender.command, str(source), str(output)],
            env=env,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        memory = TreeMemory(process.pid)
        memory.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        together = memory.stop()
        if process.returncode:
            log.seek(0)
            raise SystemExit(f"{contender.name} failed:\n{log.read().decode(errors='replace')}")
    largest = usage.ru_maxrss * 1024
    return Run(wall, usage.ru_utime + usage.ru_stime, largest / 1e6, max(largest, together) / 1e6)


def parquet_files(contender: Contender, output: Path) -> list[Path]:
    """The Parquet files that a contender wrote."""
    return sorted((output / contender.parquet).glob("*.parquet"))


def row_count(files: Sequence[Path]) -> int:
    """Rows by the files' footers."""
    return sum(pq.ParquetFile(file).metadata.num_rows for file in files)


def environment(folder: Path) -> dict[str, str]:
    """This checkout first on the path, and compiled modules kept, as in an installed package."""
    env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    path = [str(HERE.parent), *filter(None, [env.get("PYTHONPATH")])]
    return {
        **env,
        "PYTHONPATH": os.pathsep.join(path),
        "PYTHONPYCACHEPREFIX": str(folder / "compiled"),
        "DAFT_ANALYTICS_ENABLED": "0",
        "DO_NOT_TRACK": "true",
    }


def table(found: dict[str, list[Run]], rows: int) -> str:
    """The results as Markdown."""
    lines = [
        "| | wall s: median | min | max | CPU s: median | rows/s "
        "| peak MB: largest process | all processes |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, runs in found.items():
        walls = [run.wall for run in runs]
        lines.append(
            f"| {name} | {median(walls):.1f} | {min(walls):.1f} | {max(walls):.1f} "
            f"| {median(run.cpu for run in runs):.1f} | {rows / median(walls):,.0f} "
            f"| {max(run.largest for run in runs):,.0f} "
            f"| {max(run.together for run in runs):,.0f} |"
        )
    return "\n".join(lines)
