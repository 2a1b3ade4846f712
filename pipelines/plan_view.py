"""What `build --plan` prints: per subset what would run, per corpus what would move, and disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from pipelines.display import size_of, table_of
from pipelines.planning import SubsetPlan
from pipelines.traffic import Load, hours, of_corpus


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
    for plan in plans:
        load = loads.get(plan.name)
        if plan.published is not None:
            table.add_row(plan.name, "none: up to date", "0", "0 B", "0 B")
        elif load is None:
            table.add_row(plan.name, "trim, writing (pairs are prepared)", "0", "0 B", "–")
        else:
            stages = "scope, sampling" if plan.rank_scope is not None else "sampling"
            table.add_row(
                plan.name,
                f"sources, {stages}, media, trim, writing",
                f"{len(plan.work_units):,}",
                size_of(load.text + load.media),
                size_of(load.disk),
            )
    return table


def by_corpus(plans: Sequence[SubsetPlan], loads: Mapping[str, Load]) -> dict[str, Load]:
    """What each corpus on the Hub contributes, its subsets taken together."""
    grouped: dict[str, list[SubsetPlan]] = {}
    for plan in plans:
        if plan.name in loads:
            grouped.setdefault(plan.subset.corpus, []).append(plan)
    return {
        corpus: of_corpus(
            [loads[plan.name] for plan in members],
            sum(source.size for source in members[0].sources),
        )
        for corpus, members in grouped.items()
    }


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


def disk_peak(loads: Mapping[str, Load]) -> int:
    """The most bytes that the build adds to the disk, the cache of what is fetched included."""
    from transforms.beamkit.hub.cache import bound

    cached = sum(load.text + load.kept for load in loads.values() if load.on_hub)
    return sum(load.disk for load in loads.values()) + min(bound(), cached)
