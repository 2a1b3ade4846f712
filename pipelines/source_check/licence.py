"""The licence that the card states, held against the one that the recipe writes into every row."""

from __future__ import annotations

from pipelines.source_check.finding import Difference, Severity
from pipelines.source_check.subject import Subject
from pipelines.source_check.words import yaml_line
from schemas.licence import is_non_commercial, plain


def check_licence(subject: Subject) -> list[Difference]:
    """Card against recipe, and the recipe's `nc` against both. A mirror says nothing of a card."""
    corpus, facts = subject.corpus, subject.facts
    found: list[Difference] = []
    stated = None if facts is None else facts.licence
    if facts is not None:
        found += _card(subject, plain(stated), plain(corpus.licence))
    restricted = [text for text in (stated, corpus.licence) if is_non_commercial(text)]
    if restricted and not corpus.nc:
        found.append(
            subject.differs(
                "licence",
                "error",
                "nc: false",
                f"{restricted[0]}, which is non-commercial",
                "nc: true",
            )
        )
    elif corpus.nc and facts is not None and plain(stated) and not restricted:
        found.append(
            subject.differs(
                "licence",
                "note",
                "a non-commercial licence (nc: true)",
                str(stated),
                "nc: false, if no part of the corpus is under other terms",
            )
        )
    return found


def _card(subject: Subject, card: str | None, recipe: str | None) -> list[Difference]:
    if card == recipe:
        return []
    expected = subject.corpus.licence
    if card is None:
        said = (subject.facts.licence if subject.facts else None) or "no licence"
        change = "look for the licence in the card's text; if it states none, licence: unknown"
        return [subject.differs("licence", "warning", expected, f"the card says {said}", change)]
    severity: Severity = "warning" if recipe is None else "error"
    change = yaml_line("licence", card)
    return [subject.differs("licence", severity, expected, f"the card says {card}", change)]
