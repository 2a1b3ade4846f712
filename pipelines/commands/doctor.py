"""`omnireward doctor`: its options, and its exit code."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer
from rich.console import Console

from pipelines.commands.options import (
    BeamOption,
    NamedOutputOption,
    NamedStoreOption,
    RecipeOption,
    RunnerOption,
)

#: Columns of output that goes to a file or a pipe; a terminal has its own width.
_PIPE_WIDTH = 120


def doctor(
    recipe: RecipeOption = None,
    output: NamedOutputOption = "dataset",
    runner: RunnerOption = None,
    store: NamedStoreOption = None,
    beam_flag: BeamOption = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask nothing over the network.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Say what works here, what does not, and how to mend it; prints no token or key.

    Ends with 0 if a build of the recipe finds all that it needs, with 4 if not.
    """
    from pipelines.doctor import report
    from pipelines.doctor.examine import Question, examine
    from pipelines.doctor.finding import failed
    from pipelines.doctor.needs import RUNNERS

    if runner is not None and runner not in RUNNERS:
        raise typer.BadParameter(
            f"{runner!r} is none of {', '.join(RUNNERS)}", param_hint="--runner"
        )
    question = Question(recipe, output, store, runner, tuple(beam_flag or ()), offline)
    findings = examine(question, os.environ)
    if as_json:
        typer.echo(report.as_json(findings))
    else:
        console = Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH, highlight=False)
        report.print_report(console, findings)
    if failed(findings):
        raise SystemExit(4)
