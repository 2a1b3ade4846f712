"""The published OmniRewardData: which files of it a subset is made from, and its pictures' hashes.

The set has one folder a subset with Parquet files, and pictures as files whose paths its rows name.
Without a picture's hash a row can still be matched by its text and the picture's name.
"""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl
import pyarrow as pa

from pipelines import inputs
from pipelines.layout import Layout
from pipelines.published_media import published_media as pictures_of
from pipelines.published_media import stamps
from pipelines.recipe import digest_of
from pipelines.settings_of import media_content
from pipelines.version import CODE_VERSION
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.beamkit.hub.address import Address
from transforms.media.settings import MediaPolicy
from transforms.relabel.settings import PublishedSet
from transforms.sources.adapter import SourceFile

#: Files with their digests.
Named = tuple[tuple[str, str], ...]


def published_files(
    where: PublishedSet, subset: str, base: Path, layout: Layout, commit: str | None
) -> Named:
    """The Parquet files of a subset with their digests.

    Args:
        where: the set.
        subset: its folder.
        base: the folder of the recipe.
        layout: where digests are remembered.
        commit: of the set on the Hub (`Corpora.published`); None for a local copy.

    Raises:
        BuildError: the set has no such subset, or can't be read.
    """
    if where.path is not None:
        root = _root(where.path, base)
        found = files.find(root, subset, "*.parquet")
        _check(found, subset, root)
        sources = [SourceFile(path, path, size) for path, size in found]
        known = inputs.digests(sources, layout.digests)
        return tuple((path, known[path]) for path, _ in found)
    assert commit is not None
    root = str(Address(where.repo, commit))
    found = files.find(root, subset, "*.parquet")
    _check(found, subset, where.repo)
    return tuple((path, f"{commit}/{path.rsplit('/', 1)[-1]}") for path, _ in found)


def _root(path: str, base: Path) -> str:
    """The folder of a copy: relative to the recipe's folder, or an address of a filesystem."""
    root = files.below(str(base), path)
    return str(Path(root).resolve()) if files.is_local(root) else root


def _pictures_below(root: str) -> str:
    """The folder of a copy's pictures."""
    inner = files.join(root, "media")
    is_there = Path(inner).is_dir() if files.is_local(root) else bool(files.find(inner, "**"))
    return inner if is_there else root


def _check(found: list[tuple[str, int]], subset: str, where: str) -> None:
    if not found:
        raise BuildError(
            f"{where}: no {subset}/*.parquet; the criteria of {subset} are read from there. Set "
            "relabel.published in the recipe, or choose another origin with subsets."
            f"{subset}.criteria"
        )


def published_media(
    where: PublishedSet, subset: str, named: Named, base: Path, layout: Layout, policy: MediaPolicy
) -> tuple[str, str] | None:
    """The hashes of a subset's pictures (`published.pairs.MEDIA_SCHEMA`), as a file with a digest.

    Made once for the files, the pictures and the policy as they are: pictures that are unpacked
    later make another. The digest is that of what the table says, on any machine. None where the
    set has no folder of pictures: those of the Hub lie in archives that a person unpacks.
    """
    if where.path is None:
        return None
    folder = _pictures_below(_root(where.path, base))
    paths = {path for file, _ in named for path in _images(file).explode().drop_nulls()}
    digests = [digest for _, digest in named]
    rules = media_content(policy)
    made_of = [CODE_VERSION, digests, folder, stamps(folder, paths), rules]
    name = f"{subset}-{digest_of(made_of)[:16]}.arrow"
    target = files.join(layout.output, ".work", "published", name)
    if files.exists(target):
        table = pa.ipc.open_file(io.BytesIO(files.read_bytes(target))).read_all()
    else:
        table = pictures_of(folder, paths, policy)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        files.write_once(target, sink.getvalue().to_pybytes())
    return target, digest_of(table.to_pylist())


def _images(file: str) -> pl.Series:
    """The lists of pictures that the rows of a file name."""
    return pl.read_parquet(io.BytesIO(files.read_bytes(file)), columns=["images"])["images"]
