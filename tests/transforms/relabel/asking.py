"""What tests of the client share: questions, a model on the scripted server, a quick session."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from transforms.relabel.llm.question import Message, Question, Text
from transforms.relabel.llm.session import LlmSession, SessionSettings
from transforms.relabel.settings_models import ModelSettings, Prices, Retries

KEY = "sk-canary-4f1d9a7c20e8b365"
ENVIRONMENT = {"CANARY_KEY": KEY}
SCHEMA = {
    "type": "object",
    "properties": {"verdict": {"enum": ["a", "b"]}, "tag": {"type": "string"}},
    "required": ["verdict", "tag"],
    "additionalProperties": False,
}
QUICK = Retries(attempts=12, base_s=0.01, most_s=0.05, total_s=60)


def question(tag: object, text: str = "Which is more formal?", **fields: Any) -> Question:
    message = Message("user", (Text(f"[q:{tag}] {text}"),))
    return Question("m", (message,), SCHEMA, pair_id=f"pair-{tag}", label="judge", **fields)


def model(base_url: str, **fields: Any) -> ModelSettings:
    plain: dict[str, Any] = {
        "key_env": "CANARY_KEY",
        "served_as": "scripted",
        "prices": Prices(input=1.0, output=2.0),
        "concurrency": 32,
        "timeout_s": 15.0,
        "max_output_tokens": 100,
        "retries": QUICK,
    }
    return ModelSettings(base_url, **(plain | fields))


def session(
    cache: Path,
    settings: ModelSettings,
    limit: float | None = None,
    segments: bool = False,
    **fields: Any,
) -> LlmSession:
    where = SessionSettings(str(cache), limit, segments=segments)
    return LlmSession({"m": settings}, where, environment=ENVIRONMENT, **fields)
