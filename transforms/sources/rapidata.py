"""Rapidata: two pictures or clips of one prompt, between which a crowd chose.

Two layouts, both Parquet:

- clips (text-2-video-human-preferences and its later parts): ``prompt``, ``file_name1``,
  ``file_name2``, ``model1``, ``model2``, and for each of Preference, Coherence and Alignment
  ``weighted_results1_<what>``, ``weighted_results2_<what>`` (shares of the votes, weighted by how
  reliable a voter is) and ``detailedResults_<what>``; the clips as files below ``videos``. Columns
  and folder are those that a public loader reads; that file names below it are whole paths is
  confirmed for some parts only (in others they are URLs, of which the last part or two count).
- pictures (open-image-preferences-v1-more-results), by the card: ``id``, ``prompt``, ``image1``
  and ``image2`` (cells), ``images``, ``model1``, ``model2``, ``evolution``, ``category``,
  ``subcategory``, and the texts ``preference_responses``, ``aggregated_results`` and
  ``detailed_results``, which look like JSON. Some 10 people saw each pair; "both" was no answer.

Confirmed by nobody: what those texts hold. They are read as JSON or as a printed Python value,
never run. A mapping of names to numbers is votes by side, a list of answers is one vote each; a
name belongs to a side if it is that side's file, model, or number (``image1``, ``video_2``). Where
names can't be told apart the record is a dead letter: the order of a mapping is no evidence.
"""

from __future__ import annotations

import ast
import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal
from urllib.parse import unquote

from schemas.media import MediaRef
from transforms.sources.adapter import Place, RecordAdapter, need, text_of
from transforms.sources.columns import Column
from transforms.sources.draft import Draft, Reject, Response, Turn
from transforms.sources.formats.json_text import parse_json
from transforms.sources.media_refs import cell
from transforms.sources.pairing import mean_rating, pair_of_two
from transforms.sources.settings import Corpus
from transforms.sources.urls import split_url

#: A text of votes beyond this is none: ten voters take some thousand characters.
_MOST_TEXT: Final = 100_000
_ENDS: Final = re.compile(r"\.(?:jpe?g|png|webp|gif|mp4|webm|mov)$", re.IGNORECASE)

Side = Literal[1, 2]
_SIDES: Final[tuple[Side, Side]] = (1, 2)


@dataclass(frozen=True)
class RapidataOptions:
    """Which of the layouts it is, and which answers count.

    Raises:
        ValueError: texts of votes are to be read and no column is named, or the other way round.
    """

    slot: Literal["image", "video"] = "video"
    #: Folder or archive of the files that `file_name1` and `file_name2` name; null: cells.
    root: str | None = "videos"
    #: How many last parts of a name count; 0: all of a path, and of a URL the last one.
    name_parts: int = 0
    #: weighted: two columns of numbers. aggregated: a text of votes by side. detailed: a text with
    #: one answer a voter.
    votes: Literal["weighted", "aggregated", "detailed"] = "weighted"
    #: What was asked, for `weighted`.
    question: str = "Preference"
    #: The column of the text, for the other two.
    column: str | None = None
    #: Where an answer of `detailed` names the side that was chosen.
    voted_for: str = "votedFor"
    #: Fewer votes than this are too few to be a preference (unknown for `weighted`).
    min_votes: int = 1

    def __post_init__(self) -> None:
        if (self.votes == "weighted") != (self.column is None):
            raise ValueError("column names the text of aggregated or detailed votes, and only that")
        if self.name_parts < 0 or self.min_votes < 1:
            raise ValueError("name_parts must not be negative, min_votes at least 1")


