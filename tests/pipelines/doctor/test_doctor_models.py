"""The models of the relabelers: endpoint, key, and whether the models are listed."""

from __future__ import annotations

import pytest
from loopback import answering, models, refused, silent

from pipelines.doctor.finding import Finding
from pipelines.doctor.models import Relabeler, check_models, relabelers_of
from transforms.relabel.settings import Judge, Propose, RelabelSettings

KEY = "sk-planted0123456789"
SETTINGS = RelabelSettings(
    origin="llm", propose=Propose(model="big"), judge=Judge(models=("small", "smal"))
)


def look(url: str, key: str | None = KEY) -> list[Finding]:
    environment = {"OPENAI_BASE_URL": url}
    if key is not None:
        environment["OPENAI_API_KEY"] = key
    relabelers = relabelers_of(SETTINGS, environment)
    found = check_models(relabelers, environment, offline=False, seconds=0.3)
    assert KEY not in repr(found)
    return found


def states(found: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.what, finding.state) for finding in found]


def test_models_are_looked_up_in_one_list() -> None:
    with answering(200, models("big", "small")) as server:
        found = look(f"{server.url}/v1/")
    assert server.seen == [("/v1/models", f"Bearer {KEY}")]
    assert states(found) == [
        ("endpoint", "ok"), ("OPENAI_API_KEY", "ok"),
        ("generator", "ok"), ("judge", "ok"), ("judge", "fail"),
    ]  # fmt: skip
    assert found[-1].detail == "smal is not listed there"
    assert "Did you mean small?" in (found[-1].remedy or "")


def test_published_labels_call_no_model() -> None:
    assert relabelers_of(RelabelSettings(), {}) == ()
    (found,) = check_models((), {}, offline=False)
    assert found.state == "info"


@pytest.mark.parametrize(("status", "said"), [(401, "refused"), (403, "may not list models")])
def test_a_key_that_is_refused(status: int, said: str) -> None:
    with answering(status, {"error": {"message": f"Incorrect API key: {KEY}"}}) as server:
        endpoint, key = look(server.url)
    assert endpoint.state == "ok"
    assert (key.what, key.state) == ("OPENAI_API_KEY", "fail")
    assert key.detail == f"{said} ({status})"
    assert (key.remedy or "").endswith("export OPENAI_API_KEY=…")


def test_no_key() -> None:
    with answering(401, {}) as server:
        _, key = look(server.url, None)
    assert (key.state, key.remedy) == ("fail", "export OPENAI_API_KEY=…")
    assert server.seen == [("/models", None)]
    with answering(200, models("big", "small", "smal")) as server:
        found = look(server.url, None)
    assert {finding.state for finding in found} == {"ok", "info"}


@pytest.mark.parametrize(
    ("status", "body", "kind", "state", "said"),
    [
        (429, {}, "application/json", "warn", "too many requests (429)"),
        (200, "<html></html>", "text/html", "fail", "not as a model endpoint does (200)"),
        (404, {}, "application/json", "warn", "does not list models (404)"),
        (200, {"models": []}, "application/json", "fail", "not with a list of models (200)"),
        (200, "null", "application/json", "fail", "not with a list of models (200)"),
        (503, KEY, "text/plain", "fail", "has trouble of its own (503)"),
    ],
)
def test_other_answers(status: int, body: object, kind: str, state: str, said: str) -> None:
    with answering(status, body, kind) as server:
        endpoint, key = look(server.url)
    assert endpoint.state == state
    assert said in endpoint.detail
    assert endpoint.remedy
    assert key.detail == "is set, not tried"


def test_nobody_answers() -> None:
    url = refused()
    assert look(url)[0].detail == f"{url}: refuses the connection"
    with silent() as url:
        assert look(url)[0].detail == f"{url}: does not answer within 0.3 s"
    assert look("localhost:8000/v1")[0].detail.endswith("does not begin with https://")


def test_a_key_with_a_line_break_inside_is_not_sent() -> None:
    with answering(200, models()) as server:
        (found,) = look(server.url, "sk-one\nsk-two")
    assert (found.what, found.state) == ("OPENAI_API_KEY", "fail")
    assert server.seen == []


def test_each_endpoint_and_key_is_asked_once() -> None:
    with answering(200, models("a", "b")) as one, answering(200, models("c")) as two:
        relabelers = [
            Relabeler("generator", "a", one.url, "KEY_ONE"),
            Relabeler("judge", "b", one.url, "KEY_ONE"),
            Relabeler("judge", "c", two.url, "KEY_TWO"),
        ]
        found = check_models(relabelers, {"KEY_ONE": "k1", "KEY_TWO": "k2"}, offline=False)
        quiet = check_models(relabelers, {"KEY_ONE": "k1"}, offline=True)
    assert {finding.state for finding in found} == {"ok"}
    assert one.seen == [("/models", "Bearer k1")]
    assert two.seen == [("/models", "Bearer k2")]
    assert states(quiet) == [
        ("endpoint", "info"), ("KEY_ONE", "info"), ("endpoint", "info"), ("KEY_TWO", "warn"),
    ]  # fmt: skip
