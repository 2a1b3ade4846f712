"""Clips that exist as one folder of pictures each: which pictures, in a folder or in archives.

Records name the clip and not its frames, so what there is has to be listed. A folder and a zip
archive tell at once; of a tar archive every header is passed over, which for a gzipped one means
unpacking it.
"""

from __future__ import annotations

import gzip
import re
import tarfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from typing import BinaryIO, Final, cast

from transforms.beamkit import files, progress
from transforms.beamkit.errors import BuildError
from transforms.sources.adapter import need
from transforms.sources.listing import members_of
from transforms.sources.media_refs import whole_name

_PICTURES: Final = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
_TARS: Final = (".tar", ".tar.gz", ".tgz")
_BUFFER: Final = 1024 * 1024
_NUMBER: Final = re.compile(r"(\d{1,18})")


class FrameFolders:
    """The frames of clips, of which only those in `wanted` are kept.

    `container` is a folder, an archive, or a pattern of archives below `root`. A clip's frames are
    the pictures right below a folder of its name, wherever that lies.

    Raises:
        BuildError: there is no such archive, or one is damaged.
    """

    def __init__(self, root: str, container: str, wanted: Collection[str]) -> None:
        self._container = container
        self._runs: dict[str, dict[str, list[str]]] = {}
        for place, name in _names(root, container):
            folder, _, last = name.rpartition("/")
            clip = folder.rpartition("/")[2]
            if clip in wanted and last.lower().endswith(_PICTURES):
                # A folder of one name in two archives is not one clip.
                runs = self._runs.setdefault(clip, {})
                runs.setdefault(f"{place}:{folder}", []).append(name)

    def of(self, clip: str) -> list[str]:
        """The members that are a clip's frames, in the order in which they were taken.

        Raises:
            Reject: `media_missing`, or `clip_ambiguous` when two folders bear the clip's name.
        """
        runs = self._runs.get(clip, {})
        need(bool(runs), "media_missing", f"no frames of {clip} in {self._container}")
        need(len(runs) == 1, "clip_ambiguous", f"the frames of {clip} could be {sorted(runs)}")
        (names,) = runs.values()
        ordered = sorted(set(names), key=_natural)
        return [whole_name(self._container, name) for name in ordered]


def _natural(name: str) -> tuple[tuple[bool, int, str], ...]:
    """An order in which c01_9 comes before c01_10, and c01 before c02."""
    parts = _NUMBER.split(name.rpartition("/")[2])
    return tuple((part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts)


def _names(root: str, container: str) -> Iterator[tuple[str, str]]:
    """The names of all files, each with the archive in which it lies."""
    if not container.lower().endswith(_TARS):
        found = members_of(root, container)
        if not found:
            raise BuildError(f"{files.join(root, container)}: there are no frames")
        yield from (("", name) for name in found)
        return
    archives = files.find(root, container)
    if not archives:
        raise BuildError(
            f"{files.join(root, container)}: no archive matches; is the corpus complete?"
        )
    for path, _ in archives:
        title = path.rsplit("/", 1)[-1]
        yield from ((title, name) for name in _tar_names(path))


def _tar_names(path: str) -> Iterator[str]:
    count = 0
    try:
        with ExitStack() as stack:
            stream: BinaryIO = stack.enter_context(files.open_stream(path))
            if not path.lower().endswith(".tar"):
                stream = cast(BinaryIO, stack.enter_context(gzip.GzipFile(fileobj=stream)))
            archive = stack.enter_context(tarfile.open(fileobj=stream, mode="r|", bufsize=_BUFFER))
            while (entry := archive.next()) is not None:
                vars(archive)["members"].clear()  # it would keep every entry
                count += 1
                progress.advance("archive members listed", 1)
                # Names that leave the archive are refused by the media stage; none is a frame.
                if entry.isfile() and not entry.name.startswith("/") and ".." not in entry.name:
                    yield entry.name.removeprefix("./")
    except (tarfile.ReadError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BuildError(
            f"{path}: the archive is truncated or damaged after {count:,} members ({error}); "
            "download it again"
        ) from None
