"""One lane: waves of pairs in order of rank, until the rows that are wanted are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl
import pyarrow as pa

from schemas.dead_letter import DeadLetter, dead_letter_table, excerpt
from transforms.beamkit.errors import BuildError
from transforms.relabel.llm.calling import Lane
from transforms.relabel.origin import LABELLED_SCHEMA, RELABEL, Labelled
from transforms.relabel.protocol.media_facts import MediaFacts
from transforms.relabel.protocol.models import AskedModels
from transforms.relabel.protocol.round import Decided, Round, label_rows
from transforms.relabel.protocol.waves import next_wave

#: Before the names of columns that gold questions are made of.
VALUE: Final = "value:"

_KEPT = {
    "pair_id": pl.String,
    "criterion": pl.String,
    "preference": pl.String,
    "agreement": pl.Float32,
    "n_votes": pl.Int32,
}


@dataclass(frozen=True)
class LlmLane:
    """A lane of a run: its share of the pairs, of the budget and of the providers' limits.

    `limit`: dollars that it may spend; None: no cap. `barred`: task -> judges without a vote there.
    `gold_rows`: labels of gold questions, which one lane tells for all.
    """

    models: AskedModels
    lane: Lane
    limit: float | None
    barred: Mapping[str, Sequence[str]]
    gold_rows: Sequence[Mapping[str, Any]]

    @property
    def share(self) -> tuple[int, int]:
        """See `Labeller`."""
        return self.lane.lane, self.lane.lanes

    def label(self, survivors: pa.Table, looked: pa.Table, wanted: int | None) -> Labelled:
        """Ask in waves until enough rows are there.

        Raises:
            BuildError: a model can't be asked, or the budget is used up; what was bought is kept.
        """
        pairs = looked.select([n for n in looked.column_names if not n.startswith(VALUE)])
        media = MediaFacts(self.models.render)
        with self.models.session(self.lane, self.limit, media) as session:
            work = Round(session, self.models.panel())
            decided = list(self._waves(work, media, pairs, wanted))
        return self._labelled(survivors, pairs, decided)

    def _waves(
        self,
        work: Round,
        media: MediaFacts,
        pairs: pa.Table,
        wanted: int | None,
    ) -> Iterator[Decided]:
        asked = kept = 0
        while size := next_wave(
            asked, kept, wanted, pairs.num_rows - asked, self.models.settings.first_wave
        ):
            rows = pairs.slice(asked, size).to_pylist()
            media.of_rows(rows)
            decided = work.decide(rows, self.barred)
            asked += size
            kept += decided.rows.height
            yield decided
            if decided.over_budget:
                aim = f" of {wanted:,}" if wanted is not None else ""
                raise BuildError(
                    f"{self.models.subset}: the budget is used up after {kept:,} rows{aim}; what "
                    "was bought is kept. To go on, raise --budget (or relabel.budget) and build "
                    "again"
                )

    def _labelled(
        self,
        survivors: pa.Table,
        pairs: pa.Table,
        decided: Sequence[Decided],
    ) -> Labelled:
        kept = pl.concat([pl.DataFrame(schema=_KEPT), *(one.rows for one in decided)])
        names = pl.DataFrame(
            {
                "pair_id": pairs["pair_id"].to_pylist(),
                "base_id": survivors["base_id"].to_pylist(),
                "key": survivors["key"].to_pylist(),
                "source": pairs["preference"].to_pylist(),
            },
            schema=dict.fromkeys(("pair_id", "base_id", "key", "source"), pl.String),
        )
        rows = names.join(kept, on="pair_id", how="inner", maintain_order="left")
        told = [row for one in decided for row in one.labels]
        letters = [letter for one in decided for letter in one.lost]
        keys = dict(zip(names["pair_id"].to_list(), names["key"].to_list(), strict=True))
        subset, corpus = self.models.subset, self.models.corpus
        dead = [
            DeadLetter(RELABEL, subset, corpus, keys[pair], reason, message, excerpt(seen), "")
            for pair, reason, message, seen in letters
        ]
        asked = sum(one.asked for one in decided)
        counts = [
            (RELABEL, "in", survivors.num_rows),
            (RELABEL, "out", kept["pair_id"].n_unique()),
            (RELABEL, "dropped:not_needed", survivors.num_rows - asked),
            (RELABEL, "note:rows", rows.height),
            *((RELABEL, f"note:{n}", k) for one in decided for n, k in one.notes.items()),
            *((RELABEL, f"dead:{letter.reason}", 1) for letter in dead),
        ]
        return Labelled(
            rows.select(LABELLED_SCHEMA.names()).cast(LABELLED_SCHEMA),
            label_rows([*self.gold_rows, *told]),
            dead_letter_table(dead),
            counts,
        )
