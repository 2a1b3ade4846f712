"""What a person sees in the terminal: tables of subsets, plans, funnels, dead letters, pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from rich import box
from rich.console import Console, Group
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from pipelines.fitted_table import FittedTable
from pipelines.recipe import Recipe
from pipelines.sizes import size_of
from schemas.licence import is_non_commercial
from transforms.beamkit import files

if TYPE_CHECKING:
    from pipelines.new_source import NewSource
    from pipelines.retry import RetryResult
    from pipelines.sample_corpora import Planted

_TEXT_LIMIT = 1_500
_MEDIA_SHOWN = 3


def table_of(
    title: str | None, *columns: str, right: Sequence[str] = (), less: Sequence[str] = ()
) -> Table:
    """A plain table in the house style; `right` names the columns of numbers.

    `less` names those that a narrow terminal may leave out, the least important first.
    """
    table = FittedTable(
        less=less,
        title=title,
        box=box.SIMPLE_HEAD,
        title_justify="left",
        title_style="bold",
        caption_justify="left",
        pad_edge=False,
        padding=(0, 1),
    )
    for column in columns:
        table.add_column(
            column,
            justify="right" if column in right else "left",
            no_wrap=column in right,
            overflow="fold",
        )
    return table


def subsets_table(recipe: Recipe, states: Mapping[str, str], rows: Mapping[str, int]) -> Table:
    """All subsets of a recipe: what they are, and whether they are built; if any is, how large."""
    built = ("built",) if rows else ()
    columns = ("subset", "task", "kind", "target", *built, "corpus", "licence", "state")
    table = table_of(None, *columns, right=("target", "built"), less=("kind", "corpus", "licence"))
    for name, subset in recipe.subsets.items():
        corpus = recipe.corpora[subset.corpus]
        number = (f"{rows[name]:,}" if name in rows else "–",) if rows else ()
        # Most licences that forbid commercial use say so in their name.
        forbids = " (NC)" if corpus.nc and not is_non_commercial(corpus.licence) else ""
        table.add_row(
            escape(name),
            subset.task,
            subset.kind,
            "all" if subset.target is None else f"{subset.target:,}",
            *number,
            escape(subset.corpus),
            escape(corpus.licence) + forbids,
            states[name].split(": ")[0],
        )
    return table


def left_out_table(left_out: Mapping[str, str]) -> Table:
    """Subsets that are not built, and why."""
    table = table_of("Left out", "subset", "why")
    for name, reason in left_out.items():
        table.add_row(escape(name), escape(reason))
    return table


def retried_view(result: RetryResult) -> Group:
    """What became of dead letters that were tried again, by subset and reason, and in all."""
    numbers = ("tried", "work now", "fail still", "new")
    table = table_of("Tried again", "subset", "stage", "reason", *numbers, right=numbers)
    lines: list[Any] = [table]
    for row in result.tried:
        fates = (row.tried, row.works, row.fails, row.new)
        table.add_row(
            escape(row.subset), row.stage, row.reason, *(f"{number:,}" for number in fates)
        )
    for name, (before, after) in result.rows.items():
        mine = [row for row in result.tried if row.subset == name]
        tried, works, fails = (
            sum(getattr(row, what) for row in mine) for what in ("tried", "works", "fails")
        )
        lines.append(
            Text(
                f"{name}: {tried:,} tried again, {works:,} work now, {fails:,} fail still; "
                f"{before:,} rows before, {after:,} now"
            )
        )
    lines += [Text(f"{name}: an interrupted attempt was completed") for name in result.resumed]
    return Group(*lines)


def dead_letters_view(letters: pl.DataFrame, examples: int) -> Group:
    """Counts by subset, stage and reason, with a few examples of each."""
    counts = table_of(None, "subset", "stage", "reason", "count", right=("count",))
    shown: list[Any] = [counts]
    groups = letters.group_by("subset", "stage", "reason", maintain_order=True)
    for key, group in groups:
        subset, stage, reason = (str(part) for part in key)
        counts.add_row(escape(subset), stage, reason, f"{group.height:,}")
        shown += [_letter(subset, reason, letter) for letter in group.head(examples).to_dicts()]
    return Group(*shown)


def _letter(subset: str, reason: str, letter: Mapping[str, Any]) -> Panel:
    lines = Group(
        Text(letter["message"]),
        *(
            Text(f"{title:8}{letter[name]}", style="dim")
            for title, name in (("met at", "where"), ("key", "key"), ("seen", "seen"))
        ),
    )
    return Panel(lines, title=escape(f"{subset}: {reason}"), title_align="left")


def pair_view(row: Mapping[str, Any]) -> Group:
    """One pair for reading: prompt, both responses side by side, preference, provenance."""
    parts: list[Any] = [
        Panel(Text(_cut(turn["content"])), title=escape(turn["role"]), title_align="left")
        for turn in row["prompt"] or ()
    ]
    if row["prompt_info"]:
        parts.append(Text("  " + "; ".join(_facts_of(row["prompt_info"]))))
    if row["criterion"]:
        parts.append(Panel(Text(row["criterion"]), title="criterion", border_style="magenta"))
    sides = Table.grid(expand=True)
    sides.add_column(ratio=1)
    sides.add_column(ratio=1)
    sides.add_row(*(_side(row, side) for side in "ab"))
    parts.append(sides)
    source = row["source"]
    labelled = f"label of the corpus by {row['annotator']}"
    if row["criterion"]:
        labelled += f", under the criterion: {row['criterion_origin']}"
    parts.append(
        Text(
            f"row {row['row_id']}  pair {row['pair_id']}\n{row['task']}  {row['subset']}  "
            f"{labelled}\nfrom {source['corpus']} ({source['licence']}), "
            f"key {source['key']}",
            style="dim",
        )
    )
    return Group(*parts)


def _side(row: Mapping[str, Any], side: str) -> Panel:
    preferred = row["preference"] == side
    lines: list[Any] = []
    if row[f"response_{side}_text"] is not None:
        lines.append(Text(_cut(row[f"response_{side}_text"])))
    lines += [Text(line) for line in _facts_of(row[f"response_{side}_info"] or ())]
    model = row[f"response_{side}_model"]
    mark = "tie" if row["preference"] == "tie" else "preferred" if preferred else ""
    title = " · ".join(part for part in (side.upper(), mark, model) if part)
    return Panel(Group(*lines), title=escape(title), border_style="green" if preferred else "dim")


def _facts_of(infos: Sequence[Mapping[str, Any]]) -> list[str]:
    """The facts of each medium; of many (frames of a clip) how many there are, and the first."""
    if len(infos) <= _MEDIA_SHOWN:
        return [_facts(info) for info in infos]
    return [
        f"{len(infos)} frames, {size_of(sum(i['bytes'] for i in infos))}; the first:",
        _facts(infos[0]),
    ]


def _facts(info: Mapping[str, Any]) -> str:
    size = f"{info['width']} x {info['height']}" if info["width"] else ""
    length = f"{info['duration_s']:.1f} s" if info["duration_s"] else ""
    told = (info["format"], size, length, size_of(info["bytes"]), info["digest"][:12])
    return " ".join(part for part in told if part)


def _cut(text: str) -> str:
    return (
        text if len(text) <= _TEXT_LIMIT else text[:_TEXT_LIMIT] + f"… ({len(text):,} characters)"
    )


def planted_table(folder: Path, planted: Mapping[str, Planted]) -> Table:
    """The sample corpora that were written: records, and what was planted among them."""
    columns = ("records", "good", "faults", "copies", "leaks")
    table = table_of(f"Sample corpora in {escape(str(folder))}", "corpus", *columns, right=columns)
    for name, entry in planted.items():
        table.add_row(
            name,
            f"{entry.records:,}",
            f"{entry.good:,}",
            f"{sum(entry.faults.values()):,}",
            f"{len(entry.copies):,}",
            f"{len(entry.leaks):,}",
        )
    return table


def new_source_view(begun: NewSource, top: Path) -> Group:
    """What was written for a new corpus into the checkout `top`, and what is left to its author."""
    name = begun.name
    adapter, test, *_ = begun.written
    return Group(
        Text(f"in     {top}", no_wrap=True, overflow="ignore"),
        *(Text(f"wrote  {path}") for path in (*begun.written, "transforms/sources/registry.py")),
        *(Text(f"kept   {path}") for path in begun.kept),
        Text(
            f"\nNext:\n"
            f"1. {adapter}: native columns, and which pairs a record gives.\n"
            f"2. {test}: a real record, and a reason for each bad one. It passes now; run it with\n"
            f"   python -m pytest {test}\n"
            f"3. beam_config.yaml: a block `{name}` under corpora, and a subset of it.\n"
            f"4. data_cards/corpora/{name}: what is known, and the name in CORPORA of\n"
            f"   tests/data_cards/test_data_cards.py, which then checks the card.\n"
            f"5. pipelines/sample_corpora/{name}.py (see hpdv2.py): small files in native layout;\n"
            f"   a class of AdapterCase then checks the corpus through the whole pipeline."
        ),
    )


def how_to_load(
    console: Console, output: str, subset: str, commands: Sequence[str] | None = None
) -> None:
    """Where the dataset is, two lines that load it, and what to do next.

    `commands` are those to be proposed, whole but for the program; without them those that look at
    a build and check it.
    """
    data = files.join(output, "data")
    pattern = files.join(files.escape(data), subset, "*.parquet")
    console.print(f"\nThe dataset is in [bold]{escape(data)}[/]. To load a subset in Python:\n")
    console.print("    from datasets import load_dataset", highlight=False)
    console.print(
        f'    pairs = load_dataset("parquet", data_files="{pattern}", split="train")\n',
        highlight=False,
        soft_wrap=True,
        markup=False,
    )
    if commands is None:
        here = ("view", "report", "audit run") if files.is_local(output) else ()
        commands = [f"{command} --output {output}" for command in (*here, "validate")]
        console.print("Next: look at it, check it.\n")
    else:
        console.print("Next: look at it.\n")
    for command in commands:
        line = f"    omnireward {command}"
        console.print(line, highlight=False, soft_wrap=True, markup=False)
    console.print()
