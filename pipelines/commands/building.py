"""`omnireward build` and `omnireward retry-failed`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.commands.console import err, fail, interrupted, out, plain
from pipelines.commands.options import (
    BeamOption,
    BudgetOption,
    CommercialOption,
    LettersOption,
    LimitOption,
    LocalOutputOption,
    OutputOption,
    QuietOption,
    RecipeOption,
    RunnerOption,
    StoreOption,
    SubsetOption,
    WorkersOption,
)

if TYPE_CHECKING:
    from pipelines.opening import Corpora
    from pipelines.prospect import Prospect
    from pipelines.run import Failure, RunRequest


def build(
    recipe: RecipeOption = None,
    subset: SubsetOption = None,
    output: OutputOption = "dataset",
    limit: LimitOption = None,
    runner: RunnerOption = None,
    workers: WorkersOption = None,
    store: StoreOption = None,
    beam_flag: BeamOption = None,
    commercial_only: CommercialOption = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="Print what would be done, moved and stored.")
    ] = False,
    bandwidth: Annotated[
        float, typer.Option(min=0.1, help="Mbit/s of your network, for the plan's hours.")
    ] = 100.0,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Don't ask before much is fetched.")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget finished work first.")] = False,
    budget: BudgetOption = None,
    quiet: QuietOption = False,
) -> None:
    """Build subsets of the dataset; what is finished and unchanged is not built again."""
    request = request_of(recipe, subset, output, limit, runner, workers, store, beam_flag)
    request = _capped(request, budget)
    if commercial_only:
        request = replace(request, commercial_only=True)
        _warn_of_unclear(request)
    request = replace(request, fresh=fresh)
    if plan:
        from pipelines.prospect import look_ahead

        _print_plan(look_ahead(request), bandwidth)
        return
    asked = None if yes else _asked(request, bandwidth)
    end_with(carry_out(request, output, asked, quiet=quiet))


def _capped(request: RunRequest, budget: float | None) -> RunRequest:
    """The request with another cap on what models may cost; None leaves the recipe's."""
    if budget is None:
        return request
    try:
        relabel = replace(request.recipe.relabel, budget=budget)
    except ValueError as error:
        fail(f"--budget: {error}", 2)
    return replace(request, recipe=replace(request.recipe, relabel=relabel))


def _warn_of_unclear(request: RunRequest) -> None:
    """Say of which subsets nobody knows whether commercial use is allowed."""
    from pipelines.readiness import choose, unclear

    ready, _ = choose(request.recipe, request.names, request.base, commercial_only=True)
    names = unclear(request.recipe, ready)
    if names:
        err.print(
            f"[yellow]no licence is known[/] for the corpora of {plain(', '.join(names))}: they "
            "are not left out, look at their data cards",
            highlight=False,
            soft_wrap=True,
        )


def _asked(request: RunRequest, bandwidth: float) -> Corpora | None:
    """Let nobody fetch for hours, or fill a disk, without having said so.

    Returns the corpora that were opened to find out; None where all is read from mirrors.
    """
    from pipelines.prospect import look_ahead

    names = request.names or request.recipe.subsets
    if all(request.recipe.corpus_of(name).path for name in names):
        return None
    ahead = look_ahead(request)
    if ahead.warning is not None:
        _print_plan(ahead, bandwidth)
        if not sys.stdin.isatty():
            fail(f"{ahead.warning} Go on with --yes, or choose subsets with --subset", 2)
        typer.confirm(f"{ahead.warning} Go on?", abort=True)
    return ahead.corpora


def request_of(
    recipe: Path | None,
    subset: list[str] | None,
    output: str,
    limit: int | None,
    runner: str | None,
    workers: int | None,
    store: str | None,
    beam_flag: list[str] | None,
) -> RunRequest:
    """What the options of a build ask for."""
    from pipelines.beam_flags import check_flags
    from pipelines.layout import Layout
    from pipelines.reachable import is_remote
    from pipelines.recipe import load_recipe
    from pipelines.recipe_binding import nearest
    from pipelines.resources import default_recipe
    from pipelines.run import RunRequest
    from pipelines.runners import RUNNERS
    from pipelines.worker_package import own_setup, packaging_flags

    file = recipe or default_recipe()
    names = tuple(subset or ())
    whole = load_recipe(file)
    loaded = whole.limited(limit, names)
    for name in names:
        loaded.subset(name)
    chosen = runner or loaded.runner.name
    if chosen not in RUNNERS:
        fail(f"no runner {chosen!r}; {nearest(chosen, RUNNERS)}", 2)
    layout = Layout.of(output, store)
    flags = tuple(beam_flag or ())
    check_flags(flags, chosen)
    if is_remote(chosen, layout):
        added = packaging_flags(chosen, flags, own_setup())
        for flag in added:
            told = f"workers get this package by {flag}"
            err.print(told, highlight=False, soft_wrap=True, markup=False)
        flags += added
    return RunRequest(
        loaded,
        file.resolve().parent,
        layout,
        names,
        chosen,
        workers or loaded.runner.workers,
        flags,
        limits=whole.cut_by(limit, names),
        file=file,
    )


