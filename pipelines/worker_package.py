"""How workers of other machines come by this package: an image, a package file, or its checkout."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from transforms.beamkit.errors import BuildError

#: Flags of Beam that bring the package.
_BRINGS: Final = (
    "setup_file",
    "sdk_container_image",
    "worker_harness_container_image",
    "extra_package",
    "extra_packages",
)
_DOCKER: Final = "DOCKER"
_TOP: Final = Path(__file__).resolve().parent.parent


def flags_given(flags: Sequence[str]) -> dict[str, str]:
    """Flags by name: `--name=value`, and `--name` before its value."""
    given: dict[str, str] = {}
    name = ""
    for flag in flags:
        if flag.startswith("--"):
            name, _, value = flag[2:].partition("=")
            given[name] = value
        elif name:
            given[name] = flag
    return given


def bringing(runner: str, flags: Sequence[str]) -> str | None:
    """The flag that brings the package to workers; empty where they need none, None if it lacks."""
    given = flags_given(flags)
    if runner == "flink":
        if given.get("environment_type", _DOCKER).upper() != _DOCKER:
            return ""  # workers are started by who runs them
        if given.get("environment_config"):
            return "environment_config"
    elif runner != "dataflow":
        return ""
    return next((name for name in _BRINGS if given.get(name)), None)


def own_setup(top: Path = _TOP) -> Path | None:
    """The setup file of the checkout that this runs from; None where it was installed."""
    setup = top / "setup.py"
    return setup if setup.is_file() and (top / "pyproject.toml").is_file() else None


def packaging_flags(runner: str, flags: Sequence[str], setup: Path | None) -> tuple[str, ...]:
    """What is added to Beam's flags so that workers have the package.

    Args:
        runner: our name for it, where its workers are other machines.
        flags: Beam's flags as they were given.
        setup: the setup file of the checkout, if there is one.

    Raises:
        BuildError: nothing brings it, and there is no checkout.
    """
    if bringing(runner, flags) is not None:
        return ()
    if setup is None:
        raise BuildError(
            f"--runner {runner}: its workers lack this package; name an image that has it "
            "(--beam=--sdk_container_image=IMAGE) or its wheel (--beam=--extra_package=FILE.whl)"
        )
    return (f"--setup_file={setup}",)
