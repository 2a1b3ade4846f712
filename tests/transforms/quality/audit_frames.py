"""Planted evidence: frames in which the answer of an audit is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from transforms.quality.audits.registry import audited
from transforms.quality.evidence import ROWS_SCHEMA, Evidence
from transforms.quality.finding import Finding
from transforms.quality.settings_audits import DEFAULT_CHECKS, AuditSettings, Bounds


def rows_of(number: int, **columns: Any) -> pl.DataFrame:
    """Rows of a subset; what is not given is null, ids are numbers, each row its own group."""
    ids = [f"{at:032x}" for at in range(number)]
    given = {
        "row_id": ids,
        "pair_id": ids,
        "group": ids,
        "task": ["t2t"] * number,
        "subset": ["S"] * number,
        "licence": ["mit"] * number,
        "nc": [False] * number,
        **columns,
    }
    frame = pl.DataFrame({name: pl.Series(name, given[name]) for name in given})
    missing = [
        pl.lit(None, dtype).alias(name)
        for name, dtype in ROWS_SCHEMA.items()
        if name not in frame.columns
    ]
    return frame.with_columns(missing).select(ROWS_SCHEMA.names()).cast(ROWS_SCHEMA)  # type: ignore[arg-type]


def preferences(rng: np.random.Generator, wants_a: np.ndarray, right: float) -> list[str]:
    """Labels that follow `wants_a` in a share `right` of the rows."""
    follows = rng.random(len(wants_a)) < right
    return np.where(wants_a == follows, "a", "b").tolist()


def findings(
    evidence: Evidence, names: Sequence[str] = tuple(DEFAULT_CHECKS), **settings: Any
) -> dict[str, Finding]:
    """What audits find, by name."""
    checks: dict[str, Bounds] = {name: DEFAULT_CHECKS[name] for name in names}
    chosen = AuditSettings(checks=checks, **settings)
    return {one.audit: one for one in audited(evidence, chosen)}


def finding(evidence: Evidence, name: str, **settings: Any) -> Finding:
    """What one audit finds."""
    return findings(evidence, [name], **settings)[name]
