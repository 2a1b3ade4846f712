"""Items of benchmarks and prepared rows for tests, from plain texts and made media."""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from schemas.flight import PREPARED_SCHEMA
from transforms.dedup.benchmarks.fingerprint import (
    METADATA_KEY,
    PART_SCHEMA,
    Fingerprint,
    Origin,
    make_fingerprint,
)
from transforms.dedup.benchmarks.index import FingerprintIndex
from transforms.dedup.settings_benchmarks import DecontaminationSettings

SETTINGS = DecontaminationSettings(benchmarks=("bench",))
ORIGIN = Origin("bench", "owner/bench", "a" * 40, "mit", "b" * 64)


def text_part(item: object, field: str, text: str) -> dict[str, Any]:
    return {"item": str(item), "field": field, "text": text}


def medium_part(
    item: object, field: str, data: bytes, hashes: Sequence[str], modality: str = "image"
) -> dict[str, Any]:
    digest = hashlib.sha256(data).hexdigest()
    return {
        "item": str(item),
        "field": field,
        "modality": modality,
        "source": digest,
        "hashes": list(hashes),
    }


def fingerprint(
    parts: Sequence[dict[str, Any]],
    settings: DecontaminationSettings = SETTINGS,
    origin: Origin = ORIGIN,
) -> Fingerprint:
    table = make_fingerprint(
        pa.Table.from_pylist(list(parts), schema=PART_SCHEMA), origin, settings.print
    )
    return Fingerprint(table, json.loads(table.schema.metadata[METADATA_KEY]), "")


def index_of(
    parts: Sequence[dict[str, Any]], settings: DecontaminationSettings = SETTINGS
) -> FingerprintIndex:
    return FingerprintIndex.of([fingerprint(parts, settings)], settings)


def ref(data: bytes, phash: str | None, slot: str = "image") -> dict[str, Any]:
    digest = hashlib.sha256(data).hexdigest()
    info = {"digest": digest, "phash": phash}
    return {"slot": slot, "container": "c.zip", "member": "m.png", "info": info}


def row(
    prompt: str | Sequence[tuple[str, str]],
    a: str | None = None,
    b: str | None = None,
    *,
    prompt_media: Sequence[dict[str, Any]] = (),
    a_media: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    turns = [("user", prompt)] if isinstance(prompt, str) else prompt
    return {
        "prompt": [{"role": role, "content": content} for role, content in turns],
        "prompt_media": list(prompt_media),
        "a_text": a,
        "a_media": list(a_media),
        "b_text": b,
        "b_media": [],
    }


def rows_of(*rows: dict[str, Any]) -> pa.Table:
    named = [
        {**one, "row_id": f"r{at}", "pair_id": f"p{at}", "key": f"k{at}"}
        for at, one in enumerate(rows)
    ]
    return pa.Table.from_pylist(named, schema=PREPARED_SCHEMA)


def sentence(rng: random.Random, words: int) -> str:
    """Words by the frequencies of a language: the commonest is every 16th, most are rare."""
    return " ".join(_word(1 + int(15 * (rng.paretovariate(1) - 1))) for _ in range(words))


def _word(number: int) -> str:
    digits = "bdfgklmnprst"
    name = ""
    number = min(number, 200_000)
    while number:
        number, rest = divmod(number, len(digits))
        name += digits[rest] + "aeiou"[rest % 5]
    return name


def edited(rng: random.Random, text: str, share: float) -> str:
    """A text of which that share of the words was replaced, dropped, added or misspelt."""
    pieces = re.split(r"(\s+)", text)
    places = [at for at, piece in enumerate(pieces) if piece.strip()]
    for at in rng.sample(places, max(1, round(share * len(places)))):
        word = pieces[at]
        cut = rng.randrange(len(word))
        pieces[at] = rng.choice(
            ("zebra", "", f"{word} quite", f"{word[:cut]}x{word[cut:]}", "thereby")
        )
    return "".join(pieces)
