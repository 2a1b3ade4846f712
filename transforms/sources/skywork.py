"""Skywork-Reward-Preference: text pairs as two lists of turns, without a prompt column.

Native layout: ``data/train-*.parquet`` with ``chosen`` and ``rejected`` (lists of
``{content, role}``) and ``source``. The prompt is what both lists share before the last turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from transforms.sources.adapter import Place, RecordAdapter
from transforms.sources.columns import Column
from transforms.sources.draft import Draft, Response
from transforms.sources.turns import record_turns, shared_prompt


class Skywork(RecordAdapter):
    """One record is one pair; `chosen` is preferred."""

    COLUMNS: ClassVar = (Column.of("chosen", "list"), Column.of("rejected", "list"))
    PROJECTION: ClassVar = ("chosen", "rejected", "source")

    def pairs(self, record: Mapping[str, Any], place: Place) -> Iterable[Draft]:
        """The pair of a record, its prompt being the shared turns (system turns included)."""
        chosen, rejected = record_turns(record, "chosen"), record_turns(record, "rejected")
        prompt, first, second = shared_prompt(chosen, rejected)
        yield Draft(
            key=self.key(record),
            prompt=prompt,
            first=Response(text=first),
            second=Response(text=second),
            preferred="first",
            where=str(place),
        )
