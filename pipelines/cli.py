"""The `omnireward` command: its commands by name, and what becomes of their errors.

Exit codes: 0 done; 1 a fault of the program; 2 wrong usage or recipe; 3 a wrong or missing input;
4 done, but something failed its checks; 130 interrupted (the same command goes on from there).
"""

from __future__ import annotations

import logging

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

# Beam takes seconds to import: each command imports what it needs, so that `--help` is immediate.

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Build multimodal preference datasets for reward models.",
)
app.command()(building.build)
app.command("retry-failed")(building.retry_failed)
app.command()(relabel.relabel)
app.command()(validate.validate)
app.command()(looking.subsets)
app.command()(looking.show)
app.command("dead-letters")(looking.dead_letters)
app.command()(card.card)
app.command()(diff.diff)
app.command()(exporting.export)
app.command()(doctor)
app.command("sample-corpora")(making.sample_corpora)
app.command("new-source")(making.new_source)

recipe_app = typer.Typer(no_args_is_help=True, help="Look at a recipe.")
recipe_app.command("check")(looking.recipe_check)
app.add_typer(recipe_app, name="recipe")

sources_app = typer.Typer(no_args_is_help=True, help="Lock and look at the corpora of a recipe.")
sources_app.command("lock")(sources.lock)
sources_app.command("check")(sources.check)
sources_app.command("try")(sources.try_file)
app.add_typer(sources_app, name="sources")

media_app = typer.Typer(no_args_is_help=True, help="Check media files; clear up a media store.")
media_app.command("check")(media.check)
media_app.command("gc")(media.gc)
app.add_typer(media_app, name="media")

benchmark_app = typer.Typer(
    no_args_is_help=True, help="Fingerprints of benchmarks that the dataset must not contain."
)
benchmark_app.command("add")(benchmark.add)
benchmark_app.command("list")(benchmark.list_benchmarks)
benchmark_app.command("show")(benchmark.show)
app.add_typer(benchmark_app, name="benchmark")
app.command("contamination")(contamination.contamination)
app.command()(publish)
app.command()(gallery.report)
app.command()(gallery.view)

audit_app = typer.Typer(no_args_is_help=True, help="Audit the labels of a built dataset.")
audit_app.command("run")(audit.run)
audit_app.command("sample")(review.sample)
audit_app.command("score")(review.score)
app.add_typer(audit_app, name="audit")


def main() -> None:
    """Run the command line; errors that a person can mend are printed without a traceback."""
    logging.getLogger().setLevel(logging.ERROR)
    logging.getLogger("apache_beam").setLevel(logging.CRITICAL)  # it logs what it raises
    try:
        app()
    except RecipeError as error:
        fail(error, 2)
    except Exception as error:
        from transforms.beamkit.errors import find_build_error

        message = find_build_error(error)
        if message is None:
            raise
        fail(message, 3)


if __name__ == "__main__":
    main()
