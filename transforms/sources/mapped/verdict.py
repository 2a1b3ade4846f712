"""What a record says about its responses: a label, votes, scores or ranks, as pairs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from transforms.sources.adapter import need
from transforms.sources.draft import Reject
from transforms.sources.mapped.options import MappedOptions, many
from transforms.sources.mapped.values import needed, value_of
from transforms.sources.pairing import (
    ScoredPair,
    Verdict,
    majority,
    mean_rating,
    pairs_by_score,
    settled,
)
from transforms.sources.settings import PairRule


def judged(
    record: Mapping[str, Any], options: MappedOptions, responses: int, rule: PairRule
) -> tuple[list[ScoredPair], list[float | None]]:
    """The pairs of a record with so many responses, and the score of each response.

    Raises:
        Reject: `label_unknown`, `missing_field`, `no_votes`, `malformed_scores`,
            `too_few_responses`, `too_many_responses` (a label speaks of two).
        Dropped: `tie`, where the recipe drops ties.
    """
    if options.verdict in ("scores", "ranks"):
        scores = _scores(record, options, responses)
        pairs = pairs_by_score(scores, rule)
        return pairs, scores if options.verdict == "scores" else [None] * responses
    need(responses == 2, "too_many_responses", f"{responses} responses, but the label is about two")
    if options.verdict == "label":
        assert options.label is not None
        verdict = _meaning(needed(record, options.label), options, options.label)
    else:
        verdict = majority(_votes(record, options))
    return [ScoredPair(0, 1, settled(verdict, rule), 0.0)], [None, None]


def _votes(record: Mapping[str, Any], options: MappedOptions) -> list[Verdict]:
    names = many(options.votes)
    if len(names) == 1:
        raw = needed(record, names[0])
        need(isinstance(raw, list), "label_unknown", f"{names[0]} is not a list of votes")
    else:
        raw = [value_of(record, name) for name in names]
    return [_meaning(vote, options, "/".join(names)) for vote in raw if vote is not None]


def _meaning(value: Any, options: MappedOptions, title: str) -> Verdict:
    for verdict, listed in options.values.items():
        if any(_same(value, entry) for entry in listed):
            return verdict  # type: ignore[return-value]
    raise Reject("label_unknown", f"{title} is {value!r}, which `values` does not explain")


def _same(value: Any, listed: Any) -> bool:
    """Equal as numbers, or as text: a csv has text where the recipe has numbers."""
    if isinstance(value, bool) == isinstance(listed, bool) and value == listed:
        return True
    return str(value).strip() == str(listed).strip()


def _scores(
    record: Mapping[str, Any], options: MappedOptions, responses: int
) -> list[float | None]:
    names = many(options.scores) or many(options.ranks)
    raw = needed(record, names[0]) if len(names) == 1 else [value_of(record, n) for n in names]
    need(
        isinstance(raw, list) and len(raw) == responses,
        "malformed_scores",
        f"{'/'.join(names)} does not hold {responses} numbers, one a response",
    )
    scores = [mean_rating(many(value)) for value in raw]
    if options.verdict == "ranks":
        return [None if score is None else -score for score in scores]
    return scores
