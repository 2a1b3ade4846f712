"""Folders named on the command line: of this machine, or addresses of a filesystem of Beam."""

from __future__ import annotations

import re
from pathlib import Path
from typing import overload

from pipelines.commands.console import fail

#: ``gs:/bucket``: an address that something took for a path, or that was mistyped.
_COLLAPSED = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/(?!/)(.*)")


@overload
def place(value: str) -> str: ...


@overload
def place(value: None) -> None: ...


def place(value: str | None) -> str | None:
    """A folder for data, as Beam and this package take it; ends the command if nothing knows it."""
    if value is None:
        return None
    if "://" not in value:
        return str(_here(value))
    from transforms.beamkit.errors import BuildError
    from transforms.beamkit.files import check_filesystem

    try:
        check_filesystem(value)
    except BuildError as error:
        fail(error, 2)
    return value.rstrip("/")


@overload
def named_place(value: str) -> str: ...


@overload
def named_place(value: None) -> None: ...


def named_place(value: str | None) -> str | None:
    """`place`, where what is lacking to reach it is still to be found out."""
    from transforms.beamkit.files import EXTRAS

    if value is not None and value.partition("://")[0] in EXTRAS:
        return value.rstrip("/")
    return place(value)


def local_path(value: str | Path) -> Path:
    """A file or folder of this machine; ends the command for an address of another filesystem."""
    if "://" in str(value):
        fail(
            f"{value}: this command needs a file or folder of this machine here, not an address; "
            "copy it to this machine first",
            2,
        )
    return _here(value)


def _here(value: str | Path) -> Path:
    collapsed = _COLLAPSED.fullmatch(str(value))
    if collapsed and not Path(f"{collapsed[1]}:").exists():
        fail(f"{value}: an address is written {collapsed[1]}://{collapsed[2]}", 2)
    return Path(value)


def places(values: list[str]) -> list[str]:
    """`place` for each of several."""
    return [place(value) for value in values]
