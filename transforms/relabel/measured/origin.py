"""The origin `measured`: criteria about what can be measured, true by measurement."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import ClassVar

import polars as pl
import pyarrow as pa

from transforms.measures.tables import VERSION
from transforms.measures.values import Fetch, attribute_values, missing
from transforms.relabel.measured.choose import choose, label_table, prompt_version
from transforms.relabel.measured.settings import MeasuredSettings
from transforms.relabel.origin import LABELLED_SCHEMA, RELABEL, AtOnce, Labelled

#: The corpus's preference, beside the values.
_SOURCE = "source"


@dataclass(frozen=True)
class MeasuredOrigin(AtOnce):
    """Measures both responses of every pair and asks about one thing in which they differ."""

    task: str
    settings: MeasuredSettings
    fetch: Fetch

    name: ClassVar[str] = "measured"
    admits_by: ClassVar[object] = None

    @property
    def inputs(self) -> object:
        """Settings, and the versions of attributes and wording."""
        return ["measured", self.task, asdict(self.settings), VERSION, prompt_version()]

    @property
    def reserve(self) -> float:
        """Few pairs differ in nothing."""
        return self.settings.reserve

    def admits(self, drafts: pa.Table) -> pa.Array | None:
        """Any pair can be measured."""
        return None

    def look(self, rows: pa.Table) -> pa.Table:
        """Values of both responses, with the corpus's preference."""
        values = attribute_values(rows, self.task, self.fetch)
        return values.append_column(_SOURCE, rows["preference"])

    def label(self, survivors: pa.Table, looked: pa.Table, wanted: int | None) -> Labelled:
        """Choose an attribute and a direction for every pair; pairs without one are left out."""
        choices = choose(looked, looked[_SOURCE], self.task, self.settings)
        at = choices["row"]
        rows = pl.DataFrame(
            {
                "base_id": survivors["base_id"].take(at).to_pylist(),
                "key": survivors["key"].take(at).to_pylist(),
                "criterion": choices["criterion"].to_pylist(),
                "source": looked[_SOURCE].take(at).to_pylist(),
                "preference": choices["verdict"].to_pylist(),
                "agreement": [1.0] * choices.num_rows,
                "n_votes": [1] * choices.num_rows,
            },
            schema=LABELLED_SCHEMA,
        )
        asked = pl.Series(at).n_unique()
        unmeasured = sum(missing(looked).values())
        counts = [
            (RELABEL, "in", survivors.num_rows),
            (RELABEL, "out", asked),
            (RELABEL, "dropped:alike_in_all_that_is_measured", survivors.num_rows - asked),
            (RELABEL, "note:rows", rows.height),
            (RELABEL, "note:values_not_measured", unmeasured),
        ]
        return Labelled(rows, label_table(choices, self.task), counts=counts)
