"""Records that hold several rated completions of one prompt: read, scored, brought into pairs.

Two corpora have this shape (UltraFeedback, VLFeedback). Their ratings are whole numbers from 1 to
5, written as text, with ``N/A`` where the judge gave none. A completion is scored by the mean of
its usable ratings: the corpora's own summary scores contradict each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from transforms.sources.adapter import need
from transforms.sources.draft import Draft, Reject, Response
from transforms.sources.pairing import mean_rating, pairs_by_score
from transforms.sources.settings import PairRule

#: The scale of a rating; what lies outside it is no rating.
LOWEST: Final = 1.0
HIGHEST: Final = 5.0


class Completion(NamedTuple):
    """One answer. `text` is None where it is blank, `score` where it has too few ratings."""

    text: str | None
    model: str | None
    score: float | None
    #: What is odd about it, counted in the run record where it is part of a record that is used.
    notes: tuple[str, ...] = ()


def completions_of(
    record: Mapping[str, Any], aspects: Sequence[str], least: int
) -> list[Completion]:
    """The record's completions in its own order, each with the mean of its ratings.

    `aspects` are the keys of `annotations`; a completion with fewer than `least` usable ratings
    has no score.

    Raises:
        Reject: `missing_field`, `malformed_completions`, or `not_text` for a response that is
            there and is not text.
    """
    return [_completion(raw, at, aspects, least) for at, raw in enumerate(_listed(record))]


def rated_drafts(
    key: str, completions: Sequence[Completion], rule: PairRule, make: Callable[..., Draft]
) -> Iterator[Draft]:
    """The pairs that the recipe's rule draws; `make` is `Draft` with the prompt filled in.

    A completion without text or score takes no part. The key of a pair is ``key/i-j``, by the
    places of its completions in the record: the same whichever other pairs the rule draws.

    Raises:
        Reject: `too_few_responses`.
        Dropped: `tie`.
    """
    scores = [None if one.text is None else one.score for one in completions]
    usable = sum(score is not None for score in scores)
    need(
        usable >= 2,
        "too_few_responses",
        f"{usable} of {len(scores)} completions have text and ratings; 2 needed",
    )
    notes = tuple(note for one in completions for note in one.notes)
    for pair in pairs_by_score(scores, rule):
        first, second = (completions[at] for at in (pair.first, pair.second))
        yield make(
            key=f"{key}/{pair.first}-{pair.second}",
            first=Response(text=first.text, model=first.model, score=first.score),
            second=Response(text=second.text, model=second.model, score=second.score),
            preferred=pair.preferred,
            margin=pair.margin,
            notes=notes,
        )


def _listed(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The completions as a list, also where a reader made one object of lists of them."""
    raw = record.get("completions")
    if raw is None:
        raise Reject("missing_field", "completions is missing or null")
    if isinstance(raw, Mapping):
        return _rows(raw)
    if isinstance(raw, list) and all(isinstance(one, Mapping) for one in raw):
        return raw
    found = f"a list with {_kinds(raw)}" if isinstance(raw, list) else type(raw).__name__
    raise Reject("malformed_completions", f"completions is {found}, expected a list of objects")


def _rows(columns: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    for name, values in columns.items():
        need(
            isinstance(values, list),
            "malformed_completions",
            f"completions.{name} is {type(values).__name__}, expected a list",
        )
    lengths = {name: len(values) for name, values in columns.items()}
    need(
        len(set(lengths.values())) <= 1,
        "malformed_completions",
        f"the lists of completions differ in length: {lengths}",
    )
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]


def _kinds(values: Sequence[object]) -> str:
    return ", ".join(sorted({type(value).__name__ for value in values}))


def _completion(raw: Mapping[str, Any], at: int, aspects: Sequence[str], least: int) -> Completion:
    text, model, annotations = raw.get("response"), raw.get("model"), raw.get("annotations")
    need(
        text is None or isinstance(text, str),
        "not_text",
        f"the response of completion {at} is {type(text).__name__}, expected text",
    )
    ratings = [rating for aspect in aspects if (rating := _rating(annotations, aspect)) is not None]
    score = mean_rating(ratings) if len(ratings) >= least else None
    if not (text and text.strip()):
        text, note = None, "completion_without_text"
    elif score is None:
        note = "completion_without_rating"
    else:
        note = "" if len(ratings) == len(aspects) else "mean_of_fewer_ratings"
    name = model if isinstance(model, str) else None
    return Completion(text, name, score, (note,) if note else ())


def _rating(annotations: object, aspect: str) -> float | None:
    entry = annotations.get(aspect) if isinstance(annotations, Mapping) else None
    value = mean_rating([entry.get("Rating")]) if isinstance(entry, Mapping) else None
    return value if value is not None and LOWEST <= value <= HIGHEST else None
