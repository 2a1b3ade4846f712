"""Corpora whose records are single responses: those of one prompt are brought together to pair."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from transforms.sources.adapter import RecordAdapter, SourceFile
from transforms.sources.batch import Batch, SourceBatch
from transforms.sources.draft import Draft
from transforms.sources.records import Place
from transforms.sources.work_unit import WorkUnit, as_one


class Member(NamedTuple):
    """One record of a group, and where it was met."""

    place: Place
    record: Mapping[str, Any]


class GroupedAdapter(RecordAdapter):
    """Base of an adapter that looks at all records of one prompt; a leaf writes three methods.

    `group` names the prompt of a record, `check` refuses a record by itself, `group_pairs` makes
    the drafts of a group. All records of the corpus are held at once (text and numbers only), so
    this is for corpora of some 100,000 records at most.
    """

    def group(self, record: Mapping[str, Any]) -> str:
        """The prompt's id; only called for records that passed `check`."""
        raise TypeError(f"{type(self).__name__} does not say what its records are grouped by")

    def check(self, record: Mapping[str, Any]) -> None:
        """Refuse a record before it is grouped.

        Raises:
            Reject: it can take no part in any pair.
            Dropped: a rule of the recipe leaves it out.
        """

    def group_pairs(self, members: Sequence[Member]) -> Iterable[Draft]:
        """The drafts of one group; its members come in an order free of files and rows.

        Raises:
            Reject: no pair can be made; every record of the group is a dead letter.
            Dropped: none is made by a rule of the recipe.
        """
        raise TypeError(f"{type(self).__name__} does not say how a group becomes pairs")

    def settle(self, batch: Batch, members: Sequence[Member]) -> None:
        """Put what becomes of one group into the batch; its members share their fate.

        A leaf whose groups can be used in part gives `batch.add_group` the parts.
        """
        batch.add_group(members, partial(self.group_pairs, members))

    def units(self, files: Sequence[SourceFile]) -> list[WorkUnit]:
        """One unit of all files, since a group may lie across them."""
        return as_one(super().units(files))

    def read(self, unit: WorkUnit) -> Iterator[SourceBatch]:
        """Read all records, bring those of a group together, then make pairs group by group."""
        batch = Batch(self)
        groups: dict[str, list[Member]] = {}
        for part in unit.parts:
            for place, record in self.records(part):
                if batch.admits(place, record, self.check):
                    groups.setdefault(self.group(record), []).append(Member(place, record))
        for name in sorted(groups):
            self.settle(batch, sorted(groups[name], key=_content))
            if batch.is_full:
                yield batch.done()
                batch = Batch(self)
        if batch.records:
            yield batch.done()


def _content(member: Member) -> str:
    return json.dumps(member.record, sort_keys=True, default=repr)
