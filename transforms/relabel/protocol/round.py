"""One round of the protocol over some pairs: propose, judge, decide."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import pyarrow as pa

from schemas.label import LABEL_SCHEMA
from transforms.relabel.consensus import consensus
from transforms.relabel.llm.asker import check_modalities
from transforms.relabel.llm.outcome import Answer, NoAnswer, Outcome
from transforms.relabel.llm.question import Question, parameters
from transforms.relabel.llm.session import LlmSession
from transforms.relabel.protocol.gold import GOLD, Gold
from transforms.relabel.protocol.judging import JudgeQuestions, judge_question, orders, verdict_of
from transforms.relabel.protocol.material import Order, Shown
from transforms.relabel.protocol.propose import Proposal, propose_question, read_proposals
from transforms.relabel.settings import RelabelSettings
from transforms.relabel.votes import ANSWER_SCHEMA, votes_of

#: A pair that gave no row: pair id, reason, message, what was seen.
Lost = tuple[str, str, str, str]
LabelRow = dict[str, Any]


@dataclass(frozen=True)
class Panel:
    """Who is asked about pairs of a task, and how media are shown to each model."""

    task: str
    settings: RelabelSettings
    shown: Mapping[str, Shown]


@dataclass
class Decided:
    """What came of a wave. `rows`: pair_id, criterion, preference, agreement, n_votes."""

    asked: int
    rows: pl.DataFrame
    labels: list[LabelRow] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)
    notes: dict[str, int] = field(default_factory=dict)
    over_budget: bool = False


class Round:
    """Asks the models of a panel through a session."""

    def __init__(self, session: LlmSession, panel: Panel) -> None:
        self.session, self.panel = session, panel
        self._checked = False
        self._producers: dict[tuple[str, float | None, str], dict[str, Any]] = {}

    def decide(
        self, rows: Sequence[Mapping[str, Any]], barred: Mapping[str, Sequence[str]]
    ) -> Decided:
        """Propose criteria for pairs, have them judged, and keep those with a consensus.

        `barred`: task -> judges without a vote there, who are not asked.
        """
        settings, task = self.panel.settings, self.panel.task
        self._check(rows)
        decided = Decided(len(rows), pl.DataFrame())
        proposals = self._proposals(rows, decided)
        pairs = {row["pair_id"]: row for row in rows}
        asked = [(pairs[one.pair_id], one.question, one.criterion) for one in proposals]
        silent = barred.get(task, ())
        # What a judge without a vote says is of no use to anybody, and costs as much.
        answers = self._judged(
            asked, [judge for judge in settings.judge.models if judge not in silent], decided
        )
        votes = votes_of(answers, both_orders=settings.judge.both_orders)
        table = pl.DataFrame(
            {
                "question": [one.question for one in proposals],
                "task": [task] * len(proposals),
                "prefers": [one.prefers for one in proposals],
            },
            schema=dict.fromkeys(("question", "task", "prefers"), pl.String),
        )
        verdicts = consensus(
            table,
            votes,
            settings.consensus.rule,
            judges=settings.judge.models,
            without_vote=barred,
            least_weight=settings.consensus.least_weight,
        )
        self._keep(proposals, verdicts, votes, decided)
        return decided

    def _check(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Whether every model accepts what it will be asked, before the first call.

        Raises:
            BuildError: one does not; names its block of the recipe.
        """
        if self._checked or not rows:
            return
        settings, shown = self.panel.settings, self.panel.shown
        generator = settings.propose.model
        models = self.session.models
        question = propose_question(rows[0], self.panel.task, settings.propose, shown[generator])
        check_modalities(generator, models[generator], question)
        for judge in settings.judge.models:
            asked = judge_question(rows[0], "?", judge, "ab", settings.judge, shown[judge])
            check_modalities(judge, models[judge], asked)
        self._checked = True

    def _proposals(self, rows: Sequence[Mapping[str, Any]], decided: Decided) -> list[Proposal]:
        settings = self.panel.settings.propose
        shown = self.panel.shown[settings.model]
        questions = [propose_question(row, self.panel.task, settings, shown) for row in rows]
        found: list[Proposal] = []
        wrong: Counter[str] = Counter()
        for row, question, outcome in zip(
            rows, questions, self.session.ask(questions), strict=True
        ):
            if isinstance(outcome, NoAnswer):
                self._unanswered(row["pair_id"], "propose", outcome, decided)
                continue
            sound, bad = read_proposals(outcome.value, row["pair_id"], settings)
            wrong.update(bad)
            if not sound:
                message = "the generator wrote no criterion that can be used"
                seen = json.dumps(outcome.value, ensure_ascii=False)
                decided.lost.append((row["pair_id"], "no_criterion", message, seen))
            for at, proposal in enumerate(sound):
                decided.labels.append(
                    _label(
                        proposal.pair_id, proposal.criterion, "propose", None, proposal.prefers,
                        self._producer(question, settings.prompt_version),
                        outcome if at == 0 else None,
                    )
                )  # fmt: skip
            found += sound
        decided.notes |= {f"proposal_{reason}": number for reason, number in wrong.items()}
        return found

    def _judged(
        self,
        asked: Sequence[tuple[Mapping[str, Any], str, str]],
        judges: Sequence[str],
        decided: Decided,
    ) -> pl.DataFrame:
        """What judges say about (pair, question, criterion), as `votes.ANSWER_SCHEMA`."""
        settings = self.panel.settings.judge
        places: list[tuple[str, str, Order, str, str]] = []
        questions: list[Question] = []
        make = JudgeQuestions(settings)
        for row, name, criterion in asked:
            for judge in judges:
                for order in orders(settings):
                    shown = self.panel.shown[judge]
                    questions.append(make.about(row, criterion, judge, order, shown))
                    places.append((name, judge, order, row["pair_id"], criterion))
        answers = []
        for place, question, outcome in zip(
            places, questions, self.session.ask(questions), strict=True
        ):
            name, judge, order, pair_id, criterion = place
            if isinstance(outcome, NoAnswer):
                decided.over_budget |= outcome.reason == "over_budget"
                reason = f"judge_{outcome.reason}"
                decided.notes[reason] = decided.notes.get(reason, 0) + 1
                continue
            verdict = verdict_of(outcome.value, order)
            answers.append((name, judge, order, verdict))
            producer = self._producer(question, settings.prompt_version)
            decided.labels.append(
                _label(pair_id, criterion, "judge", order, verdict, producer, outcome)
            )
        return pl.DataFrame(answers, schema=ANSWER_SCHEMA, orient="row")

    def judge_gold(self, gold: Gold) -> tuple[pl.DataFrame, list[LabelRow], bool]:
        """What judges say to gold questions: votes, label rows, whether the budget ended them.

        The truth of each question comes first among the label rows.
        """
        self._check(gold.rows)
        decided = Decided(0, pl.DataFrame())
        asked = [
            (row, name, criterion)
            for row, name, criterion in zip(gold.rows, gold.names, gold.criteria, strict=True)
        ]
        answers = self._judged(asked, self.panel.settings.judge.models, decided)
        both = self.panel.settings.judge.both_orders
        for row in decided.labels:
            row["step"] = GOLD
        return votes_of(answers, both_orders=both), decided.labels, decided.over_budget

    def _keep(
        self,
        proposals: Sequence[Proposal],
        verdicts: pl.DataFrame,
        votes: pl.DataFrame,
        decided: Decided,
    ) -> None:
        """Of each pair's proposals with a consensus the first by a hash; letters for the others."""
        most = self.panel.settings.propose.rows_per_pair
        said = {row["question"]: row for row in verdicts.iter_rows(named=True)}
        by_pair: dict[str, list[Proposal]] = {}
        for proposal in sorted(proposals, key=_lot):
            by_pair.setdefault(proposal.pair_id, []).append(proposal)
        kept: list[tuple[str, str, str, float, int]] = []
        for pair_id, mine in by_pair.items():
            agreed = [one for one in mine if said[one.question]["keep"]][:most]
            for one in agreed:
                verdict = said[one.question]
                kept.append(
                    (pair_id, one.criterion, one.prefers, verdict["agreement"], verdict["n_votes"])
                )
            if not agreed and not decided.over_budget:
                reasons = {said[one.question]["reason"] for one in mine}
                reason = "no_votes" if reasons == {"no_votes"} else "no_consensus"
                told = _votes_told(mine, votes)
                message = f"none of {len(mine)} criteria was confirmed"
                decided.lost.append((pair_id, reason, message, told))
        schema = {
            "pair_id": pl.String,
            "criterion": pl.String,
            "preference": pl.String,
            "agreement": pl.Float32,
            "n_votes": pl.Int32,
        }
        decided.rows = pl.DataFrame(kept, schema=schema, orient="row")

    def _unanswered(self, pair_id: str, step: str, outcome: NoAnswer, decided: Decided) -> None:
        if outcome.reason == "over_budget":
            decided.over_budget = True
            decided.asked -= 1
            return
        decided.lost.append((pair_id, f"{step}_{outcome.reason}", outcome.message, ""))

    def _producer(self, question: Question, version: str) -> dict[str, Any]:
        asked = question.model, question.temperature, version
        if asked not in self._producers:
            self._producers[asked] = self._new_producer(question, version)
        return self._producers[asked]

    def _new_producer(self, question: Question, version: str) -> dict[str, Any]:
        model = self.session.models[question.model]
        sent = parameters(question, model)
        told = {name: sent[name] for name in ("temperature", "top_p", "seed")}
        return {
            "origin": "llm",
            "model": model.served_as or question.model,
            "prompt_version": version,
            "parameters": json.dumps(told, sort_keys=True),
        }


