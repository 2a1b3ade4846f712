"""Bodies of the scripted server's replies."""

from __future__ import annotations

import json

from tests.transforms.relabel.llm_server.behaviour import Kind, Script, verdict_of
from transforms.relabel.settings_models import TokenRules

#: Tokens of every answer, for the sums of the tests.
PROMPT_TOKENS, COMPLETION_TOKENS = 100, 10
_ERRORS = {
    Kind.LIMITED: (429, "rate_limit_exceeded"),
    Kind.LIMITED_BARE: (429, "rate_limit_exceeded"),
    Kind.BROKE: (429, "insufficient_quota"),
    Kind.ERROR_500: (500, "server_error"),
    Kind.ERROR_503: (503, "overloaded"),
    Kind.BAD_REQUEST: (400, "invalid_request_error"),
    Kind.UNAUTHORIZED: (401, "invalid_api_key"),
    Kind.NOT_FOUND: (404, "model_not_found"),
}
_PAGE = b"<html><body>Welcome to the hotel's network</body></html>"


def worst_usage(body: bytes) -> tuple[int, int]:
    """Tokens of a request where each byte is one and the model says all that it may."""
    asked = json.loads(body)
    texts = [json.dumps(asked["response_format"]["json_schema"]["schema"])]
    for message in asked["messages"]:
        content = message["content"]
        texts += [content] if isinstance(content, str) else [part["text"] for part in content]
    rules = TokenRules()
    overhead = rules.per_request + rules.per_message * len(asked["messages"]) + len(texts)
    said = asked["max_completion_tokens"]
    return sum(len(text.encode()) for text in texts) + overhead, said


def completion(tag: str, kind: Kind, tokens: tuple[int, int], text: str | None = None) -> bytes:
    """The body of a 200; `text` is the answer, by default one about the tag."""
    if text is None:
        text = json.dumps({"verdict": verdict_of(tag), "tag": tag})
    message: dict[str, object] = {"role": "assistant", "content": text, "refusal": None}
    finish = "stop"
    if kind is Kind.WRONG_JSON:
        message["content"] = json.dumps({"verdict": "neither", "tag": tag})
    elif kind is Kind.NOT_JSON:
        message["content"] = "I would rather say that in my own words."
    elif kind is Kind.FENCED:
        message["content"] = f"Let me see {{ hm }}.\n```json\n{text}\n```\nHope {{this}} helps."
    elif kind is Kind.REFUSAL:
        message |= {"content": None, "refusal": "I can't help with that."}
    elif kind is Kind.FILTERED:
        message["content"], finish = "", "content_filter"
    elif kind is Kind.LENGTH:
        message["content"], finish = text[:9], "length"
    elif kind is Kind.EMPTY:
        message["content"] = ""
    body = {
        "id": f"chatcmpl-{tag}",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "scripted",
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
        "usage": {
            "prompt_tokens": tokens[0],
            "completion_tokens": tokens[1],
            "total_tokens": sum(tokens),
        },
    }
    if kind is Kind.NO_USAGE:
        del body["usage"]
    return json.dumps(body).encode()


def reply(
    tag: str,
    kind: Kind,
    script: Script,
    authorization: str,
    tokens: tuple[int, int],
    text: str | None = None,
) -> bytes:
    """Head and body of what answers a chat call; an error repeats the key, as some servers do."""
    if kind is Kind.HTML:
        return framed(200, _PAGE, "text/html")
    if kind not in _ERRORS:
        return framed(200, completion(tag, kind, tokens, text), close=script.close)
    status, code = _ERRORS[kind]
    text = f"{code}: your key {authorization} asked {tag}"
    body = json.dumps({"error": {"message": text, "type": code, "code": code}}).encode()
    extra = f"Retry-After: {script.retry_after}\r\n" if kind is Kind.LIMITED else ""
    return framed(status, body, extra=extra, close=script.close)


def framed(
    status: int,
    body: bytes,
    content_type: str = "application/json",
    extra: str = "",
    close: bool = False,
) -> bytes:
    """An HTTP/1.1 message."""
    ending = "Connection: close\r\n" if close else ""
    head = (
        f"HTTP/1.1 {status} Scripted\r\nContent-Type: {content_type}\r\n{extra}{ending}"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
