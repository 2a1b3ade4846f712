"""`omnireward import`: the published OmniRewardData as a dataset, to compare a build with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.commands.building import carry_out, end_with
from pipelines.commands.console import fail, out, plain
from pipelines.commands.options import (
    QuietOption,
    RecipeOption,
    StoreOption,
    SubsetOption,
    WorkersOption,
)
from pipelines.commands.places import local_path, place


def import_published(
    path: Annotated[
        Path,
        typer.Argument(
            parser=local_path,
            metavar="PATH",
            help="A local copy of OmniRewardData: SUBSET/*.parquet, and media.",
        ),
    ],
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            callback=place,
            metavar="FOLDER",
            help="Folder that the dataset goes to.",
        ),
    ] = "imported",
    recipe: RecipeOption = None,
    subset: SubsetOption = None,
    workers: WorkersOption = None,
    store: StoreOption = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget finished work first.")] = False,
    quiet: QuietOption = False,
) -> None:
    """Read the published OmniRewardData into a dataset, to see by `diff` what a rebuild changes.

    Every row that can be read and has its media is taken as it is, with its criterion; the others
    are dead letters. The recipe says which task and kind each subset is of.
    """
    from pipelines.importing.import_recipe import NAME, import_recipe
    from pipelines.layout import Layout
    from pipelines.recipe import load_recipe
    from pipelines.resources import default_recipe
    from pipelines.run import RunRequest
    from pipelines.run_record import read_record

    file = recipe or default_recipe()
    layout = Layout.of(output, store)
    there = read_record(layout)
    if there is not None and there.get("name") != NAME:
        fail(f"{output} holds another dataset, {there.get('name')}; name a folder of its own", 3)
    made = import_recipe(load_recipe(file), path, subset or ())
    request = RunRequest(
        made.recipe,
        file.resolve().parent,
        layout,
        tuple(subset or ()),
        workers=workers or made.recipe.runner.workers,
        fresh=fresh,
    )
    # The gate is of builds, not of imports.
    commands = (f"show --output {output}", f"diff {output} dataset")
    failures = carry_out(request, output, None, quiet=quiet, commands=commands)
    if not quiet:
        _say(path, made.unknown, _without_media(read_record(layout) or {}))
    end_with(failures)


def _without_media(record: Mapping[str, Any]) -> int:
    """Rows whose media are not there."""
    subsets = record.get("subsets", {}).values()
    return sum(one["counts"].get("media", {}).get("dead:media_missing", 0) for one in subsets)


def _say(path: Path, unknown: Sequence[str], without_media: int) -> None:
    """What was not read, and what to do next."""
    lines = []
    if unknown:
        lines.append(f"Not read, as the recipe has no such subset: {plain(', '.join(unknown))}")
    if without_media:
        lines.append(
            f"{without_media:,} rows lack their media: put them below {plain(str(path))}/media, "
            "and run the same command with --fresh"
        )
    lines += [
        "The diff says what a build changes.",
        "A pair is the same if its texts and the bytes of its media are. Pictures that were "
        "encoded anew, and clips",
        "that are frames here and videos there, are other pairs by nature.",
    ]
    out.print("\n".join(lines), highlight=False, soft_wrap=True)
