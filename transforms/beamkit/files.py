"""Files on any Beam filesystem, and to be read on the Hub: open, write once, list, remove.

Local paths take the short way, which also spares their readers the seconds that Beam's import
takes. Addresses ``hf://datasets/owner/name@commit/path`` are read by the package `hub` beside this
module; there is no writing to them.
"""

from __future__ import annotations

import glob
import importlib.util
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

from transforms.beamkit.errors import BuildError
from transforms.beamkit.head import Head
from transforms.beamkit.hub.address import is_hub

if TYPE_CHECKING:
    import pyarrow as pa

_UNCOMPRESSED: Final = "uncompressed"  # Beam's CompressionTypes.UNCOMPRESSED

#: Object stores, whose renaming copies over what is there in one step and then removes the source.
_OVERWRITING: Final = ("gs://", "s3://", "azfs://")

#: By scheme: the extra of Beam that brings what a filesystem needs, and a module of it.
EXTRAS: Final = {
    "gs": ("gcp", "google.cloud.storage"),
    "s3": ("aws", "boto3"),
    "azfs": ("azure", "azure.storage.blob"),
    "hdfs": ("hadoop", "hdfs"),
}


def _beam() -> Any:
    from apache_beam.io.filesystems import FileSystems

    return FileSystems


def check_filesystem(path: str) -> None:
    """Refuse an address that no filesystem here can write.

    Raises:
        BuildError: there is none for its scheme; says what to install or to name.
    """
    if is_local(path):
        return
    from apache_beam.io import filesystem, filesystems  # noqa: F401 - the second registers them

    scheme = path.split("://", 1)[0]
    if scheme == "hf":
        raise BuildError(
            f"{path}: nothing is written to the Hub this way; name a folder, and publish it"
        )
    known = {one.scheme() for one in filesystem.FileSystem.get_all_subclasses()} - {None}
    extra, module = EXTRAS.get(scheme, ("", ""))
    if extra and (scheme not in known or _lacks(module)):
        raise BuildError(
            f"{path}: {scheme}:// can't be reached with what is installed here; install the rest "
            f"with: pip install 'apache-beam[{extra}]'"
        )
    if scheme not in known:
        names = ", ".join(f"{one}://" for one in sorted({*known, *EXTRAS}))
        raise BuildError(f"{path}: no filesystem knows {scheme}://; there is {names}, and paths")


