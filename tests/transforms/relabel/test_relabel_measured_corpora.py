"""Measured criteria over sample corpora, prepared by the pipeline: from native files to gold."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.ipc
import pytest

from pipelines.layout import Layout
from schemas.flight import PREPARED_SCHEMA
from tests.transforms.sources.adapter_case import built
from transforms.measures.values import attribute_values
from transforms.media.store import MediaStore
from transforms.relabel.measured.choose import balance, choose, label_table
from transforms.relabel.measured.gold import gold_questions
from transforms.relabel.measured.settings import MeasuredSettings

SETTINGS = MeasuredSettings(criteria_per_pair=3)


@cache
def _measured(corpus: str, scale: float, task: str) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Prepared rows of a sample corpus, their values and what they are asked."""
    output = Path(built(corpus, scale)[0].output)
    tables = [
        pa.ipc.open_file(pa.memory_map(str(path))).read_all()
        for path in sorted((output / ".work").rglob("*.arrow"))
    ]
    rows = pa.concat_tables([table for table in tables if table.schema.equals(PREPARED_SCHEMA)])
    store = MediaStore(Layout.of(str(output)).store)
    values = attribute_values(rows, task, store.published)
    return rows, values, choose(values, rows["preference"], task, SETTINGS)


CORPORA = [
    ("skywork", 0.002, "t2t"),
    pytest.param("hpdv2", 0.0005, "t2i", marks=pytest.mark.full),
    pytest.param("videodpo", 0.004, "t2v", marks=pytest.mark.full),
    pytest.param("align_anything_t2a", 0.004, "t2a", marks=pytest.mark.full),
    pytest.param("genbench_3d", 0.0005, "t23d", marks=pytest.mark.full),
    pytest.param("edit_reward", 0.0005, "ti2i", marks=pytest.mark.full),
]


@pytest.mark.parametrize(("corpus", "scale", "task"), CORPORA)
def test_a_corpus_gives_balanced_criteria(corpus, scale, task):
    rows, values, choices = _measured(corpus, scale, task)
    assert values["a_unmeasured"].null_count == rows.num_rows
    assert len(set(choices["pair_id"].to_pylist())) > 0.5 * rows.num_rows
    frame, spread = pl.DataFrame(pl.from_arrow(choices)), balance(choices)
    bound = 2 / choices.num_rows**0.5  # four standard deviations of a fair coin
    assert abs(frame["reversed"].mean() - 0.5) < bound
    assert abs((frame["verdict"] == "a").mean() - 0.5) < bound
    assert spread["share"].max() < 0.5
    assert spread.height >= 3
    gold = gold_questions(label_table(choices, task), 3)
    assert gold.num_rows > 0
