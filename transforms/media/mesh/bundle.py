"""A model that is several files: how it is handed over as one medium, and how it is opened.

A medium is bytes, and its identity their digest, so the files that a model refers to (materials,
textures, buffers) must be among these bytes. `MeshBundle.pack` makes them one: a ZIP archive, the
same for the same files. Archives found in the wild are read as well, and so are single models
that are compressed by bzip2 or gzip. Nothing is unpacked to disk; no name is opened as a path.
"""

from __future__ import annotations

import bz2
import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

from transforms.media.errors import found_instead
from transforms.media.mesh.errors import damaged, refuse, within
from transforms.media.mesh.sniff import kind_of
from transforms.media.settings import MeshPolicy
from transforms.media.zip_damage import UNREADABLE

_MODELS: Final = (".glb", ".gltf", ".obj", ".ply", ".stl", ".off")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_CONTROL = re.compile(r"[\x00-\x1f]")
_LINK: Final = 0o120000
#: The archive is in memory, so an `OSError` tells of it too.
_UNREADABLE: Final = (*UNREADABLE, OSError)
_DAY: Final = (1980, 1, 1, 0, 0, 0)
_PIECE: Final = 1 << 20


def inside(reference: str, folder: str = "") -> str:
    """The name, relative to the bundle, of what a file in `folder` refers to.

    Raises:
        MediaError: `mesh_external_reference` for what leaves the bundle: URLs, absolute paths,
            drives, home folders, too many ``..``.
    """
    plain = reference.replace("\\", "/").strip()
    path = posixpath.normpath(posixpath.join(folder, plain))
    if (
        not plain
        or _SCHEME.match(plain)
        or _CONTROL.search(plain)
        or plain.startswith(("/", "~"))
        or path.startswith(("../", "/"))
        or path in ("..", ".")
    ):
        refuse("external_reference", f"it refers to {reference[:200]!r}, outside its own files")
    return path


def entry_name(name: str) -> str:
    """The name of a file of a bundle, normalised.

    It is compared and never opened, so a colon or a tilde in it means nothing.

    Raises:
        MediaError: `mesh_external_reference` for absolute paths, too many ``..``, control marks.
    """
    plain = name.replace("\\", "/")
    path = posixpath.normpath(plain)
    if _CONTROL.search(plain) or path.startswith(("../", "/")) or path in ("..", "."):
        refuse("external_reference", f"it has a file {name[:200]!r}, outside its own folder")
    return path


@dataclass(frozen=True)
class Files:
    """The files beside a model, by name, and the folder of the model among them."""

    content: Mapping[str, bytes] = field(default_factory=dict)
    folder: str = ""

    def find(self, reference: str, quoted: bool = False) -> bytes | None:
        """What a reference of the model means; None if it was not handed over.

        Names are compared without case if nothing else fits: many models come from Windows.
        `quoted` references have percent escapes (glTF).
        """
        name = inside(unquote(reference) if quoted else reference, self.folder)
        if name in self.content:
            return self.content[name]
        alike = [key for key in self.content if key.casefold() == name.casefold()]
        return self.content[alike[0]] if len(alike) == 1 else None


@dataclass(frozen=True)
class MeshBundle:
    """A model with its companions; names are relative paths with ``/``."""

    name: str
    data: bytes
    companions: Mapping[str, bytes] = field(default_factory=dict)

    def pack(self) -> bytes:
        """One medium of all the files: a ZIP archive without compression, clock or order.

        Raises:
            MediaError: see `entry_name`.
        """
        sink = io.BytesIO()
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
            for name in (self.name, *sorted(set(self.companions) - {self.name})):
                content = self.data if name == self.name else self.companions[name]
                entry = zipfile.ZipInfo(entry_name(name), _DAY)
                entry.create_system = 3
                archive.writestr(entry, content)
        return sink.getvalue()


@dataclass(frozen=True)
class Model:
    """One model file, unwrapped: its bytes, its format, its companions, and how it came."""

    data: bytes
    kind: str
    files: Files
    wrapping: str | None = None


