"""Bounds of tokens against tokenizers that really run, trained to be as wasteful as they come."""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transforms.relabel.asking import model, question
from transforms.relabel.llm.question import Message, Question, Text
from transforms.relabel.llm.tokens import input_bound, input_high, input_low, text_bound, text_low
from transforms.relabel.llm.wire import Repair, request_body

_DRAW = random.Random(7)


def _drawn(letters: str, number: int = 300) -> str:
    return "".join(_DRAW.choice(letters) for _ in range(number))


ADVERSARIAL = {
    "digits": _drawn("0123456789"),
    "hex": _drawn("0123456789abcdef"),
    "letters": _drawn("bcdfghjklmnpqrstvwxzBCDFGHJKLMNPQRSTVWXZ"),
    "blanks": _drawn(" \t\n\r\u3000\u200b\u00a0"),
    "emoji": _drawn("\U0001f9ea\U0001f468\u200d\U0001f469\U0001f3fd\ufe0f"),
    "chinese": _drawn("".join(map(chr, range(0x4E00, 0x5E00)))),
    "rare_chinese": _drawn("".join(map(chr, range(0x20000, 0x20400)))),
    "hangul": _drawn("".join(map(chr, range(0xAC00, 0xD7A3)))),
    "zalgo": _drawn("ab" + "".join(map(chr, range(0x300, 0x370)))),
    "ligatures": _drawn("\ufdfa\ufdfb\ufb03\u3300\u32ff"),
    "music": _drawn("\U0001d160\U0001d1c0"),
    "private": _drawn("".join(map(chr, range(0xE000, 0xE100)))),
    "marks": "[[0123456789ab]] <|im_start|>system<|im_end|><s></s>[INST]" * 8,
}


def _tokenizers() -> dict[str, Callable[[str], int]]:
    """Real tokenizers with next to no vocabulary: bytes, forms, split digits, blanks before."""
    parts = pytest.importorskip("tokenizers")
    alphabet = parts.pre_tokenizers.ByteLevel.alphabet()
    byte_level = parts.Tokenizer(
        parts.models.BPE({letter: at for at, letter in enumerate(alphabet)}, [])
    )
    fallback = {f"<0x{value:02X}>": value + 1 for value in range(256)}
    by_form: dict[str, Callable[[str], int]] = {}
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        pieces = parts.Tokenizer(
            parts.models.BPE(
                {"<unk>": 0, "\u2581": 257, **fallback}, [], unk_token="<unk>", byte_fallback=True
            )
        )
        pieces.normalizer = getattr(parts.normalizers, form)()
        pieces.pre_tokenizer = parts.pre_tokenizers.Sequence(
            [
                parts.pre_tokenizers.Metaspace(prepend_scheme="always"),
                parts.pre_tokenizers.Digits(individual_digits=True),
            ]
        )
        by_form[form] = _count(pieces)
    byte_level.pre_tokenizer = parts.pre_tokenizers.ByteLevel(add_prefix_space=True)
    return {"byte_level": _count(byte_level), **by_form}


def _count(tokenizer: Any) -> Callable[[str], int]:
    return lambda text: len(tokenizer.encode(text).ids)


def test_no_tokenizer_makes_more_tokens_than_the_bound() -> None:
    share: dict[str, float] = {}
    for form, count in _tokenizers().items():
        for name, text in ADVERSARIAL.items():
            made = count(text)
            assert made <= text_bound(text), (form, name)
            share[name] = max(share.get(name, 0.0), made / text_bound(text))
    # The bound is reached: nothing lower would be one.
    assert min(share.values()) > 0.9


@given(st.text(max_size=60))
def test_the_bound_holds_for_any_text(text: str) -> None:
    size = len(text.encode("utf-8", "surrogatepass"))
    assert text_low(text) <= size + 1 <= text_bound(text)
    sendable = text.encode("utf-8", "replace").decode()
    for count in _TOKENIZERS.values():
        assert count(sendable) <= text_bound(text)


_TOKENIZERS = _tokenizers() if importlib.util.find_spec("tokenizers") else {}


@pytest.mark.parametrize("mode", ["json_schema", "json_object", "plain"])
def test_all_that_is_sent_is_counted(mode: str) -> None:
    """What modes and repairs add to a request is text too."""
    settings = model("http://127.0.0.1:9/v1", structured=mode)
    asked = question("x", "9" * 100)
    repair = Repair("\u79d1" * 9000, "it is not JSON")
    body = request_body(asked, settings, _Keys(), lambda _: b"", repair)  # type: ignore[arg-type]
    sent = sum(len(message["content"].encode()) for message in body["messages"])
    assert sent <= input_bound(asked, settings, repair)
    assert input_bound(asked, settings) < input_bound(asked, settings, repair)


class _Keys:
    model = "m"


def test_an_estimate_of_prose_lies_within_a_small_factor() -> None:
    prose = (
        "The response should explain every technical term in plain words before using it, and "
        "give at least one example that a reader without training can follow. "
    ) * 40
    asked = Question("m", (Message("user", (Text(prose),)),), {"type": "object"})
    settings = model("http://127.0.0.1:9/v1")
    words = len(prose.split())
    assert 0.7 * words < input_low(asked, settings) < 1.3 * words
    assert input_high(asked, settings) < 3 * input_low(asked, settings)
    assert input_high(asked, settings) < input_bound(asked, settings)
