"""Options of each runner, and nothing else."""

from __future__ import annotations

import inspect
import shutil
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar, cast

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.transforms.core import CallableWrapperDoFn

from pipelines.beam_flags import check_flags
from transforms.beamkit.errors import BuildError

Options = TypeVar("Options", bound=PipelineOptions)

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


def _remember_signatures() -> None:
    """Let the methods that DoFns have from Beam carry their signatures (PEP 362).

    Beam asks for each of them some ten times a step, and Python would find it out anew.
    """
    for of_beam in CallableWrapperDoFn.__mro__[:-1]:
        for member in vars(of_beam).values():
            function = getattr(member, "__func__", member)  # of a class method
            if inspect.isfunction(function):
                function.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]


_remember_signatures()


class _BuildOptions(PipelineOptions):
    """Options that remember their views: Beam asks for hundreds of them in each graph.

    Beam makes each anew, and has every flag parsed for it. Views share their values, so that it
    does not matter whether two are one.
    """

    def view_as(self, cls: type[Options]) -> Options:
        """See `PipelineOptions.view_as`."""
        views: dict[type, Any] = self.__dict__.setdefault("_views", {})
        if cls not in views:
            views[cls] = super().view_as(cls)
        return cast(Options, views[cls])


def checked_options(runner: str, workers: int, extra: Sequence[str] = ()) -> PipelineOptions:
    """`options_of`, refusing flags that Beam would drop, can't read or misses.

    Raises:
        BuildError: there is such a flag; says which.
    """
    check_flags(extra, runner)
    options = options_of(runner, workers, extra)
    try:
        pipeline = beam.Pipeline(options=options)
        shutil.rmtree(pipeline.local_tempdir, ignore_errors=True)  # made at once, kept until a run
    except ValueError as error:
        told = " ".join(str(error).removeprefix("Pipeline has validations errors:").split())
        raise BuildError(
            f"--runner {runner}: {told} Flags of Beam are given as --beam=--NAME=VALUE"
        ) from None
    return options


def options_of(runner: str, workers: int, extra: Sequence[str] = ()) -> PipelineOptions:
    """Beam's options for a runner by our name for it; `extra` are Beam flags as they are."""
    return _BuildOptions([*RUNNERS[runner](workers), *extra])
