"""What a dead letter is: a record that could not be used, and why.

Its identity is the source key, never a file and row: the same corpus split into other files gives
the same dead letters. Where the record was met is kept beside (`WHERE_FIELD`), out of the digest.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

#: Stages that may refuse a record, in the order of the graph.
STAGES: Final = ("sources", "media", "dedup", "relabel", "quality", "writing")

#: How much of what was seen is kept, in characters.
SEEN_LIMIT: Final = 500

WHERE_FIELD: Final = pa.field("where", pa.string())

DEAD_LETTER_SCHEMA: Final = pa.schema(
    [
        pa.field("stage", pa.string()),
        pa.field("subset", pa.string()),
        pa.field("corpus", pa.string()),
        pa.field("key", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("message", pa.string()),
        pa.field("seen", pa.string()),
    ]
)

DEAD_FLIGHT_SCHEMA: Final = DEAD_LETTER_SCHEMA.append(WHERE_FIELD)


@dataclass(frozen=True)
class DeadLetter:
    """One refused record. `reason` is a code (snake_case), `message` a sentence for a person."""

    stage: str
    subset: str
    corpus: str
    key: str
    reason: str
    message: str
    seen: str
    where: str

    def __post_init__(self) -> None:
        if self.stage not in STAGES:
            raise ValueError(f"unknown stage {self.stage!r}: one of {STAGES}")


def encodable(text: str) -> str:
    """Text with a UTF-8 form: half a character, which JSON can spell, becomes its escape."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def excerpt(value: object, limit: int = SEEN_LIMIT) -> str:
    """What was seen, as valid UTF-8 text of at most `limit` characters."""
    text = value if isinstance(value, str) else repr(value)
    text = encodable(text[: limit + 1])
    return text if len(text) <= limit else text[: limit - 1] + "…"


def dead_letter_table(letters: Iterable[DeadLetter]) -> pa.Table:
    """A table of `DEAD_FLIGHT_SCHEMA` from dead letters, whatever stands in their texts."""
    rows = [
        {name: encodable(text) for name, text in vars(letter).items()}
        | {"seen": excerpt(letter.seen)}
        for letter in letters
    ]
    return pa.Table.from_pylist(rows, schema=DEAD_FLIGHT_SCHEMA)
