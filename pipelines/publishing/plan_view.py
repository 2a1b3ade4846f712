"""A plan and its outcome for a person to read."""

from __future__ import annotations

from typing import Final

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from pipelines.publishing.plan import Plan
from pipelines.publishing.reading_back import Seen
from pipelines.sizes import size_of

_MOST_NAMED: Final = 20


def plan_view(plan: Plan, *, private: bool) -> Group:
    """What a publication will do: subsets, files, bytes, and which version that makes."""
    parts: list[RenderableType] = [_heading(plan, private)]
    parts += [Text(f"left out: {sentence}", "yellow") for sentence in plan.stale]
    if plan.left == "nothing":
        return Group(*parts)
    parts.append(_subsets(plan))
    parts.append(_files(plan))
    if plan.replaced:
        named = ", ".join(plan.replaced[:_MOST_NAMED])
        rest = len(plan.replaced) - _MOST_NAMED
        more = f" and {_number(rest, 'other')}" if rest > 0 else ""
        how = (
            f"changed on the Hub since {plan.before.tag}" if plan.before else "put there by others"
        )
        parts.append(Text(f"{how}, and replaced: {named}{more}", "yellow"))
    if plan.step is not None:
        parts.append(Text(f"a {plan.step.bump} version: {plan.step.reason}"))
    if plan.left == "tag":
        parts.append(
            Text("The commit of an interrupted publication holds all of it; its tag is missing.")
        )
    return Group(*parts)


def _heading(plan: Plan, private: bool) -> Text:
    repo, version = plan.remote.repo, plan.version.tag
    if plan.left == "nothing":
        return Text(f"{version} of {repo} is published already, with the same content.")
    if plan.remote.head is None:
        kind = "private" if private else "public"
        return Text(f"{version} of {repo}, a new {kind} repository")
    kind = "private" if plan.remote.private else "public"
    before = f"after {plan.before.tag}" if plan.before else "its first version"
    return Text(f"{version} of {repo} ({kind}), {before}")


def _subsets(plan: Plan) -> Table:
    """Rows of each subset, before and after; subsets that stay as they are share a line."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("subset", no_wrap=True)
    titles = ("rows", "added", "removed", "relabelled", "criteria", "media in", "media out")
    for title in titles:
        table.add_column(title, justify="right")
    for name, change in plan.changes.items():
        figures = (
            change.added, change.removed, change.relabelled, change.criteria, change.media,
            change.media_gone,
        )  # fmt: skip
        shown = (f"{number:,}" if number else "" for number in figures)
        gone = "" if name in plan.rows else " (left out)"
        table.add_row(escape(name) + gone, f"{plan.rows.get(name, 0):,}", *shown)
    same = [name for name in plan.rows if name not in plan.changes]
    if same:
        rows = sum(plan.rows[name] for name in same)
        label = "1 subset as it was" if len(same) == 1 else f"{len(same)} subsets as they were"
        table.add_row(label, f"{rows:,}", *[""] * 6, style="dim")
    return table


def _files(plan: Plan) -> Text:
    kept = sum(item.size for item in plan.keep)
    told = f"{_number(len(plan.add), 'file')} to add ({size_of(plan.bytes_to_send)})"
    if plan.keep:
        told += f", {len(plan.keep):,} as they are on the Hub ({size_of(kept)})"
    if plan.delete:
        told += f", {len(plan.delete):,} to delete"
    return Text(told)


def seen_view(repo: str, plan: Plan, seen: Seen, endpoint: str) -> Group:
    """What was read back, where it is, and how to load it."""
    rows = f", {seen.rows_counted:,} rows counted" if seen.rows_counted else ""
    config = next(iter(plan.rows), "default")
    return Group(
        Text(
            f"{plan.version.tag} of {repo} is published and was read back: "
            f"{_number(seen.files, 'file')}, {size_of(seen.size)}{rows}"
        ),
        Text(f"{endpoint}/datasets/{repo}/tree/{plan.version.tag}"),
        Text(f'load_dataset("{repo}", "{config}", revision="{plan.version.tag}")', style="dim"),
    )


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("" if count == 1 else "s")
