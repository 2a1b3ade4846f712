"""The `omnireward` command: thin, one function a command.

Exit codes: 0 done; 1 a fault of the program; 2 wrong usage or recipe; 3 a wrong or missing input;
4 built, but a subset failed its checks; 130 interrupted (the same command goes on from there).
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console

from pipelines.cli_options import (
    BeamOption,
    LettersOption,
    LimitOption,
    OutputOption,
    QuietOption,
    RecipeOption,
    RunnerOption,
    StoreOption,
    SubsetOption,
    WorkersOption,
)
from pipelines.recipe_binding import RecipeError

if TYPE_CHECKING:
    from pipelines.run import Failure, RunRequest

# Beam takes seconds to import: each command imports what it needs, so that `--help` is immediate.

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Build multimodal preference datasets for reward models.",
)
recipe_app = typer.Typer(no_args_is_help=True, help="Look at a recipe.")
app.add_typer(recipe_app, name="recipe")
source_app = typer.Typer(no_args_is_help=True, help="Look at a corpus of your own.")
app.add_typer(source_app, name="source")

#: Columns of output that goes to a file or a pipe; a terminal has its own width.
_PIPE_WIDTH = 120

out = Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH)
err = Console(stderr=True)


def main() -> None:
    """Run the command line; errors that a person can mend are printed without a traceback."""
    logging.getLogger().setLevel(logging.ERROR)
    logging.getLogger("apache_beam").setLevel(logging.CRITICAL)  # it logs what it raises
    try:
        app()
    except RecipeError as error:
        _fail(error, 2)
    except Exception as error:
        from transforms.beamkit.errors import find_build_error

        message = find_build_error(error)
        if message is None:
            raise
        _fail(message, 3)


def _fail(message: object, code: int) -> NoReturn:
    err.print(f"[bold red]error:[/] {_plain(str(message))}", highlight=False, soft_wrap=True)
    raise SystemExit(code)


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def _interrupted() -> NoReturn:
    err.print("\ninterrupted; run the same command again to go on from here")
    err.file.flush()
    os._exit(130)  # worker threads may be in mid-decode: they are not waited for


@app.command()
def build(
    recipe: RecipeOption = None,
    subset: SubsetOption = None,
    output: OutputOption = Path("dataset"),
    limit: LimitOption = None,
    runner: RunnerOption = None,
    workers: WorkersOption = None,
    store: StoreOption = None,
    beam_flag: BeamOption = None,
    plan: Annotated[bool, typer.Option("--plan", help="Print what would be done.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget finished work first.")] = False,
    quiet: QuietOption = False,
) -> None:
    """Build subsets of the dataset; what is finished and unchanged is not built again."""
    from pipelines.run import forget

    request = _request(recipe, subset, output, limit, runner, workers, store, beam_flag)
    if fresh:
        forget(request)
    if plan:
        _print_plan(request)
        return
    _run(request, output, quiet=quiet)


def _request(
    recipe: Path | None,
    subset: list[str] | None,
    output: Path,
    limit: int | None,
    runner: str | None,
    workers: int | None,
    store: Path | None,
    beam_flag: list[str] | None,
) -> RunRequest:
    """What the options of a build ask for."""
    from pipelines.layout import Layout
    from pipelines.recipe import load_recipe
    from pipelines.recipe_binding import nearest
    from pipelines.resources import default_recipe
    from pipelines.run import RunRequest
    from pipelines.runners import RUNNERS

    file = recipe or default_recipe()
    loaded = load_recipe(file).limited(limit)
    names = tuple(subset or ())
    for name in names:
        loaded.subset(name)
    chosen = runner or loaded.runner.name
    if chosen not in RUNNERS:
        _fail(f"no runner {chosen!r}; {nearest(chosen, RUNNERS)}", 2)
    layout = Layout.of(str(output), str(store) if store else None)
    return RunRequest(
        loaded,
        file.resolve().parent,
        layout,
        names,
        chosen,
        workers or loaded.runner.workers,
        tuple(beam_flag or ()),
    )


def _print_plan(request: object) -> None:
    from pipelines.display import left_out_table, plan_table
    from pipelines.planning import plan_subset
    from pipelines.readiness import choose
    from pipelines.run import RunRequest

    assert isinstance(request, RunRequest)
    ready, left_out = choose(request.recipe, request.names)
    plans = [plan_subset(request.recipe, name, request.base, request.layout) for name in ready]
    out.print(plan_table(plans))
    if left_out:
        out.print(left_out_table(left_out))


def _run(request: object, output: Path, *, quiet: bool) -> None:
    from pipelines.display import (
        dead_table,
        funnel_table,
        how_to_load,
        left_out_by_rule,
        left_out_table,
    )
    from pipelines.run import RunRequest, run
    from pipelines.watching import Watcher

    assert isinstance(request, RunRequest)
    try:
        record, failures = run(request, Watcher(out, quiet=quiet))
    except KeyboardInterrupt:
        _interrupted()
    if not quiet:
        built = {k: v for k, v in record["subsets"].items() if k not in record["left_out"]}
        out.print(funnel_table(built))
        for table in (left_out_by_rule(built), dead_table(built)):
            if table.row_count:
                out.print(table)
        if record["left_out"]:
            out.print(left_out_table(record["left_out"]))
        how_to_load(out, output, next(iter(built)))
    _end_with(failures)


def _end_with(failures: Sequence[Failure]) -> None:
    for failure in failures:
        err.print(f"[bold red]failed:[/] {failure.subset}: {_plain(failure.reason)}")
    if failures:
        raise SystemExit(4)


@source_app.command("try")
def source_try(
    file: Annotated[Path, typer.Argument(help="A file of records.", show_default=False)],
) -> None:
    """Guess how a file of preferences is read; print a block for the recipe and three pairs."""
    from pipelines.source_try import trial_view, try_file

    trial = try_file(file)
    out.print(trial_view(trial))
    if trial.guess.refused is not None:
        raise SystemExit(3)


@recipe_app.command("check")
def recipe_check(recipe: RecipeOption = None) -> None:
    """Check a recipe, and list its subsets with what each still needs."""
    from pipelines.recipe import load_recipe
    from pipelines.resources import default_recipe

    file = recipe or default_recipe()
    loaded = load_recipe(file)
    targets = [subset.target or 0 for subset in loaded.subsets.values()]
    out.print(
        f"{file}: good. {len(loaded.corpora)} corpora, {len(loaded.subsets)} subsets, "
        f"{sum(targets):,} pairs wanted.",
        highlight=False,
    )
    _print_subsets(loaded, None)


@app.command()
def subsets(recipe: RecipeOption = None, output: OutputOption = Path("dataset")) -> None:
    """List the recipe's subsets: task, kind, target, what is built, corpus and licence."""
    from pipelines.recipe import load_recipe
    from pipelines.resources import default_recipe

    _print_subsets(load_recipe(recipe or default_recipe()), output)


