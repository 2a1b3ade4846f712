"""`omnireward publish`: a version of a built dataset on the Hub."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.commands.console import err, fail, interrupted, out, plain
from pipelines.commands.options import LocalOutputOption, RecipeOption

if TYPE_CHECKING:
    from pipelines.publishing.plan import Build, Plan
    from pipelines.publishing.publish import Watch
    from pipelines.publishing.settings import PublicationSettings
    from pipelines.publishing.versions import Version
    from pipelines.recipe import Recipe


def publish(
    version: Annotated[
        str, typer.Option("--version", help="The version, as 1.1.0.", show_default=False)
    ],
    repo: Annotated[
        str | None,
        typer.Option("--repo", help="ORG/NAME on the Hub; default: the recipe's publication.repo."),
    ] = None,
    output: LocalOutputOption = Path("dataset"),
    recipe: RecipeOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the plan, change nothing.")
    ] = False,
    private: Annotated[
        bool, typer.Option("--private", help="Make the repository private if there is none yet.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask before it begins.")] = False,
) -> None:
    """Publish a version of a checked dataset on the Hub: what has changed, in one commit, tagged.

    Interrupted, it goes on where it was when the same command is run again. The token comes from
    `hf auth login` or HF_TOKEN.
    """
    from pipelines.publishing.gate_check import GateError
    from pipelines.publishing.rules import VersionError

    chosen, settings, held_to = _chosen(version, repo, recipe)
    try:
        _publish(
            settings, chosen, output, held_to,
            dry_run=dry_run, private=private or settings.private, yes=yes,
        )  # fmt: skip
    except VersionError as error:
        fail(error, 2)
    except GateError as error:
        fail(error, 4)
    except KeyboardInterrupt:
        interrupted()


def _chosen(
    version: str, repo: str | None, recipe: Path | None
) -> tuple[Version, PublicationSettings, Recipe | None]:
    """The version, where to publish, and the recipe that was named, to hold the build against."""
    from dataclasses import replace

    from pipelines.publishing.versions import Version
    from pipelines.recipe import load_recipe
    from pipelines.resources import default_recipe

    loaded = load_recipe(recipe or default_recipe())
    try:
        chosen = Version.parse(version)
        settings = replace(loaded.publication, repo=repo or loaded.publication.repo)
    except ValueError as error:
        fail(error, 2)
    if settings.repo is None:
        fail("no repository is named: --repo ORG/NAME, or publication.repo in the recipe", 2)
    return chosen, settings, loaded if recipe else None


def _publish(
    settings: PublicationSettings,
    version: Version,
    output: Path,
    recipe: Recipe | None,
    *,
    dry_run: bool,
    private: bool,
    yes: bool,
) -> None:
    from pipelines.publishing.access import access_to
    from pipelines.publishing.plan_view import plan_view, seen_view
    from pipelines.publishing.publish import carry_out
    from transforms.beamkit.errors import BuildError
    from transforms.beamkit.hub import session

    assert settings.repo is not None
    access = access_to(settings.repo)
    if access.refusal is not None and not dry_run:
        raise BuildError(access.refusal)
    build = _checked_build(output, recipe)
    plan = _planned(build, settings.repo, version, private=private)
    out.print(plan_view(plan, private=private), soft_wrap=True)
    if dry_run:
        out.print("Nothing was changed (--dry-run).")
        if access.refusal is not None:
            err.print(
                f"[yellow]it can't be published yet:[/] {plain(access.refusal)}", soft_wrap=True
            )
        return
    if plan.left != "nothing" and not yes:
        if not sys.stdin.isatty():
            fail("nothing was changed: begin with --yes, or look only with --dry-run", 2)
        typer.confirm("Publish?", abort=True)
    seen = carry_out(plan, private=private, watch=_watch())
    out.print(seen_view(settings.repo, plan, seen, session.endpoint()), soft_wrap=True)


def _checked_build(output: Path, recipe: Recipe | None) -> Build:
    """The dataset of an output folder, which must be built, at rest, and have passed its gate."""
    from pipelines.build_marker import running
    from pipelines.layout import Layout
    from pipelines.publishing.gate_check import refuse_samples, refuse_unless_passed
    from pipelines.publishing.plan import Build
    from pipelines.run_record import read_record
    from transforms.beamkit.errors import BuildError

    layout = Layout.of(str(output))
    record = read_record(layout)
    if record is None or not record.get("subsets"):
        raise BuildError(
            f"{output}: no dataset here; build it with: omnireward build --output {output}"
        )
    busy = running(layout)
    if busy is not None:
        raise BuildError(f"{output}: a build is running there ({busy}); publish when it has ended")
    refuse_samples(output, record, recipe)
    refuse_unless_passed(output, record["subsets"])
    return Build(output, record, recipe)


def _planned(build: Build, repo: str, version: Version, *, private: bool) -> Plan:
    from pipelines.cards import render_card
    from pipelines.publishing.plan import make_plan
    from pipelines.publishing.remote import look
    from transforms.beamkit.errors import BuildError

    with err.status("looking at the Hub") as status:
        remote = look(repo)
        if private and remote.head is not None and not remote.private:
            raise BuildError(
                f"{repo} is public, and is to be private: nothing is published there. Make it "
                "private in its settings on the Hub, or leave --private out"
            )
        return make_plan(build, remote, version, render_card, status.update)


def _watch() -> Watch:
    """Bars on a terminal, lines elsewhere."""
    from pipelines.publishing.publish import Watch

    return Watch(
        say=lambda step: err.print(step, highlight=False, soft_wrap=True),
        sending=_bar if err.is_terminal else _line,
        bars=err.is_terminal,
    )


@contextmanager
def _bar(total: int) -> Iterator[Callable[[int], None]]:
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("uploading"), BarColumn(24), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task("uploading", total=total)
        with _line(total) as tell:

            def told(sent: int) -> None:
                progress.update(task, completed=sent)
                tell(sent)

            yield told


@contextmanager
def _line(total: int) -> Iterator[Callable[[int], None]]:
    """One line at the end: what was sent to storage, and how fast."""
    from pipelines.sizes import size_of

    started, last = time.monotonic(), 0

    def told(sent: int) -> None:
        nonlocal last
        last = sent

    yield told
    rate = last / max(time.monotonic() - started, 1e-3)
    rest = f"; {size_of(total - last)} are there already, or go with the commit"
    err.print(
        f"sent {size_of(last)} at {size_of(rate)}/s{rest if last < total else ''}",
        highlight=False,
        soft_wrap=True,
    )
