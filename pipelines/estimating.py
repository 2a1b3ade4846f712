"""`omnireward relabel --estimate`: what the criteria of subsets would cost, before any call."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from rich.table import Table

from pipelines.build_marker import building
from pipelines.display import table_of
from pipelines.model_checks import asked_models, check_models
from pipelines.opening import Corpora
from pipelines.planning import SubsetPlan, plan_subsets
from pipelines.reachable import check_reachable
from pipelines.run import RunRequest, Watch, select
from pipelines.runners import checked_options
from transforms.beamkit.errors import BuildError
from transforms.relabel.protocol.estimate import Estimate, estimate
from transforms.relabel.protocol.origin import LlmOrigin
from transforms.writing.prepared import PAIRS_ROLE, read_part
from transforms.writing.roster import read_roster

#: Pairs whose prompts are rendered.
_SAMPLE = 50


def estimates(request: RunRequest, watch: Watch) -> dict[str, list[Estimate]]:
    """Estimates by subset, for those whose criteria come from models.

    Pairs are read, sampled, prepared and selected as a build does it, which costs nothing and is
    kept for the build.

    Raises:
        BuildError: no such subset, an input is wrong, or a build runs there.
        RecipeError: a model has no block in the recipe.
    """
    recipe, names = request.recipe, asking(request)
    lacking = [name for name in asked_models(recipe.relabel) if name not in recipe.relabel.models]
    if lacking:
        check_models(recipe, names, request.file, os.environ)
    check_reachable(recipe, names, request.runner, request.layout)
    checked_options(request.runner, request.workers, request.beam_flags)
    corpora = Corpora(request.base, request.layout)
    found = {}
    for plan in plan_subsets(recipe, names, corpora, request.layout):
        with watch(plan), building(request.layout):
            select(plan, request)
        found[plan.name] = _estimate(plan)
    return found


def asking(request: RunRequest) -> list[str]:
    """The subsets whose criteria come from models.

    Raises:
        BuildError: none do.
    """
    recipe = request.recipe
    names = [name for name in recipe.subsets if recipe.criteria_of(name) == "llm"]
    names = [name for name in names if not request.names or name in request.names]
    if not names:
        raise BuildError(
            "no subset gets its criteria from models; set relabel.origin: llm, or criteria: llm "
            "for a subset"
        )
    return names


def _estimate(plan: SubsetPlan) -> list[Estimate]:
    prepared, selected, origin = plan.prepared, plan.selected, plan.origin
    assert prepared is not None
    assert selected is not None
    assert isinstance(origin, LlmOrigin)
    roster = read_roster(selected)
    rows: list[dict[str, object]] = []
    for part in prepared.of_role(PAIRS_ROLE):
        rows += read_part(part).slice(0, _SAMPLE - len(rows)).to_pylist()
        if len(rows) >= _SAMPLE:
            break
    wanted = plan.subset.target or roster.num_rows
    return estimate(
        rows, wanted, roster.num_rows, plan.subset.task, plan.recipe.relabel, origin.shown
    )


def estimate_view(found: Mapping[str, Sequence[Estimate]]) -> Table:
    """One line a model, and the sum of dollars."""
    numbers = ("calls", "tokens", "dollars", "hours")
    columns = ("subset", "model", "role", *numbers)
    table = table_of("Estimate, low to high", *columns, right=numbers)
    total = [0.0, 0.0]
    for subset, models in found.items():
        for one in models:
            table.add_row(
                subset,
                one.model,
                one.role,
                f"{one.calls[0]:,}\n{one.calls[1]:,}",
                f"{_short(one.tokens[0])}\n{_short(one.tokens[1])}",
                "no prices" if one.dollars is None else _range(one.dollars),
                "no limits" if one.hours is None else _range(one.hours),
            )
            for at, dollars in enumerate(one.dollars or (0.0, 0.0)):
                total[at] += dollars
    table.add_section()
    table.add_row("all", "", "", "", "", _range((total[0], total[1])), "")
    return table


def _range(values: tuple[float, float]) -> str:
    return f"{values[0]:,.2f}\n{values[1]:,.2f}"


def _short(number: int) -> str:
    return f"{number / 1e6:,.1f}M" if number >= 1_000_000 else f"{number / 1e3:,.0f}k"
