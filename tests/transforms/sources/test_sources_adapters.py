"""The three adapters: what a good record gives, and the reason for every bad one."""

from __future__ import annotations

from typing import Any

import pytest

from transforms.sources.adapter import Place, RecordAdapter
from transforms.sources.draft import Draft, Reject
from transforms.sources.hpdv2 import Hpdv2
from transforms.sources.rlaif_v import RlaifV
from transforms.sources.settings import Corpus
from transforms.sources.skywork import Skywork

PLACE = Place("f.parquet", 5, 2)


def adapter(kind: type[RecordAdapter]) -> RecordAdapter:
    return kind(Corpus("x", "r", "mit", ("*",), "model"), "corpus", "Subset")


def one(kind: type[RecordAdapter], record: dict[str, Any]) -> Draft:
    (draft,) = adapter(kind).pairs(record, PLACE)
    return draft


def turns(*pairs: tuple[str, str | None]) -> list[dict[str, str | None]]:
    return [{"role": role, "content": content} for role, content in pairs]


SKYWORK = {
    "chosen": turns(("system", "Be brief."), ("user", "Q"), ("assistant", "  good\r\n")),
    "rejected": turns(("system", "Be brief."), ("user", "Q"), ("assistant", "bad")),
    "source": "magpie",
}
RLAIF = {
    "question": "What?", "chosen": "A", "rejected": "B", "idx": "7", "ds_name": "d",
    "origin_split": '{"model": "omnilmm", "type": "detail"}',
}  # fmt: skip
HPD = {"prompt": "a cat", "image_path": ["1.jpg", "2.jpg"], "human_preference": [1, 0]}


def test_skywork_prompt_is_what_both_lists_share() -> None:
    draft = one(Skywork, SKYWORK)
    assert [(turn.role, turn.content) for turn in draft.prompt] == [
        ("system", "Be brief."), ("user", "Q"),
    ]  # fmt: skip
    assert (draft.first.text, draft.second.text) == ("  good\r\n", "bad")
    assert draft.preferred == "first"
    assert draft.where == "f.parquet group 2 row 5"


def test_rlaif_v_names_the_model_and_points_to_the_cell() -> None:
    draft = one(RlaifV, RLAIF)
    assert draft.first.model == draft.second.model == "omnilmm"
    (ref,) = draft.prompt_media
    assert (ref.slot, ref.container, ref.member) == ("prompt_images", "f.parquet", "image/2/5")
    assert draft.key.startswith("7/sha256:")
    for text in ("{not json", "[" * 5_000, '{"model": "m", "x": ' + "[" * 250 + "]" * 250 + "}"):
        odd = one(RlaifV, {**RLAIF, "origin_split": text})
        assert odd.notes == ("origin_split_unreadable",)
        assert odd.first.model is None


@pytest.mark.parametrize("name", ["image_path", "file_path"])
@pytest.mark.parametrize(("label", "preferred"), [([1, 0], "first"), ([0, 1], "second")])
def test_hpdv2_reads_both_spellings_and_both_orders(
    name: str, label: list[int], preferred: str
) -> None:
    record = {"prompt": "a cat", name: ["1.jpg", "2.jpg"], "human_preference": label}
    draft = one(Hpdv2, record)
    assert draft.preferred == preferred
    assert [ref.member for side in (draft.first, draft.second) for ref in side.media] == [
        "1.jpg", "2.jpg",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "base", "change", "reason"),
    [
        (Skywork, SKYWORK, {"chosen": None}, "missing_field"),
        (Skywork, SKYWORK, {"chosen": turns(("user", "Q"), ("assistant", None))}, "missing_field"),
        (Skywork, SKYWORK, {"chosen": turns(("assistant", "x"))}, "no_prompt"),
        (Skywork, SKYWORK, {"chosen": turns(("user", "R"), ("assistant", "x"))}, "prompts_differ"),
        (Skywork, SKYWORK, {"chosen": turns(("tool", "Q"), ("assistant", "x"))}, "unknown_role"),
        (
            Skywork,
            {
                "chosen": turns(("user", "Q"), ("user", "x")),
                "rejected": turns(("user", "Q"), ("assistant", "y")),
            },
            {},
            "last_turn_not_assistant",
        ),
        (
            Skywork,
            {
                "chosen": turns(("user", "Q"), ("assistant", " \n")),
                "rejected": turns(("user", "Q"), ("assistant", "y")),
            },
            {},
            "empty_response",
        ),
        (RlaifV, RLAIF, {"question": None}, "missing_field"),
        (RlaifV, RLAIF, {"rejected": "  "}, "empty_response"),
        (RlaifV, RLAIF, {"chosen": 5}, "not_text"),
        (Hpdv2, HPD, {"prompt": None}, "missing_field"),
        (Hpdv2, HPD, {"image_path": ["1.jpg"]}, "malformed_images"),
        (Hpdv2, HPD, {"image_path": ["1.jpg", "2.jpg", "3.jpg"]}, "malformed_images"),
        (Hpdv2, HPD, {"image_path": None}, "malformed_images"),
        (Hpdv2, HPD, {"human_preference": [1, 1]}, "label_not_one_hot"),
        (Hpdv2, HPD, {"human_preference": [0.5, 0.5]}, "label_not_one_hot"),
        (Hpdv2, HPD, {"human_preference": None}, "label_not_one_hot"),
        (Hpdv2, HPD, {"image_path": ["00168743.jpg", "2.jpg"]}, "known_corrupt_image"),
    ],
)
def test_a_bad_record_is_refused_for_its_reason(
    kind: type[RecordAdapter], base: dict[str, Any], change: dict[str, Any], reason: str
) -> None:
    with pytest.raises(Reject) as error:
        one(kind, {**base, **change})
    assert error.value.reason == reason
