"""Pictures of the published OmniRewardData: found by the paths of its rows, digest and hash taken.

Paths bear the folder of their archive (``omni_ti2t/1.jpg``), which unpacked archives lack; so a
picture is looked for below the media folder, with and without that level, and in archives there.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator

import pyarrow as pa

from schemas.ids import source_digest
from transforms.beamkit import files
from transforms.media.containers import folder, tar
from transforms.media.errors import MediaError
from transforms.media.sandbox.shared import shared_sandbox
from transforms.media.settings import MediaPolicy
from transforms.relabel.published.pairs import MEDIA_SCHEMA


def published_media(root: str, paths: Collection[str], policy: MediaPolicy) -> pa.Table:
    """Digest and perceptual hash of the pictures of `paths` (`MEDIA_SCHEMA`), in order of path.

    One that is not found below `root` is left out; one that can't be decoded has no hash.

    Raises:
        BuildError: an archive is damaged.
    """
    rows: list[dict[str, str | None]] = []

    def pictures() -> Iterator[bytes]:
        for path, data in _found(root, set(paths)):
            rows.append({"path": path, "digest": source_digest(data), "phash": None})
            yield data

    for at, fate in enumerate(shared_sandbox(policy).map("image", pictures())):
        if not isinstance(fate, MediaError):
            rows[at]["phash"] = fate.facts.get("phash")
    rows.sort(key=lambda row: str(row["path"]))
    return pa.Table.from_pylist(rows, schema=MEDIA_SCHEMA)


def stamps(root: str, paths: Collection[str]) -> list[tuple[str, int, int]]:
    """Name below `root`, bytes and time of change (ns) of all that pictures would be read from.

    No file is read: when this is as it was, so is what `published_media` finds.
    """
    names = {name for path in paths for name in _names(path) if not folder.leaves(name)}
    names.update(archive.rsplit("/", 1)[-1] for archive in _archives(root))
    if not files.is_local(root):
        there = files.stamps(root)
        places = {name: files.join(root, name) for name in sorted(names)}
        return [(name, *there[place]) for name, place in places.items() if place in there]
    found = []
    for name in sorted(names):
        try:
            facts = os.stat(os.path.join(root, name))
        except (OSError, ValueError):  # not there, or no name of a file
            continue
        found.append((name, facts.st_size, facts.st_mtime_ns))
    return found


def _names(path: str) -> tuple[str, str]:
    """What a picture may be called: its path, and that without the archive's folder."""
    return path, path.split("/", 1)[-1]


def _archives(root: str) -> list[str]:
    return [path for path, _ in files.find(root, "*.tar")]


def _found(root: str, wanted: set[str]) -> Iterator[tuple[str, bytes]]:
    """The pictures that are there; names that would lead out of the folder are not followed."""
    for container, read in (
        (root, folder.read),
        *((archive, tar.read) for archive in _archives(root)),
    ):
        for strip in (False, True):
            # Two paths may be one name without their folders: then it is not known which is meant.
            names: dict[str, list[str]] = {}
            for path in sorted(wanted):
                name = _names(path)[strip]
                names.setdefault(name, []).append(path)
            sure = {name: of[0] for name, of in names.items() if len(of) == 1}
            for one in read(container, sorted(sure)) if sure else ():
                if isinstance(one.data, bytes) and sure[one.member] in wanted:
                    wanted.discard(sure[one.member])
                    yield sure[one.member], one.data
