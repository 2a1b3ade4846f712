"""The published schema: pinned by a golden file, and what `datasets` makes of it."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from datasets import Features

from schemas.dead_letter import DeadLetter, dead_letter_table, excerpt
from schemas.media import SLOT_MODALITY, MediaRef
from schemas.pair import MEDIA_FEATURES, PAIR_SCHEMA, SCHEMA_VERSION
from schemas.tasks import PROMPT_SLOTS, RESPONSE_SLOTS, TASKS

GOLDEN = Path(__file__).parent / "golden" / "pair_schema_v1.1.json"
BEFORE = Path(__file__).parent / "golden" / "pair_schema_v1.json"


def described() -> dict[str, object]:
    metadata = PAIR_SCHEMA.metadata
    return {
        "version": metadata[b"omni_reward_schema"].decode(),
        "columns": {field.name: str(field.type) for field in PAIR_SCHEMA},
        "features": json.loads(metadata[b"huggingface"])["info"]["features"],
    }


def test_the_schema_is_the_golden_one() -> None:
    assert described() == json.loads(GOLDEN.read_text())
    assert SCHEMA_VERSION == "1.1"


def test_the_schema_has_all_that_the_one_before_had() -> None:
    """Changes are additive: what was written as 1.0 is read by the same names and types."""
    before = json.loads(BEFORE.read_text())["features"]
    assert _added(before, described()["features"]) == {
        f"{column}.{name}"
        for column in ("prompt_info", "response_a_info", "response_b_info")
        for name in ("product", "changes", "loudness_lufs", "peak_dbfs")
    }


def _added(before: object, now: object, at: str = "") -> set[str]:
    """What `now` has beyond `before`; anything lost or retyped fails."""
    if not isinstance(before, dict):
        assert before == now, at
        return set()
    assert isinstance(now, dict)
    assert before.keys() <= now.keys(), at
    added = {f"{at}{name}" for name in now.keys() - before.keys()}
    for name, value in before.items():
        inner = at if name == "feature" else f"{at}{name}."
        added |= _added(value, now[name], inner)
    return added


def test_datasets_reads_the_same_features() -> None:
    schema = Features.from_arrow_schema(PAIR_SCHEMA).arrow_schema
    assert schema.equals(PAIR_SCHEMA)
    assert schema.metadata[b"huggingface"] == PAIR_SCHEMA.metadata[b"huggingface"]


def test_nine_tasks_over_five_modalities_have_a_place_for_all_they_carry() -> None:
    assert list(TASKS) == ["t2t", "ti2t", "tv2t", "ta2t", "t2i", "t2v", "t2a", "t23d", "ti2i"]
    modalities = {m for task in TASKS.values() for m in (*task.prompt, task.response)}
    assert modalities == {"text", "image", "video", "audio", "mesh"}
    for task in TASKS.values():
        for slot in RESPONSE_SLOTS[task.response]:
            assert f"response_a_{slot}" in PAIR_SCHEMA.names
            assert f"response_b_{slot}" in PAIR_SCHEMA.names
        for modality in task.prompt:
            assert set(PROMPT_SLOTS[modality]) <= set(PAIR_SCHEMA.names)
    assert SLOT_MODALITY.keys() == MEDIA_FEATURES.keys()


def test_unknown_slots_and_stages_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown media slot 'pictures'"):
        MediaRef("pictures", "c", "m")
    with pytest.raises(ValueError, match="unknown stage 'cooking'"):
        DeadLetter("cooking", "S", "c", "k", "r", "m", "s", "w")


def test_dead_letters_hold_bounded_valid_text() -> None:
    letter = DeadLetter("media", "S", "c", "k", "r", "m", "x" * 900 + "\ud800", "f row 1")
    table = dead_letter_table([letter])
    assert len(table["seen"][0].as_py()) == 500
    assert excerpt("a\ud800b") == "a\\ud800b"
    assert excerpt({"a": 1}) == "{'a': 1}"
    assert pa.types.is_string(table.schema.field("where").type)
