"""What a label is: a verdict about one pair under one criterion, with its producer.

Labels are side tables keyed by `pair_id`, apart from the pairs: a threshold or an agreement rule
changes without a new call to a model, and a paid answer is never orphaned by a new media policy.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa

PRODUCER_STRUCT: Final = pa.struct(
    [
        ("origin", pa.string()),  # llm | published | measured
        ("model", pa.string()),
        ("prompt_version", pa.string()),
        ("parameters", pa.string()),  # canonical JSON
    ]
)

LABEL_SCHEMA: Final = pa.schema(
    [
        pa.field("pair_id", pa.string()),
        pa.field("criterion", pa.string()),
        pa.field("step", pa.string()),  # propose | judge | gold
        pa.field("order", pa.string()),  # ab | ba: the order in which the judge saw the pair
        pa.field("verdict", pa.string()),  # a | b | tie, already mapped back to the row's sides
        pa.field("confidence", pa.float32()),
        pa.field("rationale", pa.string()),
        pa.field("producer", PRODUCER_STRUCT),
        pa.field("input_tokens", pa.int64()),
        pa.field("output_tokens", pa.int64()),
        pa.field("cost_usd", pa.float64()),
    ]
)
