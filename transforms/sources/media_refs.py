"""How a reference names a medium inside its container."""

from __future__ import annotations

from typing import Final

from transforms.sources.records import Place

_ARCHIVES: Final = (".tar", ".tar.gz", ".tgz", ".zip")


def cell(column: str, place: Place) -> str:
    """The address of a Parquet cell as a member of its file: ``column/group/row``."""
    return f"{column}/{place.group}/{place.row}"


def whole_name(container: str, member: str) -> str:
    """The reference to the one member of exactly this name, counted from the container's root.

    Without it a name is also found at the end of a longer one (``a.jpg`` in ``train/a.jpg``). The
    leading slash that marks it has no meaning for a folder, whose names are always whole.
    """
    return f"/{member}" if container.lower().endswith(_ARCHIVES) else member
