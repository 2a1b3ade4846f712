"""What the benchmark of the client runs over a full cache: pairs are decided, nothing is bought."""

from __future__ import annotations

import gc
import json
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from transforms.relabel.llm.question import Keys, Question
from transforms.relabel.llm.records import LedgerRow, Paid, StoredAnswer
from transforms.relabel.llm.session import LlmSession, SessionSettings, open_store
from transforms.relabel.protocol.judging import judge_question, orders
from transforms.relabel.protocol.material import Shown
from transforms.relabel.protocol.propose import propose_question, read_proposals
from transforms.relabel.protocol.round import Panel, Round
from transforms.relabel.settings import Judge, Propose, RelabelSettings
from transforms.relabel.settings_models import ModelSettings, Prices

JUDGES = ("one", "two", "three")
#: Nobody listens there: a call would end the benchmark.
_BLOCK = ModelSettings("http://127.0.0.1:9/v1", prices=Prices(1.0, 2.0))
SETTINGS = RelabelSettings(
    models=dict.fromkeys(("writer", *JUDGES), _BLOCK),
    propose=Propose(model="writer"),
    judge=Judge(models=JUDGES),
)
PANEL = Panel("t2t", SETTINGS, dict.fromkeys(SETTINGS.models, Shown()))
_WORDS = ("plain", "light", "river", "stone", "quiet", "many", "under", "which", "because")


def cached_pairs(number: int) -> tuple[float, float]:
    """Pairs a minute by the clock and by processor time, from a session's opening to its end.

    Prompts, keys, look-ups, parsing, label rows, votes and consensus are in it.
    """
    rows = [_row(at) for at in range(number)]
    with tempfile.TemporaryDirectory() as folder:
        _fill(folder, rows)
        gc.collect()
        wall, cpu = time.perf_counter(), time.process_time()
        with LlmSession(SETTINGS.models, SessionSettings(folder, limit=1.0)) as session:
            decided = Round(session, PANEL).decide(rows, {})
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    assert decided.rows.height == number, decided.lost[:3]
    return number / wall * 60, number / cpu * 60


def _row(at: int) -> dict[str, Any]:
    """A pair with a prompt of 40 words and answers of 150 to 250."""
    draw = random.Random(at)
    words = lambda many: " ".join(draw.choices(_WORDS, k=many))  # noqa: E731
    return {
        "pair_id": f"{at:032x}",
        "preference": draw.choice("ab"),
        "prompt": [{"role": "user", "content": words(40)}],
        "prompt_media": [],
        "a_text": words(draw.randint(150, 250)),
        "b_text": words(draw.randint(150, 250)),
        "a_media": [],
        "b_media": [],
    }


def _fill(folder: str, rows: Sequence[dict[str, Any]]) -> None:
    """Put into the cache what models would say: criteria, and judges who confirm them."""
    store = open_store(SessionSettings(folder))
    keys = {name: Keys(name, block) for name, block in SETTINGS.models.items()}
    try:
        for row in rows:
            store.write([_paid(keys, asked, value) for asked, value in _answers(row)])
    finally:
        store.close()


def _answers(row: dict[str, Any]) -> list[tuple[Question, Any]]:
    criteria = [
        {
            "criterion": f"The response should name at least {at + 2} reasons for what it says, "
            "each in a sentence that stands alone.",
            "prefers": ("first", "second")[at % 2],
        }
        for at in range(SETTINGS.propose.criteria)
    ]
    value = {"criteria": criteria}
    asked = propose_question(row, PANEL.task, SETTINGS.propose, Shown())
    found: list[tuple[Question, Any]] = [(asked, value)]
    sound, wrong = read_proposals(value, row["pair_id"], SETTINGS.propose)
    assert not wrong
    for one in sound:
        for judge in JUDGES:
            for order in orders(SETTINGS.judge):
                verdict = "first" if one.prefers == order[0] else "second"
                question = judge_question(row, one.criterion, judge, order, SETTINGS.judge, Shown())
                found.append((question, {"verdict": verdict}))
    return found


def _paid(keys: dict[str, Keys], question: Question, value: Any) -> Paid:
    key = keys[question.model].key(question)
    row = LedgerRow(
        key[:32], 0.0, "run", 0, question.model, key, question.pair_id, question.label,
        "answer", 500, 20, 0.0, 1,
    )  # fmt: skip
    return Paid(row, StoredAnswer(key, json.dumps(value), 500, 20, 0.0, "stop", 1))