def _print_plan(ahead: Prospect, bandwidth: float) -> None:
    """Print what a build would do."""
    from pipelines.display import left_out_table
    from pipelines.plan_view import plan_view

    out.print(plan_view(ahead.plans, ahead.loads, ahead.free, bandwidth), highlight=False)
    if ahead.left_out:
        out.print(left_out_table(ahead.left_out))


def carry_out(
    request: RunRequest,
    output: str,
    corpora: Corpora | None,
    *,
    quiet: bool,
    commands: Sequence[str] | None = None,
) -> Sequence[Failure]:
    """Build, and show what came through; returns the subsets that failed their checks.

    `commands` as for `how_to_load`.
    """
    from pipelines.display import how_to_load, left_out_table
    from pipelines.funnel_view import dead_table, funnel_table, left_out_by_rule
    from pipelines.run import run
    from pipelines.shortfall import shortfall
    from pipelines.watching import Watcher

    try:
        record, failures = run(request, Watcher(out, quiet=quiet), corpora)
    except KeyboardInterrupt:
        interrupted()
    if not quiet:
        built = {k: v for k, v in record["subsets"].items() if k not in record["left_out"]}
        out.print(funnel_table(built))
        for table in (left_out_by_rule(built), dead_table(built)):
            if table.row_count:
                out.print(table)
        left_out = {
            name: reason
            for name, reason in record["left_out"].items()
            if not request.names or name in request.names
        }
        if left_out:
            out.print(left_out_table(left_out))
        for name in built:
            if short := shortfall(name, record):
                out.print(
                    f"[yellow]{plain(name)}[/]: {plain(short)}", highlight=False, soft_wrap=True
                )
        how_to_load(out, output, next(iter(built)), commands)
    return failures


def end_with(failures: Sequence[Failure]) -> None:
    """Say which subsets failed, and why; the exit code is that of failed checks."""
    for failure in failures:
        text = f"[bold red]failed:[/] {failure.subset}: {plain(failure.reason)}"
        err.print(text, highlight=False, soft_wrap=True)
    if failures:
        raise SystemExit(4)


def retry_failed(
    recipe: RecipeOption = None,
    subset: SubsetOption = None,
    reason: LettersOption = None,
    stage: LettersOption = None,
    output: LocalOutputOption = Path("dataset"),
    limit: LimitOption = None,
    runner: RunnerOption = None,
    workers: WorkersOption = None,
    store: StoreOption = None,
    beam_flag: BeamOption = None,
    budget: BudgetOption = None,
    quiet: QuietOption = False,
) -> None:
    """Try dead letters again after a mirror was mended; what works now joins the dataset.

    Each subset that has such letters is made as a fresh build would make it;
    records are read again, media that were validated are not decoded again.
    """
    from pipelines.display import retried_view
    from pipelines.retry import Choice, cap_of_last_run, letters_of, retry
    from pipelines.watching import Watcher

    request = request_of(recipe, subset, str(output), limit, runner, workers, store, beam_flag)
    choice = Choice(tuple(reason or ()), tuple(stage or ()))
    letters, half = letters_of(request.layout, request.names)
    choice.check(request.layout, letters)
    chosen = {name: mine for name, mine in letters.items() if len(choice.of(mine))}
    if not chosen and not half:
        out.print(choice.nothing(letters), soft_wrap=True, highlight=False, markup=False)
        return
    if budget is None:
        budget = cap_of_last_run(request.layout)
        if budget is not None and not quiet:
            out.print(
                f"models may cost ${budget:,.2f} in all, as in the last run; "
                "--budget says otherwise",
                soft_wrap=True,
                highlight=False,
            )
    request = _capped(request, budget)
    try:
        result = retry(request, chosen, half, Watcher(out, quiet=quiet))
    except KeyboardInterrupt:
        interrupted()
    if not quiet:
        out.print(retried_view(result))
    end_with(result.failures)
