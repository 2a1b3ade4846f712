"""What a folder or zip archive of a mirror holds, and which of it are the frames of which clip.

An adapter that may take a medium from either of two places has to know which one has it.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable
from typing import Final

from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.beamkit.split_file import open_whole
from transforms.sources.adapter import need

_PICTURES: Final = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
_NUMBER: Final = re.compile(r"(\d{1,9})$")
#: ``clip_0001``, ``clip_frame_1``, ``clip-frame1``: a clip's name and the frame's number.
_NUMBERED: Final = re.compile(r"(.+?)[_-](?:frame[_-]?)?\d{1,9}$", re.IGNORECASE)


def members_of(root: str, container: str) -> list[str]:
    """The names of all files in a folder or zip archive; none where there is no such thing.

    Raises:
        BuildError: it is of a kind that can't be listed, or damaged.
    """
    path = files.join(root, container)
    if container.lower().endswith(".zip"):
        try:
            with open_whole(path) as stream, zipfile.ZipFile(stream) as archive:
                return sorted(entry.filename for entry in archive.infolist() if not entry.is_dir())
        except FileNotFoundError:
            return []
        except zipfile.BadZipFile as error:
            raise BuildError(
                f"{path}: the zip archive is truncated or damaged ({error}); download it again"
            ) from None
    if "." in container.rsplit("/", 1)[-1] or "*" in container:
        raise BuildError(f"{path}: only a folder or a zip archive can be looked through for media")
    found = files.find(path, "**")
    return [name[len(path) :].lstrip("/") for name, _ in found]


class Members:
    """The files of a container, found as the media stage finds them.

    In a folder by their whole path, in an archive also by its end.
    """

    def __init__(self, root: str, container: str) -> None:
        names = members_of(root, container)
        self._by_end = container.lower().endswith(".zip")
        self._by_last: dict[str, list[str]] = {}
        for name in names:
            self._by_last.setdefault(name.rsplit("/", 1)[-1], []).append(name)

    def __contains__(self, member: str) -> bool:
        return any(
            name == member or (self._by_end and name.endswith("/" + member))
            for name in self._by_last.get(member.rsplit("/", 1)[-1], ())
        )


class Frames:
    """Pictures that stand for clips.

    They lie in a folder named as the clip (``clip/0001.jpg``), or bear its name and a number
    (``clip_0001.jpg``). A clip goes by its name without the suffix.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._runs: dict[str, dict[str, list[str]]] = {}
        for name in names:
            stem, dot, suffix = name.rpartition(".")
            if f"{dot}{suffix}".lower() not in _PICTURES:
                continue
            numbered = _NUMBERED.fullmatch(stem)
            for clip in {stem.rpartition("/")[0], numbered.group(1) if numbered else ""} - {""}:
                last = clip.rsplit("/", 1)[-1]
                self._runs.setdefault(last, {}).setdefault(clip, []).append(name)

    def of(self, clip: str) -> list[str]:
        """The frames of a clip by their numbers; none where it has no frames.

        Raises:
            Reject: `clip_ambiguous` when they could be of this clip or of another.
        """
        wanted = clip.rpartition(".")[0]
        found = {
            run: names
            for run, names in self._runs.get(wanted.rsplit("/", 1)[-1], {}).items()
            if run == wanted or run.endswith("/" + wanted)
        }
        need(len(found) <= 1, "clip_ambiguous", f"the frames of {clip} could be {sorted(found)}")
        return sorted((name for names in found.values() for name in names), key=_place)


def _place(name: str) -> tuple[int, str]:
    number = _NUMBER.search(name.rpartition(".")[0])
    return int(number.group(1)) if number else -1, name
