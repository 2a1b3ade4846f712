"""`omnireward audit`: whether the labels of a built dataset can be trusted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.console import err, out
from pipelines.commands.options import LocalOutputOption, RecipeOption, SubsetOption


def run(
    output: LocalOutputOption = Path("dataset"),
    recipe: RecipeOption = None,
    subset: SubsetOption = None,
    sample: Annotated[
        int | None,
        typer.Option(min=0, help="Rows a subset whose media are measured; 0 for none."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Show every finding.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Audit a built dataset: position, shortcuts, criteria, duplicates, judges, licences.

    Each audit gives a number with its interval, and a verdict by the recipe's bounds
    (quality.audits). Findings go to quality/audits.json beside the data; of some subsets only
    (--subset), or with another sample, they are only shown. Exit code 4 if an audit failed.
    """
    import json
    from dataclasses import replace

    from pipelines.audit_view import audits_view
    from pipelines.auditing import audits_file, run_audits, write_audits
    from pipelines.layout import Layout
    from pipelines.published_record import digest_of_build
    from pipelines.recipe import load_recipe
    from pipelines.resources import default_recipe

    settings = load_recipe(recipe or default_recipe()).quality.audits
    whole = not subset and sample in (None, settings.sample)
    if sample is not None:
        settings = replace(settings, sample=sample)
    build = digest_of_build(Layout.of(str(output)))
    with err.status("auditing") as status:
        found = run_audits(
            str(output), settings, subset or (), lambda what: status.update(f"auditing {what}")
        )
    if whole:
        write_audits(str(output), found, settings, build)
    told = [finding.as_json() for finding in found]
    if as_json:
        # Not through the console: it would wrap lines.
        typer.echo(json.dumps({"audits": told}, indent=1, ensure_ascii=False, allow_nan=False))
    else:
        out.print(audits_view(told, every=every), highlight=False)
        where = f"written to {audits_file(str(output))}" if whole else "of a part: not written"
        out.print(where, highlight=False, soft_wrap=True, markup=False)
    if any(finding.verdict == "fail" for finding in found):
        raise typer.Exit(4)
