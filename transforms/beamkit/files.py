"""Files on any Beam filesystem: open, write once, list, remove.

Local paths take the short way, which also spares their readers the seconds that Beam's import
takes.
"""

from __future__ import annotations

import glob
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

_UNCOMPRESSED: Final = "uncompressed"  # Beam's CompressionTypes.UNCOMPRESSED


def _beam() -> Any:
    from apache_beam.io.filesystems import FileSystems

    return FileSystems


def is_local(path: str) -> bool:
    """Whether a path lies on this machine's own filesystem."""
    return "://" not in path


def join(base: str, *parts: str) -> str:
    """Join path parts in the manner of the base's filesystem."""
    return os.path.join(base, *parts) if is_local(base) else _beam().join(base, *parts)


def open_read(path: str) -> BinaryIO:
    """Open for reading as it is: nothing is unpacked because of a file's name."""
    if is_local(path):
        return open(path, "rb")
    return cast(BinaryIO, _beam().open(path, compression_type=_UNCOMPRESSED))


def read_bytes(path: str) -> bytes:
    """The whole file."""
    with open_read(path) as stream:
        return stream.read()


def exists(path: str) -> bool:
    """Whether a file is there."""
    return os.path.exists(path) if is_local(path) else bool(_beam().exists(path))


def attempt_name(path: str) -> str:
    """A name beside `path` that no other attempt at writing it can have."""
    return f"{path}.attempt-{uuid.uuid4().hex}"


def rename(source: str, target: str) -> None:
    """Move a finished attempt into place, over what was there."""
    if is_local(target):
        os.replace(source, target)
        return
    if _beam().exists(target):
        _beam().delete([target])
    _beam().rename([source], [target])


def link(source: str, target: str) -> None:
    """Give a file a second name, over what was there; copied where links can't be made."""
    attempt = attempt_name(target)
    if not is_local(target):
        _beam().copy([source], [attempt])
    else:
        try:
            os.link(source, attempt)
        except OSError:
            shutil.copyfile(source, attempt)
    rename(attempt, target)


@contextmanager
def create(path: str) -> Iterator[BinaryIO]:
    """Open a new file for writing, making its folder on a local filesystem."""
    if is_local(path):
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path, "wb") as stream:
            yield stream
        return
    stream = _beam().create(path, compression_type=_UNCOMPRESSED)
    with stream:
        yield stream


def write_once(path: str, data: bytes) -> None:
    """Write a whole file so that a reader sees all of it or none of it."""
    attempt = attempt_name(path)
    with create(attempt) as stream:
        stream.write(data)
    rename(attempt, path)


def remove(paths: list[str]) -> None:
    """Remove files; what is gone already is no error."""
    for path in paths:
        if is_local(path):
            Path(path).unlink(missing_ok=True)
        elif _beam().exists(path):
            _beam().delete([path])


def matching(pattern: str) -> list[tuple[str, int]]:
    """Paths and sizes that match a glob pattern, in order of name."""
    if is_local(pattern):
        paths = glob.glob(pattern, recursive=True)
        return sorted((path, os.path.getsize(path)) for path in paths if os.path.isfile(path))
    found = _beam().match([pattern])[0].metadata_list
    return sorted((entry.path, entry.size_in_bytes) for entry in found)
