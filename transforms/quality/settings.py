"""Settings of the stage `quality`: the row rules' bounds, and what the gate may overlook."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

#: Names of the row rules, in the order in which a row is judged: the first that it breaks is the
#: reason of its dead letter.
ROW_RULES: tuple[str, ...] = (
    "empty_prompt",
    "unknown_role",
    "missing_prompt_medium",
    "missing_response",
    "foreign_medium",
    "equal_responses",
    "placeholder_without_medium",
    "control_characters",
    "replacement_characters",
    "prompt_too_long",
    "response_too_long",
    "unknown_preference",
    "number_not_finite",
    "criterion_missing",
    "criterion_unwanted",
    "criterion_too_short",
    "criterion_too_long",
    "criterion_names_side",
    "agreement_too_low",
)


@dataclass(frozen=True)
class RuleSettings:
    """Which row rules apply, and their bounds. A bound of None takes its rule away."""

    #: Rules that are not applied.
    skip: tuple[str, ...] = ()
    max_prompt_chars: int | None = 100_000
    max_response_chars: int | None = 100_000
    #: Control characters in one text, beside tab, line and page breaks.
    max_control_characters: int | None = 0
    #: Share of U+FFFD among a text's characters: what is left of bytes in another encoding.
    max_replacement_share: float | None = 0.01
    min_criterion_words: int | None = 3
    max_criterion_words: int | None = 150
    min_agreement: float | None = None

    def __post_init__(self) -> None:
        for name in self.skip:
            if name not in ROW_RULES:
                raise ValueError(f"skip: no row rule {name!r}; there are {', '.join(ROW_RULES)}")
        for name, value in vars(self).items():
            if isinstance(value, int | float) and (value < 0 or not math.isfinite(value)):
                raise ValueError(f"{name} must be a number from 0 on, or null")
        low, high = self.min_criterion_words, self.max_criterion_words
        if low is not None and high is not None and low > high:
            raise ValueError(f"min_criterion_words {low} is above max_criterion_words {high}")


@dataclass(frozen=True)
class GateSettings:
    """What the gate expects beyond the suites that come with the package."""

    #: A folder beside the recipe with SUBSET.yaml for subsets of one's own; null for none.
    expectations: str | None = None
    #: ``"SUBSET: expectation"`` -> why it may fail. Published with the dataset.
    waived: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, reason in self.waived.items():
            if ": " not in name:
                raise ValueError(f'waived: write "SUBSET: expectation" in place of {name!r}')
            if not reason.strip():
                raise ValueError(f"waived: {name} needs a reason, which is published")
