"""What a card states about a whole dataset: its tasks, limits, shortfalls, notes on licences."""

from __future__ import annotations

from typing import Final

from pipelines.cards.citation import own_entry, paper_entry
from pipelines.cards.escaping import md
from pipelines.cards.facts import AuditFacts, CardFacts, GateFacts, SubsetFacts
from pipelines.cards.tables import Row, corpus_link, task_title, wanted

__all__ = ["own_entry", "paper_entry"]


def shown_first(facts: CardFacts) -> SubsetFacts:
    """The subset that loading lines and the example show: one with criteria where there is one."""
    built = [subset for subset in facts.subsets if subset.rows] or list(facts.subsets)
    with_pictures = ("t2i", "ti2t", "t2t")
    ranked = sorted(
        built,
        key=lambda one: (
            one.kind != "instruction",
            one.origin == "measured",
            with_pictures.index(one.task) if one.task in with_pictures else len(with_pictures),
        ),
    )
    return ranked[0]


def tasks_of(facts: CardFacts) -> list[str]:
    """The tasks of a dataset in words."""
    return list(dict.fromkeys(task_title(subset.task) for subset in facts.subsets if subset.rows))


def libraries(facts: CardFacts) -> str:
    """The libraries that a build used, with their versions."""
    return ", ".join(md(f"{name} {version}") for name, version in facts.libraries.items())


def has_labels(facts: CardFacts) -> bool:
    """Whether there are label tables."""
    return any(subset.labels for subset in facts.subsets)


def judged_subset(subset: SubsetFacts) -> bool:
    """Whether models were asked about the pairs of a subset."""
    return bool(subset.labels and any(key[0] == "llm" for key in subset.labels.producers))


def judged(facts: CardFacts) -> bool:
    """Whether models were asked about any pair."""
    return any(map(judged_subset, facts.subsets))


def known_duplicates(facts: CardFacts) -> bool:
    """Whether it was written down which rows were removed as duplicates."""
    return any(subset.duplicates is not None for subset in facts.subsets)


_ORIGINS: Final = {
    "published": "criteria and preferences were read from the published OmniRewardData and matched "
    "to pairs of the corpus; no model proposed or judged any of them here.",
    "measured": "criteria and preferences follow from measurements; no model was asked.",
}


def origin_of(subset: SubsetFacts) -> str:
    """Where the criteria of a subset come from in this version."""
    if subset.origin != "llm":
        return _ORIGINS.get(subset.origin or "", "the origin of the criteria is not on record.")
    models: dict[str, list[str]] = {"propose": [], "judge": []}
    for _, model, _, step in subset.labels.producers if subset.labels else ():
        if step in models and md(model) not in models[step]:
            models[step].append(md(model))
    proposers, judges = (", ".join(names) or "a model not on record" for names in models.values())
    return f"criteria were proposed by {proposers} and judged by {judges}."


def target_of(subset: SubsetFacts) -> str:
    """The target of a subset, and that of its data card where this recipe asks for another."""
    if subset.limit is not None:
        said = "" if subset.card_rows is None else f"; the data card says {subset.card_rows:,}"
        return f"{wanted(subset)} (built with --limit {subset.limit}{said})"
    differs = subset.card_rows is not None and subset.card_rows != subset.target
    return wanted(subset) + (f" (the data card says {subset.card_rows:,})" if differs else "")


def licence_notes(facts: CardFacts) -> list[str]:
    """What data cards add about the licences of corpora."""
    return [
        f"{corpus_link(corpus)}: {md(corpus.licence_note, 1000)}"
        for corpus in facts.corpora.values()
        if corpus.licence_note
    ]


def shortfall_rows(facts: CardFacts) -> list[Row]:
    """subset, target, rows, lacking, why."""
    return [
        [
            md(one.name),
            f"{one.target:,}",
            f"{one.rows:,}",
            f"{one.shortfall:,}",
            md(one.short.partition("; ")[2], 300),
        ]
        for one in facts.subsets
        if one.shortfall
    ]


def failure_rows(gate: GateFacts) -> list[Row]:
    """subset, expectation, column, wanted, observed."""
    return [[md(cell, 120) or "–" for cell in failure] for failure in gate.failures]


def audits_of(facts: CardFacts, subset: SubsetFacts) -> list[AuditFacts]:
    """The audits that looked at one subset."""
    return [
        one for one in facts.audits or () if one.scope == "subset" and one.subject == subset.name
    ]


def limits(facts: CardFacts) -> list[str]:
    """What a user of the whole dataset has to know; each is a sentence or two of Markdown."""
    found = [
        "A preference is what people, models or metrics of the corpora said. They err, and what "
        "they were asked differs from corpus to corpus.",
        "Texts, pictures, clips and sounds come from public corpora as they are: they were not "
        "searched for offensive content or personal data.",
    ]
    limited = [md(one.name) for one in facts.subsets if one.limit is not None]
    if limited:
        found.insert(
            0,
            f"**A sample, not a version:** {', '.join(limited)} built with `--limit`, which cuts a "
            "subset below the recipe's target.",
        )
    loose = [corpus for corpus in facts.corpora.values() if not corpus.pinned]
    if loose:
        named = ", ".join(md(corpus.name) for corpus in loose)
        found.append(
            f"Not pinned to a commit, so a later build can read other files: {named}. The digests "
            "of what was read are in the run record."
        )
    if any(subset.origin == "published" and subset.rows for subset in facts.subsets):
        found.append(
            "Published criteria were matched to pairs of the corpora by text and media; those that "
            "fit none are counted above."
        )
    if any(subset.origin == "measured" and subset.rows for subset in facts.subsets):
        found.append(
            "Labels of measured subsets are true by measurement and say nothing of quality; their "
            "wording comes from templates."
        )
    if any(
        "unknown" in corpus.languages or not corpus.languages for corpus in facts.corpora.values()
    ):
        found.append(
            "Not every corpus states its languages; `language` lists those that are known."
        )
    return found
