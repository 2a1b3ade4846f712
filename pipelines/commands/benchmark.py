"""`omnireward benchmark`: fingerprints of the benchmarks that a dataset must not contain."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.commands.console import err, out
from pipelines.commands.options import RecipeOption
from pipelines.commands.places import local_path, place

if TYPE_CHECKING:
    from pipelines.recipe import Recipe

NameArgument = Annotated[str, typer.Argument(help="Its name in the recipe.", show_default=False)]
FolderOption = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        callback=place,
        metavar="FOLDER",
        help="Folder of fingerprints; default: that of the recipe, beside it.",
    ),
]
Columns = list[str] | None


def add(
    name: NameArgument,
    path: Annotated[
        Path | None,
        typer.Option(parser=local_path, metavar="PATH", help="Its file or folder on this machine."),
    ] = None,
    repo: Annotated[str | None, typer.Option(help="Its dataset repository: OWNER/NAME.")] = None,
    revision: Annotated[str, typer.Option(help="Branch, tag or commit.")] = "main",
    prompt: Annotated[Columns, typer.Option(help="Column of prompts; may be repeated.")] = None,
    response: Annotated[Columns, typer.Option(help="Column of responses; may be repeated.")] = None,
    media: Annotated[
        Columns, typer.Option(help="Column of media, cells or paths; may be repeated.")
    ] = None,
    config: Annotated[
        Columns, typer.Option(help="Only this config (folder); may be repeated.")
    ] = None,
    split: Annotated[str | None, typer.Option(help="Only files of this split.")] = None,
    files: Annotated[Columns, typer.Option(help="Pattern of files; may be repeated.")] = None,
    media_root: Annotated[
        str | None, typer.Option(help="Folder or archive that paths of media are relative to.")
    ] = None,
    output: FolderOption = None,
    recipe: RecipeOption = None,
) -> None:
    """Make the fingerprint of a benchmark: hashes of its items, no text, to be kept and shared.

    Known benchmarks need no columns; of others they are guessed where they are not named.
    """
    from pipelines.benchmarks.add import AddRequest, add_benchmark
    from pipelines.benchmarks.view import added_view

    if path is not None and repo is not None:
        raise typer.BadParameter("one of --path and --repo", param_hint="--path")
    loaded, folder = _recipe_and_folder(recipe, output, writes=True)
    request = AddRequest(
        name, path, repo, revision, prompt or (), response or (), media or (), config or (),
        split, files or (), media_root,
    )  # fmt: skip
    with err.status(f"{name}: reading"):
        added = add_benchmark(request, folder, loaded.decontamination.print, loaded.media)
    out.print(added_view(added), highlight=False)


def list_benchmarks(recipe: RecipeOption = None, output: FolderOption = None) -> None:
    """List the benchmarks of the recipe, those with a fingerprint, and those known by name."""
    from pipelines.benchmarks.view import list_view
    from transforms.beamkit.files import find
    from transforms.dedup.benchmarks.fingerprint import SUFFIX, read_fingerprint

    loaded, folder = _recipe_and_folder(recipe, output)
    found = {
        path.rsplit("/", 1)[-1].removesuffix(SUFFIX): read_fingerprint(path).metadata
        for path, _ in find(folder, f"*{SUFFIX}")
    }
    settings = loaded.decontamination
    out.print(list_view(settings.benchmarks, settings.waived, found), highlight=False)


def show(name: NameArgument, recipe: RecipeOption = None, output: FolderOption = None) -> None:
    """Show what a fingerprint was made from, how, and what it holds."""
    from pipelines.benchmarks.view import fingerprint_view
    from transforms.dedup.benchmarks.fingerprint import file_of, read_fingerprint

    _, folder = _recipe_and_folder(recipe, output)
    path = file_of(folder, name)
    found = read_fingerprint(path)
    out.print(fingerprint_view(found.metadata, path, found.digest), highlight=False)


def _recipe_and_folder(
    recipe: Path | None, output: str | None, *, writes: bool = False
) -> tuple[Recipe, str]:
    from pipelines.recipe import load_recipe
    from pipelines.resources import default_recipe, own_recipe
    from transforms.beamkit.files import below

    if writes and output is None:
        file = own_recipe(recipe, "no fingerprint is")
    else:
        file = (recipe or default_recipe()).resolve()
    loaded = load_recipe(file)
    if output is not None:
        return loaded, output
    return loaded, below(str(file.parent), loaded.decontamination.fingerprints)
