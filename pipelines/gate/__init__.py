"""The gate that publication asks: whether a built dataset keeps what it promises."""

from __future__ import annotations

from pipelines.gate.check import run_gate
from pipelines.gate.result import DATASET, Checked, Gate, Outcome, read_gate

__all__ = ["DATASET", "Checked", "Gate", "Outcome", "read_gate", "run_gate"]
