"""The published OmniRewardData: which files of it a subset is made from, and its pictures' hashes.

The set has one folder a subset with Parquet files, and pictures as files whose paths its rows name.
Without a picture's hash a row can still be matched by its text and the picture's name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from pipelines import inputs
from pipelines.layout import Layout
from pipelines.media_check import Checker
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.beamkit.hub.address import Address
from transforms.media.sandbox.runner import Sandbox
from transforms.media.settings import MediaPolicy
from transforms.relabel.published.pairs import MEDIA_SCHEMA
from transforms.relabel.settings import PublishedSet
from transforms.sources.adapter import SourceFile

#: Files with their digests.
Named = tuple[tuple[str, str], ...]


def published_files(
    where: PublishedSet, subset: str, base: Path, layout: Layout
) -> tuple[Named, str | None]:
    """The Parquet files of a subset with their digests, and the commit of the set if it is known.

    Raises:
        BuildError: the set has no such subset, or can't be read.
    """
    if where.path is not None:
        root = str((base / where.path).resolve())
        found = files.matching(files.join(root, subset, "*.parquet"))
        _check(found, subset, root)
        sources = [SourceFile(path, path, size) for path, size in found]
        known = inputs.digests(sources, layout.digests)
        return tuple((path, known[path]) for path, _ in found), None
    from transforms.beamkit.hub.tree import facts_of

    commit = facts_of(where.repo, where.revision).commit
    root = str(Address(where.repo, commit))
    found = files.matching(files.join(root, subset, "*.parquet"))
    _check(found, subset, where.repo)
    return tuple((path, f"{commit}/{path.rsplit('/', 1)[-1]}") for path, _ in found), commit


def _check(found: list[tuple[str, int]], subset: str, where: str) -> None:
    if not found:
        raise BuildError(
            f"{where}: no {subset}/*.parquet; the criteria of {subset} are read from there. Set "
            "relabel.published in the recipe, or choose another origin with subsets."
            f"{subset}.criteria"
        )


def published_media(
    where: PublishedSet, subset: str, named: Named, base: Path, layout: Layout, policy: MediaPolicy
) -> str | None:
    """The hashes of a subset's pictures (`published.pairs.MEDIA_SCHEMA`), as a file.

    Made once for the files as they are. None where the set has no folder of pictures: those of the
    Hub lie in archives that a person unpacks.
    """
    if where.path is None:
        return None
    root = (base / where.path).resolve()
    mark = hashlib.sha256(repr(named).encode()).hexdigest()[:16]
    target = files.join(layout.output, ".work", "published", f"{subset}-{mark}.arrow")
    if files.exists(target):
        return target
    with Sandbox(policy) as sandbox:
        table = pa.Table.from_pylist(list(_hashes(root, named, sandbox)), schema=MEDIA_SCHEMA)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    files.write_once(target, sink.getvalue().to_pybytes())
    return target


def _hashes(root: Path, named: Named, sandbox: Sandbox) -> Iterator[dict[str, Any]]:
    """Path, digest and perceptual hash of every picture that is there and decodes."""
    paths = sorted(
        {
            path
            for file, _ in named
            for path in pl.read_parquet(file, columns=["images"])["images"].explode().drop_nulls()
        }
    )
    inside = {path: found for path in paths if (found := _inside(root, path)) is not None}
    checked = Checker(sandbox, "image").check(inside.values())
    for path, one in zip(inside, checked, strict=True):
        if one.reason is None and one.facts is not None:
            yield {"path": path, "digest": one.source_digest, "phash": one.facts.get("phash")}


def _inside(root: Path, path: str) -> Path | None:
    """A picture's file below the set's folder, with or without the path's first part."""
    for name in (path, path.partition("/")[2]):
        file = (root / name).resolve()
        if name and file.is_relative_to(root) and file.is_file():
            return file
    return None
