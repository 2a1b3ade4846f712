"""EvalMuse-40K: pictures for one prompt, each rated by several people; pairs are derived.

Native layout: ``train_list.json``, a list of ``{prompt_id, prompt, type, img_path, total_score,
element_score, promt_meaningless (so spelt), ...}``, and the pictures in one zip that is published
in parts, ``images.zip.part-aa`` to ``-af``. The scores are lists with one entry a rater:
`total_score` from 1 to 5, `element_score` yes or no for each element of the prompt, as an object
whose keys vary by record or as the JSON text of one (the card declares it as text). A rater marks
a prompt as meaningless (1) when it has no main subject or is too abstract to judge by (the card).

How the paper made pairs is unknown: here the recipe's pair rule does, on the mean rating.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Final, Literal

from schemas.ids import content_key
from schemas.media import MediaRef
from transforms.sources.adapter import need, text_of
from transforms.sources.batch import Batch
from transforms.sources.columns import Column
from transforms.sources.draft import Draft, Dropped, Reject, Response, Turn
from transforms.sources.formats.json_text import parse_json
from transforms.sources.grouped import GroupedAdapter, Member
from transforms.sources.pairing import mean_rating, pairs_by_score

#: The scale of `total_score`.
LOWEST: Final = 1
HIGHEST: Final = 5


@dataclass(frozen=True)
class EvalmuseOptions:
    """What the recipe can choose for this corpus."""

    #: The archive of the pictures, published in parts; a folder's name for an unpacked mirror.
    archive: str = "images.zip"
    #: What ranks the pictures: the rating of the whole, or the mean over the prompt's elements
    #: (0 to 1; `min_margin` is in the same units).
    score: Literal["total", "elements"] = "total"
    #: Which prompts are left out as meaningless: those that most of their raters marked, those
    #: that any rater marked, or none.
    meaningless: Literal["majority", "any", "keep"] = "majority"
    #: Most points between the ratings of one picture; pictures in greater dispute are left out.
    max_dispute: int | None = None


class Evalmuse(GroupedAdapter):
    """The records of one prompt give pairs; one record is one rated picture."""

    Options: ClassVar[type] = EvalmuseOptions
    RECORD_SUFFIXES: ClassVar[tuple[str, ...]] = (".json",)
    COLUMNS: ClassVar[tuple[Column, ...]] = (
        Column.of("prompt_id", "any"),
        Column.of("prompt", "text"),
        Column.of("img_path", "text"),
        Column.of("total_score", "list"),
        Column(("promt_meaningless", "prompt_meaningless"), "list"),
        Column.of("element_score", "any", required=False),
    )

    @property
    def options(self) -> EvalmuseOptions:
        """The recipe's choices."""
        return EvalmuseOptions(**self.corpus.options)

    def check(self, record: Mapping[str, Any]) -> None:
        """Refuse a picture that has no name or prompt, or no ratings of the expected form."""
        _prompt_id(record)
        text_of(record, "prompt")
        need(bool(text_of(record, "img_path")), "missing_field", "img_path is empty")
        ratings = _ratings(record)
        score(record, self.options.score)
        _flags(record)
        most = self.options.max_dispute
        if most is not None and max(ratings) - min(ratings) > most:
            raise Dropped("raters_disagree")

    def group(self, record: Mapping[str, Any]) -> str:
        """The prompt's id; pictures of one id with different prompts part in `settle`."""
        return _prompt_id(record)

    def settle(self, batch: Batch, members: Sequence[Member]) -> None:
        """Part the pictures of an id by the text of their prompt: only equal ones can compete."""
        by_prompt: dict[str, list[Member]] = {}
        for member in members:
            by_prompt.setdefault(member.record["prompt"], []).append(member)
        notes = ("prompt_id_of_several_prompts",) if len(by_prompt) > 1 else ()
        for prompt in sorted(by_prompt):
            pictures = _named_once(batch, by_prompt[prompt])
            if pictures:
                batch.add_group(pictures, partial(self._pairs, pictures, notes))

    def group_pairs(self, members: Sequence[Member]) -> Iterable[Draft]:
        """The pairs of one prompt's pictures, each named once."""
        return self._pairs(members, ())

    def _pairs(self, members: Sequence[Member], notes: tuple[str, ...]) -> Iterable[Draft]:
        options = self.options
        if _is_meaningless(members, options.meaningless):
            raise Dropped("meaningless_prompt")
        scores = [score(member.record, options.score) for member in members]
        prompt = members[0].record["prompt"]
        for pair in pairs_by_score(scores, self.corpus.pairs):
            sides = [members[at] for at in (pair.first, pair.second)]
            names = [side.record["img_path"] for side in sides]
            first, second = (
                Response(
                    media=(MediaRef("image", options.archive, name),),
                    model=name.split("/")[0] if "/" in name else None,
                    score=scores[at],
                )
                for name, at in zip(names, (pair.first, pair.second), strict=True)
            )
            yield Draft(
                key=f"{self.group(sides[0].record)}/{content_key(prompt, *sorted(names))}",
                prompt=(Turn("user", prompt),),
                first=first,
                second=second,
                preferred=pair.preferred,
                margin=pair.margin,
                where=" and ".join(str(side.place) for side in sides),
                notes=notes,
            )


