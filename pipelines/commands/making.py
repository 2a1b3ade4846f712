"""Commands that write something new: sample-corpora, new-source."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.console import fail, out
from pipelines.commands.places import local_path
from pipelines.spawned import spawned


def sample_corpora(
    folder: Annotated[
        Path, typer.Argument(parser=local_path, metavar="FOLDER", help="Folder to write to.")
    ],
    scale: Annotated[float, typer.Option(min=0, help="1.0 gives the real row counts.")] = 0.01,
    seed: Annotated[int, typer.Option(help="Other seeds give other content.")] = 7,
    corpus: Annotated[
        list[str] | None, typer.Option("--corpus", help="Only this corpus; repeatable.")
    ] = None,
    faults: Annotated[bool, typer.Option(help="Plant the faults that real corpora have.")] = True,
    copies: Annotated[
        bool, typer.Option(help="Plant duplicates and leaked items, and the benchmarks they leak.")
    ] = True,
    published: Annotated[
        bool, typer.Option(help="Write a sample of the published set, with criteria, beside them.")
    ] = True,
    quiet: Annotated[bool, typer.Option("--quiet", "-q")] = False,
) -> None:
    """Write small corpora in their native layouts, and a recipe that builds from them."""
    from pipelines.display import planted_table
    from pipelines.recipe import load_recipe
    from pipelines.sample_corpora import write_corpora
    from pipelines.sample_corpora.published_set import write_published_set
    from pipelines.sample_recipe import write_sample_recipe

    try:
        planted = write_corpora(
            folder,
            scale=scale,
            seed=seed,
            only=corpus,
            faults=faults,
            copies=copies,
            processes=os.cpu_count() or 1,
        )
    except ValueError as error:
        fail(error, 2)
    benchmarks = _benchmarks(folder) if copies else []
    recipe = write_sample_recipe(folder, planted, [path.name for path in benchmarks])
    with spawned(1) as beside:
        if published:
            done = beside.submit(write_published_set, folder, load_recipe(recipe), seed)
        _fingerprint(folder, benchmarks)
        if published:
            done.result()
    if quiet:
        return
    out.print(planted_table(folder, planted))
    told = f"Build from them with: omnireward build --recipe {recipe}"
    out.print(told, soft_wrap=True, markup=False)


def _benchmarks(folder: Path) -> list[Path]:
    """The folders of the sample benchmarks."""
    return sorted(path for path in (folder / "benchmarks").glob("*") if path.is_dir())


def _fingerprint(folder: Path, benchmarks: Sequence[Path]) -> None:
    """Write the fingerprints of the sample benchmarks beside the recipe."""
    from pipelines.benchmarks.add import AddRequest, add_benchmark
    from transforms.dedup.settings_benchmarks import DecontaminationSettings
    from transforms.media.settings import MediaPolicy

    settings = DecontaminationSettings()
    target = str(folder / settings.fingerprints)
    for path in benchmarks:
        add_benchmark(AddRequest(path.name, path), target, settings.print, MediaPolicy())


def new_source(
    name: Annotated[str, typer.Argument(help="The corpus's name: a Python module's name.")],
) -> None:
    """Begin the adapter of a corpus of your own: module, test and data card from templates."""
    from pipelines import new_source as sources
    from pipelines.display import new_source_view

    top = sources.checkout()
    try:
        begun = sources.new_source(top, name)
    except ValueError as error:
        fail(error, 2)
    out.print(new_source_view(begun, top), crop=False)