def _lot(proposal: Proposal) -> str:
    """A place among the proposals of a pair that says nothing about them."""
    return hashlib.sha256(b"omni-reward/lot/1\0" + proposal.question.encode()).hexdigest()


def _votes_told(mine: Sequence[Proposal], votes: pl.DataFrame) -> str:
    """The votes on a pair's proposals, for its dead letter."""
    told = []
    for one in mine:
        cast = votes.filter(pl.col("question") == one.question).sort("judge")
        said = ", ".join(f"{judge} {vote}" for judge, vote in cast.select("judge", "vote").rows())
        told.append(f"{one.criterion} proposed {one.prefers}: {said or 'no votes'}")
    return "\n".join(told)


def _label(
    pair_id: str,
    criterion: str,
    step: str,
    order: str | None,
    verdict: str,
    producer: Mapping[str, Any],
    outcome: Outcome | None,
) -> LabelRow:
    answer = outcome if isinstance(outcome, Answer) else None
    return {
        "pair_id": pair_id,
        "criterion": criterion,
        "step": step,
        "order": order,
        "verdict": verdict,
        "confidence": None,
        "rationale": None,
        "producer": dict(producer),
        "input_tokens": answer.tokens_in if answer else 0,
        "output_tokens": answer.tokens_out if answer else 0,
        "cost_usd": answer.cost if answer else 0.0,
    }


def label_rows(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Label rows as a table."""
    return pa.Table.from_pylist([dict(row) for row in rows], schema=LABEL_SCHEMA)
