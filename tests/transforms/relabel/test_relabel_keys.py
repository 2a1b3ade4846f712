"""Keys under which paid answers are kept: pinned, and changed by what changes an answer alone."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any, NoReturn

import pytest

from transforms.relabel.consensus import Rule
from transforms.relabel.llm.question import Keys, Question
from transforms.relabel.llm.tokens import output_bound
from transforms.relabel.llm.wire import request_body
from transforms.relabel.protocol.judging import judge_question
from transforms.relabel.protocol.material import Shown
from transforms.relabel.protocol.origin import LlmOrigin
from transforms.relabel.protocol.propose import propose_question
from transforms.relabel.protocol.round import Panel, Round
from transforms.relabel.settings import Consensus, Judge, Propose, RelabelSettings, Views
from transforms.relabel.settings_models import ModelSettings

MODEL = ModelSettings("http://127.0.0.1:9/v1", served_as="served/one")


def _ref(slot: str, digest: str, **info: Any) -> dict[str, Any]:
    facts = {"digest": digest * 32, "width": None, "height": None, "duration_s": None,
             "format": None}  # fmt: skip
    return {"slot": slot, "info": facts | info}


ROW: dict[str, Any] = {
    "pair_id": "0f" * 16,
    "preference": "a",
    "prompt": [{"role": "user", "content": "Which is clearer?"}],
    "prompt_media": [
        _ref("prompt_images", "ab", width=2000, height=1000),
        _ref("prompt_audios", "cd", duration_s=2.5, format="wav"),
    ],
    "a_text": "One.",
    "a_media": [_ref("video", "ef", width=640, height=480)],
    "b_text": "Two.",
    "b_media": [_ref("mesh", "01")],
}
DEAF, HEARING = Shown(768, 2, 768, 2), Shown(768, 2, 768, 2, hears=True)


def judged(shown: Shown = DEAF, **settings: Any) -> Question:
    return judge_question(ROW, "It should be clear.", "one", "ab", Judge(**settings), shown)


def proposed(shown: Shown = DEAF) -> Question:
    return propose_question(ROW, "t2t", Propose(model="one"), shown)


def key(question: Question, **settings: Any) -> str:
    return Keys("one", replace(MODEL, **settings)).key(question)[:16]


@pytest.mark.parametrize(
    ("question", "pinned"),
    [
        (judged(), "0ff2a791af02714e"),
        (judged(HEARING), "e1957d99d1a004c4"),
        (proposed(), "9f52804ba2ae0f9d"),
    ],
    ids=["judge", "judge_that_hears", "propose"],
)
def test_paid_answers_are_found_again(question: Question, pinned: str) -> None:
    """A key that changes orphans what was bought: never pin another one in place."""
    assert key(question) == pinned


def test_what_changes_a_key_and_what_does_not() -> None:
    plain = key(judged())
    assert key(judged(), temperature=0.5) == plain  # the step's own goes before it
    assert key(judged(), max_output_tokens=7) == plain
    others = [
        key(judged(), temperature=None),
        key(judged(), thinking_tokens=1000),
        key(judged(max_output_tokens=65)),
        key(judged(temperature=0.5)),
        key(judged(replace(DEAF, jpeg_quality=85))),
    ]
    assert len({plain, *others}) == 6


@pytest.mark.parametrize("question", [judged(), proposed()], ids=["judge", "propose"])
def test_a_model_without_a_temperature_is_sent_none(question: Question) -> None:
    """Whatever the step says: models that think refuse a request that names one."""
    sent = _body(question, MODEL)
    assert sent["temperature"] == question.temperature is not None
    assert "temperature" not in _body(question, replace(MODEL, temperature=None))


def test_a_model_that_thinks_has_room_for_it_and_pays_for_it() -> None:
    thinks = replace(MODEL, thinking_tokens=2000)
    verdict = Judge().max_output_tokens
    assert verdict == 64
    for model, most in ((MODEL, verdict), (thinks, verdict + 2000)):
        assert _body(judged(), model)["max_completion_tokens"] == most
        assert output_bound(judged(), model) == most
    assert _body(proposed(), thinks)["max_completion_tokens"] == MODEL.max_output_tokens + 2000
    assert _body(judged(max_output_tokens=9), MODEL)["max_completion_tokens"] == 9


def test_labels_say_what_was_sent() -> None:
    """Not what the step asked for and the model does not take."""
    models = {"one": replace(MODEL, temperature=None), "two": MODEL}

    class Session:
        def __init__(self) -> None:
            self.models = models

    settings = RelabelSettings(models=models)
    work = Round(Session(), Panel("t2t", settings, {}))  # type: ignore[arg-type]
    for name, temperature in (("one", None), ("two", 0.0)):
        told = work._producer(replace(judged(), model=name), "1")["parameters"]
        assert json.loads(told) == {"temperature": temperature, "top_p": None, "seed": None}


def test_every_field_of_show_has_an_effect() -> None:
    """On the question, and so on its key; with the defaults earlier answers were bought."""
    plain = _shown(Views())
    assert key(judged(plain)) == key(judged(Shown(768, 8, 768, 4)))
    changes = {"max_side": 512, "frames": 3, "views": 2, "jpeg_quality": 85}
    assert set(changes) == {one.name for one in fields(Views)}
    keys = {key(judged(_shown(Views(**{name: value})))) for name, value in changes.items()}
    assert len(keys - {key(judged(plain))}) == len(changes)


@pytest.mark.parametrize(
    ("rule", "matters"), [("unanimous", False), ("majority", False), ("weighted", True)]
)
def test_the_first_wave_is_part_of_what_labels_depend_on_where_it_is(
    rule: Rule, matters: bool
) -> None:
    """Judges are weighed wave by wave."""
    small, large = (_origin(consensus=Consensus(rule), first_wave=size) for size in (8, 200))
    assert (small.inputs != large.inputs) == matters
    assert small.inputs == replace(small, settings=replace(small.settings, budget=5.0)).inputs


def test_a_sound_that_is_heard_has_no_quality_of_pictures() -> None:
    named = [dict(one.rendering) for one in judged(replace(HEARING, jpeg_quality=70)).media()]
    qualities = {(one["of"], one.get("quality")) for one in named}
    assert qualities == {("image", 70), ("audio", None), ("video", 70), ("mesh", 70)}


def _shown(views: Views) -> Shown:
    return _origin(show=views).shown["one"]


def _origin(**settings: Any) -> LlmOrigin:
    models = {"one": MODEL}
    chosen = RelabelSettings(
        models=models, propose=Propose(model="one"), judge=Judge(models=("one",)), **settings
    )
    return LlmOrigin("Sub", "corpus", "t2t", chosen, "cache", _nothing)


def _body(question: Question, model: ModelSettings) -> dict[str, Any]:
    return request_body(question, model, Keys("one", model), lambda _: b"\x89PNG")


def _nothing(*_: object) -> NoReturn:
    raise LookupError("nothing is rendered here")
