"""Settings of relabeling: every choice that the paper leaves open, as a named field.

The paper (arXiv 2510.23451, section 3.1 and appendix F.3) names the generator and the three
verifiers; prompts, agreement rule, temperature, retries, criteria per pair and the share of
reversals are not given there. The values in use are stored in the run record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Generator:
    """The model that proposes a criterion and the response which it prefers."""

    model: str = "gpt-4o"
    temperature: float = 1.0
    retries: int = 3


@dataclass(frozen=True)
class Judges:
    """The models that verify a proposal, blind to it."""

    models: tuple[str, ...] = ("gpt-4o-mini", "Qwen2.5-VL-7B-Instruct", "gemma-3-12b-it")
    temperature: float = 0.0
    both_orders: bool = True
    #: unanimous: all judges, in every order asked, agree with the proposal.
    agreement: Literal["unanimous", "majority"] = "unanimous"


@dataclass(frozen=True)
class RelabelSettings:
    """How criteria come to the pairs of an instruction subset."""

    #: published: read from the published OmniRewardData, without cost. llm: propose and judge.
    origin: Literal["published", "llm"] = "published"
    criteria_per_pair: int = 1
    #: Share of criteria asked to prefer the response that the source rejected.
    flip_share: float = 0.5
    prompt_version: str = "1"
    generator: Generator = Generator()
    judges: Judges = Judges()
