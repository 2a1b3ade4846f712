"""Errors of disks and filesystems that a person can mend: what, where, and what to do."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from typing import Final

_FULL: Final = "make room there, and run the same command again: it goes on from here"
_REFUSED: Final = "name a place that you may write to and read, or mend its permissions"
_IN_THE_WAY: Final = "a file and a folder are taken for one another there; name another place"

#: What to do, by the number of an error.
_REMEDIES: Final = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: "the filesystem or `ulimit -f` allows no file as large; name another place",
    errno.EROFS: _REFUSED,
    errno.EACCES: _REFUSED,
    errno.EPERM: _REFUSED,
    errno.ENOTDIR: _IN_THE_WAY,
    errno.EISDIR: _IN_THE_WAY,
    errno.EEXIST: _IN_THE_WAY,
    errno.ENAMETOOLONG: "name another place with shorter names",
    errno.EMFILE: "too many files are open; raise `ulimit -n`",
    errno.EIO: "the disk can't be read or written any more; look at its health",
}
#: Those that say enough without a path.
_OF_A_DISK: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EMFILE)

_IN_TEXT: Final = re.compile(
    r"Error: \[Errno (?P<number>\d+)\] (?P<what>[^\n]*?)"
    r"(?:: '(?P<path>[^'\n]+)')?(?: -> '[^'\n]*')?(?: \[while running [^\]\n]*\])?(?:\n|$)"
)
_ELSEWHERE: Final = "BeamIOError"


def find_os_error(error: BaseException, place: str | None = None) -> str | None:
    """What a person can do about the error of a filesystem behind an exception, if there is one.

    A runner hands on a worker's exception as itself, as a cause, or as the text of a traceback.

    Args:
        error: what was raised.
        place: what is named where the error names no path; None leaves such errors alone, but for
            those of a full disk.
    """
    for one in _chain(error):
        if isinstance(one, OSError) and one.errno in _REMEDIES:
            path = one.filename if isinstance(one.filename, str) else None
            found = _told(one.errno, one.strerror or "", path, place)
        elif type(one).__name__ == _ELSEWHERE:
            found = f"{place + ': ' if place else ''}{_short(str(one))}"
        else:
            match = _IN_TEXT.search(str(one))
            number = int(match["number"]) if match else 0
            told = match is not None and number in _REMEDIES
            found = _told(number, match["what"], match["path"], place) if told and match else None
        if found is not None:
            return found
    return None


def _told(number: int, what: str, path: str | None, place: str | None) -> str | None:
    if path is None and place is None and number not in _OF_A_DISK:
        return None
    where = path or place
    return f"{where + ': ' if where else ''}{_short(what)}; {_REMEDIES[number]}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 300 else f"{line[:300]}…"


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__
