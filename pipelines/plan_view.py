"""What `build --plan` prints: per subset what would run, per corpus what would move, and disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from pipelines.display import table_of
from pipelines.planning import SubsetPlan
from pipelines.sizes import size_of
from pipelines.traffic import Load, by_corpus, disk_peak, hours


def plan_view(
    plans: Sequence[SubsetPlan], loads: Mapping[str, Load], free: int | None, megabits: float
) -> Group:
    """The plan of a build; nothing has been moved yet.

    `loads` are those of subsets that are to be read; `free` the bytes free at the output, if known.
    """
    parts: list[Table | Text] = [_subsets(plans, loads)]
    remote = [plan for plan in plans if plan.name in loads and loads[plan.name].on_hub]
    if remote:
        parts.append(_corpora(remote, loads))
    parts.append(Text(_summary(plans, loads, free, megabits), style="bold" if remote else ""))
    return Group(*parts)


def _subsets(plans: Sequence[SubsetPlan], loads: Mapping[str, Load]) -> Table:
    columns = ("units", "reads", "disk, about")
    table = table_of("Plan", "subset", "stages to run", *columns, right=columns)
    building: list[str] = []
    for plan in plans:  # in the recipe's order
        load = loads.get(plan.name)
        if plan.published is not None:
            table.add_row(plan.name, _up_to_date(building), "0", "0 B", "0 B")
            continue
        building.append(plan.name)
        if load is None:
            table.add_row(plan.name, f"{_stages(plan)} (pairs are prepared)", "0", "0 B", "–")
        else:
            table.add_row(
                plan.name,
                _stages(plan),
                f"{len(plan.work_units):,}",
                size_of(load.text + load.media),
                size_of(load.disk),
            )
    return table


def _up_to_date(building: Sequence[str]) -> str:
    """What to say of a finished subset: its rows are held against those of subsets before it.

    `building` are those of them that are to be built.
    """
    if not building:
        return "none: up to date"
    others = " or others change" if len(building) > 1 else " changes"
    return f"none: up to date, unless {building[0]}{others}"


def _stages(plan: SubsetPlan) -> str:
    """The stages that are left to run, in the order of the graph."""
    prepare = ("sources", *(["scope"] if plan.rank_scope is not None else []), "sampling", "media")
    units = (
        (plan.prepared, prepare),
        (plan.selected, ("dedup",)),
        *([(plan.relabelled, ("relabel",))] if plan.origin is not None else []),
        (plan.checked, ("quality",)),
        (None, ("trim", "writing")),
    )
    return ", ".join(stage for done, stages in units if done is None for stage in stages)


def _corpora(plans: Sequence[SubsetPlan], loads: Mapping[str, Load]) -> Table:
    numbers = ("files", "all of it", "in cache", "to fetch")
    table = table_of("From the Hub", "corpus", "repository", "commit", *numbers, right=numbers)
    first = {plan.subset.corpus: plan for plan in reversed(plans)}
    for corpus, load in by_corpus(plans, loads).items():
        plan = first[corpus]
        table.add_row(
            corpus,
            plan.corpus.repo,
            plan.revision[:8],
            f"{len(plan.sources):,}",
            size_of(sum(source.size for source in plan.sources)),
            size_of(load.cached),
            ("at most " if load.at_most else "") + size_of(load.fetched),
        )
    return table


def _summary(
    plans: Sequence[SubsetPlan], loads: Mapping[str, Load], free: int | None, megabits: float
) -> str:
    fetched = sum(load.fetched for load in by_corpus(plans, loads).values())
    disk = disk_peak(loads)
    have = "" if free is None else f", {size_of(free)} are free"
    if not fetched:
        return f"Nothing has to be fetched. Disk: about {size_of(disk)}{have}."
    took = hours(fetched, megabits)
    time = f"{took:.1f} hours" if took >= 1 else f"{max(1, round(took * 60))} min"
    return (
        f"To fetch: about {size_of(fetched)}, {time} at {megabits:g} Mbit/s "
        f"(--bandwidth). Disk: about {size_of(disk)}{have}."
    )
