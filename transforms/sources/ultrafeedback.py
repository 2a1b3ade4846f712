"""UltraFeedback: one instruction, up to four completions, each rated by a model in four aspects.

Native layout (README of OpenBMB/UltraFeedback): one file of JSON lines for each source of
instructions, of ``{source, instruction, models, completions, correct_answers,
incorrect_answers}``. A completion is ``{model, principle, custom_system_prompt, response,
critique, overall_score, fine-grained_score, annotations}``; `annotations` has
``{Rating, Rationale, ...}`` for each aspect.

Completions are ranked by the mean of their ratings. ``overall_score`` and ``fine-grained_score``
are not read: they contradict each other in places, and in releases before 2023-12-29 the first
was 10 where 1 was meant. The completions of one record were made under different system prompts
(`custom_system_prompt`, drawn by `principle`), so none of them can stand in the prompt of a pair:
that is the instruction alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Final

from transforms.sources.adapter import Place, RecordAdapter, text_of
from transforms.sources.columns import Column
from transforms.sources.completions import completions_of, rated_drafts
from transforms.sources.draft import Draft, Dropped, Turn
from transforms.sources.settings import Corpus

ASPECTS: Final = ("helpfulness", "honesty", "instruction_following", "truthfulness")


@dataclass(frozen=True)
class UltraFeedbackOptions:
    """What the recipe can choose for this corpus."""

    #: Values of `source` whose records are left out, counted as `source_left_out`.
    drop_sources: tuple[str, ...] = ()
    #: Usable ratings, of four, without which a completion takes no part in a pair.
    min_ratings: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.min_ratings <= len(ASPECTS):
            raise ValueError(f"min_ratings must be from 1 to {len(ASPECTS)}")


class UltraFeedback(RecordAdapter):
    """One record gives the pairs that the recipe's rule draws from its completions."""

    Options: ClassVar[type] = UltraFeedbackOptions
    COLUMNS: ClassVar = (
        Column.of("source", "text"),
        Column.of("instruction", "text"),
        Column.of("completions", "any"),
    )

    def __init__(self, corpus: Corpus, name: str, subset: str) -> None:
        super().__init__(corpus, name, subset)
        self.options = UltraFeedbackOptions(**corpus.options)

    def pairs(self, record: Mapping[str, Any], place: Place) -> Iterable[Draft]:
        """The pairs of a record; it has no id, so its key is a digest of all of it."""
        if record.get("source") in self.options.drop_sources:
            raise Dropped("source_left_out")
        instruction = text_of(record, "instruction")
        completions = completions_of(record, ASPECTS, self.options.min_ratings)
        make = partial(Draft, prompt=(Turn("user", instruction),), where=str(place))
        return rated_drafts(self.key(record), completions, self.corpus.pairs, make)
