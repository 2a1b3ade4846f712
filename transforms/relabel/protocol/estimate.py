"""What labelling a subset would cost: real prompts are rendered, nothing is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from transforms.relabel.llm.question import Question
from transforms.relabel.llm.tokens import input_high, input_low, output_bound
from transforms.relabel.protocol.gold import gold_number
from transforms.relabel.protocol.judging import judge_question, orders
from transforms.relabel.protocol.material import Shown
from transforms.relabel.protocol.propose import propose_question
from transforms.relabel.settings import RelabelSettings
from transforms.relabel.settings_models import ModelSettings

#: Share of pairs that give a row, at best and at worst. Not published by anybody; ours to revise.
YIELDS: Final = (0.8, 0.25)
#: Tokens of an answer at least.
_SHORT_VERDICT: Final = 8
_SHORT_CRITERION: Final = 30
#: What is judged in an estimate: of average length.
_CRITERION: Final = (
    "The response should explain each of its steps in plain words, so that a reader without any "
    "training in the field can follow it."
)


@dataclass(frozen=True)
class Estimate:
    """Calls, tokens, dollars (None without prices) and hours of one model, low and high."""

    model: str
    role: str
    calls: tuple[int, int]
    tokens: tuple[int, int]
    dollars: tuple[float, float] | None
    hours: tuple[float, float] | None


def estimate(
    rows: Sequence[Mapping[str, Any]],
    wanted: int,
    available: int,
    task: str,
    settings: RelabelSettings,
    shown: Mapping[str, Shown],
) -> list[Estimate]:
    """What `wanted` rows of a subset cost, by model.

    Args:
        rows: a sample of its prepared pairs.
        wanted: labelled rows.
        available: pairs that there are; no more can be asked about.
        task: one of the nine.
        settings: of relabeling; every model that is asked has its block.
        shown: how media are shown to each model.
    """
    low, high = (min(available, round(wanted / share)) for share in YIELDS)
    propose, judge = settings.propose, settings.judge
    asked = [propose_question(row, task, propose, shown[propose.model]) for row in rows]
    found = [
        _of_model(
            propose.model,
            "propose",
            asked,
            (low, high),
            _SHORT_CRITERION * propose.criteria,
            settings,
        )
    ]
    times = propose.criteria * len(orders(judge))
    gold = gold_number(wanted, settings) * len(orders(judge))
    for name in judge.models:
        questions = [
            judge_question(row, _CRITERION, name, "ab", judge, shown[name]) for row in rows
        ]
        calls = (low * times + gold, high * times + gold)
        found.append(_of_model(name, "judge", questions, calls, _SHORT_VERDICT, settings))
    return found


def _of_model(
    name: str,
    role: str,
    questions: Sequence[Question],
    calls: tuple[int, int],
    short: int,
    settings: RelabelSettings,
) -> Estimate:
    model = settings.models[name]
    number = max(len(questions), 1)
    sent = [
        sum(count(question, model) for question in questions) / number
        for count in (input_low, input_high)
    ]
    most = sum(output_bound(question, model) for question in questions) / number
    answered = (min(short, most), most)
    tokens = tuple(
        round(times * (into + out)) for times, into, out in zip(calls, sent, answered, strict=True)
    )
    dollars = None
    if model.prices is not None:
        dollars = tuple(
            times * model.prices.dollars(round(into), round(out))
            for times, into, out in zip(calls, sent, answered, strict=True)
        )
    hours = _hours(model, calls, (tokens[0], tokens[1]))
    return Estimate(name, role, calls, tokens, dollars, hours)  # type: ignore[arg-type]


def _hours(
    model: ModelSettings, calls: tuple[int, int], tokens: tuple[int, int]
) -> tuple[float, float] | None:
    """Hours under the limits of requests and tokens; None where the model has none."""
    if model.rpm is None and model.tpm is None:
        return None
    found = []
    for times, volume in zip(calls, tokens, strict=True):
        minutes = max(times / (model.rpm or times or 1), volume / (model.tpm or volume or 1))
        found.append(minutes / 60)
    return found[0], found[1]
