"""Messages of the sandbox: what is no message, or no answer, is not believed."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.media import INFO_STRUCT
from transforms.media.errors import MediaError, PassingError
from transforms.media.modality import Product
from transforms.media.produce import FACT_KINDS
from transforms.media.sandbox.messages import (
    FRAME,
    MAX_HEADER,
    GarbledError,
    header_of,
    lengths,
    pack,
    policy_from,
    product_header,
    product_of,
    refusal_header,
    refusal_of,
    said,
)
from transforms.media.settings import ImagePolicy, MediaPolicy


@pytest.mark.parametrize("kind", [MediaError, PassingError])
def test_a_refusal_says_whether_it_passes(kind: type[MediaError]) -> None:
    told = refusal_of(refusal_header(kind("image_timeout", "no")), "image")
    assert (type(told), told.reason, told.message) == (kind, "image_timeout", "no")


def test_the_facts_are_those_of_the_schema() -> None:
    kinds = {"string": str, "int64": int, "int32": int, "float": float}
    fields = {field.name: kinds[str(field.type)] for field in INFO_STRUCT}
    for name in ("digest", "product", "changes"):  # those of the store
        del fields[name]
    assert list(FACT_KINDS.items()) == list(fields.items())


@given(st.binary(min_size=FRAME.size, max_size=FRAME.size))
def test_no_frame_announces_more_than_is_allowed(frame: bytes) -> None:
    try:
        header, blob = lengths(frame, 1000)
    except GarbledError:
        return
    assert header <= MAX_HEADER
    assert blob <= 1000


@pytest.mark.parametrize("frame", [FRAME.pack(b"omr1", MAX_HEADER + 1, 0), bytes(FRAME.size)])
def test_what_is_no_frame_is_refused(frame: bytes) -> None:
    with pytest.raises(GarbledError):
        lengths(frame)


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{", b'{"a": NaN}', b"[" * 100_000, b"\xff", b"9" * 10_000]
)
def test_what_is_no_header_is_refused(text: bytes) -> None:
    with pytest.raises(GarbledError):
        header_of(text)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_header_or_refused(text: bytes) -> None:
    with contextlib.suppress(GarbledError):
        assert isinstance(header_of(text), dict)


def test_a_product_comes_back_as_it_was() -> None:
    product = Product({"format": "png", "bytes": 4, "width": 3}, b"data", ("orientation",))
    message = pack({**product_header(product), "n": 7}, 4)
    header, blob = lengths(message[: FRAME.size])
    assert (header, blob) == (len(message) - FRAME.size, 4)
    assert product_of(header_of(message[FRAME.size :]), b"data") == product


GOOD: dict[str, Any] = {"facts": {"format": "png", "bytes": 2}, "changes": ["x"], "kept": False}


@pytest.mark.parametrize(
    "wrong",
    [
        {"facts": None},
        {"facts": {"colour": "red"}},
        {"facts": {"width": "3"}},
        {"facts": {"width": True}},
        {"facts": {"width": -1}},
        {"facts": {"width": 2**31}},
        {"facts": {"frames": 2**63}},
        {"facts": {"bytes": 3}},
        {"facts": {"format": "p\x1bng", "bytes": 2}},
        {"facts": {"phash": "x" * 101, "bytes": 2}},
        {"changes": "x"},
        {"changes": [1]},
        {"changes": ["x"] * 33},
        {"kept": True},
        {"kept": None},
    ],
)
def test_an_answer_that_is_no_product_is_refused(wrong: dict[str, Any]) -> None:
    product_of(GOOD, b"ab")
    with pytest.raises(GarbledError):
        product_of({**GOOD, **wrong}, b"ab")


def test_refusals_are_of_the_modality_that_was_asked() -> None:
    header = refusal_header(MediaError("image_format", "tga is not\nread"))
    error = refusal_of(header, "image")
    assert (error.reason, error.message) == ("image_format", "tga is not read")
    for name, value in (("reason", "video_format"), ("reason", "image_\n"), ("message", 1)):
        with pytest.raises(GarbledError):
            refusal_of({**header, name: value}, "image")


def test_messages_can_be_printed_and_stored() -> None:
    assert said("a\x1b[2J\u202eb\ud800") == "a [2J b "
    assert len(said("x" * 9_999)) == 2_001
    assert said("größer als 3 GB") == "größer als 3 GB"


def test_a_policy_survives_its_way_through_json() -> None:
    policy = MediaPolicy(version="mine-2", image=ImagePolicy(formats=("png",), max_side=512))
    values = json.loads(json.dumps(asdict(policy)))
    assert policy_from(values) == policy
    assert policy_from(values) != replace(policy, threads=9)
    with pytest.raises(TypeError):
        policy_from({**values, "image": {"no": 1}})
