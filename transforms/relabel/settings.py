"""Settings of relabeling: every choice that the paper leaves open, as a named field.

The paper (arXiv 2510.23451, section 3.1 and appendix F.3) names the generator and the three
verifiers; prompts, agreement rule, temperature, retries, criteria per pair and the share of
reversals are not given there. The values in use are stored in the run record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.tasks import CriterionOrigin
from transforms.relabel.consensus import RULES, Rule
from transforms.relabel.measured.settings import MeasuredSettings
from transforms.relabel.published.settings import PublishedSettings
from transforms.relabel.settings_models import ModelSettings


@dataclass(frozen=True)
class PublishedSet:
    """Where the published OmniRewardData is read from, and how its rows are matched."""

    repo: str = "jinzhuoran/OmniRewardData"
    revision: str = "main"
    #: A local copy, read in place of the Hub: `<Subset>/train-*.parquet` and the unpacked media.
    path: str | None = None
    match: PublishedSettings = PublishedSettings()


@dataclass(frozen=True)
class Propose:
    """What the generator is asked for."""

    #: A name of `models`.
    model: str = "gpt-4o"
    #: Not sent to a model whose own temperature is null.
    temperature: float = 1.0
    #: Version of the prompt; part of what an answer is kept under.
    prompt_version: str = "1"
    #: Criteria that one call asks for.
    criteria: int = 4
    #: Of them, how many should prefer what the source rejected.
    reversed: int = 2
    #: Rows that one pair may give.
    rows_per_pair: int = 1
    #: Length of a criterion in words and marks; Omni-RewardBench's have 15 to 31 (its table 8).
    least_words: int = 12
    most_words: int = 32

    def __post_init__(self) -> None:
        if not 1 <= self.rows_per_pair <= self.criteria:
            raise ValueError("rows_per_pair must be from 1 to criteria")
        if not 0 <= self.reversed <= self.criteria:
            raise ValueError("reversed must be from 0 to criteria")
        if not 1 <= self.least_words <= self.most_words:
            raise ValueError("least_words must be from 1 to most_words")


@dataclass(frozen=True)
class Judge:
    """Who verifies a proposal, blind to it."""

    #: Names of `models`.
    models: tuple[str, ...] = ("gpt-4o-mini", "qwen2.5-vl-7b", "gemma-3-12b")
    #: Not sent to a model whose own temperature is null.
    temperature: float = 0.0
    prompt_version: str = "1"
    #: Each judge sees the pair in both orders (not in the paper).
    both_orders: bool = True
    #: Tokens of a verdict at most, in place of the model's own `max_output_tokens`; a model that
    #: thinks first has its `thinking_tokens` on top.
    max_output_tokens: int = 64

    def __post_init__(self) -> None:
        if self.max_output_tokens < 1:
            raise ValueError("max_output_tokens must be at least 1")
        if not self.models:
            raise ValueError("models: name at least one judge")
        if len(set(self.models)) < len(self.models):
            raise ValueError("models: a judge is named twice")


@dataclass(frozen=True)
class Consensus:
    """Which proposals become rows."""

    #: unanimous: all judges, in every order asked, agree with the proposal. majority: more than
    #: half do. weighted: by reliability of the judges; needs the extra `crowd`.
    rule: Rule = "unanimous"
    #: For the rule weighted: least posterior of the proposed side.
    least_weight: float = 0.9

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise ValueError(f"rule: {self.rule!r} is none of {RULES}")
        if not 0.5 < self.least_weight <= 1:
            raise ValueError("least_weight must be above 0.5 and at most 1")


@dataclass(frozen=True)
class Calibration:
    """How judges are held to what is true by measurement."""

    #: Gold questions, as a share of the questions that a judge is asked.
    gold_share: float = 0.05
    #: A judge less accurate than this in a task loses its vote there and is not asked; fewer
    #: questions than `least_questions` decide nothing. Without any judge left the build stops.
    floor: float = 0.7
    least_questions: int = 30

    def __post_init__(self) -> None:
        if not 0 <= self.gold_share < 1 or not 0 <= self.floor <= 1:
            raise ValueError("gold_share and floor are shares, from 0 to 1")


@dataclass(frozen=True)
class Views:
    """How media are shown to models; another value asks all models about media anew."""

    #: Pixels of the longer side of pictures, frames and views; a spectrogram has one size.
    max_side: int = 768
    #: Of a clip, evenly spaced.
    frames: int = 8
    #: Drawn of a mesh, at even angles.
    views: int = 4
    #: 1 to 100, of all pictures that are sent.
    jpeg_quality: int = 90

    def __post_init__(self) -> None:
        for name in ("max_side", "frames", "views"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        if not 1 <= self.jpeg_quality <= 100:
            raise ValueError(f"jpeg_quality: {self.jpeg_quality} is not from 1 to 100")


@dataclass(frozen=True)
class RelabelSettings:
    """How criteria come to the pairs of an instruction subset."""

    #: published: read from the published OmniRewardData, without cost. llm: propose and judge.
    origin: CriterionOrigin = "published"
    published: PublishedSet = PublishedSet()
    measured: MeasuredSettings = MeasuredSettings()
    models: Mapping[str, ModelSettings] = field(default_factory=dict)
    propose: Propose = Propose()
    judge: Judge = Judge()
    consensus: Consensus = Consensus()
    calibration: Calibration = Calibration()
    show: Views = Views()
    #: N x (1 + reserve) pairs are drawn for the origin llm; only what is needed is asked about.
    reserve: float = 2.0
    #: Pairs of the first wave; later ones are sized by what came of those before.
    first_wave: int = 200
    #: Dollars that a build may spend at most; null: none without --budget.
    budget: float | None = None
    #: Workers that ask side by side, each with its share of budget, requests and tokens a minute.
    #: Part of what labels depend on: each lane has its own pairs.
    lanes: int = 1

    def __post_init__(self) -> None:
        if self.reserve < 0 or self.first_wave < 1:
            raise ValueError("reserve must not be negative, first_wave at least 1")
        if self.lanes < 1:
            raise ValueError("lanes must be at least 1")
        if self.budget is not None and self.budget <= 0:
            raise ValueError("budget: write an amount in dollars, or null")
