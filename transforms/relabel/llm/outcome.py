"""What becomes of a question: an answer, or one named reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Reason = Literal["refused", "truncated", "empty", "invalid", "failed", "over_budget"]


@dataclass(frozen=True)
class Answer:
    """A value that satisfies the question's schema; it is durable by the time it is seen.

    `cost` is in dollars (0 without prices) and, as tokens and attempts, of all calls that the
    answer took; those of a cached answer are those of the time when it was bought.
    """

    value: Any
    tokens_in: int
    tokens_out: int
    cost: float
    finish_reason: str
    attempts: int
    cached: bool = False


@dataclass(frozen=True)
class NoAnswer:
    """Why a question has no answer; nothing of it is cached, what it cost is in the ledger.

    refused: by the model or a content filter. truncated: the limit of output tokens came first.
    empty: nothing was said. invalid: it did not satisfy the schema, nor did it when told so.
    failed: no attempt brought an answer. over_budget: it was not sent, or not sent again.
    """

    reason: Reason
    #: For a dead letter; holds no key, and at most a few hundred characters of the answer.
    message: str
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0
    attempts: int = 0


Outcome = Answer | NoAnswer