def _print_subsets(recipe: object, output: Path | None) -> None:
    from pipelines.display import subsets_table
    from pipelines.layout import Layout
    from pipelines.readiness import why_not
    from pipelines.recipe import Recipe
    from pipelines.run_record import read_record

    assert isinstance(recipe, Recipe)
    record = (read_record(Layout.of(str(output))) if output else None) or {"subsets": {}}
    rows = {name: entry["rows"] for name, entry in record["subsets"].items()}
    states = {
        name: why_not(recipe, name) or ("built" if name in rows else "ready")
        for name in recipe.subsets
    }
    out.print(subsets_table(recipe, states, rows))
    for reason in dict.fromkeys(state for state in states.values() if ": " in state):
        out.print(f"  {reason}", style="dim", highlight=False)


@app.command()
def show(
    row_id: Annotated[
        str | None, typer.Argument(help="A row or pair id, or how it begins.")
    ] = None,
    output: OutputOption = Path("dataset"),
    subset: Annotated[str | None, typer.Option("--subset", "-s")] = None,
    number: Annotated[int, typer.Option("--number", "-n", min=1, help="How many at random.")] = 3,
    seed: Annotated[int | None, typer.Option(help="Show the same ones again.")] = None,
    save_media: Annotated[
        Path | None, typer.Option(help="Write the media of what is shown to this folder.")
    ] = None,
) -> None:
    """Show one pair by its id, or a few at random."""
    from pipelines.browse import media_of, pair_by_id, random_pairs
    from pipelines.display import pair_view

    rows = (
        pair_by_id(output, subset, row_id) if row_id else random_pairs(output, subset, number, seed)
    )
    if not rows:
        _fail(f"no pair whose id begins with {row_id!r} in {output}", 3)
    for row in rows:
        out.print(pair_view(row))
        out.print()
        if save_media is not None:
            save_media.mkdir(parents=True, exist_ok=True)
            for column, data, name in media_of(row):
                target = save_media / f"{row['row_id'][:12]}-{column}-{Path(name).name}"
                target.write_bytes(data)
                out.print(f"wrote {target}", soft_wrap=True)


