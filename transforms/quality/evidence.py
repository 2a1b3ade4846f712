"""What audits look at: frames of facts about published rows, without media bytes.

The pipelines read them from a built dataset; an audit is a pure function of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import polars as pl

from transforms.quality.finding import Scope

#: Facts of a response that every row states, numbers that may be null. Of several media (frames,
#: views) `file_bytes` is the sum, the others are those of the first.
FACTS: Final = (
    "characters",
    "file_bytes",
    "media",
    "pixels",
    "aspect",
    "duration_s",
    "rate_hz",
    "frames",
    "channels",
    "vertices",
    "faces",
    "loudness_lufs",
    "peak_dbfs",
)
SIDES: Final = ("a", "b")

#: One published row. `group` is shared by rows that are not independent (near-equal prompts).
ROWS_SCHEMA: Final = pl.Schema(
    {
        "row_id": pl.String(),
        "pair_id": pl.String(),
        "group": pl.String(),
        "task": pl.String(),
        "subset": pl.String(),
        "preference": pl.String(),
        "source_preference": pl.String(),
        "criterion": pl.String(),
        "flipped": pl.Boolean(),
        "agreement": pl.Float32(),
        "n_votes": pl.Int32(),
        "licence": pl.String(),
        "nc": pl.Boolean(),
        **{f"{side}_model": pl.String() for side in SIDES},
        **{f"{side}_{fact}": pl.Float64() for side in SIDES for fact in FACTS},
    }
)

#: The language of a text of a sampled row: `field` is prompt or response.
LANGUAGES_SCHEMA: Final = pl.Schema(
    {"row_id": pl.String(), "field": pl.String(), "language": pl.String()}
)

#: What is known of a measured criterion: `direction` is more or less.
STATED_SCHEMA: Final = pl.Schema(
    {
        "pair_id": pl.String(),
        "criterion": pl.String(),
        "attribute": pl.String(),
        "direction": pl.String(),
    }
)

#: One vote of a judge on a question, by both orders: a, b, tie or unsure.
VOTES_SCHEMA: Final = pl.Schema(
    {"question": pl.String(), "judge": pl.String(), "vote": pl.String()}
)

#: How a judge answered gold questions, whose answer is true by measurement. `votes`: whether it was
#: asked about the subset's criteria too; who fails gold questions is not.
GOLD_SCHEMA: Final = pl.Schema(
    {
        "judge": pl.String(),
        "task": pl.String(),
        "questions": pl.Int64(),
        "correct": pl.Int64(),
        "position_bias": pl.Float64(),
        "votes": pl.Boolean(),
    }
)

#: Rows removed from a subset, counted by rule.
REMOVED_SCHEMA: Final = pl.Schema({"rule": pl.String(), "rows": pl.Int64()})

#: Rows that match benchmark items.
MATCHES_SCHEMA: Final = pl.Schema(
    {
        "pair_id": pl.String(),
        "benchmark": pl.String(),
        "rule": pl.String(),
        "removed": pl.Boolean(),
    }
)


def _empty(schema: pl.Schema) -> Any:
    return field(default_factory=lambda: pl.DataFrame(schema=schema))


@dataclass(frozen=True)
class Evidence:
    """All that is known of a subset, a task or the dataset.

    Attributes:
        scope: which of them.
        subject: its name.
        rows: `ROWS_SCHEMA`, all rows.
        measured: of sampled rows: row_id, and columns ``a_NAME`` and ``b_NAME`` of measured
            attributes (float64, null where not measured).
        languages: `LANGUAGES_SCHEMA`, of sampled rows.
        stated: `STATED_SCHEMA`.
        votes: `VOTES_SCHEMA`.
        gold: `GOLD_SCHEMA`.
        removed: `REMOVED_SCHEMA`.
        matches: `MATCHES_SCHEMA`.
        askable: attributes that measured criteria can be about, by task.
        benchmarks: fingerprints the dataset was held against; null where that is not known.
        waived: benchmarks that were not looked for, with the reason.
    """

    scope: Scope
    subject: str
    rows: pl.DataFrame = _empty(ROWS_SCHEMA)
    measured: pl.DataFrame = _empty(pl.Schema({"row_id": pl.String()}))
    languages: pl.DataFrame = _empty(LANGUAGES_SCHEMA)
    stated: pl.DataFrame = _empty(STATED_SCHEMA)
    votes: pl.DataFrame = _empty(VOTES_SCHEMA)
    gold: pl.DataFrame = _empty(GOLD_SCHEMA)
    removed: pl.DataFrame = _empty(REMOVED_SCHEMA)
    matches: pl.DataFrame = _empty(MATCHES_SCHEMA)
    askable: Mapping[str, int] = field(default_factory=dict)
    benchmarks: Sequence[str] | None = None
    waived: Mapping[str, str] = field(default_factory=dict)

    @property
    def instructed(self) -> pl.DataFrame:
        """The rows under a criterion."""
        return self.rows.filter(pl.col("criterion").is_not_null())


_FRAMES: Final = (
    "rows", "measured", "languages", "stated", "votes", "gold", "removed", "matches",
)  # fmt: skip


def together(scope: Scope, subject: str, parts: Sequence[Evidence]) -> Evidence:
    """The evidence of several subsets as one; attributes that a part lacks are null there."""
    frames = {
        name: pl.concat([getattr(part, name) for part in parts], how="diagonal") for name in _FRAMES
    }
    return replace(parts[0], scope=scope, subject=subject, **frames)