def _lacks(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is None
    except ModuleNotFoundError:  # the package that it would be in
        return True


def _hub() -> Any:
    from transforms.beamkit.hub import reading  # its HTTP client is not for everybody

    return reading


def is_local(path: str) -> bool:
    """Whether a path lies on this machine's own filesystem."""
    return "://" not in path


def join(base: str, *parts: str) -> str:
    """Join path parts in the manner of the base's filesystem."""
    if is_local(base):
        return os.path.join(base, *parts)
    if is_hub(base):
        return "/".join((base.rstrip("/"), *(part.strip("/") for part in parts)))
    try:
        return cast(str, _beam().join(base, *parts))
    except ValueError:  # the first that is done with an address
        check_filesystem(base)
        raise


def below(base: str, path: str) -> str:
    """A path that may be relative to a folder of this machine; elsewhere a path is whole."""
    return str(Path(base) / path) if is_local(path) else path


def open_read(path: str) -> BinaryIO:
    """Open for reading at any place; nothing is unpacked because of a file's name.

    Of a file on the Hub only what is read is fetched: see `announce`.
    """
    if is_local(path):
        return open(path, "rb")
    if is_hub(path):
        return cast(BinaryIO, _hub().open_ranges(path))
    return cast(BinaryIO, _beam().open(path, compression_type=_UNCOMPRESSED))


def open_whole(path: str) -> BinaryIO:
    """Open a file that will be read from end to end.

    A file on the Hub is fetched into the cache first, and its digest checked.
    """
    return cast(BinaryIO, _hub().open_whole(path)) if is_hub(path) else open_read(path)


def open_stream(path: str, stop: int | None = None) -> BinaryIO:
    """Open a file for one pass from its beginning; it may be too large to be kept.

    With `stop` it ends after so many bytes.
    """
    if is_hub(path):
        return cast(BinaryIO, _hub().open_stream(path, stop))
    return open_read(path) if stop is None else cast(BinaryIO, Head(open_read(path), stop))


def announce(stream: Any, ranges: Iterable[tuple[int, int]]) -> None:
    """Say which ``(start, stop)`` of an open file will be read, in order of position.

    They are then fetched together and ahead, where that makes a difference.
    """
    if hasattr(stream, "announce"):
        stream.announce(ranges)


def read_bytes(path: str) -> bytes:
    """The whole file."""
    with open_whole(path) as stream:
        return stream.read()


def exists(path: str) -> bool:
    """Whether a file is there."""
    if is_local(path):
        return os.path.exists(path)
    return bool(_hub().tree.exists(path) if is_hub(path) else _beam().exists(path))


def attempt_name(path: str) -> str:
    """A name beside `path` that no other attempt at writing it can have."""
    return f"{path}.attempt-{uuid.uuid4().hex}"


def rename(source: str, target: str, *, keep: bool = False) -> None:
    """Move a finished attempt into place, over what was there.

    A reader sees what was there or what is new, at no time nothing (but on HDFS, where nothing can
    be renamed over a file). With `keep`, for names that say what the content is, a file of another
    writer elsewhere than on this machine stays, and the attempt is dropped.
    """
    if is_local(target):
        os.replace(source, target)
        return
    if keep and _beam().exists(target):
        remove([source])
        return
    try:
        _beam().rename([source], [target])
    except Exception:
        if target.startswith(_OVERWRITING) or not _beam().exists(target):
            raise
        if keep:
            remove([source])
            return
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
        with _created(path) as stream:
            yield stream
        return
    stream = _beam().create(path, compression_type=_UNCOMPRESSED)
    with stream:
        yield stream


def _created(path: str) -> BinaryIO:
    """A new local file; only where its folder is missing is that made, for it seldom is."""
    try:
        return open(path, "wb")
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        return open(path, "wb")


@contextmanager
def create_native(path: str) -> Iterator[pa.NativeFile]:
    """`create` for Arrow's writers, which write local files past the interpreter."""
    import pyarrow as pa

    if is_local(path):
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with pa.OSFile(path, "wb") as stream:
            yield stream
        return
    with create(path) as stream:
        yield pa.PythonFile(stream, "w")


def write_once(path: str, data: bytes, *, keep: bool = False) -> None:
    """Write a whole file so that a reader sees all of it or none of it; `keep` as in `rename`."""
    attempt = attempt_name(path)
    with create(attempt) as stream:
        stream.write(data)
    rename(attempt, path, keep=keep)


def remove(paths: list[str]) -> None:
    """Remove files; what is gone already is no error."""
    for path in paths:
        if is_local(path):
            Path(path).unlink(missing_ok=True)
        elif _beam().exists(path):
            _beam().delete([path])


def escape(folder: str) -> str:
    """A folder as the beginning of a glob pattern: whatever its name is, it means itself."""
    return glob.escape(folder)


def find(folder: str, *pattern: str) -> list[tuple[str, int]]:
    """Paths and sizes below a folder that match the parts of a glob pattern, in order of name.

    The folder is taken as it is called, with brackets and stars in its name.
    """
    return matching(join(escape(folder), *pattern))


def matching(pattern: str) -> list[tuple[str, int]]:
    """Paths and sizes that match a glob pattern, in order of name.

    What stands for itself in it must be escaped: see `find`.
    """
    if is_local(pattern):
        paths = glob.glob(pattern, recursive=True)
        return sorted((path, os.path.getsize(path)) for path in paths if os.path.isfile(path))
    if is_hub(pattern):
        found = _hub().tree.matching(pattern)
        return sorted((str(file.address), file.size) for file in found)
    return sorted((entry.path, entry.size_in_bytes) for entry in _matched(pattern))


def _matched(pattern: str) -> list[Any]:
    return list(_beam().match([pattern])[0].metadata_list)


def changed(path: str) -> int | None:
    """When a file was last changed (ns); None where its filesystem does not tell."""
    if is_local(path):
        return os.stat(path).st_mtime_ns
    if is_hub(path):
        return 0  # an address names a commit, which never changes
    entries = _matched(escape(path))
    return int(entries[0].last_updated_in_seconds * 1e9) or None if entries else None


def stamps(folder: str) -> dict[str, tuple[int, int]]:
    """Bytes and time of change (ns) of all files below a folder of a Beam filesystem, by path.

    The time is 0 where the filesystem does not tell.
    """
    return {
        entry.path: (entry.size_in_bytes, int(entry.last_updated_in_seconds * 1e9))
        for entry in _matched(join(escape(folder), "**"))
    }
