"""Every question ends in one outcome, whatever the server does; the scripted server counts."""

from __future__ import annotations

import json
import logging
import threading
import traceback
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.transforms.relabel.asking import KEY, SCHEMA, model, question, session
from tests.transforms.relabel.llm_server import Kind, Script, running
from tests.transforms.relabel.llm_server.behaviour import LASTING, PASSING, verdict_of
from transforms.beamkit.errors import BuildError
from transforms.relabel.llm.endpoint import Endpoint
from transforms.relabel.llm.outcome import Answer, NoAnswer
from transforms.relabel.llm.question import Media, Message, Question, Text
from transforms.relabel.settings_models import Retries

_PNG = b"\x89PNG\r\n\x1a\n" + b"picture-bytes" * 5


@pytest.mark.parametrize("segments", [False, True], ids=["sqlite", "segments"])
def test_with_three_faults_in_ten_every_question_ends_once_and_no_answer_is_bought_twice(
    tmp_path: Path, segments: bool
) -> None:
    script = Script(fault_share=0.3, faults=PASSING)
    questions = [question(number) for number in range(200)]
    with running(script) as server:
        settings = model(server.base_url, timeout_s=1.0, concurrency=16)
        with session(tmp_path, settings, segments=segments) as asked:
            outcomes = asked.ask(questions)
            ledger = asked.ledger()
        first = server.kinds()
        assert all(isinstance(outcome, Answer) for outcome in outcomes)
        for number, outcome in enumerate(outcomes):
            assert isinstance(outcome, Answer)
            assert outcome.value == {"verdict": verdict_of(str(number)), "tag": str(number)}
        assert set(PASSING) <= {Kind(kind) for kind in first}
        assert server.most_in_flight <= 16
        with session(tmp_path, settings, segments=segments) as asked:
            again = asked.ask(questions)
            assert asked.lost == 0
        assert server.kinds() == first
    assert [o.value for o in again if isinstance(o, Answer) and o.cached] == [
        o.value for o in outcomes if isinstance(o, Answer)
    ]
    # Exactly one sale of an answer a question; whatever else the server billed stands there too.
    assert first[Kind.ANSWER.value] == 200
    statuses = Counter(row.status for row in ledger)
    assert statuses["answer"] == 200
    billed = sum(server.billed().values())
    pages = first[Kind.HTML.value]  # may have been billed, as far as the client can know
    resets = first[Kind.RESET.value]
    # A busy machine may also let a call time out whose answer costs nothing.
    assert billed - 200 + pages + resets <= statuses["unknown"] <= sum(first.values()) - 200
    assert {row.pair_id for row in ledger if row.status == "answer"} == {
        f"pair-{number}" for number in range(200)
    }


def test_outcomes_that_no_other_attempt_mends(tmp_path: Path) -> None:
    calls = {kind.value: [kind] for kind in (*LASTING, Kind.BAD_REQUEST, Kind.ENDLESS)}
    with running(Script(calls=calls)) as server:
        settings = model(server.base_url, timeout_s=20)
        with session(tmp_path, settings) as asked:
            outcomes = dict(zip(calls, asked.ask([question(tag) for tag in calls]), strict=True))
            rows = {row.pair_id: row.status for row in asked.ledger()}
        attempts = dict(server.attempts)
    reasons = {tag: o.reason for tag, o in outcomes.items() if isinstance(o, NoAnswer)}
    assert reasons == {
        "refusal": "refused",
        "filtered": "refused",
        "length": "truncated",
        "empty": "empty",
        "wrong_json": "invalid",
        "not_json": "invalid",
        "bad_request": "failed",
        "endless": "failed",
    }
    assert attempts == {tag: 2 if reason == "invalid" else 1 for tag, reason in reasons.items()}
    assert "pair-bad_request" not in rows
    assert rows["pair-endless"] == "unknown"
    assert rows["pair-length"] == "truncated"
    assert "neither" in str(outcomes["wrong_json"])


@pytest.mark.parametrize(
    ("error", "then"),
    [
        ({"code": "content_policy_violation", "message": "no"}, "refused"),
        ({"code": 403, "message": "no", "metadata": {"flagged_input": "Q"}}, "refused"),
        ({"code": 403, "message": "no", "metadata": {"provider": "p"}}, "model"),
        ({"code": "forbidden", "message": "no"}, "model"),
    ],
)
def test_a_filter_of_prompts_refuses_one_question_and_not_the_model(
    error: dict[str, object], then: str
) -> None:
    told = SimpleNamespace(status_code=403, content=json.dumps({"error": error}), headers={})
    assert Endpoint(model("http://127.0.0.1:9/v1"), None)._status(told).then == then


