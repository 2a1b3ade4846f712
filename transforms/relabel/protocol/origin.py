"""The origin `llm`: gold questions first, then lanes that share the pairs."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import polars as pl
import pyarrow as pa

from transforms.beamkit.errors import BuildError
from transforms.relabel.calibration import calibration, without_vote
from transforms.relabel.llm.calling import Lane
from transforms.relabel.llm.session import lane_limit
from transforms.relabel.protocol.gold import Gold, gold_number, gold_of
from transforms.relabel.protocol.lane import VALUE, LlmLane
from transforms.relabel.protocol.media_facts import MediaFacts
from transforms.relabel.protocol.models import AskedModels
from transforms.relabel.protocol.round import Round


@dataclass(frozen=True)
class LlmOrigin(AskedModels):
    """Asks models; every paid answer is kept in `cache` and none is bought twice.

    `measure` gives the values from which gold questions are made, or is None for none.
    """

    measure: Callable[[pa.Table], pa.Table] | None = None

    name: ClassVar[str] = "llm"
    admits_by: ClassVar[object] = None

    @property
    def inputs(self) -> object:
        """All settings but those that change no label: limits, prices, the budget."""
        told = asdict(self.settings)
        models = {
            name: [block["served_as"] or name, block["structured"], block["temperature"],
                   block["top_p"], block["seed"], block["max_output_tokens"],
                   block["thinking_tokens"], block["modalities"]]
            for name, block in told["models"].items()
            if name in self.names
        }  # fmt: skip
        for name in ("models", "budget", "published"):
            del told[name]
        # Judges are weighed by what they said in a wave; other rules look at one proposal alone.
        if self.settings.consensus.rule != "weighted":
            del told["first_wave"]
        return ["llm", self.task, told, models]

    @property
    def reserve(self) -> float | None:
        """By the recipe; only what is needed is asked about."""
        return self.settings.reserve

    def admits(self, drafts: pa.Table) -> pa.Array | None:
        """Any pair can be asked about."""
        return None

    def look(self, rows: pa.Table) -> pa.Table:
        """The pairs as they are, with the values that gold questions are made of."""
        if self.measure is None:
            return rows
        values = self.measure(rows).drop_columns(["pair_id"])
        for name in values.column_names:
            rows = rows.append_column(f"{VALUE}{name}", values[name])
        return rows

    def labellers(self, looked: pa.Table, wanted: int | None) -> Sequence[LlmLane]:
        """The lanes, after gold questions were asked; each knows what it may spend.

        Raises:
            BuildError: a model can't be asked, the budget is used up by gold questions, or no judge
                is left who answers them well enough.
        """
        run, lanes = uuid.uuid4().hex, self.settings.lanes
        barred, gold_rows = self._calibrated(run, looked, wanted)
        limit = lane_limit(self.settings.budget, self.cache, lanes)
        return [
            LlmLane(self, Lane(f"{run}/lanes", at, lanes), limit, barred, [] if at else gold_rows)
            for at in range(lanes)
        ]

    def _calibrated(
        self, run: str, looked: pa.Table, wanted: int | None
    ) -> tuple[dict[str, list[str]], list[dict[str, Any]]]:
        """Judges without a vote in this task, and what judges said to gold questions."""
        chosen = self.settings.calibration
        number = gold_number(wanted or looked.num_rows, self.settings)
        if self.measure is None or not number:
            return {}, []
        gold: Gold = gold_of(looked, VALUE, self.task, number, self.settings.measured)
        if not gold.rows:
            return {}, []
        media = MediaFacts(self.render)
        media.of_rows(gold.rows)
        limit = lane_limit(self.settings.budget, self.cache)
        with self.session(Lane(f"{run}/gold"), limit, media) as session:
            votes, labels, over = Round(session, self.panel()).judge_gold(gold)
        if over:
            raise BuildError(
                f"{self.subset}: the budget is used up by gold questions; raise --budget, or set "
                "relabel.calibration.gold_share: 0"
            )
        done = calibration(votes, gold.truth, by=("judge", "task"))
        barred = without_vote(done, chosen.floor, chosen.least_questions)
        if set(self.settings.judge.models) <= set(barred.get(self.task, ())):
            raise BuildError(
                f"{self.subset}: all judges fail the gold questions of {self.task} "
                f"({_told(done)}; relabel.calibration.floor is {chosen.floor:g}), so no criterion "
                "could be confirmed; name other judges, or lower the floor. What was bought is kept"
            )
        return barred, [*gold.labels, *labels]


def _told(done: pl.DataFrame) -> str:
    """The accuracy of every judge."""
    return ", ".join(
        f"{judge} {accuracy:.2f}" for judge, accuracy in done.select("judge", "accuracy").rows()
    )
