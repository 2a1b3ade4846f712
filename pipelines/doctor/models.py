"""The models that the recipe's relabelers call: endpoints, keys, and whether the models are there.

Only the list of models is asked for (GET {base_url}/models); where there is none, a call without a
question is sent, which is refused wherever calls are taken. Neither costs anything.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pipelines.doctor.answers import not_the_service
from pipelines.doctor.finding import Finding
from pipelines.doctor.hidden import said, shown_url
from pipelines.doctor.probe import SECONDS, Answer, NoAnswer, address, ask, is_sendable, why_not_url
from pipelines.doctor.side_by_side import Check, run_checks
from transforms.relabel.settings import RelabelSettings

#: What the client of OpenAI-compatible endpoints reads where nothing else is named.
_KEY: Final = "OPENAI_API_KEY"
_BASE: Final = "OPENAI_BASE_URL"
_DEFAULT_BASE: Final = "https://api.openai.com/v1"
#: For all endpoints: less than the whole examination takes at most.
_MOST_SECONDS: Final = 15.0


@dataclass(frozen=True)
class Relabeler:
    """One model that labels: what for, its name there, its address, the variable with its key."""

    role: str
    model: str
    base_url: str
    #: Empty: no key is sent.
    key_variable: str
    #: What names the address, for the remedy: a variable, or a field of the recipe.
    base_variable: str = _BASE
    #: The field of the recipe that names the variable of the key, and that of the model's name.
    key_field: str = ""
    name_field: str = ""


def relabelers_of(
    settings: RelabelSettings, environment: Mapping[str, str], *, always: bool = False
) -> tuple[Relabeler, ...]:
    """The models that the settings call, the generator first; none where labels are published.

    `always`: a subset has criteria from models, whatever the origin of the others is.
    """
    if settings.origin != "llm" and not always:
        return ()
    base = (environment.get(_BASE) or _DEFAULT_BASE).rstrip("/")
    named = [("generator", settings.propose.model)]
    named += [("judge", model) for model in settings.judge.models]
    found = []
    for role, name in named:
        model = settings.models.get(name)
        if model is None:
            found.append(Relabeler(role, name, base, _KEY))
        else:
            block = f"relabel.models.{name}"
            found.append(
                Relabeler(
                    role,
                    model.served_as or name,
                    model.base_url.rstrip("/"),
                    model.key_env or "",
                    f"{block}.base_url",
                    f"{block}.key_env",
                    f"{block}.served_as",
                )
            )
    return tuple(found)


def check_models(
    relabelers: Sequence[Relabeler],
    environment: Mapping[str, str],
    *,
    offline: bool,
    seconds: float = SECONDS,
) -> list[Finding]:
    """One finding for each endpoint and key, and one for each model; endpoints side by side."""
    if not relabelers:
        detail = "none is called: criteria are read from the published set"
        return [Finding("models", "relabelers", "info", detail)]

    def check(mine: Sequence[Relabeler]) -> Check:
        return Check(
            "models",
            "endpoint",
            lambda: check_place(mine, environment, offline=offline, seconds=seconds),
        )

    return run_checks([check(mine) for mine in by_place(relabelers)], _MOST_SECONDS)


def by_place(relabelers: Sequence[Relabeler]) -> list[list[Relabeler]]:
    """Models that share an endpoint and a key, together."""
    places: dict[tuple[str, str], list[Relabeler]] = {}
    for one in relabelers:
        places.setdefault((one.base_url, one.key_variable), []).append(one)
    return list(places.values())


def check_place(
    relabelers: Sequence[Relabeler],
    environment: Mapping[str, str],
    *,
    offline: bool,
    seconds: float,
) -> list[Finding]:
    """The endpoint, its key and, where it lists models, each of the `relabelers`, in this order."""
    first = relabelers[0]
    shown, variable = shown_url(first.base_url), first.key_variable
    wrong = why_not_url(first.base_url)
    if wrong is not None:
        detail = f"{shown} {wrong}"
        remedy = address(first.base_variable).replace("https://…", _DEFAULT_BASE)
        return [Finding("models", "endpoint", "fail", detail, remedy)]
    key = (environment.get(variable) or "").strip() or None if variable else None
    if key is not None and not is_sendable(key):
        detail = f"{variable} has blanks or other characters that no key has"
        return [Finding("models", variable, "fail", detail, _set(first))]
    if offline:
        return _unasked(relabelers, key, f"{shown}, not asked (--offline)")
    answer = ask(f"{first.base_url}/models", first.base_variable, key, seconds)
    if isinstance(answer, NoAnswer):
        detail = f"{shown}: {answer.detail}"
        reached = Finding("models", "endpoint", "fail", detail, answer.remedy)
        return [reached, _key(first, key, tried=False)]
    if answer.status == 404 and answer.kind != "html":
        return [_unlisted(first, shown, key, seconds), _key(first, key, tried=False)]
    return _judge(answer, relabelers, shown, key)


def _unlisted(first: Relabeler, shown: str, key: str | None, seconds: float) -> Finding:
    """Whether an endpoint without a list of models takes calls, by one that asks nothing."""
    url = f"{first.base_url}/chat/completions"
    answer = ask(url, first.base_variable, key, seconds, body=b"{}")
    if isinstance(answer, Answer) and answer.status in (404, 405):
        detail = f"{shown} takes no calls ({answer.status} for {shown}/chat/completions)"
        remedy = f"Most addresses end in /v1: {address(first.base_variable)}/v1"
        return Finding("models", "endpoint", "fail", detail, remedy)
    detail = f"{shown} does not list models (404): whether they are there is not known"
    return Finding("models", "endpoint", "warn", detail, f"Check {first.name_field or 'the names'}")


def _judge(
    answer: Answer, relabelers: Sequence[Relabeler], shown: str, key: str | None
) -> list[Finding]:
    first = relabelers[0]
    variable = first.key_variable
    endpoint: Callable[..., Finding] = lambda state, detail, remedy=None: Finding(  # noqa: E731
        "models", "endpoint", state, f"{shown}{detail}", remedy
    )
    trouble = not_the_service(answer, "a model endpoint", first.base_variable)
    if trouble is not None:
        detail, remedy = trouble
        state = "warn" if answer.status == 429 else "fail"
        return [endpoint(state, f": {detail}", remedy), _key(first, key, tried=False)]
    if answer.status in (401, 403):
        refused = "refused" if answer.status == 401 else "may not list models"
        if key is None:
            return [endpoint("ok", " answers"), _key(first, None, tried=True)]
        remedy = (
            _set(first)
            if answer.status == 401
            else f"Give the key the right to list and call models, or another: {_set(first)}"
        )
        detail = f"{refused} ({answer.status})"
        return [
            endpoint("ok", " answers"),
            Finding("models", variable or "key", "fail", detail, remedy),
        ]
    names = _names(answer.body) if answer.status == 200 else None
    if names is None:
        detail = f" answers, but not with a list of models ({answer.status})"
        remedy = address(first.base_variable)
        return [endpoint("fail", detail, remedy), _key(first, key, tried=False)]
    via = f", through the proxy {answer.proxy}" if answer.proxy else ""
    accepted = (
        Finding("models", variable, "ok", "accepted")
        if key
        else Finding("models", variable or "key", "info", "not set; the endpoint asks for none")
    )
    found = endpoint("ok", f" answers{via}, models: {len(names):,}")
    return [found, accepted, *(_model(r, names, shown) for r in relabelers)]


def _names(body: object) -> list[str] | None:
    """The models that an endpoint lists: `{"data": [{"id": …}, …]}`; None if it is not that."""
    data = body.get("data") if isinstance(body, dict) else body
    if not isinstance(data, list):
        return None
    return [str(item["id"]) for item in data if isinstance(item, dict) and "id" in item]


def _model(relabeler: Relabeler, names: Sequence[str], shown: str) -> Finding:
    if relabeler.model in names:
        return Finding("models", relabeler.role, "ok", relabeler.model)
    detail = f"{relabeler.model} is not listed there"
    near = difflib.get_close_matches(relabeler.model, names, n=1)
    hint = f" Did you mean {said(near[0])}?" if near else ""
    field = f" ({relabeler.name_field})" if relabeler.name_field else ""
    remedy = f"Name in the recipe a model that {shown} serves{field}.{hint}"
    return Finding("models", relabeler.role, "fail", detail, remedy)


def _key(relabeler: Relabeler, key: str | None, *, tried: bool) -> Finding:
    """The key where nothing is known of it but whether there is one."""
    variable = relabeler.key_variable
    if key is not None:
        return Finding("models", variable, "info", "is set, not tried")
    detail = "is not set, and the endpoint asks for a key" if tried else "is not set"
    if not variable and not tried:
        return Finding("models", "key", "info", "none is named")
    return Finding(
        "models", variable or "key", "fail" if tried else "warn", detail, _set(relabeler)
    )


def _unasked(relabelers: Sequence[Relabeler], key: str | None, detail: str) -> list[Finding]:
    return [
        Finding("models", "endpoint", "info", detail),
        _key(relabelers[0], key, tried=False),
    ]


def _set(relabeler: Relabeler) -> str:
    if not relabeler.key_variable:
        return f"name its variable in the recipe: {relabeler.key_field}: OPENAI_API_KEY"
    return f"export {relabeler.key_variable}=…"
