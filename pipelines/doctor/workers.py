"""What workers of other machines need that this machine has: the package, and variables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipelines.doctor.finding import Finding
from pipelines.worker_package import bringing, packaging_flags
from transforms.beamkit.errors import BuildError


def are_elsewhere(runner: str, output: str) -> bool:
    """Whether workers are other machines: always on Dataflow, on Flink by where they write."""
    return runner == "dataflow" or (runner == "flink" and "://" in output)


def check_package(runner: str, flags: Sequence[str], setup: Path | None) -> Finding:
    """Whether workers come by this package; `setup` is that of the checkout, if there is one."""
    flag = bringing(runner, flags)
    if flag is not None:
        detail = f"by --{flag}" if flag else "whoever starts the workers brings it"
        return Finding("workers", "package", "ok" if flag else "info", detail)
    try:
        (added,) = packaging_flags(runner, flags, setup)
    except BuildError:
        return Finding(
            "workers",
            "package",
            "fail",
            "nothing brings this package to workers",
            "Give an image that has it, --beam=--sdk_container_image=IMAGE, or its wheel, "
            "--beam=--extra_package=FILE.whl",
        )
    return Finding("workers", "package", "ok", f"by {added}, of this checkout")


def check_variables(names: Sequence[str]) -> Finding:
    """That variables are read where workers run; `names` are those that they would read."""
    if not names:
        return Finding("workers", "variables", "ok", "workers read none")
    shown = ", ".join(dict.fromkeys(names))
    return Finding(
        "workers",
        "variables",
        "warn",
        f"read on workers, not here: {shown}",
        "Set them in the workers' image or environment: nothing of this machine's goes there",
    )
