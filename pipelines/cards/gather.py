"""Gathering the facts of a card from the output folder of a build."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.cards.corpus_cards import data_card
from pipelines.cards.facts import Benchmark, CardFacts, CorpusFacts, SubsetFacts
from pipelines.cards.licences import Part, combined, licence_id
from pipelines.cards.places import check_config, check_repo, check_version
from pipelines.cards.quality_files import audit_facts, gate_facts, review_facts
from pipelines.cards.shards import first_row, row_counts, splits_of
from pipelines.cards.side_tables import contamination_of, duplicates_of, label_facts
from pipelines.clip_files import clip_bytes
from pipelines.layout import Layout
from pipelines.machine_places import places_of, text_without_places
from pipelines.quality_of_build import REPORT, is_current
from pipelines.recipe import Recipe
from pipelines.run_record import not_built, read_record
from pipelines.samples import cut_to
from pipelines.shortfall import shortfall
from schemas.pair import SCHEMA_VERSION
from transforms.beamkit.errors import BuildError


@dataclass(frozen=True)
class Request:
    """Which dataset, and as what it is to be published.

    `recipe`, if given, is held against that of the build. `report` says whether report.html is
    published; None looks for one of this build in ``quality/``. `data_cards` is a folder in place
    of the shipped one.
    """

    layout: Layout
    repo: str
    version: str
    released: str | None = None
    recipe: Recipe | None = None
    report: bool | None = None
    data_cards: Path | None = None


def gather(request: Request) -> CardFacts:
    """The facts of a built dataset.

    Raises:
        BuildError: there is no built dataset, or its files are not those of its run record; or
            repository, version or the name of a subset can't be published.
    """
    layout = request.layout
    record = read_record(layout)
    if record is None or not record.get("subsets"):
        raise BuildError(
            f"{layout.output}: no dataset here; build it with: omnireward build --output "
            f"{layout.output}"
        )
    recipe = record["recipe"]
    known = places_of(recipe)
    names = [name for name in recipe["subsets"] if name in record["subsets"]]
    names += [name for name in record["subsets"] if name not in recipe["subsets"]]
    subsets = [_subset(request, check_config(name), record) for name in names]
    corpora = {
        name: _corpus(request, name, recipe["corpora"].get(name, {}), subsets)
        for name in sorted({subset.corpus for subset in subsets})
    }
    _check_licences(request, corpora)
    return CardFacts(
        name=record["name"],
        repo=check_repo(request.repo),
        version=check_version(request.version),
        released=request.released,
        schema_version=SCHEMA_VERSION,
        code=record["code"],
        recipe_sha256=record["recipe_sha256"],
        lock_sha256=record["lock_sha256"],
        runner=record["runner"],
        machine=record["machine"],
        libraries=record["libraries"],
        settings={key: value for key, value in recipe.items() if key not in ("corpora", "subsets")},
        subsets=subsets,
        corpora=corpora,
        left_out={
            name: text_without_places(reason, known) for name, reason in not_built(record).items()
        },
        licence=combined(_parts(subsets, corpora)),
        benchmarks=_benchmarks(record),
        gate=gate_facts(layout),
        audits=audit_facts(layout),
        review=review_facts(layout),
        has_report=is_current(layout, record, REPORT) if request.report is None else request.report,
        changelog=(),
    )


def _subset(request: Request, name: str, record: Mapping[str, Any]) -> SubsetFacts:
    layout, entry = request.layout, record["subsets"][name]
    asked = record["recipe"]["subsets"].get(name, {})
    card = data_card("subsets", name, request.data_cards)
    origin = None
    if entry["kind"] == "instruction":
        origin = asked.get("criteria") or record["recipe"]["relabel"]["origin"]
    return SubsetFacts(
        name=name,
        task=entry["task"],
        kind=entry["kind"],
        corpus=entry["corpus"],
        revision=entry["revision"],
        target=entry["target"],
        min_count=entry["min_count"],
        splits=splits_of(layout, name, entry["shards"]),
        counts=entry["counts"],
        rows_by=row_counts(layout, name, entry["shards"]),
        origin=origin,
        example=first_row(layout, name, entry["shards"]),
        clip_bytes=clip_bytes(layout, name, entry),
        short=shortfall(name, record),
        limit=cut_to(entry, request.recipe, name),
        title=card.text("title") if card else None,
        prose=card.prose if card else None,
        card_rows=card.number("rows") if card else None,
        preference_from=card.text("preference_from") if card else None,
        built_here=card.text("built_here") if card else None,
        labels=label_facts(layout, name, entry["task"]),
        duplicates=duplicates_of(layout, name),
        contamination=contamination_of(layout, name),
        inputs={file: (one["bytes"], one["digest"]) for file, one in entry["inputs"].items()},
    )


def _corpus(
    request: Request, name: str, asked: Mapping[str, Any], subsets: Sequence[SubsetFacts]
) -> CorpusFacts:
    card = data_card("corpora", name, request.data_cards)
    revision = next(subset.revision for subset in subsets if subset.corpus == name)
    repo = str(asked.get("repo") or "")
    # What the recipe says governs the rows; the card of another repository is not this corpus's.
    mine = card if card and card.text("repo") == repo else None
    return CorpusFacts(
        name=name,
        title=(mine.text("title") if mine else None) or name,
        repo=repo,
        licence=licence_id(asked.get("licence")),
        nc=bool(asked.get("nc")),
        revision=revision,
        licence_note=mine.text("licence_note") if mine else None,
        homepage=mine.text("homepage") if mine else None,
        languages=mine.texts("languages") if mine else (),
        unknown=mine.texts("unknown") if mine else (),
        citation=mine.citation if mine else None,
        has_card=mine is not None,
    )


def _parts(subsets: Sequence[SubsetFacts], corpora: Mapping[str, CorpusFacts]) -> Iterator[Part]:
    """The licences of all subsets: what the recipe says of their corpora, and what rows carry."""
    for subset in subsets:
        corpus = corpora[subset.corpus]
        yield Part(corpus.licence, corpus.nc)
        for licence in subset.rows_by.licence:
            yield Part(licence_id(licence), subset.rows_by.nc > 0)


def _check_licences(request: Request, corpora: Mapping[str, CorpusFacts]) -> None:
    """Hold the licences of a recipe against those of the build.

    Raises:
        BuildError: one differs.
    """
    asked = request.recipe.corpora if request.recipe else {}
    for name, corpus in corpora.items():
        if name not in asked:
            continue
        if (licence_id(asked[name].licence), asked[name].nc) != (corpus.licence, corpus.nc):
            raise BuildError(
                f"the recipe gives corpus {name!r} the licence {asked[name].licence!r} "
                f"(nc: {asked[name].nc}), but {request.layout.output} was built under "
                f"{corpus.licence!r} (nc: {corpus.nc}), and its rows carry that; build again"
            )


def _benchmarks(record: Mapping[str, Any]) -> tuple[Benchmark, ...] | None:
    """The benchmarks that were searched for, with those waived; None if that is not on record."""
    found = record.get("decontamination") or {}
    if not any(found.values()):
        return None
    waived = found.get("waived") or {}
    used = found.get("fingerprints") or {}
    told = [
        Benchmark(
            name, str(one.get("repo") or ""), str(one.get("digest") or ""), one.get("items"), None
        )
        for name, one in used.items()
    ]
    told += [
        Benchmark(name, "", "", None, str(reason))
        for name, reason in waived.items()
        if name not in used
    ]
    told += [
        Benchmark(name, "", "", None, f"not searched for in {', '.join(where)}")
        for name, where in (found.get("missing") or {}).items()
    ]
    return tuple(told)
