"""Sample corpora: small or full-scale sources in their native layout, with known faults planted."""

from __future__ import annotations

from pipelines.sample_corpora.planted import Planted
from pipelines.sample_corpora.registry import CORPORA
from pipelines.sample_corpora.writer import write_corpora

__all__ = ["CORPORA", "Planted", "write_corpora"]
