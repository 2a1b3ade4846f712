"""Rows whose texts copy an item of a benchmark are found; others stay."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from benchmark_rows import (
    SETTINGS,
    edited,
    fingerprint,
    index_of,
    ref,
    row,
    rows_of,
    sentence,
    text_part,
)

from schemas.contamination import CONTAMINATION_SCHEMA
from transforms.dedup.benchmarks.contaminated import (
    MATCH_SCHEMA,
    contaminated,
    contamination_rows,
    removed_rows,
)
from transforms.dedup.benchmarks.index import FingerprintIndex

REAL = Path(__file__).parents[4] / "shared" / "realdata" / "corpora"


def removed(table: pa.Table, index: FingerprintIndex) -> np.ndarray:
    matches = contaminated(table, index, SETTINGS)
    assert matches.schema.equals(MATCH_SCHEMA)
    return np.asarray(removed_rows(table, matches))


def matches_of(table: pa.Table, index: FingerprintIndex) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = contaminated(table, index, SETTINGS).to_pylist()
    return found


QUESTION = "Why do the ferries of this little harbour never leave before the tide has turned?"


def test_an_equal_prompt_goes_whatever_its_case_and_punctuation() -> None:
    index = index_of([text_part(7, "prompt", QUESTION)])
    table = rows_of(row(QUESTION.upper() + "!!"), row("<image>\n" + QUESTION), row("Why not?"))
    assert removed(table, index).tolist() == [True, True, False]
    first = matches_of(table, index)[0]
    assert (first["benchmark"], first["item"]) == ("bench", "7")
    assert (first["rule"], first["field"], first["likeness"]) == ("prompt_text", "prompt", "exact")
    assert first["strength"] == 1
    assert first["excerpt"].startswith("WHY DO THE FERRIES")


def test_short_prompts_and_responses_are_no_evidence() -> None:
    short, long = " ".join("abcdefg"), " ".join("abcdefgh")
    words = [f"w{n}" for n in range(50)]
    parts = [text_part(0, "prompt", short), text_part(1, "prompt", long)]
    below, enough = " ".join(words[:49]), " ".join(words[::-1])
    parts += [text_part(0, "response", below), text_part(1, "response", enough)]
    index = index_of(parts)
    table = rows_of(row(short), row(long), row("x", below), row("x", None, enough))
    assert removed(table, index).tolist() == [False, True, False, True]
    assert {match["field"] for match in matches_of(table, index)} == {"prompt", "b"}


def test_prompts_and_responses_are_not_mixed() -> None:
    text = sentence(random.Random(1), 80)
    assert not removed(rows_of(row("x", text)), index_of([text_part(0, "prompt", text)])).any()
    assert not removed(rows_of(row(text)), index_of([text_part(0, "response", text)])).any()


def test_a_short_prompt_about_another_picture_is_reported_only() -> None:
    text = "What are the main objects in the picture? Please describe them in detail."
    index = index_of([text_part(0, "prompt", text)])
    picture = ref(b"another", None, "prompt_images")
    table = rows_of(row(text, prompt_media=[picture]), row(text))
    assert removed(table, index).tolist() == [False, True]
    assert [match["removed"] for match in matches_of(table, index)] == [False, True]


def test_a_long_text_that_quotes_an_item_is_reported_and_a_wrapped_item_goes() -> None:
    rng = random.Random(2)
    index = index_of([text_part(0, "prompt", QUESTION)])
    wrapped = f"Answer in one sentence, please, and be kind. {QUESTION} Thank you."
    quoting = f"{sentence(rng, 400)} {QUESTION} {sentence(rng, 400)}"
    table = rows_of(row(wrapped), row(quoting))
    assert removed(table, index).tolist() == [True, False]
    assert [match["rule"] for match in matches_of(table, index)] == ["prompt_text"] * 2


def test_one_word_more_or_less_is_another_short_question() -> None:
    index = index_of([text_part(0, "prompt", "Write a function that gives the sum of two numbers")])
    table = rows_of(row("Write a function that gives the product of two numbers"))
    assert not removed(table, index).any()


def test_a_turn_of_a_conversation_is_found() -> None:
    index = index_of(
        [text_part(0, "prompt", QUESTION), text_part(1, "prompt", f"Hello.\n{QUESTION}")]
    )
    talk = [("user", sentence(random.Random(3), 300)), ("assistant", "Yes."), ("user", QUESTION)]
    said = [("user", "Hello."), ("assistant", QUESTION)]
    found = matches_of(rows_of(row(talk), row(said)), index)
    assert [(match["row"], match["item"], match["removed"]) for match in found] == [
        (0, "0", True),
        (1, "1", True),
    ]


@pytest.mark.parametrize("share", [0.01, 0.03, 0.05])
def test_near_copies_are_found_and_clean_rows_stay(share: float) -> None:
    rng = random.Random(int(share * 100))
    prompts = [sentence(rng, rng.choice((20, 25, 35, 47, 60, 150))) for _ in range(300)]
    responses = [sentence(rng, rng.choice((55, 80, 150, 400))) for _ in range(300)]
    parts = [text_part(n, "prompt", text) for n, text in enumerate(prompts)]
    parts += [text_part(n, "response", text) for n, text in enumerate(responses)]
    index = index_of(parts)
    copies = rows_of(*(row(edited(rng, text, share)) for text in prompts))
    assert removed(copies, index).mean() >= 0.98
    copies = rows_of(*(row("x", edited(rng, text, share)) for text in responses))
    assert removed(copies, index).mean() >= 0.98
    clean = rows_of(
        *(
            row(sentence(rng, rng.choice((10, 20, 60, 150))), sentence(rng, 120))
            for _ in range(1_000)
        )
    )
    assert removed(clean, index).sum() == 0


def test_boilerplate_of_a_benchmark_is_no_evidence() -> None:
    rng = random.Random(5)
    frame = "Answer the question with the letter of the right option from the choices directly."
    parts = [text_part(n, "prompt", f"{sentence(rng, 12)} {frame}") for n in range(100)]
    index = index_of(parts)
    assert len(index.texts["prompt"].short.boilerplate) > 5
    table = rows_of(row(f"{sentence(rng, 12)} {frame}"), row(parts[4]["text"]))
    assert removed(table, index).tolist() == [False, True]


def test_the_strongest_match_stands_and_order_does_not_matter() -> None:
    rng = random.Random(6)
    texts = [sentence(rng, 60) for _ in range(40)]
    parts = [text_part(n, "prompt", text) for n, text in enumerate(texts)]
    parts += [text_part(100 + n, "prompt", edited(rng, text, 0.03)) for n, text in enumerate(texts)]
    table = rows_of(*(row(text) for text in texts))
    found = matches_of(table, index_of(parts))
    assert [match["item"] for match in found] == [str(n) for n in range(40)]
    assert {match["likeness"] for match in found} == {"exact"}
    order = rng.sample(range(40), 40)
    turned = contaminated(table.take(pa.array(order)), index_of(parts), SETTINGS).to_pylist()
    back = sorted(
        ({**match, "row": order[match["row"]]} for match in turned), key=lambda m: m["row"]
    )
    assert back == found
    halves = [m for at in (0, 20) for m in matches_of(table.slice(at, 20), index_of(parts))]
    assert [m["item"] for m in halves] == [m["item"] for m in found]


def test_several_benchmarks_are_told_apart() -> None:
    from dataclasses import replace

    from benchmark_rows import ORIGIN

    one = fingerprint([text_part("x", "prompt", QUESTION)])
    two = fingerprint([text_part("y", "prompt", QUESTION)], origin=replace(ORIGIN, name="two"))
    index = FingerprintIndex.of([one, two], SETTINGS)
    found = matches_of(rows_of(row(QUESTION)), index)
    assert [(match["benchmark"], match["item"]) for match in found] == [
        ("bench", "x"),
        ("two", "y"),
    ]


def test_media_among_the_items_take_nothing_from_the_hashes_of_texts() -> None:
    medium = {"item": "0", "field": "prompt_medium", "modality": "image", "source": "ab" * 32}
    index = index_of([text_part(0, "prompt", QUESTION), {**medium, "hashes": []}])
    assert matches_of(rows_of(row(QUESTION)), index)[0]["likeness"] == "exact"
    assert index.prompt_of.tolist() == [0]


def test_no_rows_and_no_items_give_no_matches() -> None:
    assert (
        contaminated(rows_of(), index_of([text_part(0, "prompt", QUESTION)]), SETTINGS).num_rows
        == 0
    )
    empty = FingerprintIndex.of([], SETTINGS)
    assert contaminated(rows_of(row(QUESTION, "a", None)), empty, SETTINGS).num_rows == 0


def test_matches_are_written_down_with_the_names_of_their_rows() -> None:
    table = rows_of(row("x"), row(QUESTION))
    matches = contaminated(table, index_of([text_part(0, "prompt", QUESTION)]), SETTINGS)
    written = contamination_rows("Subset", table, matches)
    assert written.schema.equals(CONTAMINATION_SCHEMA)
    (one,) = written.to_pylist()
    assert (one["subset"], one["row_id"], one["pair_id"], one["key"]) == (
        "Subset",
        "r1",
        "p1",
        "k1",
    )


@pytest.mark.skipif(not REAL.exists(), reason="needs files of other people beside the checkout")
def test_real_rows_of_a_benchmark_are_found_and_others_stay() -> None:
    items = json.loads((REAL / "vl-rewardbench/data.json").read_text("utf-8"))
    parts = []
    for number, item in enumerate(items):
        parts.append(text_part(number, "prompt", item["query"]))
        parts += [text_part(number, "response", text) for text in item["response"]]
    index = index_of(parts)
    rng = random.Random(9)
    picture = ref(b"x", None, "prompt_images")
    long = [item for item in items if min(len(text.split()) for text in item["response"]) >= 50]
    copies = rows_of(
        *(
            row(
                item["query"],
                *(edited(rng, text, 0.05) for text in item["response"]),
                prompt_media=[picture],
            )
            for item in long
        )
    )
    assert len(long) > 250
    assert removed(copies, index).mean() >= 0.99
    others = [
        row(f"{one['instruction']}\n{one['input']}", str(one["response1"]), str(one["response2"]))
        for one in json.loads((REAL / "pandalm/testset-v1.json").read_text("utf-8"))
    ]
    others += [
        row(one["input"], one["output_1"], one["output_2"])
        for one in json.loads((REAL / "mt-bench/LLMBar_processed_MT-Bench.json").read_text("utf-8"))
    ]
    lines = (REAL / "rlaif-v/detail_test_30_input.jsonl").read_text("utf-8").splitlines()
    others += [row(json.loads(line)["question"], prompt_media=[picture]) for line in lines]
    assert removed(rows_of(*others), index).sum() == 0
