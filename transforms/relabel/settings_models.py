"""Settings of the models that are asked: endpoint, key variable, prices, limits, what they accept.

One block a model in the recipe, `relabel.models: {name: {...}}`. Nothing secret stands there: a
key is named by its environment variable, and read when the first call is made.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

Modality = Literal["text", "image", "video", "audio"]
MODALITIES: Final = ("text", "image", "video", "audio")
Structured = Literal["json_schema", "json_object", "plain"]


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("base_url: write an address like https://api.openai.com/v1")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("base_url: an address without user, key, query or fragment")


def _amount(name: str, value: float) -> None:
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{name}: {value} is negative or no number")


@dataclass(frozen=True)
class Prices:
    """Dollars a million tokens."""

    input: float
    output: float
    #: Of input tokens that the provider had in its own cache; null: as `input`.
    cached_input: float | None = None

    def __post_init__(self) -> None:
        for name in ("input", "output", "cached_input"):
            _amount(name, getattr(self, name) or 0.0)

    def dollars(self, tokens_in: int, tokens_out: int, cached: int = 0) -> float:
        """The price of one call; `cached` of the input tokens cost less."""
        reduced = self.input if self.cached_input is None else self.cached_input
        cached = min(cached, tokens_in)
        whole = (tokens_in - cached) * self.input + cached * reduced + tokens_out * self.output
        return whole / 1e6


@dataclass(frozen=True)
class ImageTokens:
    """Tokens of a picture: `base`, and `per_tile` for each tile of `tile` pixels a side.

    A picture is first fitted into `max_side` by `max_side` (null: not), then scaled so that its
    shorter side is at most `short_side` (null: not): the rule of models that cut pictures into
    tiles. A model with square patches has base 0 and per_tile 1.
    """

    base: int = 85
    per_tile: int = 170
    tile: int = 512
    max_side: int | None = 2048
    short_side: int | None = 768
    #: Never more than this.
    most: int | None = None

    def __post_init__(self) -> None:
        if self.tile < 1:
            raise ValueError(f"tile: {self.tile} pixels are too few")
        if min(self.base, self.per_tile) < 0:
            raise ValueError("base and per_tile may not be negative")

    def of(self, width: int, height: int) -> int:
        """Tokens of a picture of this size in pixels."""
        wide, high = float(width), float(height)
        if self.max_side is not None and max(wide, high) > self.max_side:
            factor = self.max_side / max(wide, high)
            wide, high = wide * factor, high * factor
        if self.short_side is not None and min(wide, high) > self.short_side:
            factor = self.short_side / min(wide, high)
            wide, high = wide * factor, high * factor
        tiles = math.ceil(wide / self.tile - 1e-9) * math.ceil(high / self.tile - 1e-9)
        tokens = self.base + self.per_tile * max(tiles, 1)
        return tokens if self.most is None else min(tokens, self.most)


@dataclass(frozen=True)
class TokenRules:
    """How a model counts; see `llm.tokens` for text, which is bounded without its tokenizer."""

    image: ImageTokens = ImageTokens()
    #: Tokens of a second of sound.
    audio_per_second: float = 25.0
    #: Tokens of a message beyond its content, and of a request beyond its messages.
    per_message: int = 8
    #: A model's own template (system text, tool preamble); a local server may add dozens.
    per_request: int = 128
    #: The bound of text tokens (one a byte) is multiplied by this. Below 1, calls are reserved for
    #: less and a budget is a cap only as far as that was measured for the model.
    text_factor: float = 1.0

    def __post_init__(self) -> None:
        for name in ("audio_per_second", "per_message", "per_request", "text_factor"):
            _amount(name, getattr(self, name))


@dataclass(frozen=True)
class Retries:
    """What is tried again, how often, and for how long."""

    attempts: int = 8
    #: Seconds before the second attempt; doubled each time, with full jitter.
    base_s: float = 0.5
    most_s: float = 30.0
    #: A question is given up after this many seconds, pauses of the provider included.
    total_s: float = 900.0

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ValueError(f"attempts: {self.attempts} is less than 1")
        for name in ("base_s", "most_s", "total_s"):
            _amount(name, getattr(self, name))


@dataclass(frozen=True)
class ModelSettings:
    """One model: where it is served, what it costs, what it may be asked."""

    #: Ends in /v1 for most servers.
    base_url: str
    #: The environment variable that holds the key; null for a server that asks for none.
    key_env: str | None = None
    #: The model's name at the server; null: its name in the recipe.
    served_as: str | None = None
    #: Needed with a budget.
    prices: Prices | None = None
    #: The provider's limits of requests and tokens a minute; null: none.
    rpm: int | None = None
    tpm: int | None = None
    #: Requests in flight at most.
    concurrency: int = 64
    modalities: tuple[Modality, ...] = ("text",)
    #: json_schema: the server enforces the schema. json_object: some JSON. plain: it is asked for.
    structured: Structured = "json_schema"
    #: Of an answer at most, where the step does not say (`judge.max_output_tokens`).
    max_output_tokens: int = 1024
    #: Added to every limit of output tokens, for a model that thinks before it answers: without
    #: room for that its answers are cut off, paid and lost. Reserved in a budget as any other.
    thinking_tokens: int = 0
    #: The request's name for that: servers that are older know max_tokens only.
    output_limit_field: Literal["max_completion_tokens", "max_tokens"] = "max_completion_tokens"
    #: Seconds for one whole answer.
    timeout_s: float = 120.0
    #: Where the step does not say (`propose`, `judge`). null: none is ever sent, whatever the step
    #: says, as models that think want it.
    temperature: float | None = 0.0
    top_p: float | None = None
    seed: int | None = None
    tokens: TokenRules = TokenRules()
    retries: Retries = Retries()

    def __post_init__(self) -> None:
        _check_url(self.base_url)
        for name in ("rpm", "tpm", "concurrency", "max_output_tokens"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name}: {value} is less than 1")
        if self.thinking_tokens < 0:
            raise ValueError(f"thinking_tokens: {self.thinking_tokens} is negative")
        if self.timeout_s <= 0:
            raise ValueError(f"timeout_s: {self.timeout_s} is no time to answer in")
        if self.temperature is not None:
            _amount("temperature", self.temperature)
        if "text" not in self.modalities:
            raise ValueError("modalities: text is missing; every question has some")
        unknown = [name for name in self.modalities if name not in MODALITIES]
        if unknown:
            raise ValueError(f"modalities: {unknown[0]!r} is none of {', '.join(MODALITIES)}")
        if self.structured not in ("json_schema", "json_object", "plain"):
            raise ValueError(f"structured: {self.structured!r}; json_schema, json_object or plain")
        if self.key_env is not None and not self.key_env.isidentifier():
            raise ValueError("key_env: write the name of an environment variable, not a key")
