"""UltraFeedback, binarized: pairs that HuggingFaceH4 drew from it, as two lists of turns.

Native layout (card and ``create_dataset.py`` of HuggingFaceH4/ultrafeedback_binarized):
``data/train_prefs-*.parquet`` with ``prompt``, ``prompt_id``, ``chosen`` and ``rejected`` (lists
of ``{content, role}``), ``messages``, ``score_chosen`` and ``score_rejected``. The completion
with the highest ``overall_score`` was chosen, the rejected one drawn from the others; records of
TruthfulQA are left out there already. Scores run from 1 to 10, models are not named.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from transforms.sources.adapter import Place, RecordAdapter, need
from transforms.sources.columns import Column
from transforms.sources.draft import Draft, Reject, Response
from transforms.sources.pairing import pairs_by_score
from transforms.sources.turns import record_turns, shared_prompt


class UltraFeedbackBinarized(RecordAdapter):
    """One record is one pair; `chosen` is preferred, unless the scores make it a tie."""

    COLUMNS: ClassVar = (
        Column.of("chosen", "list"),
        Column.of("rejected", "list"),
        Column.of("score_chosen", "number"),
        Column.of("score_rejected", "number"),
        Column.of("prompt_id", "text", required=False),
    )
    PROJECTION: ClassVar = ("prompt_id", "chosen", "rejected", "score_chosen", "score_rejected")

    def key(self, record: Mapping[str, Any]) -> str:
        """`prompt_id` is a digest of the prompt: prompts recur, so the content is part of it."""
        content, prompt = super().key(record), record.get("prompt_id")
        return f"{prompt}/{content}" if isinstance(prompt, str) else content

    def pairs(self, record: Mapping[str, Any], place: Place) -> Iterable[Draft]:
        """The pair of a record."""
        prompt, chosen, rejected = shared_prompt(
            record_turns(record, "chosen"), record_turns(record, "rejected")
        )
        better, worse = _score(record, "score_chosen"), _score(record, "score_rejected")
        need(
            better >= worse,
            "label_contradicts_scores",
            f"the rejected response has the higher score: {worse:g} over {better:g}",
        )
        (pair,) = pairs_by_score((better, worse), self.corpus.pairs)
        yield Draft(
            key=self.key(record),
            prompt=prompt,
            first=Response(text=chosen, score=better),
            second=Response(text=rejected, score=worse),
            preferred=pair.preferred,
            margin=pair.margin,
            where=str(place),
        )


def _score(record: Mapping[str, Any], name: str) -> float:
    value = record.get(name)
    if value is None:
        raise Reject("missing_field", f"{name} is missing or null")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Reject("malformed_score", f"{name} is {type(value).__name__}, expected a number")
    need(abs(value) <= 1e9 and math.isfinite(value), "malformed_score", f"{name} is {value!r:.40}")
    return float(value)
