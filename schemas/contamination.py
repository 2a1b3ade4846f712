"""What is written down of a row that copies an item of a benchmark, or comes near to it."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

#: Rules by which rows are compared; the last one only reports.
RULES: Final = (
    "prompt_text",
    "response_text",
    "response_medium",
    "prompt_medium_and_text",
    "prompt_medium",
)

#: How a copy was known: equal after folding (text) or byte for byte (media), n-grams in common,
#: or a perceptual hash within the radius.
LIKENESSES: Final = ("exact", "near", "perceptual")

#: One row per pair, benchmark, rule and field: the strongest match. Sorted by these columns.
CONTAMINATION_SCHEMA: Final = pa.schema(
    [
        pa.field("subset", pa.string()),
        pa.field("row_id", pa.string()),
        pa.field("pair_id", pa.string()),
        pa.field("key", pa.string()),
        pa.field("benchmark", pa.string()),
        pa.field("item", pa.string()),  # config and position of the item: ``text_to_image:17``
        pa.field("rule", pa.string()),
        pa.field("field", pa.string()),  # prompt | a | b: where in the row
        pa.field("likeness", pa.string()),
        # Text: the share of n-grams in common, 0 to 1. Media: bits of difference, 0 for the same.
        pa.field("strength", pa.float32()),
        pa.field("removed", pa.bool_()),  # false: reported only
        pa.field("excerpt", pa.string()),  # of the row's text, or the name of its medium
    ]
)
