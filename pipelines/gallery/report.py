"""`omnireward report`: the whole of a dataset in one HTML file that needs nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import polars as pl

from pipelines.funnel import losses, subset_funnels
from pipelines.gallery import checks, side_tables
from pipelines.gallery.cards import Card, card_of
from pipelines.gallery.facts import facts_of
from pipelines.gallery.pages import page, page_policy, shipped_text
from pipelines.gallery.plots import PLOTS, Plot, cost
from pipelines.gallery.previews import Embedder, PreviewLimits
from pipelines.gallery.reading import Built, open_built, some_rows, votes_of
from pipelines.gallery.side_tables import LetterGroup
from pipelines.machine_places import places_of, told_without_places
from pipelines.published_record import build_digest
from pipelines.quality_of_build import BUILD_META
from pipelines.run_record import not_built
from schemas.licence import commercial_use

#: Bytes of a report at most, and what of them media may take: the rest is text and plots.
MOST_BYTES: Final = 20_000_000
_MEDIA_SHARE: Final = 0.7
_TEXT_LIMIT: Final = 1_200


@dataclass(frozen=True)
class SubsetSection:
    """A subset's pairs, and what stands above them."""

    name: str
    task: str
    kind: str
    corpus: str
    rows: int
    cards: tuple[Card, ...]


def report(
    output: Path,
    *,
    pairs: int = 3,
    seed: str = "report",
    most: int = MOST_BYTES,
    told: Callable[[str], None] = lambda _: None,
) -> str:
    """The report of a built dataset as one HTML page.

    Args:
        output: folder of the dataset.
        pairs: how many of each subset are shown.
        seed: another one shows other pairs.
        most: bytes of the page; pairs are left out from what would be larger.
        told: is called with the name of each step.

    Raises:
        BuildError: there is no dataset in `output`, or it is damaged.
    """
    built = open_built(output)
    told("measuring pairs")
    facts = facts_of(built.shards)
    told("drawing plots")
    plots = list(_plots(facts, output))
    sections = list(_sections(built, pairs, seed, most, told))
    told("writing")
    values = {**_head(built, facts), **_tables(output, built), "plots": plots}
    text = _page(values, sections)
    while len(text.encode()) > most and any(section.cards for section in sections):
        sections = [replace(one, cards=one.cards[: len(one.cards) // 2]) for one in sections]
        text = _page(values, sections)
    return text


def _page(values: dict[str, Any], sections: Sequence[SubsetSection]) -> str:
    style = shipped_text("gallery.css")
    return page(
        "report.html", policy=page_policy([style]), style=style, sections=sections, **values
    )


def _plots(facts: pl.DataFrame, output: Path) -> Iterator[Plot]:
    for draw in PLOTS:
        made = draw(facts) if facts.height else None
        if made is not None:
            yield made
    paid = side_tables.label_costs(output).group_by("subset", maintain_order=True)
    made = cost(paid.agg(pl.col("labels", "tokens", "usd").sum()))
    if made is not None:
        yield made


def _sections(
    built: Built, pairs: int, seed: str, most: int, told: Callable[[str], None]
) -> Iterator[SubsetSection]:
    subsets = built.subsets
    share = most * _MEDIA_SHARE / max(1, len(subsets))
    for name in subsets:
        told(f"previews of {name}")
        shards = built.of(name)
        rows = some_rows(shards, pairs, f"{seed}/{name}")
        media = Embedder(budget=share, limits=PreviewLimits())
        votes = votes_of(built, rows)
        cards = tuple(
            card_of(row, media, votes=said, limit=_TEXT_LIMIT)
            for row, said in zip(rows, votes, strict=True)
        )
        entry = built.record["subsets"][name]
        yield SubsetSection(
            name,
            str(entry.get("task", "")),
            str(entry.get("kind", "")),
            str(entry.get("corpus", "")),
            sum(shard.rows for shard in shards),
            cards,
        )


def _head(built: Built, facts: pl.DataFrame) -> dict[str, Any]:
    licences: Counter[str] = Counter()
    commercial: Counter[str] = Counter()
    if facts.height:
        counted = facts.group_by("licence").len().sort("len", "licence", descending=[True, False])
        licences.update({str(name or "unknown"): number for name, number in counted.iter_rows()})
        for licence, nc, number in facts.group_by("licence", "nc").len().iter_rows():
            commercial[commercial_use(licence, nc)] += number
    return {
        "name": str(built.record.get("name", built.output.name)),
        "code": str(built.record.get("code", "")),
        "recipe": str(built.record.get("recipe_sha256", "")),
        "build_meta": BUILD_META,
        "build": build_digest(built.record),
        "rows": built.rows,
        "subsets": len(built.subsets),
        "tasks": sorted(set(facts["task"].drop_nulls())) if facts.height else [],
        "instruction": int((facts["kind"] == "instruction").sum()) if facts.height else 0,
        "licences": licences.most_common(),
        "commercial": {use: commercial[use] for use in ("allowed", "forbidden", "unknown")},
        "bytes": sum(shard.path.stat().st_size for shard in built.shards),
    }


def _tables(output: Path, built: Built) -> dict[str, Any]:
    digest = build_digest(built.record)
    known = places_of(built.record.get("recipe"))
    letters, letters_left_out = side_tables.letter_groups(output)
    return {
        "funnels": subset_funnels(built.record),
        "losses": losses(built.record),
        # The page is published: it tells nothing of the machine that it was made on.
        "left_out": told_without_places(not_built(built.record), known),
        "gate": checks.gate_of(output, digest),
        "audits": checks.audits_of(output, digest),
        "review": checks.review_of(output, digest),
        "letters": [_without_places(group, known) for group in letters],
        "letters_left_out": letters_left_out,
        "matches": side_tables.matches(output),
        "duplicates": side_tables.duplicates(output),
        "costs": side_tables.label_costs(output).rows(named=True),
    }


def _without_places(group: LetterGroup, known: Sequence[str]) -> LetterGroup:
    """Dead letters that don't tell in which folder their records were met."""
    examples = (
        {**letter, "where": told_without_places(letter["where"], known)}
        for letter in group.examples
    )
    return replace(group, examples=tuple(examples))
