"""One call to one endpoint: the `openai` client without its retries, and its errors as data."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any, Final, Literal

from transforms.relabel.llm.backoff import retry_after
from transforms.relabel.llm.secret import Secret
from transforms.relabel.llm.wire import NoReplyError, Reply, read_reply
from transforms.relabel.settings_models import ModelSettings

_SHOWN: Final = 300
_AGAIN: Final = (408, 409, 425, 429)
#: What a provider says in a 429 that no waiting mends, and of a prompt that its filter refuses.
_BROKE: Final = ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active")
_FILTERED: Final = ("content_filter", "content_policy_violation")


@dataclass(frozen=True)
class Fault:
    """A call that brought no reply.

    `then`: again, later; question: this question gets no answer; refused: by a filter of prompts;
    model: no question would. `billed`: it may have cost something. `pause`: seconds that the
    provider asks for; `limited`: it was a matter of its limits.
    """

    then: Literal["again", "question", "refused", "model"]
    message: str
    billed: bool = False
    pause: float | None = None
    limited: bool = False


class Endpoint:
    """The server of one model; for one event loop, to be closed before that ends."""

    def __init__(self, settings: ModelSettings, key: Secret | None) -> None:
        import httpx2
        import openai

        from transforms.relabel.llm.bounded import TooLargeError, bound

        self._settings, self._key = settings, key
        self._openai, self._httpx, self._too_large = openai, httpx2, TooLargeError
        slots = settings.concurrency
        self._pool = httpx2.AsyncClient(
            timeout=httpx2.Timeout(settings.timeout_s, connect=min(30.0, settings.timeout_s)),
            limits=httpx2.Limits(max_connections=slots, max_keepalive_connections=slots),
            follow_redirects=False,
            # Answers are short; and what is not compressed can't unpack without end.
            headers={"Accept-Encoding": "identity"},
            event_hooks={"response": [bound]},
        )
        self._client = openai.AsyncOpenAI(
            base_url=settings.base_url,
            api_key=key.reveal() if key else "none",
            max_retries=0,
            http_client=self._pool,
        )

    async def call(self, body: dict[str, Any]) -> Reply | Fault:
        """Send a request and read its reply, within the model's time."""
        openai = self._openai
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                response = await self._client.post(
                    "/chat/completions", cast_to=self._httpx.Response, body=body
                )
            return read_reply(self._without_key(response.content))
        except NoReplyError as error:
            return Fault("again", f"answers with {error}", billed=True)
        except openai.APIStatusError as error:
            return self._status(error.response)
        except (openai.APIConnectionError, TimeoutError) as error:
            return self._transport(error)
        except self._too_large as error:
            return Fault("question", str(error), billed=True)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    def shown(self, text: str) -> str:
        """A text of the server's, short, on one line, and without the key."""
        text = " ".join(text[: 10 * _SHOWN].split())
        return (self._key.scrub(text) if self._key else text)[:_SHOWN]

    def _without_key(self, body: bytes) -> bytes:
        """A server that repeats the key would have it in the cache."""
        key = self._key.reveal().encode() if self._key else b""
        return body.replace(key, b"[key]") if key and key in body else body

    def _transport(self, error: Exception) -> Fault:
        httpx, cause = self._httpx, error.__cause__
        if isinstance(cause, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
            return Fault("again", f"no connection ({type(cause).__name__})")
        if isinstance(error, TimeoutError) or isinstance(cause, httpx.TimeoutException):
            return Fault("again", f"no answer in {self._settings.timeout_s:g} s", billed=True)
        name = type(cause or error).__name__
        return Fault("again", f"the connection broke ({name})", billed=True)

    def _status(self, response: Any) -> Fault:
        status = response.status_code
        code, said = _error_of(response.content)
        message = self.shown(f"{status}: {said}" if said else f"status {status}")
        if status == 429 and code in _BROKE:
            return Fault("model", message)
        if status in _AGAIN or status >= 500:
            return Fault(
                "again", message, pause=retry_after(response.headers), limited=status == 429
            )
        if code in _FILTERED:  # whatever the status: gateways tell it by 403 too
            return Fault("refused", message)
        if status in (401, 403, 404) or 300 <= status < 400:
            return Fault("model", message)
        return Fault("question", message)


def _error_of(body: bytes) -> tuple[str, str]:
    """Code and message of an error's body: ``{"error": {"code": …, "message": …}}``."""
    try:
        error = json.loads(body)["error"]
        if isinstance(error, str):
            return "", error
        metadata = error.get("metadata")
        if isinstance(metadata, dict) and "flagged_input" in metadata:
            return _FILTERED[0], str(error.get("message") or "")
        return str(error.get("code") or error.get("type") or ""), str(error.get("message") or "")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return "", body[: 10 * _SHOWN].decode("utf-8", "replace")
