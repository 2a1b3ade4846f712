"""Guessing a mapping: what is recognised, what is left to a person, what is refused."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from transforms.sources.mapped.guess import guess_mapping
from transforms.sources.mapped.options import MappedOptions
from transforms.sources.mapped.profile import modality_of

WORDS = [
    "sky",
    "water",
    "stone",
    "letter",
    "garden",
    "winter",
    "number",
    "silver",
    "window",
    "paper",
]


def text(seed: int, number: int = 12) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=number))


def records(**columns: Any) -> list[dict[str, Any]]:
    """Twenty records; a column is a function of the record's number."""
    return [{name: make(at) for name, make in columns.items()} for at in range(20)]


def prompt(at: int) -> str:
    return text(at)


def answer(at: int) -> str:
    return text(100 + at, 30)


def other(at: int) -> str:
    return text(200 + at, 30)


def always(value: Any) -> Callable[[int], Any]:
    return lambda _: value


def turns(*said: tuple[str, str]) -> list[dict[str, str]]:
    return [{"role": role, "content": content} for role, content in said]


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (
            records(id=str, instruction=prompt, output_1=answer, output_2=other,
                    label=lambda at: 1 + at % 2),
            {"key": "id", "prompt": "instruction", "responses": ["output_1", "output_2"],
             "label": "label", "values": {"first": [1], "second": [2]}},
        ),
        (
            records(编号=str, 问题=prompt, 回答1=answer, 回答2=other, 偏好=lambda at: at % 3),
            {"key": "编号", "prompt": "问题", "responses": ["回答1", "回答2"], "label": "偏好",
             "values": {"first": [1], "second": [2], "tie": [0]}},
        ),
        (
            records(frage=prompt, antwort_a=answer, antwort_b=other,
                    besser=lambda at: "AB"[at % 2]),
            {"prompt": "frage", "responses": ["antwort_a", "antwort_b"], "label": "besser",
             "values": {"first": ["A"], "second": ["B"]}},
        ),
        (
            records(instruction=prompt, input=lambda at: text(at, 3), response1=answer,
                    response2=other, annotator1=lambda at: at % 3, annotator2=lambda at: at % 2 + 1,
                    annotator3=lambda at: at % 3),
            {"prompt": ["instruction", "input"], "responses": ["response1", "response2"],
             "votes": ["annotator1", "annotator2", "annotator3"],
             "values": {"first": [1], "second": [2], "tie": [0]}},
        ),
        (
            records(question=prompt, chosen=answer, rejected=other),
            {"prompt": "question", "chosen": "chosen", "rejected": "rejected"},
        ),
        (
            records(respuesta_elegida=answer, respuesta_rechazada=other, pregunta=prompt),
            {"prompt": "pregunta", "chosen": "respuesta_elegida",
             "rejected": "respuesta_rechazada"},
        ),
        (
            records(chosen=lambda at: turns(("user", prompt(at)), ("assistant", answer(at))),
                    rejected=lambda at: turns(("user", prompt(at)), ("assistant", other(at)))),
            {"chosen": "chosen", "rejected": "rejected"},
        ),
        (
            records(chosen=lambda at: f"\n\nHuman: {prompt(at)}\n\nAssistant: {answer(at)}",
                    rejected=lambda at: f"\n\nHuman: {prompt(at)}\n\nAssistant: {other(at)}"),
            {"chosen": "chosen", "rejected": "rejected",
             "transcript": {"user": "\n\nHuman:", "assistant": "\n\nAssistant:"}},
        ),
        (
            records(prompt=prompt, generations=lambda at: [f"{at}/{n}.webp" for n in range(4)],
                    ranking=lambda at: [at % 4, 1, 2, 3]),
            {"prompt": "prompt", "responses": "generations", "ranks": "ranking",
             "media": {"image": {"root": ""}}},
        ),
        (
            records(caption=prompt, path_A=lambda at: f"v/{at}_A.mp4",
                    path_B=lambda at: f"./v/{at}_B.mp4", TA=lambda at: ["A", "B", "same"][at % 3]),
            {"prompt": "caption", "responses": ["path_A", "path_B"], "label": "TA",
             "values": {"first": ["A"], "second": ["B"], "tie": ["same"]},
             "media": {"video": {"root": ""}}},
        ),
        (
            records(image=lambda at: {"bytes": b"x", "path": f"{at}.jpg"}, question=prompt,
                    chosen=answer, rejected=other),
            {"prompt": "question", "chosen": "chosen", "rejected": "rejected",
             "media": {"prompt_images": {"column": "image"}}},
        ),
        (
            records(prompt=prompt, completion_a=answer, completion_b=other, model_a=always("m1"),
                    model_b=always("m2"), score_a=lambda at: at / 7, score_b=lambda at: at / 9),
            {"prompt": "prompt", "responses": ["completion_a", "completion_b"],
             "scores": ["score_a", "score_b"], "models": ["model_a", "model_b"]},
        ),
    ],
)  # fmt: skip
def test_a_mapping_is_guessed(shape: list[dict[str, Any]], expected: dict[str, Any]) -> None:
    guess = guess_mapping(shape)
    assert guess.refused is None
    assert guess.options == expected
    MappedOptions.of(guess.options)


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        ([], "no records"),
        (records(messages=always(turns(("user", "q"))), label=lambda at: at % 2 == 0), "KTO"),
        (records(conversations=always(turns(("user", "q"), ("assistant", "a")))), "nothing to"),
        (records(text=answer, category=always("x")), "no two responses"),
    ],
)
def test_a_file_without_pairs_is_refused_with_the_reason(
    shape: list[dict[str, Any]], reason: str
) -> None:
    assert reason in (guess_mapping(shape).refused or "")


def test_text_like_half_a_url_is_text() -> None:
    assert modality_of(["//[x", "//[x/a.png"]) is None
    assert modality_of(["//h/a.png", "a.jpg?x=1"]) == "image"
    guess = guess_mapping(records(q=always("//[x"), chosen=answer, rejected=other))
    assert guess.options["chosen"] == "chosen"


def test_votes_are_brought_together_whatever_the_length_of_their_names() -> None:
    long = "v" + "1" * 100_000 + "x"
    votes = {"v1": always(1), "v2": lambda at: 1 + at % 2, long: always(1)}
    guess = guess_mapping(records(q=prompt, response1=answer, response2=other, **votes))
    assert guess.options["votes"] == ["v1", "v2"]


@pytest.mark.parametrize(
    ("shape", "question"),
    [
        (
            records(q=prompt, response1=answer, response2=other, label=lambda at: at % 2),
            "0 was taken",
        ),
        (records(q=prompt, response1=answer, response2=other), "nothing that says which"),
        (
            records(q=prompt, response1=answer, response2=other,
                    vote=lambda at: ["left", "right", "hmm"][at % 3]),
            "'hmm'",
        ),
        (
            records(prompt=prompt, response=lambda at: [answer(at), other(at)],
                    points=lambda at: [at, 3]),
            "is a higher 'points' better",
        ),
    ],
)  # fmt: skip
def test_what_is_open_is_asked(shape: list[dict[str, Any]], question: str) -> None:
    assert any(question in line for line in guess_mapping(shape).undecided)
