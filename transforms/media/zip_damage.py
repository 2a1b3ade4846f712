"""What Python's `zipfile` raises for an archive that makes no sense to it."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from typing import Final

#: Damage, a method or an encryption that is not known, a name that is no text. `bz2` tells of
#: damage by an `OSError`, as files do of a disk: who reads from one has to tell them apart.
UNREADABLE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    struct.error,
)
