"""Where the pictures of a local copy of OmniRewardData are, by the first folder of their paths.

Paths bear the folder of their archive (``omni_ti2t/1.jpg``), which unpacked archives lack, and an
archive may not be unpacked at all. So a few paths of each first folder are looked for: below the
media folder as they are, there without that level, and in archives there.
"""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import polars as pl

from transforms.beamkit.errors import BuildError
from transforms.media.containers.names import unsafe

#: Below the copy; where it is missing, pictures are looked for in the copy itself.
MEDIA: Final = "media"
#: Paths of each first folder that are looked for.
_PROBES: Final = 32
#: A set whose paths begin in more folders than this has no folder of archives in front.
_MOST_FOLDERS: Final = 64

#: First folder -> `container` and `add`, as `transforms.sources.omni_reward_data` takes them.
Locations = Mapping[str, Mapping[str, str]]


def media_folder(root: Path) -> str:
    """The folder of the pictures, relative to the copy; empty for the copy itself."""
    return MEDIA if (root / MEDIA).is_dir() else ""


def locations(root: Path, files: Sequence[Path]) -> Locations:
    """Where pictures are that are not at their own path below the media folder.

    Args:
        root: the local copy.
        files: Parquet files whose column `images` names pictures.

    Raises:
        BuildError: an archive can't be read.
    """
    media = media_folder(root)
    found: dict[str, dict[str, str]] = {}
    wanted = _probes(files)
    names = _Archives(sorted((root / media).glob("*.tar")))
    for first, paths in wanted.items():
        rests = [path.partition("/")[2] for path in paths]
        if any(os.path.isfile(root / media / path) for path in paths):
            continue
        if any(os.path.isfile(root / media / rest) for rest in rests):
            found[first] = {"container": media, "add": ""}
            continue
        place = names.holding(first, rests)
        if place is not None:
            archive, add = place
            found[first] = {"container": os.path.join(media, archive), "add": add}
    return found


def _probes(files: Sequence[Path]) -> dict[str, list[str]]:
    """Some paths of each first folder, in order; those that would lead out are not looked for.

    None of a file that has no such column: whoever reads it says so.
    """
    try:
        paths = _paths(files)
    except (pl.exceptions.PolarsError, OSError):
        return {}
    found: dict[str, list[str]] = {}
    for first, path in paths.iter_rows():
        if unsafe(path) is None and "\0" not in path:
            found.setdefault(first, []).append(path)
    return found if len(found) <= _MOST_FOLDERS else {}


def _paths(files: Sequence[Path]) -> pl.DataFrame:
    return (
        pl.scan_parquet(list(files), glob=False)
        .select(path=pl.col("images").cast(pl.List(pl.String)).explode())
        .drop_nulls()
        .unique()
        .filter(pl.col("path").str.contains("/", literal=True))
        .with_columns(first=pl.col("path").str.split("/").list.first())
        .sort("path")
        .group_by("first", maintain_order=True)
        .head(_PROBES)
        .select("first", "path")
        .collect()
    )


class _Archives:
    """Which archive has a path, by headers alone."""

    def __init__(self, archives: Sequence[Path]) -> None:
        self._archives = archives
        self._known: dict[Path, set[str]] = {}

    def holding(self, first: str, rests: Sequence[str]) -> tuple[str, str] | None:
        """The archive that has one of the paths, and what comes before it in the members' names.

        One that is called as the first folder is looked at before the others. A leading slash
        marks whole names: without it a name is found at the end of a longer one, too.
        """
        for archive in sorted(self._archives, key=lambda path: path.stem != first):
            names = self._names(archive)
            for add in ("/", f"/{first}/"):
                if any(add[1:] + rest in names for rest in rests):
                    return archive.name, add
            if any(name.endswith("/" + rest) for rest in rests for name in names):
                return archive.name, ""
        return None

    def _names(self, archive: Path) -> set[str]:
        if archive not in self._known:
            try:
                self._known[archive] = set(_names(archive))
            except (tarfile.TarError, EOFError, OSError) as error:
                raise BuildError(
                    f"{archive}: the archive can't be read ({error}); get it again, or take it "
                    "away and unpack what can be had"
                ) from None
        return self._known[archive]


def _names(archive: Path) -> Iterator[str]:
    with tarfile.open(archive, "r:") as opened:
        while (entry := opened.next()) is not None:
            opened.members.clear()  # type: ignore[attr-defined]  # it would keep every entry
            yield entry.name.removeprefix("./")