def open_model(
    data: bytes, policy: MeshPolicy, companions: Mapping[str, bytes] | None = None
) -> Model:
    """Unwrap a medium.

    Raises:
        MediaError: as listed in `mesh.errors`, before anything of the model itself is read.
    """
    within(len(data), policy.max_bytes, "bytes")
    files = Files({entry_name(name): content for name, content in (companions or {}).items()})
    within(sum(map(len, files.content.values())), policy.max_bytes, "bytes of companions")
    data = _as_utf8(data)
    kind, wrapping = kind_of(data), None
    if kind in ("zip", "gz", "bz2") and policy.archives == "reject":
        refuse("format", f"a {kind} archive, which the policy doesn't open")
    if kind in ("gz", "bz2"):
        data, wrapping = _unpacked(data, kind, policy), kind
        kind = kind_of(data)
    elif kind == "zip":
        wrapping = "zip"
        data, files = _opened(data, policy)
        kind = kind_of(data)
    if kind is None:
        found = found_instead(data)
        damaged(f"not a model but {found}" if found else "not a known 3D format")
    if kind not in policy.formats:
        refuse("format", f"{kind} is not among {policy.formats}")
    return Model(data, kind, files, wrapping)


def _as_utf8(data: bytes) -> bytes:
    """Text of two bytes a character (with its mark) as UTF-8; other bytes as they are."""
    if data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        return data
    try:
        return data.decode("utf-16").encode()
    except UnicodeDecodeError:
        return data


def _unpacked(data: bytes, kind: str, policy: MeshPolicy) -> bytes:
    """Decompress, never further than the policy's bytes."""
    pieces: list[bytes] = []
    size, rest = 0, data
    while rest:
        decoder: Any = bz2.BZ2Decompressor() if kind == "bz2" else zlib.decompressobj(31)
        source = rest
        while not decoder.eof:
            try:
                piece = decoder.decompress(source, _PIECE)
            except (OSError, zlib.error, ValueError, EOFError) as error:
                if pieces and source is rest:
                    return b"".join(pieces)  # padding behind the last stream
                damaged(f"the {kind} stream is damaged: {error}")
            source = decoder.unconsumed_tail if kind == "gz" else b""
            if not piece and not source and not decoder.eof:
                damaged(f"the {kind} stream is cut short")
            pieces.append(piece)
            size += len(piece)
            within(size, policy.max_bytes, "bytes unpacked")
        rest = decoder.unused_data
    return b"".join(pieces)


def _opened(data: bytes, policy: MeshPolicy) -> tuple[bytes, Files]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = _entries(archive, policy)
            content = {name: _entry(archive, entry) for name, entry in entries.items()}
    except _UNREADABLE as error:
        damaged(f"the archive is damaged: {error}")
    names = [name for name in content if name.lower().endswith(_MODELS)]
    if len(names) != 1:
        shown = ", ".join(names[:4]) or ", ".join(list(content)[:4]) or "nothing"
        refuse("format", f"an archive must hold one model, this one holds {len(names)}: {shown}")
    return content[names[0]], Files(content, posixpath.dirname(names[0]))


def _entries(archive: zipfile.ZipFile, policy: MeshPolicy) -> dict[str, zipfile.ZipInfo]:
    """The entries that are files, bounded in number and in what they say their size is."""
    within(len(archive.infolist()), policy.max_files, "files in an archive")
    entries: dict[str, zipfile.ZipInfo] = {}
    for entry in archive.infolist():
        if entry.is_dir() or entry.filename.startswith("__MACOSX/"):
            continue
        name = entry_name(entry.filename)
        if (entry.external_attr >> 16) & 0o170000 == _LINK:
            refuse("external_reference", f"{name[:200]!r} in the archive is a link")
        if name.lower().endswith((".model", ".usd", ".usda", ".usdc")):
            refuse("format", "3mf or usdz is not read")
        if entry.flag_bits & 1:
            refuse("format", "the archive is encrypted")
        entries[name] = entry
    within(sum(e.file_size for e in entries.values()), policy.max_bytes, "bytes unpacked")
    return entries


def _entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """The bytes of an entry; `zipfile` reads no more than it declares, and checks its CRC."""
    with archive.open(entry) as stream:
        return stream.read(entry.file_size + 1)
