"""The truth of gold questions stands among the labels, so that who reads them can score judges."""

from __future__ import annotations

import pyarrow as pa
from test_relabel_measured_choose import DEFAULT, _values

from schemas.label import LABEL_SCHEMA
from transforms.relabel.protocol.gold import gold_of
from transforms.relabel.protocol.round import label_rows


def test_truths_are_labels_of_the_step_gold() -> None:
    values, preferences = _values(60, "t2t")
    looked = pa.table(
        {
            "pair_id": values["pair_id"],
            "preference": preferences,
            **{f"value:{n}": values[n] for n in values.column_names if n != "pair_id"},
        }
    )
    gold = gold_of(looked, "value:", "t2t", 20, DEFAULT)
    table = label_rows(gold.labels)
    assert table.schema == LABEL_SCHEMA
    assert table.num_rows == len(gold.names) > 0
    assert set(table["step"].to_pylist()) == {"gold"}
    assert table["verdict"].to_pylist() == gold.truth["truth"].to_list()
    assert table["criterion"].to_pylist() == list(gold.criteria)
    assert {one["origin"] for one in table["producer"].to_pylist()} == {"measured"}
