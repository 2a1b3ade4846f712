"""Commands that look at a recipe or a dataset: recipe check, subsets, show, dead-letters."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.console import fail, out
from pipelines.commands.options import LocalOutputOption, OutputOption, RecipeOption, SubsetOption
from pipelines.commands.places import local_path


def recipe_check(recipe: RecipeOption = None) -> None:
    """Check a recipe, and list its subsets with what each still needs."""
    from pipelines.recipe import load_recipe
    from pipelines.resources import default_recipe

    file = recipe or default_recipe()
    loaded = load_recipe(file)
    targets = [subset.target or 0 for subset in loaded.subsets.values()]
    whole = sum(subset.target is None for subset in loaded.subsets.values())
    out.print(
        f"{file}: good. {len(loaded.corpora)} corpora, {len(loaded.subsets)} subsets, "
        f"{sum(targets):,} pairs wanted" + (f", and all of {whole} subsets." if whole else "."),
        highlight=False,
        markup=False,
    )
    _print_subsets(loaded, None)


def subsets(recipe: RecipeOption = None, output: OutputOption = "dataset") -> None:
    """List the recipe's subsets: task, kind, target, what is built, corpus and licence."""
    from pipelines.recipe import load_recipe
    from pipelines.resources import default_recipe

    _print_subsets(load_recipe(recipe or default_recipe()), output)


def _print_subsets(recipe: object, output: str | None) -> None:
    from pipelines.display import subsets_table
    from pipelines.layout import Layout
    from pipelines.readiness import why_not
    from pipelines.recipe import Recipe
    from pipelines.run_record import read_record

    assert isinstance(recipe, Recipe)
    record = (read_record(Layout.of(output)) if output else None) or {"subsets": {}}
    rows = {name: entry["rows"] for name, entry in record["subsets"].items()}
    states = {
        name: why_not(recipe, name) or ("built" if name in rows else "ready")
        for name in recipe.subsets
    }
    out.print(subsets_table(recipe, states, rows))
    for reason in dict.fromkeys(state for state in states.values() if ": " in state):
        out.print(f"  {reason}", style="dim", highlight=False, markup=False)


def show(
    row_id: Annotated[
        str | None, typer.Argument(help="A row or pair id, or how it begins.")
    ] = None,
    output: LocalOutputOption = Path("dataset"),
    subset: Annotated[str | None, typer.Option("--subset", "-s")] = None,
    number: Annotated[int, typer.Option("--number", "-n", min=1, help="How many at random.")] = 3,
    seed: Annotated[int | None, typer.Option(help="Show the same ones again.")] = None,
    save_media: Annotated[
        Path | None,
        typer.Option(
            parser=local_path,
            metavar="FOLDER",
            help="Write the media of what is shown to this folder.",
        ),
    ] = None,
) -> None:
    """Show one pair by its id, or a few at random."""
    from pipelines.browse import media_of, pair_by_id, random_pairs
    from pipelines.display import pair_view

    rows = (
        pair_by_id(output, subset, row_id) if row_id else random_pairs(output, subset, number, seed)
    )
    if not rows:
        fail(f"no pair whose id begins with {row_id!r} in {output}", 3)
    for row in rows:
        out.print(pair_view(row))
        out.print()
        if save_media is not None:
            save_media.mkdir(parents=True, exist_ok=True)
            for column, data, name in media_of(row):
                target = save_media / f"{row['row_id'][:12]}-{column}-{Path(name).name}"
                target.write_bytes(data)
                out.print(f"wrote {target}", soft_wrap=True, markup=False)


def dead_letters(
    output: LocalOutputOption = Path("dataset"),
    subset: SubsetOption = None,
    reason: Annotated[str | None, typer.Option(help="Only this reason.")] = None,
    examples: Annotated[int, typer.Option(min=0, help="Examples of each reason.")] = 1,
) -> None:
    """Count the records that could not be used, by stage and reason, with examples."""
    import polars as pl

    from pipelines.browse import dead_letters as read_letters
    from pipelines.display import dead_letters_view
    from pipelines.known_names import check_known, reasons_in
    from pipelines.layout import Layout
    from pipelines.run_record import read_record

    letters = read_letters(output, subset or ())
    if reason:
        known = {*letters["reason"], *reasons_in(read_record(Layout.of(str(output))))}
        check_known(output, "dead letter with the reason", (reason,), known)
        letters = letters.filter(pl.col("reason") == reason)
    if letters.is_empty():
        out.print("no dead letters" + (f" for the reason {reason!r}" if reason else ""))
        return
    out.print(dead_letters_view(letters, examples))
