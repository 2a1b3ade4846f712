"""Free disk where a build writes, against what the recipe may need."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from pipelines.doctor.finding import Finding, State
from pipelines.sizes import size_of
from transforms.beamkit.errors import BuildError
from transforms.beamkit.hub import cache

#: Bytes free. Below the first nothing useful fits, below the second a corpus of media may not.
_TOO_LITTLE: Final = 1_000_000_000
_TIGHT: Final = 50_000_000_000
#: A build holds prepared pairs, media and shards: each at most what was read (as in `--plan`).
_TIMES_READ: Final = 3
#: Looking at mirrors stops here: then the bounds above hold.
_MOST_FILES: Final = 20_000
_MOST_SECONDS: Final = 1.0


def check_disk(
    output: str, store: str, mirrors: Sequence[Path], environment: Mapping[str, str]
) -> list[Finding]:
    """One finding for each place that is written to; places on one disk are measured once.

    `output` holds the dataset, `store` the media. `mirrors` are local copies of corpora: with them
    the need is known, without them bounds hold.
    """
    read, bound = bytes_of(mirrors), cache_bound(environment)
    wanted = None if read is None else read * _TIMES_READ
    places = [
        ("output", output, wanted, "a build may write"),
        ("media store", store, wanted, "a build may write"),
        ("cache", cache.folder(environment), bound, "may grow to"),
    ]
    findings, devices = [], dict[int, str]()
    for what, place, need, why in places:
        if "://" in place:
            detail = f"{place.split('://')[0]} storage, not looked at"
            findings.append(Finding("disk", what, "info", detail))
            continue
        folder = _nearest(Path(place))
        device = folder.stat().st_dev
        if device in devices and os.access(folder, os.W_OK | os.X_OK):
            detail = f"{_shown(Path(place))}: same disk as the {devices[device]}"
            findings.append(Finding("disk", what, "ok", detail))
            continue
        devices.setdefault(device, what)
        findings.append(_look(what, Path(place), folder, need, why))
    if bound is None:
        detail = "OMNIREWARD_CACHE_GB is not a number of gigabytes"
        findings.append(Finding("disk", "cache", "fail", detail, "export OMNIREWARD_CACHE_GB=20"))
    return findings


def _look(what: str, place: Path, folder: Path, need: int | None, why: str) -> Finding:
    if not os.access(folder, os.W_OK | os.X_OK):
        detail = f"{_shown(place)}: no right to write in {_shown(folder)}"
        return Finding("disk", what, "fail", detail, _advice(what))
    free = shutil.disk_usage(folder).free
    detail = f"{_shown(place)}: {size_of(free)} free"
    if need is not None:
        detail += f", {why} {size_of(need)}"
    if free >= (_TIGHT if need is None else max(need, _TOO_LITTLE)):
        return Finding("disk", what, "ok", detail)
    state: State = "fail" if free < _TOO_LITTLE else "warn"
    return Finding("disk", what, state, detail, _advice(what))


def bytes_of(mirrors: Sequence[Path]) -> int | None:
    """The bytes of all files under the folders; None if there are none, or too many to look at."""
    started, files, total = time.monotonic(), 0, 0
    for mirror in mirrors:
        for folder, _, names in os.walk(mirror):
            for name in names:
                files += 1
                if files > _MOST_FILES or time.monotonic() - started > _MOST_SECONDS:
                    return None
                try:
                    total += os.stat(os.path.join(folder, name)).st_size
                except OSError:
                    continue
    return total if files else None


def cache_bound(environment: Mapping[str, str]) -> int | None:
    """The bytes that the cache may grow to; None if what the environment says is no number."""
    try:
        return cache.bound(environment)
    except BuildError:
        return None


def _advice(what: str) -> str:
    """What puts the place on another disk."""
    if what == "cache":
        return "export OMNIREWARD_CACHE=FOLDER, on a larger disk that you may write to"
    option = "--output" if what == "output" else "--store"
    return f"Name a folder on a larger disk that you may write to: omnireward build {option} FOLDER"


def _nearest(place: Path) -> Path:
    """The place, or the nearest folder above it that exists."""
    for folder in (place.absolute(), *place.absolute().parents):
        if folder.is_dir():
            return folder
    return Path.cwd()


def _shown(place: Path) -> str:
    home = str(Path.home())
    text = str(place)
    return "~" + text[len(home) :] if text.startswith(home + os.sep) else text
