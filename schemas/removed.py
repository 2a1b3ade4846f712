"""What is said of a row that was removed as a duplicate: what it matched, and how strongly."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

DUPLICATE_SCHEMA: Final = pa.schema(
    [
        pa.field("subset", pa.string()),
        pa.field("row_id", pa.string()),
        pa.field("pair_id", pa.string()),
        pa.field("key", pa.string()),
        #: duplicate_exact | duplicate_near | duplicate_perceptual | contradiction | bridges_split
        pa.field("rule", pa.string()),
        pa.field("matched_subset", pa.string()),
        pa.field("matched_row", pa.string()),
        pa.field("matched_key", pa.string()),
        pa.field("strength", pa.float32()),  # 0 to 1
    ]
)
