"""Is a corpus file what its name says: an error that tells exactly what it is instead."""

from __future__ import annotations

import os
from typing import Final

from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.beamkit.sniff import ADVICE, HEAD_BYTES, sniff

#: What the first bytes of a file of each suffix may be.
_EXPECTED: Final[dict[str, tuple[str, ...]]] = {
    ".parquet": ("parquet",),
    ".jsonl.gz": ("gzip",),
    ".ndjson.gz": ("gzip",),
    ".json.gz": ("gzip",),
    ".csv.gz": ("gzip",),
    ".tsv.gz": ("gzip",),
    ".jsonl": ("json object",),
    ".ndjson": ("json object",),
    ".json": ("json list", "json object"),
    ".tar.gz": ("gzip",),
    ".tgz": ("gzip",),
    ".tar": ("tar",),
    ".zip": ("zip",),
    ".csv": ("text", "json list", "json object"),
    ".tsv": ("text", "json list", "json object"),
}

_PARQUET_MAGIC: Final = b"PAR1"

#: Suffixes of plain media files. What is wrong with one costs its pairs, not the build.
_MEDIA: Final = (
    *(".mp4", ".webm", ".avi", ".gif"),
    *(".jpg", ".jpeg", ".png", ".webp", ".bmp"),
    *(".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a"),
    *(".glb", ".gltf", ".obj", ".ply", ".stl", ".off"),
)


def suffix_of(name: str) -> str:
    """The suffix that tells a file's format: ``.tar.gz`` counts as one."""
    lowered = name.lower()
    for suffix in _EXPECTED:
        if lowered.endswith(suffix):
            return suffix
    return os.path.splitext(lowered)[1]


def is_medium(name: str) -> bool:
    """Whether a file is a plain picture or clip, which is for the media stage to judge."""
    return suffix_of(name) in _MEDIA


def check_file(path: str, size: int) -> None:
    """Look at a file's first and last bytes.

    Raises:
        BuildError: the file is empty, a Git-LFS pointer, a web page, of another type than its
            name says, or a Parquet file that was cut short.
    """
    suffix = suffix_of(path)
    expected = _EXPECTED.get(suffix)
    with files.open_read(path) as stream:
        found = sniff(stream.read(HEAD_BYTES))
        if found in ADVICE:
            article = "an" if found == "html page" else "a"
            what = "empty" if found == "empty" else f"{article} {found}, not {suffix or 'data'}"
            raise BuildError(f"{path}: the file is {what}: {ADVICE[found]}")
        if expected is not None and found not in expected:
            raise BuildError(
                f"{path}: its name says {suffix}, its content is {found}; "
                "download it again or mend the name"
            )
        if suffix == ".parquet":
            stream.seek(max(0, size - len(_PARQUET_MAGIC)))
            if size < 12 or stream.read() != _PARQUET_MAGIC:
                raise BuildError(
                    f"{path}: the Parquet file is truncated (its footer is missing after "
                    f"{size:,} bytes); download it again"
                )
