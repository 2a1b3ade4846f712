"""One pair as a card: what the template shows of a row, made ready and bounded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pipelines.gallery.differences import marked
from pipelines.gallery.media import MediaMaker, Medium, cells_of
from pipelines.gallery.untrusted import Span, plain, spans_of
from pipelines.sizes import size_of
from schemas.pair import PROMPT_MEDIA_COLUMNS, RESPONSE_MEDIA

Row = Mapping[str, Any]

#: Characters of a text on a card, where the caller doesn't say.
TEXT_LIMIT: Final = 1_500
_SHORT: Final = 200
_MOST_TURNS: Final = 40
_MOST_VOTES: Final = 24
_MOST_FACTS: Final = 4


@dataclass(frozen=True)
class Words:
    """A text in pieces; `left_out` counts the characters behind its end."""

    spans: tuple[Span, ...]
    left_out: int = 0


@dataclass(frozen=True)
class Turn:
    """A turn of the prompt."""

    role: str
    words: Words


@dataclass(frozen=True)
class Side:
    """One response. `mark` is preferred, tie, or "" for the other one and for blind cards."""

    name: str
    mark: str
    words: Words | None
    media: tuple[Medium, ...]
    facts: tuple[str, ...]


@dataclass(frozen=True)
class Vote:
    """What one producer said of the pair under its criterion."""

    step: str
    producer: str
    order: str
    verdict: str
    confidence: str
    rationale: Words | None


@dataclass(frozen=True)
class Card:
    """A pair to look at. `href` leads to its own page, "" where there is none."""

    row_id: str
    subset: str
    task: str
    turns: tuple[Turn, ...]
    turns_left_out: int
    prompt_media: tuple[Medium, ...]
    criterion: Words | None
    criterion_note: str
    sides: tuple[Side, ...]
    differ: bool
    badges: tuple[tuple[str, str], ...]
    votes: tuple[Vote, ...]
    votes_left_out: int
    provenance: tuple[tuple[str, str], ...]
    href: str = ""
    blind: bool = False


def card_of(
    row: Row,
    media: MediaMaker,
    *,
    votes: Sequence[Row] = (),
    limit: int = TEXT_LIMIT,
    blind: bool = False,
    href: str = "",
) -> Card:
    """The card of a row of `schemas.pair`, whose missing columns count as null.

    Args:
        row: a row as `pyarrow` gives it; media columns may hold paths alone.
        media: makes media fit for the page.
        votes: its rows of the label table.
        limit: characters of each text.
        blind: nothing that tells which response is preferred is on the card.
        href: address of the row's own page.
    """
    turns = row.get("prompt") or []
    first, second, differ = _both_texts(row, limit)
    return Card(
        row_id=plain(row["row_id"], _SHORT),
        subset=plain(row.get("subset") or "", _SHORT),
        task=plain(row.get("task") or "", _SHORT),
        turns=tuple(
            Turn(plain(turn["role"], _SHORT), _words(turn["content"] or "", limit))
            for turn in turns[-_MOST_TURNS:]
        ),
        turns_left_out=max(0, len(turns) - _MOST_TURNS),
        prompt_media=_media(row, PROMPT_MEDIA_COLUMNS, "Prompt", media),
        criterion=_words(row["criterion"], limit) if row.get("criterion") else None,
        criterion_note="" if blind else _criterion_note(row),
        sides=(
            _side(row, "a", first, media, blind=blind),
            _side(row, "b", second, media, blind=blind),
        ),
        differ=differ,
        badges=() if blind else tuple(_badges(row)),
        votes=() if blind else tuple(_vote(vote, limit) for vote in votes[:_MOST_VOTES]),
        votes_left_out=0 if blind else max(0, len(votes) - _MOST_VOTES),
        provenance=() if blind else tuple(_provenance(row)),
        href=href,
        blind=blind,
    )


def _words(text: str, limit: int) -> Words:
    return Words(tuple(spans_of(text[:limit])), max(0, len(text) - limit))


def _both_texts(row: Row, limit: int) -> tuple[Words | None, Words | None, bool]:
    """Both responses, with what only one of them says marked."""
    a, b = row.get("response_a_text"), row.get("response_b_text")
    if a is None or b is None:
        first, second = (None if text is None else _words(text, limit) for text in (a, b))
        return first, second, False
    left, right, differ = marked(a[:limit], b[:limit])
    more = tuple(max(0, len(text) - limit) for text in (a, b))
    return Words(left, more[0]), Words(right, more[1]), differ


def _media(row: Row, columns: tuple[str, ...], owner: str, media: MediaMaker) -> tuple[Medium, ...]:
    return tuple(media(cell) for cell in cells_of(row, columns, owner))


def _side(row: Row, side: str, words: Words | None, media: MediaMaker, *, blind: bool) -> Side:
    preference = row.get("preference")
    mark = "preferred" if preference == side else "tie" if preference == "tie" else ""
    columns = tuple(f"response_{side}_{name}" for name in RESPONSE_MEDIA)
    facts = [] if blind else list(_side_facts(row, side))
    return Side(
        name=side.upper(),
        mark="" if blind else mark,
        words=words,
        media=_media(row, columns, f"Response {side.upper()}", media),
        facts=tuple(facts),
    )


def _side_facts(row: Row, side: str) -> Sequence[str]:
    facts = []
    if model := row.get(f"response_{side}_model"):
        facts.append(plain(model, _SHORT))
    if (score := row.get(f"response_{side}_score")) is not None:
        facts.append(f"score {score:.4g}")
    infos = row.get(f"response_{side}_info") or []
    facts += [_medium_facts(info) for info in infos[:_MOST_FACTS]]
    if len(infos) > _MOST_FACTS:
        facts.append(f"{len(infos) - _MOST_FACTS:,} more media")
    return [fact for fact in facts if fact]


def _medium_facts(info: Row) -> str:
    """The facts of a medium in short: ``mp4 · 640 × 480 · 5.0 s · 1.2 MB``."""
    told = [plain(info.get("format") or "", 20)]
    if info.get("width") and info.get("height"):
        told.append(f"{info['width']} × {info['height']}")
    if info.get("duration_s"):
        told.append(f"{info['duration_s']:.1f} s")
    if info.get("faces"):
        told.append(f"{info['faces']:,} faces")
    if info.get("loudness_lufs") is not None:
        told.append(f"{info['loudness_lufs']:.1f} LUFS")
    if info.get("bytes"):
        told.append(size_of(info["bytes"]))
    return ", ".join(filter(None, told))


def _criterion_note(row: Row) -> str:
    return plain(row.get("criterion_origin") or "", _SHORT)


def _badges(row: Row) -> Sequence[tuple[str, str]]:
    """What is special about the row, each with a sentence that explains it."""
    found = []
    if row.get("flipped"):
        found.append(("flipped", "The criterion reverses the preference of the source."))
    # A measured label carries the one answer of its measurement: nobody voted.
    measured = row.get("criterion_origin") == "measured"
    if not measured and (agreement := row.get("agreement")) is not None:
        votes = row.get("n_votes") or 0
        found.append(
            (
                f"agreement {agreement:.0%}",
                f"Share of {votes:,} vote{'s' * (votes != 1)} for the published preference.",
            )
        )
    if row.get("nc"):
        found.append(("non-commercial", "The licence of the source forbids commercial use."))
    return found


def _vote(vote: Row, limit: int) -> Vote:
    producer = vote.get("producer") or {}
    told = " ".join(
        plain(producer[name], _SHORT) for name in ("model", "prompt_version") if producer.get(name)
    )
    confidence = vote.get("confidence")
    return Vote(
        step=plain(vote.get("step") or "", _SHORT),
        producer=told or plain(producer.get("origin") or "unknown", _SHORT),
        order={"ab": "A first", "ba": "B first"}.get(vote.get("order") or "", ""),
        verdict=plain(vote.get("verdict") or "none", _SHORT),
        confidence="" if confidence is None else f"{confidence:.0%}",
        rationale=_words(vote["rationale"], limit) if vote.get("rationale") else None,
    )


def _provenance(row: Row) -> Sequence[tuple[str, str]]:
    source = row.get("source") or {}
    named = (
        ("row", row.get("row_id")),
        ("pair", row.get("pair_id")),
        ("kind", row.get("kind")),
        ("corpus", source.get("corpus")),
        ("key", source.get("key")),
        ("revision", source.get("revision")),
        ("licence", source.get("licence")),
        ("address", source.get("url")),
        ("label of the corpus by", row.get("annotator")),
        ("source preferred", row.get("source_preference")),
        ("margin", None if row.get("margin") is None else f"{row['margin']:.4g}"),
    )
    return [(name, plain(value, 300)) for name, value in named if value not in (None, "")]
