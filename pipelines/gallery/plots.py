"""Plots of a dataset: each with a sentence that says what it shows, and its numbers as a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from pipelines.gallery.svg import COLOURS, as_svg
from pipelines.sizes import size_of

if TYPE_CHECKING:
    from markupsafe import Markup

#: Inches; a plot is as wide as a column of the page, and as high as its bars need.
_WIDTH: Final = 4.3
_ROW: Final = 0.22
_MOST_BARS: Final = 40


@dataclass(frozen=True)
class Plot:
    """A drawing, what it says in a sentence, and the numbers behind it."""

    title: str
    sentence: str
    svg: Markup
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class _Bars:
    """Horizontal bars of several series, one label a row; `stacked` or one over the other."""

    name: str
    labels: Sequence[str]
    series: Sequence[tuple[str, str, Sequence[float]]]
    unit: str = ""
    log: bool = False
    stacked: bool = True
    limit: float | None = None
    line: float | None = None
    format: Callable[[float], str] = "{:,.0f}".format


def _draw(bars: _Bars, title: str) -> Markup:
    from matplotlib.figure import Figure

    number = len(bars.labels)
    each = 1 if bars.stacked else len(bars.series)
    height = 0.75 + _ROW * number * (1 if bars.stacked else 1.35)
    figure = Figure(figsize=(_WIDTH, height), layout="constrained")
    axes = figure.add_subplot()
    left = [0.0] * number
    thick = 0.72 / each
    for place, (label, colour, values) in enumerate(bars.series):
        shift = 0.0 if bars.stacked else (place - (each - 1) / 2) * thick
        axes.barh(
            [row + shift for row in range(number)], values, height=thick,
            left=left if bars.stacked else None, color=COLOURS[colour], label=label,
        )  # fmt: skip
        if bars.stacked:
            left = [low + value for low, value in zip(left, values, strict=True)]
    axes.set_yticks(range(number), [_short(label) for label in bars.labels], fontsize=8)
    axes.invert_yaxis()
    axes.set_ylim(number - 0.4, -0.6)
    _tidy(axes, bars)
    if len(bars.series) > 1:
        figure.legend(
            loc="outside upper left", ncols=len(bars.series), frameon=False, fontsize=8,
            handlelength=0.9, handleheight=0.9, columnspacing=1.2,
        )  # fmt: skip
    return as_svg(figure, f"plot-{bars.name}", title)


def _tidy(axes: Any, bars: _Bars) -> None:
    from matplotlib.ticker import FuncFormatter

    if bars.log:
        axes.set_xscale("log")
    if bars.limit is not None:
        axes.set_xlim(0, bars.limit)
    if bars.line is not None:
        axes.axvline(bars.line, color=COLOURS["ink"], linewidth=0.8, linestyle=(0, (3, 3)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: bars.format(value)))
    axes.tick_params(length=0, labelsize=8)
    axes.grid(axis="x", color=COLOURS["soft"], linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)
    if bars.unit:
        axes.set_xlabel(bars.unit, fontsize=8)


def _short(label: str) -> str:
    return label if len(label) <= 26 else label[:25] + "…"


def _by_subset(facts: pl.DataFrame, *what: pl.Expr) -> pl.DataFrame:
    grouped = facts.group_by("subset", maintain_order=True).agg(*what)
    return grouped.head(_MOST_BARS)


def balance(facts: pl.DataFrame) -> Plot | None:
    """Shares of A, B and ties per subset: the position should say nothing."""
    shares = _by_subset(
        facts,
        *((pl.col("preference") == side).mean().alias(side) for side in ("a", "tie", "b")),
        pl.len().alias("pairs"),
    )
    if shares.is_empty():
        return None
    table = shares.rows(named=True)
    overall = (facts["preference"] == "a").sum() / len(facts)
    sentence = f"A is preferred in {overall:.1%} of all pairs; position should carry no label."
    bars = _Bars(
        "balance",
        [row["subset"] for row in table],
        [
            ("A preferred", "accent", [row["a"] for row in table]),
            ("tie", "soft", [row["tie"] for row in table]),
            ("B preferred", "sand", [row["b"] for row in table]),
        ],
        limit=1.0,
        line=0.5,
        format="{:.0%}".format,
    )
    rows = tuple(
        (
            row["subset"],
            f"{row['pairs']:,}",
            f"{row['a']:.1%}",
            f"{row['tie']:.1%}",
            f"{row['b']:.1%}",
        )
        for row in table
    )
    title = "Preference by position"
    return Plot(title, sentence, _draw(bars, title), ("Subset", "Pairs", "A", "Tie", "B"), rows)


def _preferred(name: str) -> tuple[pl.Expr, pl.Expr]:
    a, b = pl.col(f"{name}_a"), pl.col(f"{name}_b")
    first = pl.col("preference") == "a"
    return (
        pl.when(first).then(a).otherwise(b).median().alias("preferred"),
        pl.when(first).then(b).otherwise(a).median().alias("other"),
    )


def _medians(
    facts: pl.DataFrame, name: str, title: str, noun: str, told: Callable[[float], str], slug: str
) -> Plot | None:
    """Medians of one measure for preferred and other responses, per subset."""
    known = facts.filter(
        pl.col(f"{name}_a").is_not_null()
        & pl.col(f"{name}_b").is_not_null()
        & (pl.col("preference") != "tie")
    )
    if known.is_empty():
        return None
    table = _by_subset(known, *_preferred(name), pl.len().alias("pairs")).rows(named=True)
    longer = sum(row["preferred"] > row["other"] for row in table)
    sentence = (
        f"Median {noun} of the preferred response and of the other one: the preferred one's is "
        f"greater in {longer} of {len(table)} subsets."
    )
    bars = _Bars(
        slug,
        [row["subset"] for row in table],
        [
            ("preferred", "accent", [row["preferred"] for row in table]),
            ("other", "sand", [row["other"] for row in table]),
        ],
        stacked=False,
        unit=noun,
        format=told,
    )
    rows = tuple(
        (row["subset"], f"{row['pairs']:,}", told(row["preferred"]), told(row["other"]))
        for row in table
    )
    return Plot(
        title, sentence, _draw(bars, title), ("Subset", "Pairs", "Preferred", "Other"), rows
    )


def lengths(facts: pl.DataFrame) -> Plot | None:
    """Characters of text responses."""
    return _medians(
        facts, "chars", "Length of text responses", "characters", "{:,.0f}".format, "length"
    )


def durations(facts: pl.DataFrame) -> Plot | None:
    """Seconds of clips and sounds."""
    return _medians(
        facts, "seconds", "Duration of clips and sounds", "seconds", "{:,.1f}".format, "duration"
    )


def sizes(facts: pl.DataFrame) -> Plot | None:
    """Bytes of response media."""
    return _medians(facts, "bytes", "Size of response media", "bytes", size_of, "size")


def rows_written(facts: pl.DataFrame) -> Plot | None:
    """Pairs of each subset."""
    table = _by_subset(facts, pl.len().alias("pairs")).rows(named=True)
    if not table:
        return None
    sentence = f"{len(facts):,} pairs in {len(table)} subsets."
    bars = _Bars(
        "rows",
        [row["subset"] for row in table],
        [("pairs", "accent", [row["pairs"] for row in table])],
    )
    rows = tuple((row["subset"], f"{row['pairs']:,}") for row in table)
    return Plot("Pairs", sentence, _draw(bars, "Pairs of each subset"), ("Subset", "Pairs"), rows)


def agreement(facts: pl.DataFrame) -> Plot | None:
    """How far votes agree, over all rows that have votes; a measurement is no vote."""
    voted = pl.col("criterion_origin").ne_missing("measured")
    known = facts.filter(voted & pl.col("agreement").is_not_null())
    if known.is_empty():
        return None
    edges = [0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    labels = [
        "below 50%",
        "50 to 60%",
        "60 to 70%",
        "70 to 80%",
        "80 to 90%",
        "90 to <100%",
        "100%",
    ]
    value = known["agreement"]
    bounds = [float("-inf"), *edges, float("inf")]
    counts = [int(((value >= low) & (value < high)).sum()) for low, high in pairwise(bounds)]
    mean = value.cast(pl.Float64).sum() / len(value)
    sentence = (
        f"{len(known):,} pairs have votes; "
        f"the mean share for the published preference is {mean:.1%}."
    )
    bars = _Bars("agreement", labels, [("pairs", "violet", counts)])
    title = "Agreement of votes"
    rows = tuple((label, f"{count:,}") for label, count in zip(labels, counts, strict=True))
    return Plot(title, sentence, _draw(bars, title), ("Agreement", "Pairs"), rows)


def criteria(facts: pl.DataFrame) -> Plot | None:
    """Rows with a criterion: kept and flipped labels, and how many criteria are distinct.

    Where either preference is a tie, the criterion neither keeps nor reverses it.
    """
    known = facts.filter(pl.col("criterion").is_not_null())
    if known.is_empty():
        return None
    sides = ("a", "b")
    sided = pl.col("preference").is_in(sides) & pl.col("source_preference").is_in(sides)
    flipped_row = sided & pl.col("flipped").fill_null(False)
    table = _by_subset(
        known,
        pl.len().alias("pairs"),
        flipped_row.sum().alias("flipped"),
        (sided & ~flipped_row).sum().alias("kept"),
        pl.col("criterion").n_unique().alias("distinct"),
    ).rows(named=True)
    flipped, decided = (known.select(one.sum()).item() for one in (flipped_row, sided))
    reverses = (
        f"; it reverses the preference of the source in {flipped:,} of the {decided:,} pairs "
        f"without a tie ({flipped / decided:.1%})"
        if decided
        else ""
    )
    sentence = (
        f"{len(known):,} pairs carry a criterion; {known['criterion'].n_unique():,} criteria are "
        f"distinct{reverses}."
    )
    bars = _Bars(
        "criteria",
        [row["subset"] for row in table],
        [
            ("keeps the preference", "accent", [row["kept"] for row in table]),
            ("reverses it", "violet", [row["flipped"] for row in table]),
            ("a tie", "soft", [row["pairs"] - row["kept"] - row["flipped"] for row in table]),
        ],
    )
    rows = tuple(
        (row["subset"], f"{row['pairs']:,}", f"{row['flipped']:,}", f"{row['distinct']:,}")
        for row in table
    )
    head = ("Subset", "Pairs", "Reversed", "Distinct criteria")
    return Plot("Criteria", sentence, _draw(bars, "Criteria"), head, rows)


def cost(costs: pl.DataFrame) -> Plot | None:
    """What labels cost, per subset: columns subset, labels, tokens, usd."""
    paid = costs.filter(pl.col("usd") > 0)
    if paid.is_empty():
        return None
    table = paid.head(_MOST_BARS).rows(named=True)
    sentence = f"Labels of models cost ${paid['usd'].sum():,.2f} in all."
    bars = _Bars(
        "cost",
        [row["subset"] for row in table],
        [("dollars", "blue", [row["usd"] for row in table])],
        format="${:,.2f}".format,
    )
    rows = tuple(
        (row["subset"], f"{row['labels']:,}", f"{row['tokens']:,}", f"${row['usd']:,.2f}")
        for row in table
    )
    head = ("Subset", "Labels", "Tokens", "Dollars")
    return Plot("Cost of labels", sentence, _draw(bars, "Cost of labels"), head, rows)


#: Plots over the facts of all pairs, in the order of the page.
PLOTS: Final = (rows_written, balance, lengths, durations, sizes, agreement, criteria)