def score(record: Mapping[str, Any], of: Literal["total", "elements"]) -> float:
    """The score of a picture: the mean of its raters, of the whole (1-5) or its elements (0-1).

    Raises:
        Reject: `missing_field`, `malformed_scores`, `no_ratings`.
    """
    if of == "total":
        ratings = _ratings(record)
        return sum(ratings) / len(ratings)
    raw = record.get("element_score")
    need(raw is not None, "missing_field", "element_score is missing or null")
    try:
        elements = parse_json(raw) if isinstance(raw, str) else raw
    except ValueError:
        elements = None
    if not isinstance(elements, Mapping):
        raise Reject("malformed_scores", f"element_score is not an object: {raw!r:.200}")
    means = [
        mean_rating(given if isinstance(given, list) else [given]) for given in elements.values()
    ]
    usable = [mean for mean in means if mean is not None]
    need(bool(usable), "no_ratings", "element_score holds no rating")
    return sum(usable) / len(usable)


def _ratings(record: Mapping[str, Any]) -> list[float]:
    given = record.get("total_score")
    need(given is not None, "missing_field", "total_score is missing or null")
    if not isinstance(given, list):
        raise Reject("malformed_scores", f"total_score is not one rating a rater: {given!r:.200}")
    each = [mean_rating([rating]) for rating in given]
    ratings = [rating for rating in each if rating is not None]
    need(bool(ratings), "no_ratings", f"nobody's rating can be read: {given!r:.200}")
    need(
        all(LOWEST <= rating <= HIGHEST for rating in ratings),
        "score_out_of_range",
        f"ratings go from {LOWEST} to {HIGHEST}, found {given!r:.200}",
    )
    return ratings


def _prompt_id(record: Mapping[str, Any]) -> str:
    """The prompt's id as text: the card declares text, numbers are taken too."""
    value = record.get("prompt_id")
    need(value is not None, "missing_field", "prompt_id is missing or null")
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Reject("not_text", f"prompt_id is {type(value).__name__}, expected text")
    return str(value)


def _flags(record: Mapping[str, Any]) -> list[int]:
    """Each rater's mark of the prompt: 1 for meaningless."""
    raw = record.get("promt_meaningless", record.get("prompt_meaningless"))
    need(raw is not None, "missing_field", "promt_meaningless is missing or null")
    if not isinstance(raw, list) or not all(mark in (0, 1) for mark in raw):
        raise Reject(
            "malformed_marks", f"promt_meaningless is not one 0 or 1 a rater: {raw!r:.200}"
        )
    return [int(mark) for mark in raw]


def _is_meaningless(members: Sequence[Member], rule: str) -> bool:
    """Whether the raters of all pictures of a prompt, taken together, find it meaningless."""
    marks = [mark for member in members for mark in _flags(member.record)]
    return (rule == "majority" and 2 * sum(marks) > len(marks)) or (rule == "any" and any(marks))


def _named_once(batch: Batch, members: Sequence[Member]) -> list[Member]:
    """The members without those whose picture is named again; these go into the batch.

    A picture that is named twice with the same ratings is a repetition, and one is kept. With
    other ratings nobody can say which are its own: all of its records are refused.
    """
    by_name: dict[str, list[Member]] = {}
    for member in members:
        by_name.setdefault(member.record["img_path"], []).append(member)
    kept = []
    for name, (first, *others) in by_name.items():
        if all(member.record == first.record for member in others):
            kept.append(first)
            for member in others:
                batch.add_group([member], partial(_raise, Dropped("repeated_record")))
        else:
            message = f"{name} is named by {len(others) + 1} records that differ"
            batch.add_group([first, *others], partial(_raise, Reject("image_rated_twice", message)))
    return kept


def _raise(verdict: Exception) -> Iterable[Draft]:
    raise verdict