class Rapidata(RecordAdapter):
    """One record is one pair, decided by the votes of the crowd."""

    Options: ClassVar[type] = RapidataOptions
    RECORD_SUFFIXES: ClassVar = (".parquet",)

    def __init__(self, corpus: Corpus, name: str, subset: str) -> None:
        super().__init__(corpus, name, subset)
        self.options = options = RapidataOptions(**corpus.options)
        cells = [f"{options.slot}{side}" for side in _SIDES] if options.root is None else []
        files = [f"file_name{side}" for side in _SIDES]
        self._shares = [f"weighted_results{side}_{options.question}" for side in _SIDES]
        self.COLUMNS = (  # type: ignore[misc]
            Column.of("prompt", "text"),
            *(Column.of(name, "struct" if cells else "text") for name in cells or files),
            *(
                (Column.of(options.column, "any"),)
                if options.column is not None
                else (Column.of(name, "number") for name in self._shares)
            ),
        )
        self.PROJECTION = (  # type: ignore[misc]
            "id", "prompt", "model1", "model2", *files, *self._shares,
            *(f"{name}.path" for name in cells),
            *((options.column,) if options.column is not None else ()),
        )  # fmt: skip

    def key(self, record: Mapping[str, Any]) -> str:
        """The id, where there is one and whose uniqueness is not certain, with the content."""
        content = super().key(record)
        return content if record.get("id") is None else f"{record['id']}/{content}"

    def pairs(self, record: Mapping[str, Any], place: Place) -> Iterable[Draft]:
        """The pair of a record."""
        prompt = text_of(record, "prompt")
        need(bool(prompt.strip()), "empty_prompt", "prompt is empty")
        scores = self._scores(record)
        preferred, margin = pair_of_two(scores, self.corpus.pairs)
        first, second = (
            Response(
                media=(self._media(record, side, place),), model=_model(record, side), score=score
            )
            for side, score in zip(_SIDES, scores, strict=True)
        )
        yield Draft(
            key=self.key(record),
            prompt=(Turn("user", prompt),),
            first=first,
            second=second,
            preferred=preferred,
            margin=margin,
            where=str(place),
        )

    def _media(self, record: Mapping[str, Any], side: Side, place: Place) -> MediaRef:
        options = self.options
        if options.root is None:
            return MediaRef(options.slot, place.file, cell(f"{options.slot}{side}", place))
        name = _file_name(text_of(record, f"file_name{side}"), options.name_parts)
        return MediaRef(options.slot, options.root, name)

    def _scores(self, record: Mapping[str, Any]) -> list[float]:
        """The share of each side.

        Raises:
            Reject: `missing_field`, `malformed_votes`, `label_unknown`, `no_votes`,
                `too_few_votes`.
        """
        options = self.options
        if options.column is None:
            shares = [mean_rating([record.get(name)]) for name in self._shares]
            one, two = shares
            if one is None or two is None:
                raise Reject("missing_field", f"{' or '.join(self._shares)} is missing or null")
            need(min(one, two) >= 0, "malformed_votes", f"shares of votes are {one} and {two}")
            need(one + two > 0, "no_votes", "nobody voted on this pair")
            return [one, two]
        told = _parsed(record.get(options.column), options.column)
        votes = (
            _detailed(told, options.voted_for) if options.votes == "detailed" else _aggregated(told)
        )
        names = {side: self._names_of(record, side) for side in _SIDES}
        counts = dict.fromkeys(_SIDES, 0.0)
        for name, number in votes.items():
            sides = [side for side in _SIDES if _stem(name) in names[side]]
            if len(sides) != 1:
                raise Reject("label_unknown", f"{options.column} names {name!r:.80}: which side?")
            counts[sides[0]] += number
        total = sum(counts.values())
        need(total > 0, "no_votes", "nobody voted on this pair")
        need(
            total >= options.min_votes,
            "too_few_votes",
            f"{total:g} votes, {options.min_votes} are asked for",
        )
        return [counts[side] / total for side in _SIDES]

    def _names_of(self, record: Mapping[str, Any], side: Side) -> set[str]:
        """What a text of votes may call a side."""
        held = record.get(f"{self.options.slot}{side}")
        given = [
            record.get(f"file_name{side}"),
            record.get(f"model{side}"),
            held.get("path") if isinstance(held, Mapping) else held,
        ]
        kinds = (self.options.slot, "image", "video", "asset", "")
        spelt = {f"{kind}{mark}{side}" for kind in kinds for mark in ("", "_", " ")}
        return {_stem(str(name)) for name in (*given, *spelt) if name}


def _parsed(raw: object, title: str) -> object:
    """The value that a text spells: JSON, or a Python value as it is printed.

    Raises:
        Reject: `missing_field` or `malformed_votes`.
    """
    need(raw is not None, "missing_field", f"{title} is missing or null")
    if not isinstance(raw, str):
        return raw
    need(len(raw) <= _MOST_TEXT, "malformed_votes", f"{title} has {len(raw):,} characters")
    for parse in (parse_json, ast.literal_eval):
        try:
            return parse(raw)
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            continue
    raise Reject("malformed_votes", f"{title} is neither JSON nor a Python value: {raw!r:.80}")


def _aggregated(told: object) -> dict[str, float]:
    """Votes by name."""
    if not isinstance(told, Mapping) or not told:
        raise Reject("malformed_votes", f"expected votes by name, found {told!r:.80}")
    votes: dict[str, float] = {}
    for name, raw in told.items():
        number = mean_rating([raw])
        if number is None or number < 0:
            raise Reject("malformed_votes", f"{name!r:.80} has {raw!r:.40} votes")
        votes[str(name)] = number
    return votes


def _detailed(told: object, voted_for: str) -> dict[str, float]:
    """Answers by the name that was chosen."""
    answers = told if isinstance(told, list) else None
    need(bool(answers), "no_votes", f"expected answers, found {told!r:.80}")
    chosen: Counter[str] = Counter()
    for answer in answers or ():
        name = answer.get(voted_for) if isinstance(answer, Mapping) else answer
        if not isinstance(name, str):
            raise Reject(
                "malformed_votes", f"{voted_for} of an answer names no side: {answer!r:.80}"
            )
        chosen[name] += 1
    return {name: float(number) for name, number in chosen.items()}


def _stem(name: str) -> str:
    """What a name comes down to: its last part, without the suffix of a file, in lower case."""
    return _ENDS.sub("", posixpath.basename(_path_of(name))).strip().lower()


def _path_of(name: str) -> str:
    found = split_url(name) if "://" in name else None
    return name if found is None else unquote(found.path)


def _file_name(stated: str, parts: int) -> str:
    """The name of a file below the root.

    Raises:
        Reject: `malformed_path`.
    """
    steps = [part for part in _path_of(stated).split("/") if part not in ("", ".")]
    kept = steps[-(parts or (1 if "://" in stated else len(steps))) :]
    need(
        bool(kept) and ".." not in kept and "." in kept[-1].strip("."),
        "malformed_path",
        f"{stated!r:.200} names no file with a suffix",
    )
    return "/".join(kept)


def _model(record: Mapping[str, Any], side: Side) -> str | None:
    name = record.get(f"model{side}")
    return name if isinstance(name, str) and name else None