def test_an_answer_that_cannot_be_used_is_asked_for_again_with_the_reason(tmp_path: Path) -> None:
    calls = {"x": [Kind.WRONG_JSON, Kind.ANSWER]}
    with running(Script(calls=calls), keep_bodies=True) as server:
        with session(tmp_path, model(server.base_url)) as asked:
            (outcome,) = asked.ask([question("x")])
            statuses = [row.status for row in asked.ledger()]
        bodies = [json.loads(line.body) for line in server.log]
    assert isinstance(outcome, Answer)
    assert (outcome.attempts, outcome.tokens_in, outcome.tokens_out) == (2, 200, 20)
    assert outcome.cost == pytest.approx(2 * (100 * 1 + 10 * 2) / 1e6)
    assert statuses == ["invalid", "answer"]
    assert [message["role"] for message in bodies[1]["messages"]] == ["user", "assistant", "user"]
    assert "'neither' is not one of ['a', 'b']" in bodies[1]["messages"][2]["content"]
    assert bodies[0]["response_format"]["json_schema"]["schema"] == SCHEMA
    assert (bodies[0]["max_completion_tokens"], bodies[0]["temperature"]) == (100, 0.0)


@pytest.mark.parametrize(("mode", "form"), [("plain", None), ("json_object", "json_object")])
def test_modes_without_a_schema_put_it_into_words(
    tmp_path: Path, mode: str, form: str | None
) -> None:
    with running(Script(calls={"x": [Kind.FENCED]}), keep_bodies=True) as server:
        with session(tmp_path, model(server.base_url, structured=mode)) as asked:
            (outcome,) = asked.ask([question("x")])
        body = json.loads(server.log[0].body)
    assert isinstance(outcome, Answer)
    assert outcome.value == {"verdict": verdict_of("x"), "tag": "x"}
    assert body.get("response_format", {}).get("type") == form
    assert '"enum": ["a", "b"]' in body["messages"][-1]["content"]


def test_equal_questions_are_one_call_and_replicates_are_not(tmp_path: Path) -> None:
    same, other = [question("x")] * 5, question("x", replicate=1)
    with running(Script(latency=0.02)) as server:
        with session(tmp_path, model(server.base_url)) as asked:
            outcomes = asked.ask([*same, other])
            later = asked.ask([question("x")])
        assert server.attempts["x"] == 2
    assert [o.cached for o in outcomes if isinstance(o, Answer)] == [False, *[True] * 4, False]
    assert [o.cached for o in later if isinstance(o, Answer)] == [True]


def test_attempts_are_bounded_and_failures_are_not_kept(tmp_path: Path) -> None:
    retries = Retries(attempts=3, base_s=0.001, most_s=0.01, total_s=10)
    calls = {"x": [Kind.ERROR_500] * 3 + [Kind.ANSWER]}
    with running(Script(calls=calls)) as server:
        with session(tmp_path, model(server.base_url, retries=retries)) as asked:
            (first,) = asked.ask([question("x")])
            (second,) = asked.ask([question("x")])
            assert [row.status for row in asked.ledger()] == ["answer"]
        assert server.attempts["x"] == 4
    assert isinstance(first, NoAnswer)
    assert (first.reason, first.attempts, first.cost) == ("failed", 3, 0.0)
    assert isinstance(second, Answer)


def test_a_pause_that_the_provider_asks_for_holds_all_calls_and_counts_as_throttled(
    tmp_path: Path,
) -> None:
    seconds: list[float] = []
    threads: set[int] = set()

    def told(held_back: float) -> None:
        seconds.append(held_back)
        threads.add(threading.get_ident())

    script = Script(calls={"0": [Kind.LIMITED, Kind.ANSWER]}, retry_after="0.3")
    with running(script) as server:
        settings = model(server.base_url, concurrency=1)
        with session(tmp_path, settings, throttled=told) as asked:
            outcomes = asked.ask([question(number) for number in range(3)])
        order = [(line.tag, line.kind) for line in server.log]
    assert all(isinstance(outcome, Answer) for outcome in outcomes)
    assert order[0] == ("0", "limited")
    assert 0.2 < sum(seconds) < 20
    assert threads == {threading.get_ident()}  # a runner's counters belong to their threads


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (Kind.UNAUTHORIZED, "401: invalid_api_key"),
        (Kind.NOT_FOUND, "404: model_not_found"),
        (Kind.BROKE, "429: insufficient_quota"),
    ],
)
def test_what_no_question_would_survive_stops_the_run_and_keeps_what_was_bought(
    tmp_path: Path, kind: Kind, said: str
) -> None:
    with running(Script(calls={"9": [kind]})) as server:
        settings = model(server.base_url, concurrency=4)
        with (
            session(tmp_path, settings) as asked,
            pytest.raises(BuildError, match=rf"^relabel\.models\.m: {said}"),
        ):
            asked.ask([question(number) for number in range(400)])
        bought = server.kinds()[Kind.ANSWER.value]
        assert bought < 400
        with session(tmp_path, settings) as asked:
            assert sum(row.status == "answer" for row in asked.ledger()) == bought


