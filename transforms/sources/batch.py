"""Collects what records become: drafts, dead letters and counts, some thousand at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import pyarrow as pa

from schemas.dead_letter import DeadLetter, dead_letter_table
from schemas.ids import content_key
from transforms.sources.draft import Draft, Dropped, Reject, draft_table
from transforms.sources.records import Place, Unreadable

#: Records that are turned into one table.
BATCH_RECORDS: Final = 4_000

#: References to media in one table: clips that exist as frames bring tens of them a pair.
BATCH_MEDIA: Final = 5_000


@dataclass(frozen=True)
class SourceBatch:
    """What some records became. ``records == used + dead + dropped``; one may give several pairs.

    `dropped`: rule of the recipe -> records that give no pair by it.
    """

    drafts: pa.Table
    dead: pa.Table
    records: int
    notes: Mapping[str, int] = field(default_factory=dict)
    dropped: Mapping[str, int] = field(default_factory=dict)


class Owner(Protocol):
    """What a batch asks of the adapter whose records it collects."""

    name: str
    subset: str

    def key(self, record: Mapping[str, Any]) -> str:
        """The corpus's id of a record."""

    def seen(self, record: Mapping[str, Any]) -> str:
        """A refused record for a person's eyes."""


class Batch:
    """Drafts and dead letters of up to `BATCH_RECORDS` records and about `BATCH_MEDIA` media."""

    def __init__(self, owner: Owner) -> None:
        self.owner = owner
        self.records = self._media = 0
        self._drafts: list[Draft] = []
        self._dead: list[DeadLetter] = []
        self._notes: Counter[str] = Counter()
        self._dropped: Counter[str] = Counter()

    @property
    def is_full(self) -> bool:
        """Whether it should be given out."""
        return self.records >= BATCH_RECORDS or self._media >= BATCH_MEDIA

    def add(
        self, place: Place, record: Any, pairs: Callable[[Mapping[str, Any]], Iterable[Draft]]
    ) -> None:
        """One record, of which `pairs` makes drafts."""
        if self.admits(place, record):
            self.add_group([(place, record)], lambda: pairs(record))

    def admits(
        self,
        place: Place,
        record: Any,
        check: Callable[[Mapping[str, Any]], None] | None = None,
    ) -> bool:
        """Whether a record may take part in pairs; it is counted here only if it may not."""
        if isinstance(record, Unreadable):
            text = record.line.decode("utf-8", "replace")
            self._bury(place, content_key(record.line), record.reason, record.complaint, text)
        elif not isinstance(record, Mapping):
            message = f"expected an object, found {type(record).__name__}"
            self._bury(place, content_key(repr(record)), "not_a_record", message, repr(record))
        else:
            try:
                if check is not None:
                    check(record)
                return True
            except Reject as reject:
                self._refuse(place, record, reject)
            except Dropped as drop:
                self._dropped[drop.rule] += 1
        self.records += 1
        return False

    def add_group(
        self,
        members: Sequence[tuple[Place, Mapping[str, Any]]],
        pairs: Callable[[], Iterable[Draft]],
    ) -> None:
        """Admitted records that share their fate: what `pairs` gives is made of them all."""
        self.records += len(members)
        try:
            drafts = [_encodable(draft) for draft in pairs()]
        except Reject as reject:
            for place, record in members:
                self._refuse(place, record, reject)
            return
        except Dropped as drop:
            self._dropped[drop.rule] += len(members)
            return
        self._drafts += drafts
        self._media += sum(
            len(draft.prompt_media) + len(draft.first.media) + len(draft.second.media)
            for draft in drafts
        )
        self._notes.update(note for draft in drafts for note in draft.notes)

    def done(self) -> SourceBatch:
        """What was collected, as tables."""
        return SourceBatch(
            draft_table(self._drafts),
            dead_letter_table(self._dead),
            self.records,
            self._notes,
            self._dropped,
        )

    def _refuse(self, place: Place, record: Mapping[str, Any], reject: Reject) -> None:
        owner = self.owner
        self._bury(place, owner.key(record), reject.reason, reject.message, owner.seen(record))

    def _bury(self, place: Place, key: str, reason: str, message: str, seen: str) -> None:
        owner = self.owner
        self._dead.append(
            DeadLetter("sources", owner.subset, owner.name, key, reason, message, seen, str(place))
        )


def _encodable(draft: Draft) -> Draft:
    """Refuse text that has no UTF-8 form; JSON can spell it, nothing after us can hold it."""
    contents = (turn.content for turn in draft.prompt)
    sides = (draft.first, draft.second)
    members = (ref.member for side in sides for ref in side.media)
    asked = (ref.member for ref in draft.prompt_media)
    models = (side.model for side in sides)
    texts = (draft.key, *contents, draft.first.text, draft.second.text, draft.criterion, draft.url)
    for text in (*texts, *models, *members, *asked):
        if text is None or text.isascii():
            continue
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise Reject(
                "lone_surrogate", f"text holds a lone surrogate at character {error.start}"
            ) from None
    return draft
