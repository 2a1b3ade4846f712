"""`omnireward media`: check files under the recipe's media policy; clear up a media store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.commands.console import err, fail, interrupted, out
from pipelines.commands.options import RecipeOption
from pipelines.commands.places import local_path, place, places

if TYPE_CHECKING:
    from pipelines.media_check import Checked, Checker

MODALITIES = ("image", "video", "audio", "mesh")


def check(
    paths: Annotated[
        list[Path], typer.Argument(help="Files, or folders of files.", show_default=False)
    ],
    recipe: RecipeOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON object a file, for programs.")
    ] = False,
    save: Annotated[
        Path | None,
        typer.Option(
            parser=local_path,
            metavar="FOLDER",
            help="Write what would be published to this folder.",
        ),
    ] = None,
    modality: Annotated[
        str | None,
        typer.Option("--as", help="Take every file as image, video, audio or mesh."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Files at a time; default: the recipe's media.threads."),
    ] = None,
) -> None:
    """Say of each file whether it would be kept, normalised or rejected, and why.

    Folders are searched through; hidden files are skipped. Ends with 4 if any file is rejected.
    """
    from pipelines.media_check import BAD, Checker, files_of, summary
    from pipelines.media_view import summary_view
    from pipelines.recipe import load_recipe
    from pipelines.resources import default_recipe
    from transforms.media.sandbox.runner import Sandbox

    if modality is not None and modality not in MODALITIES:
        raise typer.BadParameter(f"one of {', '.join(MODALITIES)}", param_hint="--as")
    policy = load_recipe(recipe or default_recipe()).media
    files = files_of(paths)
    checked: list[Checked] = []
    try:
        with Sandbox(policy, workers) as sandbox:
            checker = Checker(sandbox, modality, save)  # type: ignore[arg-type]
            _print_each(checker, files, checked, as_json=as_json)
    except KeyboardInterrupt:
        interrupted()
    outcomes, reasons = summary(checked)
    if not as_json:
        out.print(summary_view(outcomes, reasons), highlight=False)
    if any(outcomes[name] for name in BAD):
        raise SystemExit(4)


def _print_each(
    checker: Checker, files: list[Path], checked: list[Checked], *, as_json: bool
) -> None:
    from pipelines.media_view import file_line, name_width

    width = out.width if out.is_terminal else None
    names = name_width(map(str, files), out.width)
    for one in checker.check(files):
        checked.append(one)
        if as_json:
            typer.echo(json.dumps(one.as_json()))
        else:
            out.print(file_line(one, names, width), highlight=False, soft_wrap=width is None)


def gc(
    output: Annotated[
        list[str],
        typer.Option(
            "--output",
            "-o",
            callback=places,
            metavar="FOLDER",
            help="Folder of a dataset that uses the store; repeatable.",
        ),
    ],
    store: Annotated[
        str | None,
        typer.Option(
            callback=place,
            metavar="FOLDER",
            help="The store; default: the one inside the only output.",
        ),
    ] = None,
    recipe: Annotated[
        Path | None,
        typer.Option(help="Products for other media policies than this recipe's are unused too."),
    ] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Remove what is unused.")] = False,
) -> None:
    """List what no dataset uses in a media store, and remove it with --delete.

    Name every dataset that shares the store: what only an unnamed one uses counts as unused.
    """
    from pipelines.layout import Layout
    from pipelines.media_gc import clearing_of, remove_unused
    from pipelines.media_view import clearing_view

    if store is None and len(output) > 1:
        fail("several outputs share a store: name it with --store", 2)
    layouts = [Layout.of(folder, store) for folder in output]
    place = layouts[0].store
    found = clearing_of(place, layouts, _keys(recipe))
    out.print(clearing_view(place, found), highlight=False)
    if not found.paths:
        return
    if not delete:
        out.print("Nothing was removed; to remove what is unused, add --delete.", highlight=False)
        return
    with err.status(f"removing {len(found.paths):,} files"):
        removed = remove_unused(found, layouts)
    out.print(f"Removed {removed:,} files.", highlight=False)


def _keys(recipe: Path | None) -> list[str] | None:
    from pipelines.recipe import load_recipe
    from transforms.media.store.fates import policy_key

    if recipe is None:
        return None
    policy = load_recipe(recipe).media
    return [policy_key(policy, modality) for modality in MODALITIES]
