"""The `omnireward` command: its commands by name, and what becomes of their errors.

Exit codes: 0 done; 1 a fault of the program; 2 wrong usage or recipe; 3 a wrong or missing input;
4 done, but something failed its checks; 130 interrupted (the same command goes on from there).
"""

from __future__ import annotations

import atexit
import inspect
import os
import sys
from contextlib import suppress
from typing import NoReturn

import typer

from pipelines.commands import (
    audit,
    benchmark,
    building,
    card,
    contamination,
    diff,
    exporting,
    gallery,
    importing,
    looking,
    making,
    media,
    relabel,
    review,
    sources,
    validate,
)
from pipelines.commands.console import fail
from pipelines.commands.doctor import doctor
from pipelines.commands.publish import publish
from pipelines.recipe_binding import RecipeError
from pipelines.worker_logs import quiet_libraries

# Beam takes seconds to import: each command imports what it needs, so that `--help` is immediate.

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Build multimodal preference datasets for reward models.",
)

BUILD, LOOK, CHECK, SHARE, OWN = (
    "Build", "Look at what was built", "Check before and after", "Publish and export",
    "Corpora of your own",
)  # fmt: skip

app.command(rich_help_panel=BUILD)(building.build)
app.command("retry-failed", rich_help_panel=BUILD)(building.retry_failed)
app.command(rich_help_panel=BUILD)(relabel.relabel)
app.command(rich_help_panel=BUILD)(looking.subsets)
app.command(rich_help_panel=LOOK)(looking.show)
app.command(rich_help_panel=LOOK)(gallery.view)
app.command(rich_help_panel=LOOK)(gallery.report)
app.command("dead-letters", rich_help_panel=LOOK)(looking.dead_letters)
app.command(rich_help_panel=LOOK)(contamination.contamination)
app.command(rich_help_panel=LOOK)(diff.diff)
app.command(rich_help_panel=CHECK)(doctor)
app.command(rich_help_panel=CHECK)(validate.validate)
app.command(rich_help_panel=SHARE)(publish)
app.command(rich_help_panel=SHARE)(card.card)
app.command(rich_help_panel=SHARE)(exporting.export)
app.command("import", rich_help_panel=LOOK)(importing.import_published)
app.command("sample-corpora", rich_help_panel=OWN)(making.sample_corpora)
app.command("new-source", rich_help_panel=OWN)(making.new_source)

recipe_app = typer.Typer(no_args_is_help=True, help="Look at a recipe.")
recipe_app.command("check")(looking.recipe_check)
app.add_typer(recipe_app, name="recipe", rich_help_panel=CHECK)

sources_app = typer.Typer(no_args_is_help=True, help="Lock and look at the corpora of a recipe.")
sources_app.command("lock")(sources.lock)
sources_app.command("check")(sources.check)
sources_app.command("try")(sources.try_file)
app.add_typer(sources_app, name="sources", rich_help_panel=BUILD)

media_app = typer.Typer(no_args_is_help=True, help="Check media files; clear up a media store.")
media_app.command("check")(media.check)
media_app.command("gc")(media.gc)
app.add_typer(media_app, name="media", rich_help_panel=CHECK)

benchmark_app = typer.Typer(
    no_args_is_help=True, help="Fingerprints of benchmarks that the dataset must not contain."
)
benchmark_app.command("add")(benchmark.add)
benchmark_app.command("list")(benchmark.list_benchmarks)
benchmark_app.command("show")(benchmark.show)
app.add_typer(benchmark_app, name="benchmark", rich_help_panel=BUILD)

audit_app = typer.Typer(
    no_args_is_help=True, help="Audit the labels of a built dataset, by numbers and by people."
)
audit_app.command("run")(audit.run)
audit_app.command("sample")(review.sample)
audit_app.command("score")(review.score)
app.add_typer(audit_app, name="audit", rich_help_panel=CHECK)


def _let_flow(*apps: typer.Typer) -> None:
    """Help in paragraphs that fill a terminal: the line ends of docstrings are not its own."""
    for one in apps:
        for command in one.registered_commands:
            said = inspect.getdoc(command.callback) or ""
            command.help = "\n\n".join(" ".join(part.split()) for part in said.split("\n\n"))


_let_flow(app, recipe_app, sources_app, media_app, benchmark_app, audit_app)


def main() -> None:
    """Run the command line; errors that a person can mend are printed without a traceback."""
    quiet_libraries()
    try:
        app()
    except RecipeError as error:
        fail(error, 2)
    except Exception as error:
        from transforms.beamkit.errors import find_build_error
        from transforms.beamkit.os_errors import find_os_error

        message = find_build_error(error) or find_os_error(error)
        if message is None:
            raise
        fail(message, 3)


def run() -> NoReturn:
    """Run the command line as a process, and end it.

    The interpreter is not taken apart. A thread of Arrow's pool that lets go of a Python object
    meanwhile is ended by force inside C++, which aborts the process (exit code 134) after all work
    was done and written.
    """
    code: object = 0
    try:
        main()
    except SystemExit as end:
        code = end.code or 0
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # whoever read it is gone
            stream.flush()
    os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    run()
