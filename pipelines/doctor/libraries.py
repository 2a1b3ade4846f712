"""Python and the installed libraries, held against the bounds that the distribution declares."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from importlib import metadata
from typing import TYPE_CHECKING, Final

from pipelines.doctor.commands import DISTRIBUTION, install_self, pip_install
from pipelines.doctor.finding import Finding

if TYPE_CHECKING:
    from packaging.requirements import Requirement

#: What an installation without metadata is held against.
_PYTHON_BOUNDS: Final = ">=3.11,<3.14"


def check_python(version: str | None = None) -> Finding:
    """This Python against `Requires-Python`; `version` stands in for it in tests."""
    running = version or platform.python_version()
    bounds = _python_bounds()
    detail = f"{running} (bounds {bounds})"
    if _within(bounds, running):
        return Finding("python", "Python", "ok", detail)
    remedy = (
        "Install Python 3.11, 3.12 or 3.13, then in a checkout: make clean test PYTHON=python3.11"
    )
    return Finding("python", "Python", "fail", detail, remedy)


def check_libraries() -> list[Finding]:
    """One finding for each requirement that is missing or out of bounds, one for all the others.

    Versions are read from metadata: nothing is imported.
    """
    try:
        declared = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        detail = f"{DISTRIBUTION} is not installed, so its bounds are not known"
        return [Finding("python", "libraries", "warn", detail, install_self())]
    try:
        import packaging.requirements  # noqa: F401 - asked here, so that its absence is a finding
    except ImportError:
        return [_missing("packaging", "packaging")]
    wrong = [_finding(*unmet) for unmet in unmet_requirements(declared)]
    count = sum(1 for _ in wanted(declared))
    if not wrong:
        return [Finding("python", "libraries", "ok", f"all {count} are within their bounds")]
    detail = f"{count - len(wrong)} of {count} are within their bounds"
    return [Finding("python", "libraries", "info", detail), *wrong]


def wanted(declared: Sequence[str], extra: str = "") -> Iterator[Requirement]:
    """The requirements whose markers hold here; with `extra` only what that extra adds."""
    from packaging.requirements import Requirement

    for line in declared:
        requirement = Requirement(line)
        marker = requirement.marker
        always = marker is None or marker.evaluate({"extra": ""})
        if extra and marker is not None and not always:
            if marker.evaluate({"extra": extra}):
                yield requirement
        elif always and not extra:
            yield requirement


def unmet_requirements(
    declared: Sequence[str], extra: str = ""
) -> Iterator[tuple[Requirement, str | None]]:
    """The requirements that are not met, each with the version found; None if it is missing."""
    for requirement in wanted(declared, extra):
        try:
            found = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            yield requirement, None
            continue
        if not _within(str(requirement.specifier), found):
            yield requirement, found


def _finding(requirement: Requirement, found: str | None) -> Finding:
    plain = f"{requirement.name}{requirement.specifier}"
    if found is None:
        return _missing(requirement.name, plain)
    detail = f"{found} is outside its bounds {requirement.specifier}"
    return Finding("python", requirement.name, "fail", detail, pip_install(plain))


def _missing(name: str, requirement: str) -> Finding:
    return Finding("python", name, "fail", "is not installed", pip_install(requirement))


def _python_bounds() -> str:
    try:
        return metadata.metadata(DISTRIBUTION)["Requires-Python"] or _PYTHON_BOUNDS
    except (metadata.PackageNotFoundError, KeyError):
        return _PYTHON_BOUNDS


def _within(bounds: str, version: str) -> bool:
    try:
        from packaging.specifiers import SpecifierSet
        from packaging.version import InvalidVersion
    except ImportError:  # told as a missing library; the bounds of Python are known without it
        return (3, 11) <= tuple(int(part) for part in version.split(".")[:2]) < (3, 14)
    try:
        return SpecifierSet(bounds).contains(version, prereleases=True)
    except InvalidVersion:
        return False
