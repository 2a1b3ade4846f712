"""What a sandbox and its workers say to each other: a frame, a JSON header, one blob of bytes.

A worker that a hostile file has taken over may write whatever it likes. So nothing is ever
unpickled, each length is checked before anything is allocated for it, and what an answer holds is
taken only where it is of the expected kind and size.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final, NoReturn

from transforms.media.errors import MediaError, PassingError
from transforms.media.modality import Product
from transforms.media.produce import FACT_KINDS, clean_facts
from transforms.media.settings import MediaPolicy

#: In front of each message: a mark, the bytes of its header, the bytes of its blob.
FRAME: Final = struct.Struct(">4sIQ")
_MARK: Final = b"omr1"

MAX_HEADER: Final = 256 * 1024
#: A medium or product beyond this is no medium for one process.
MAX_BLOB: Final = 2**31 - 1

_MAX_MESSAGE: Final = 2_000
_MAX_CHANGES: Final = 32
_MAX_WORD: Final = 100
_LARGEST: Final[Mapping[str, int]] = dict.fromkeys(("width", "height", "channels"), 2**31 - 1)
_REASON: Final = re.compile(r"[a-z0-9]+(_[a-z0-9]+)+")

Header = dict[str, Any]


class GarbledError(Exception):
    """A message that is none: its sender can't be trusted with anything any more."""


def pack(header: Mapping[str, Any], blob_bytes: int = 0) -> bytes:
    """A message without its blob, which follows it."""
    text = json.dumps(header, allow_nan=False).encode()
    if len(text) > MAX_HEADER or blob_bytes > MAX_BLOB:
        raise ValueError(f"a message of {len(text):,} and {blob_bytes:,} bytes is too large")
    return FRAME.pack(_MARK, len(text), blob_bytes) + text


def lengths(frame: bytes | bytearray, max_blob: int = MAX_BLOB) -> tuple[int, int]:
    """How many bytes of header and of blob follow a frame.

    Raises:
        GarbledError: it is no frame, or announces too much.
    """
    mark, header, blob = FRAME.unpack(frame)
    if mark != _MARK or header > MAX_HEADER or blob > max_blob:
        raise GarbledError("no message, or too large a one")
    return header, blob


def header_of(text: bytes | bytearray) -> Header:
    """A header from its bytes.

    Raises:
        GarbledError: they are no JSON object.
    """
    try:
        value = json.loads(bytes(text), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise GarbledError("a header that is no JSON") from None
    if not isinstance(value, dict):
        raise GarbledError("a header that is no JSON object")
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def product_header(product: Product) -> Header:
    """The answer of a worker that made a product; the product's bytes are the blob."""
    return {
        "is": "product",
        "facts": product.facts,
        "changes": list(product.changes),
        "kept": product.data is None,
    }


def product_of(header: Header, blob: bytes) -> Product:
    """The product that an answer holds.

    Raises:
        GarbledError: it is not as `product_header` makes them.
    """
    facts, changes, kept = header.get("facts"), header.get("changes"), header.get("kept")
    if not isinstance(facts, dict) or not isinstance(changes, list) or len(changes) > _MAX_CHANGES:
        raise GarbledError("a product without facts or changes")
    try:
        facts = clean_facts(facts)
    except ValueError as error:
        raise GarbledError(str(error)) from None
    for name, value in facts.items():
        if FACT_KINDS[name] is str and not _is_word(value):
            raise GarbledError(f"{name} that is no word")
        if FACT_KINDS[name] is int and not 0 <= value <= _LARGEST.get(name, 2**63 - 1):
            raise GarbledError(f"{name} beyond what can be")
    if not all(_is_word(change) for change in changes):
        raise GarbledError("changes that are no words")
    if not isinstance(kept, bool) or (kept and blob):
        raise GarbledError("bytes of a product that is kept")
    if not kept and facts.get("bytes") != len(blob):
        raise GarbledError("a product of another size than it states")
    return Product(facts, None if kept else blob, tuple(changes))


def _is_word(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _MAX_WORD and value.isprintable()


def refusal_header(error: MediaError) -> Header:
    """The answer of a worker whose medium was refused."""
    passing = isinstance(error, PassingError)
    return {
        "is": "refused",
        "reason": error.reason,
        "message": said(error.message),
        "passing": passing,
    }


def refusal_of(header: Header, modality: str) -> MediaError:
    """The error that an answer holds.

    Raises:
        GarbledError: it is none, or of another modality.
    """
    reason, message = header.get("reason"), header.get("message")
    if not (isinstance(reason, str) and isinstance(message, str)):
        raise GarbledError("a refusal without a reason")
    if len(reason) > _MAX_WORD or not _REASON.fullmatch(reason):
        raise GarbledError("a reason that is no code")
    if not reason.startswith(f"{modality}_"):
        raise GarbledError("a reason of another modality")
    kind = PassingError if header.get("passing") is True else MediaError
    return kind(reason, said(message))


def said(text: str) -> str:
    """A message that can be printed and stored: bounded, without control characters."""
    cut = text if len(text) <= _MAX_MESSAGE else text[:_MAX_MESSAGE] + "…"
    plain = "".join(mark if mark.isprintable() else " " for mark in cut)
    return plain.encode("utf-8", "replace").decode()


def policy_from(values: Mapping[str, Any]) -> MediaPolicy:
    """A policy from what `dataclasses.asdict` made of it, after a way through JSON.

    Raises:
        TypeError, ValueError: they are not the values of a policy.
    """
    plain = MediaPolicy()
    given: dict[str, Any] = {}
    for field in fields(MediaPolicy):
        value, default = values[field.name], getattr(plain, field.name)
        if isinstance(value, dict):
            value = type(default)(**{name: _frozen(inner) for name, inner in value.items()})
        given[field.name] = value
    return MediaPolicy(**given)


def _frozen(value: Any) -> Any:
    return tuple(_frozen(inner) for inner in value) if isinstance(value, list) else value