def test_a_server_that_is_down_is_not_asked_for_ever(tmp_path: Path) -> None:
    with running(Script()) as server:
        url = server.base_url
    settings = model(url, concurrency=4, retries=Retries(attempts=2, base_s=0.001))
    with (
        session(tmp_path, settings) as asked,
        pytest.raises(BuildError, match="32 questions in a row have no answer"),
    ):
        asked.ask([question(number) for number in range(300)])


def test_media_are_sent_and_are_in_no_file(tmp_path: Path) -> None:
    picture = Media("image", "ab" * 32, (("max_side", 512),), width=300, height=200)
    sound = Media("audio", "cd" * 32, seconds=2.0)
    parts = (Text("[q:x] Which?"), picture, sound)
    asked_for = Question("m", (Message("user", parts),), SCHEMA)
    data = {"image": _PNG, "audio": b"RIFF\0\0\0\0WAVEsound-bytes"}
    with running(Script(), keep_bodies=True) as server:
        settings = model(server.base_url, modalities=("text", "image", "audio"))
        with session(tmp_path, settings, media=lambda medium: data[medium.kind]) as asked:
            (outcome,) = asked.ask([asked_for])
        content = json.loads(server.log[0].body)["messages"][0]["content"]
    assert isinstance(outcome, Answer)
    assert [part["type"] for part in content] == ["text", "image_url", "input_audio"]
    assert content[1]["image_url"]["url"].startswith("data:image/png;base64,iVBORw0KGgpwaWN0")
    assert content[2]["input_audio"]["format"] == "wav"
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or b"picture-bytes" not in file.read_bytes()


def test_a_model_that_sees_no_pictures_is_not_asked_about_one(tmp_path: Path) -> None:
    picture = Media("image", "ab" * 32)
    with running(Script()) as server:
        with (
            session(tmp_path, model(server.base_url)) as asked,
            pytest.raises(BuildError, match=r"relabel\.models\.m\.modalities: .* a image|an image"),
        ):
            asked.ask([question("x"), Question("m", (Message("user", (picture,)),), SCHEMA)])
        assert not server.log


def test_a_medium_that_is_gone_is_an_outcome_and_costs_nothing(tmp_path: Path) -> None:
    medium = Media("image", "ab" * 32)
    with running(Script()) as server:
        settings = model(server.base_url, modalities=("text", "image"))
        with session(tmp_path, settings) as asked:
            (outcome,) = asked.ask([Question("m", (Message("user", (medium,)),), SCHEMA)])
            assert asked.ledger() == []
            assert asked.budget.spent == 0
        assert not server.log
    assert isinstance(outcome, NoAnswer)
    assert outcome.reason == "failed"


def test_the_key_reaches_the_server_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    kinds = [kind for kind in Kind if kind is not Kind.ENDLESS]
    calls = {kind.value: [kind] for kind in kinds}
    seen: list[str] = []
    with running(Script(calls=calls)) as server:
        retries = Retries(attempts=2, base_s=0.001)
        settings = model(server.base_url, retries=retries, timeout_s=0.3)
        for kind in kinds:
            with session(tmp_path, settings) as asked:
                try:
                    seen += [repr(asked.ask([question(kind.value)])), repr(vars(asked))]
                except BuildError as error:
                    seen += [repr(error), "".join(traceback.format_exception(error))]
    assert any("[key]" in text for text in seen)  # the server's errors repeat it
    output = capfd.readouterr()
    texts = [*seen, caplog.text, output.out, output.err, repr(settings)]
    files = [file.read_bytes().decode("latin-1") for file in tmp_path.rglob("*") if file.is_file()]
    assert len(files) >= 3
    for text in [*texts, *files]:
        assert KEY not in text
        assert KEY[:12] not in text