@app.command("dead-letters")
def dead_letters(
    output: OutputOption = Path("dataset"),
    subset: SubsetOption = None,
    reason: Annotated[str | None, typer.Option(help="Only this reason.")] = None,
    examples: Annotated[int, typer.Option(min=0, help="Examples of each reason.")] = 1,
) -> None:
    """Count the records that could not be used, by stage and reason, with examples."""
    import polars as pl

    from pipelines.browse import dead_letters as read_letters
    from pipelines.display import dead_letters_view

    letters = read_letters(output, subset or ())
    if reason:
        letters = letters.filter(pl.col("reason") == reason)
    if letters.is_empty():
        out.print("no dead letters" + (f" for the reason {reason!r}" if reason else ""))
        return
    out.print(dead_letters_view(letters, examples))


@app.command("retry-failed")
def retry_failed(
    recipe: RecipeOption = None,
    subset: SubsetOption = None,
    reason: LettersOption = None,
    stage: LettersOption = None,
    output: OutputOption = Path("dataset"),
    limit: LimitOption = None,
    runner: RunnerOption = None,
    workers: WorkersOption = None,
    store: StoreOption = None,
    beam_flag: BeamOption = None,
    quiet: QuietOption = False,
) -> None:
    """Try dead letters again after a mirror was mended; what works now joins the dataset.

    Each subset that has such letters is made as a fresh build would make it;
    records are read again, media that were validated are not decoded again.
    """
    from pipelines.display import retried_view
    from pipelines.retry import Choice, letters_of, retry
    from pipelines.watching import Watcher

    request = _request(recipe, subset, output, limit, runner, workers, store, beam_flag)
    choice = Choice(tuple(reason or ()), tuple(stage or ()))
    letters, half = letters_of(request.layout, request.names)
    chosen = {name: mine for name, mine in letters.items() if len(choice.of(mine))}
    if not chosen and not half:
        out.print(choice.nothing(letters), soft_wrap=True, highlight=False)
        return
    try:
        result = retry(request, chosen, half, Watcher(out, quiet=quiet))
    except KeyboardInterrupt:
        _interrupted()
    if not quiet:
        out.print(retried_view(result))
    _end_with(result.failures)


@app.command("sample-corpora")
def sample_corpora(
    folder: Annotated[Path, typer.Argument(help="Folder to write to.")],
    scale: Annotated[float, typer.Option(min=0, help="1.0 gives the real row counts.")] = 0.01,
    seed: Annotated[int, typer.Option(help="Other seeds give other content.")] = 7,
    corpus: Annotated[
        list[str] | None, typer.Option("--corpus", help="Only this corpus; repeatable.")
    ] = None,
    faults: Annotated[bool, typer.Option(help="Plant the faults that real corpora have.")] = True,
    quiet: Annotated[bool, typer.Option("--quiet", "-q")] = False,
) -> None:
    """Write small corpora in their native layouts, and a recipe that builds from them."""
    from pipelines.display import planted_table
    from pipelines.sample_corpora import write_corpora
    from pipelines.sample_recipe import write_sample_recipe

    try:
        planted = write_corpora(folder, scale=scale, seed=seed, only=corpus, faults=faults)
    except ValueError as error:
        _fail(error, 2)
    recipe = write_sample_recipe(folder, planted)
    if quiet:
        return
    out.print(planted_table(folder, planted))
    out.print(f"Build from them with: omnireward build --recipe {recipe}", soft_wrap=True)


@app.command("new-source")
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
        _fail(error, 2)
    out.print(new_source_view(begun))


if __name__ == "__main__":
    main()
