"""The origin `llm`: waves of pairs in order of rank, until the rows that are wanted are there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import polars as pl
import pyarrow as pa

from schemas.dead_letter import DeadLetter, dead_letter_table, excerpt
from transforms.beamkit.errors import BuildError
from transforms.relabel.calibration import calibration, without_vote
from transforms.relabel.llm.question import Media
from transforms.relabel.llm.session import LlmSession, SessionSettings, lane_limit
from transforms.relabel.origin import LABELLED_SCHEMA, RELABEL, Labelled
from transforms.relabel.protocol.gold import Gold, gold_of
from transforms.relabel.protocol.material import Shown
from transforms.relabel.protocol.round import Decided, Panel, Round
from transforms.relabel.protocol.waves import next_wave
from transforms.relabel.settings import RelabelSettings
from transforms.relabel.settings_models import ModelSettings

#: Gives the bytes of a medium, from the facts of the media that a wave is about.
Render = Callable[[Media, Mapping[str, Mapping[str, Any]]], bytes]


@dataclass(frozen=True)
class LlmOrigin:
    """Asks models; every paid answer is kept in `cache` and none is bought twice.

    `measure` gives the values from which gold questions are made, or is None for none.
    """

    subset: str
    corpus: str
    task: str
    settings: RelabelSettings
    cache: str
    render: Render
    measure: Callable[[pa.Table], pa.Table] | None = None

    name: ClassVar[str] = "llm"

    @property
    def inputs(self) -> object:
        """All settings but those that change no label: limits, prices, the budget."""
        told = asdict(self.settings)
        models = {
            name: [block["served_as"] or name, block["structured"], block["temperature"],
                   block["top_p"], block["seed"], block["max_output_tokens"], block["modalities"]]
            for name, block in told["models"].items()
            if name in self._models
        }  # fmt: skip
        for name in ("models", "budget", "first_wave", "published"):
            del told[name]
        return ["llm", self.task, told, models]

    @property
    def reserve(self) -> float | None:
        """By the recipe; only what is needed is asked about."""
        return self.settings.reserve

    @property
    def _models(self) -> list[str]:
        """The models that are asked, by name."""
        return list(dict.fromkeys([self.settings.propose.model, *self.settings.judge.models]))

    def admits(self, drafts: pa.Table) -> pa.Array | None:
        """Any pair can be asked about."""
        return None

    def look(self, rows: pa.Table) -> pa.Table:
        """The pairs as they are, with the values that gold questions are made of."""
        if self.measure is None:
            return rows
        values = self.measure(rows).drop_columns(["pair_id"])
        for name in values.column_names:
            rows = rows.append_column(f"{_VALUE}{name}", values[name])
        return rows

    def label(self, survivors: pa.Table, looked: pa.Table, wanted: int | None) -> Labelled:
        """Ask in waves until enough rows are there.

        Raises:
            BuildError: a model can't be asked, or the budget is used up; what was bought is kept.
        """
        pairs = looked.select([n for n in looked.column_names if not n.startswith(_VALUE)])
        media = _Known(self.render)
        limit = lane_limit(self.settings.budget, self.cache)
        models = self._blocks
        with LlmSession(models, SessionSettings(self.cache, limit), media.bytes_of) as session:
            panel = Panel(self.task, self.settings, self.shown)
            work = Round(session, panel)
            barred, gold_rows = self._calibrated(work, media, looked, wanted)
            decided = list(self._waves(work, media, pairs, wanted, barred))
        return self._labelled(survivors, pairs, decided, gold_rows)

    @property
    def _blocks(self) -> dict[str, ModelSettings]:
        """The settings of the models that are asked.

        Raises:
            BuildError: one has no block in the recipe.
        """
        return {name: self._block(name) for name in self._models}

    @property
    def shown(self) -> dict[str, Shown]:
        """How media are shown to each model: a sound as sound only to those that hear."""
        show = self.settings.show
        return {
            name: Shown(
                show.max_side, show.frames, show.max_side, show.views, "audio" in block.modalities
            )
            for name, block in self._blocks.items()
        }

    def _block(self, name: str) -> ModelSettings:
        if name not in self.settings.models:
            there = ", ".join(self.settings.models) or "none"
            raise BuildError(
                f"relabel.models: no block for {name!r}, which propose or judge names; there is "
                f"{there}"
            )
        return self.settings.models[name]

    def _waves(
        self,
        work: Round,
        media: _Known,
        pairs: pa.Table,
        wanted: int | None,
        barred: Mapping[str, Sequence[str]],
    ) -> Iterator[Decided]:
        asked = kept = 0
        while size := next_wave(
            asked, kept, wanted, pairs.num_rows - asked, self.settings.first_wave
        ):
            rows = pairs.slice(asked, size).to_pylist()
            media.of_rows(rows)
            decided = work.decide(rows, barred)
            asked += size
            kept += decided.rows.height
            yield decided
            if decided.over_budget:
                aim = f" of {wanted:,}" if wanted is not None else ""
                raise BuildError(
                    f"{self.subset}: the budget is used up after {kept:,} rows{aim}; what was "
                    "bought is kept. To go on, raise --budget (or relabel.budget) and build again"
                )

    def _calibrated(
        self, work: Round, media: _Known, looked: pa.Table, wanted: int | None
    ) -> tuple[dict[str, list[str]], list[dict[str, Any]]]:
        """Judges without a vote in this task, and what judges said to gold questions."""
        chosen = self.settings.calibration
        if self.measure is None or not chosen.gold_share:
            return {}, []
        expected = (wanted or looked.num_rows) * self.settings.propose.criteria
        number = max(chosen.least_questions, round(expected * chosen.gold_share))
        gold: Gold = gold_of(looked, _VALUE, self.task, number, self.settings.measured)
        if not gold.rows:
            return {}, []
        media.of_rows(gold.rows)
        votes, labels, over = work.judge_gold(gold)
        if over:
            raise BuildError(
                f"{self.subset}: the budget is used up by gold questions; raise --budget, or set "
                "relabel.calibration.gold_share: 0"
            )
        done = calibration(votes, gold.truth, by=("judge", "task"))
        return without_vote(done, chosen.floor, chosen.least_questions), labels

    def _labelled(
        self,
        survivors: pa.Table,
        pairs: pa.Table,
        decided: Sequence[Decided],
        gold_rows: Sequence[Mapping[str, Any]],
    ) -> Labelled:
        from transforms.relabel.protocol.round import label_rows

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
        dead = [
            DeadLetter(
                RELABEL, self.subset, self.corpus, keys[pair], reason, message, excerpt(seen), ""
            )
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
            label_rows([*gold_rows, *told]),
            dead_letter_table(dead),
            counts,
        )


#: Before the names of columns that gold questions are made of.
_VALUE = "value:"

_KEPT = {
    "pair_id": pl.String,
    "criterion": pl.String,
    "preference": pl.String,
    "agreement": pl.Float32,
    "n_votes": pl.Int32,
}


class _Known:
    """The facts of the media that are being asked about, by source digest."""

    def __init__(self, render: Render) -> None:
        self._render = render
        self._infos: dict[str, Mapping[str, Any]] = {}

    def of_rows(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Know the media of these rows."""
        for row in rows:
            for name in ("prompt_media", "a_media", "b_media"):
                for ref in row[name] or ():
                    self._infos[ref["info"]["digest"]] = ref["info"]

    def bytes_of(self, medium: Media) -> bytes:
        """The bytes of a medium as a model is shown it."""
        return self._render(medium, self._infos)
