"""Commands that show a dataset in a browser: report, view."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.console import err, fail, out
from pipelines.commands.options import LocalOutputOption, QuietOption
from pipelines.commands.places import local_path


def report(
    output: LocalOutputOption = Path("dataset"),
    to: Annotated[
        Path | None,
        typer.Option(
            parser=local_path,
            metavar="FILE",
            help="The HTML file to write; default: quality/report.html, to be published.",
        ),
    ] = None,
    pairs: Annotated[int, typer.Option(min=0, max=50, help="Pairs shown of each subset.")] = 3,
    seed: Annotated[str, typer.Option(help="Another one shows other pairs.")] = "report",
    quiet: QuietOption = False,
) -> None:
    """Write one HTML file that shows what is in a dataset, what was taken out, and its checks."""
    from pipelines.gallery.report import report as made
    from pipelines.sizes import size_of

    with err.status("reading", spinner="dots") as status:
        text = made(output, pairs=pairs, seed=seed, told=status.update)
    to = to or output / "quality" / "report.html"
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text(text, encoding="utf-8", newline="\n")
    if not quiet:
        size = size_of(to.stat().st_size)
        told = f"wrote {to} ({size}): open it in any browser"
        out.print(told, highlight=False, soft_wrap=True, markup=False)


def view(
    output: LocalOutputOption = Path("dataset"),
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 0,
    browser: Annotated[bool, typer.Option(help="Open a browser.")] = True,
) -> None:
    """Browse all pairs of a dataset on this machine: pages, filters, search. Ctrl-C ends it."""
    from pipelines.gallery.reading import open_built
    from pipelines.gallery.viewer.facts_table import FactsTable
    from pipelines.gallery.viewer.finding import Finder
    from pipelines.gallery.viewer.rows import Rows
    from pipelines.gallery.viewer.server import ViewerServer
    from pipelines.gallery.viewer.site import Site
    from pipelines.gallery.viewer.words import WordIndex

    built = open_built(output)
    finder = Finder(built, FactsTable(built), WordIndex(built))
    site = Site(built, finder, Rows(built))
    try:
        server = ViewerServer(site, port)
    except OSError as error:
        fail(f"port {port} can't be used: {error.strerror}; take another one, or --port 0", 2)
    finder.start()
    site.warm_up()
    out.print(
        f"{built.rows:,} pairs of {output} at {server.url} (this machine only); Ctrl-C ends it",
        highlight=False,
        soft_wrap=True,
        markup=False,
    )
    if browser:
        import webbrowser

        webbrowser.open(server.url)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        out.print()
    finally:
        finder.words.stop()
        server.server_close()
