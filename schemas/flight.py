"""What travels between the stages: text, facts and references to media, never media bytes.

A *draft* is what a source adapter makes of a record: responses in the corpus's order, media not
yet located. A *prepared pair* has its identity: text normalised, media located by source digest,
responses placed as A and B. What is the same for a whole subset (task, corpus, licence ...) does
not travel; the shard writer adds it.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from schemas.media import REF_STRUCT
from schemas.pair import TURN_STRUCT


def _side(name: str) -> list[pa.Field]:
    return [
        pa.field(f"{name}_text", pa.string()),
        pa.field(f"{name}_media", pa.list_(REF_STRUCT)),
        pa.field(f"{name}_frames_fps", pa.float32()),
        pa.field(f"{name}_model", pa.string()),
        pa.field(f"{name}_score", pa.float32()),
    ]


_COMMON: Final = [
    pa.field("key", pa.string()),  # the corpus's own id, or a digest of the record's content
    pa.field("rank", pa.uint64()),  # place in the seeded hash order: see transforms/sampling
    pa.field("prompt", pa.list_(TURN_STRUCT)),
    pa.field("prompt_media", pa.list_(REF_STRUCT)),
]

_LABEL: Final = [
    pa.field("margin", pa.float32()),
    pa.field("criterion", pa.string()),
    pa.field("criterion_origin", pa.string()),
    pa.field("flipped", pa.bool_()),
    pa.field("url", pa.string()),
]

#: Sources to media. `preferred` is ``first``, ``second`` or ``tie``; `where` is the file and row
#: that a person can look up.
DRAFT_SCHEMA: Final = pa.schema(
    [
        *_COMMON,
        *_side("first"),
        *_side("second"),
        pa.field("preferred", pa.string()),
        *_LABEL,
        pa.field("where", pa.string()),
    ]
)

#: Media to writing. `payload_bytes` is the row's weight in a shard: text plus media files.
PREPARED_SCHEMA: Final = pa.schema(
    [
        pa.field("row_id", pa.string()),
        pa.field("pair_id", pa.string()),
        *_COMMON,
        *_side("a"),
        *_side("b"),
        pa.field("preference", pa.string()),
        *_LABEL,
        pa.field("payload_bytes", pa.int64()),
    ]
)

#: What planning a subset's shards needs of each prepared pair.
PREPARED_KEYS: Final = ("pair_id", "row_id", "key", "rank", "payload_bytes")

PREFERRED: Final = ("first", "second", "tie")

#: Which rows a subset publishes, and what later stages say of them: one row for each published row
#: (a pair under two criteria is two), in order of `pair_id`. `base_id` and `key` name the prepared
#: pair; `row_id` is that of the published row. `preference`, `criterion`, `criterion_origin` and
#: `flipped` are null where the corpus's own stand.
ROSTER_SCHEMA: Final = pa.schema(
    [
        pa.field("row_id", pa.string()),
        pa.field("base_id", pa.string()),
        pa.field("pair_id", pa.string()),
        pa.field("key", pa.string()),
        pa.field("rank", pa.uint64()),
        pa.field("payload_bytes", pa.int64()),
        pa.field("prompt_group", pa.string()),
        pa.field("media_group", pa.string()),
        pa.field("split", pa.string()),
        pa.field("preference", pa.string()),
        pa.field("criterion", pa.string()),
        pa.field("criterion_origin", pa.string()),
        pa.field("flipped", pa.bool_()),
        pa.field("agreement", pa.float32()),
        pa.field("n_votes", pa.int32()),
    ]
)

#: What a roster says of a published row beyond what the prepared pair knows.
ROSTER_VALUES: Final = (
    "row_id",
    "prompt_group",
    "media_group",
    "preference",
    "criterion",
    "criterion_origin",
    "flipped",
    "agreement",
    "n_votes",
)
