"""Options of each runner, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from apache_beam.options.pipeline_options import PipelineOptions

# FnApiRunner is named everywhere: plain DirectRunner first tries to download another engine.
_LOCAL: Final = ("--runner=FnApiRunner",)


def _local(workers: int) -> Sequence[str]:  # noqa: ARG001 - the work inside a batch uses all cores
    return (*_LOCAL, "--direct_running_mode=in_memory")


def _multi_processing(workers: int) -> Sequence[str]:
    return (
        *_LOCAL,
        "--direct_running_mode=multi_processing",
        f"--direct_num_workers={workers}",
    )


def _dataflow(workers: int) -> Sequence[str]:
    return ("--runner=DataflowRunner", f"--max_num_workers={workers}")


def _flink(workers: int) -> Sequence[str]:
    return ("--runner=FlinkRunner", f"--parallelism={workers}")


RUNNERS: Final[dict[str, Callable[[int], Sequence[str]]]] = {
    "local": _local,
    "multi_processing": _multi_processing,
    "dataflow": _dataflow,
    "flink": _flink,
}


def options_of(runner: str, workers: int, extra: Sequence[str] = ()) -> PipelineOptions:
    """Beam's options for a runner by our name for it; `extra` are Beam flags as they are."""
    return PipelineOptions([*RUNNERS[runner](workers), *extra])
