"""`omnireward sources`: resolve the corpora of a recipe, look at them, try a file of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.console import err, out, plain
from pipelines.commands.options import RecipeOption

UpdateOption = Annotated[
    list[str] | None,
    typer.Option(
        "--update",
        help="Renew this corpus, or relabel.published: the published set; may be repeated.",
    ),
]


def lock(recipe: RecipeOption = None, update: UpdateOption = None) -> None:
    """Resolve each corpus once: its commit, files, sizes, digests and rows, for all builds to come.

    The published set is locked beside them where criteria are read from it on the Hub. What is
    locked stays as it is; --update renews one and says what changed.
    """
    from pipelines.lock_view import lock_view
    from pipelines.locking import lock_recipe
    from pipelines.recipe import load_recipe
    from pipelines.resources import own_recipe
    from transforms.beamkit.hub.patience import telling

    file = own_recipe(recipe)
    with err.status("asking the Hub"), telling(_say):
        result = lock_recipe(load_recipe(file), file.parent, update or ())
    out.print(lock_view(result), highlight=False)
    for name, why in result.failed.items():
        err.print(
            f"[bold red]failed:[/] {plain(name)}: {plain(why)}", highlight=False, soft_wrap=True
        )
    if result.failed:
        raise SystemExit(3)


def check(
    names: Annotated[
        list[str] | None, typer.Argument(help="Only these corpora.", show_default=False)
    ] = None,
    recipe: RecipeOption = None,
) -> None:
    """Open each corpus where it really is, read a little, and say what is not as expected.

    Prints what to change in the recipe. Ends with 4 if a build would stop or lose many rows.
    """
    from pipelines.recipe import load_recipe
    from pipelines.resources import default_recipe
    from pipelines.source_check.corpora import check_recipe
    from pipelines.source_check.view import exit_code, report_view
    from transforms.beamkit.hub.patience import telling

    file = (recipe or default_recipe()).resolve()
    loaded = load_recipe(file)
    with err.status("opening") as status, telling(_say):
        reports = check_recipe(
            loaded, file.parent, names or (), lambda name: status.update(f"{name}: looking")
        )
    out.print(report_view(reports), highlight=False)
    if exit_code(reports):
        raise SystemExit(exit_code(reports))


def try_file(
    file: Annotated[Path, typer.Argument(help="A file of records.", show_default=False)],
) -> None:
    """Guess how a file of preferences is read; print a block for the recipe and three pairs."""
    from pipelines import source_try

    trial = source_try.try_file(file)
    out.print(source_try.trial_view(trial), crop=False)
    if trial.guess.refused is not None:
        raise SystemExit(3)


def _say(line: str) -> None:
    """Tell a person who waits."""
    err.print(line, highlight=False, soft_wrap=True, markup=False)
