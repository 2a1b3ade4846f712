"""Media that an earlier build of a subset validated: what need not be read or decoded again.

They hold for the same code and media policy only; whoever hands them over answers for that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

from schemas.media import INFO_STRUCT, SLOT_MODALITY
from transforms.beamkit import files

KNOWN_SCHEMA: Final = pa.schema(
    [
        ("modality", pa.string()),
        ("container", pa.string()),
        ("member", pa.string()),
        ("info", INFO_STRUCT),
    ]
)

Info = Mapping[str, Any]


@dataclass(frozen=True)
class KnownMedia:
    """Where known media are written down, and which files of the corpus are as they were then.

    `path` is an Arrow file of `KNOWN_SCHEMA`. `unchanged` are names within the corpus, of
    containers or of plain files. A medium in one of them is taken as it was found; in any other
    container it is read again and, if its bytes are known, not decoded again.
    """

    path: str
    unchanged: frozenset[str]

    def load(self) -> Recalled:
        """Read them in: about 300 bytes a medium."""
        with files.open_read(self.path) as stream:
            table = pa.ipc.open_file(pa.py_buffer(stream.read())).read_all()
        return Recalled(table.to_pylist(), self.unchanged)


class Recalled:
    """Known media, looked up by place or by content."""

    def __init__(
        self, rows: Iterable[Mapping[str, Any]] = (), unchanged: frozenset[str] = frozenset()
    ) -> None:
        self._unchanged = unchanged
        self._at: dict[tuple[str, str, str], Info] = {}
        self._of: dict[tuple[str, str], Info] = {}
        for row in rows:
            modality, info = row["modality"], row["info"]
            self._at[modality, row["container"], row["member"]] = info
            self._of[modality, info["digest"]] = info

    def __bool__(self) -> bool:
        return bool(self._of)

    def at(self, modality: str, container: str, member: str) -> Info | None:
        """The facts of a medium whose container did not change since."""
        if {container, f"{container}/{member}"} & self._unchanged:
            return self._at.get((modality, container, member))
        return None

    def of(self, modality: str, digest: str) -> Info | None:
        """The facts of a medium by the digest of its source bytes."""
        return self._of.get((modality, digest))


def write_known(path: str, refs: Iterable[pa.Array]) -> None:
    """Write down located media from arrays of `schemas.media.REF_STRUCT`, each medium once."""
    seen: dict[tuple[str, str, str], Info] = {}
    for array in refs:
        for ref in array.to_pylist():
            seen[SLOT_MODALITY[ref["slot"]], ref["container"], ref["member"]] = ref["info"]
    rows = [
        {"modality": modality, "container": container, "member": member, "info": info}
        for (modality, container, member), info in sorted(seen.items(), key=lambda item: item[0])
    ]
    table = pa.Table.from_pylist(rows, schema=KNOWN_SCHEMA)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, KNOWN_SCHEMA) as writer:
        writer.write_table(table)
    files.write_once(path, sink.getvalue().to_pybytes())
