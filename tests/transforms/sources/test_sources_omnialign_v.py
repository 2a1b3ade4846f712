"""OmniAlign-V-DPO: both layouts end to end, the placeholder, paths, and reasons for refusals."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pyarrow.dataset as pads
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.recipe import load_recipe
from pipelines.sample_corpora.files import write_tar, write_zip
from schemas.media import MediaRef
from tests.pipelines.sample_build import build_with
from tests.transforms.sources.adapter_case import AdapterCase, wanting_all, written
from transforms.media.containers import reader_of
from transforms.media.errors import MediaError
from transforms.sources.adapter import Place
from transforms.sources.draft import Draft, Reject, Response, Turn
from transforms.sources.omnialign_v import OmniAlignV, without_token
from transforms.sources.settings import Corpus

PLACE = Place("poster.jsonl", 12)
RECORD: dict[str, Any] = {
    "image": "images/poster/x.jpg", "prompt": "<image>\nQ", "chosen": "good", "rejected": "bad",
}  # fmt: skip


class TestPublished(AdapterCase):
    corpus = "omnialign_v"


class TestOlder(AdapterCase):
    corpus = "omnialign_v_older"


def one(record: dict[str, Any], **options: str) -> Draft:
    corpus = Corpus("omnialign_v", "r", "unknown", ("*",), "model", options=options)
    (draft,) = OmniAlignV(corpus, "corpus", "Subset").pairs(record, PLACE)
    return draft


def test_a_whole_draft() -> None:
    draft = one(RECORD)
    assert draft == Draft(
        key=draft.key,
        prompt=(Turn("user", "Q"),),
        prompt_media=(MediaRef("prompt_images", "images.tar", "/images/poster/x.jpg"),),
        first=Response(text="good"),
        second=Response(text="bad"),
        preferred="first",
        where="poster.jsonl row 12",
    )
    assert draft.key.startswith("sha256:")


@pytest.mark.parametrize(
    ("spelled", "canonical"),
    [
        ("Q", "Q"),
        ("<image>\nQ", "Q"),
        ("<image>\r\nQ", "Q"),
        ("<image>\n\nQ", "Q"),
        ("<image> Q", "Q"),
        ("<image>Q", "Q"),
        (" <image>\nQ", "Q"),
        ("Q\n<image>", "Q"),
        ("Q <image>\n", "Q"),
        ("<image>\n    x = 1\n", "    x = 1\n"),  # an indented line is content
        ("  Q\n", "  Q\n"),
        ("first\n<image>\nthen", "first\nthen"),
        ("In <image> there is", "In there is"),
        ("(<image>) shows", "() shows"),
        ("<Image>\nQ", "<Image>\nQ"),  # not the placeholder
    ],
)
def test_the_placeholder_is_taken_out_and_nothing_else(spelled: str, canonical: str) -> None:
    assert without_token(spelled) == canonical


@pytest.mark.parametrize("white", [" ", "\t", "\n", "\r\n", "\u3000"])
def test_runs_of_white_space_are_passed_over_once(white: str) -> None:
    run = white * 200_000
    assert without_token(f"a{run}b <image> c") == f"a{run}b c"
    assert without_token(f"{run}<image>{run}b{run}").strip() == "b"
    kept = run if white == "\u3000" else ""
    assert without_token(f"a{run}<image>{run}") == f"a{kept}"


@given(st.text(st.sampled_from(" \t\n\r\x1c\x85\u3000ab"), max_size=8), st.integers(0, 8))
def test_the_last_placeholder_goes_with_what_parts_it_from_the_text(text: str, at: int) -> None:
    prompt = f"{text[:at]}<image>{text[at:]}"
    if not text.strip():
        return
    last = re.compile(r"(?:[\r\n]+[ \t]*|[ \t]+)?<image>\s*\Z")
    if text[:at].strip() and last.search(prompt):
        assert without_token(prompt) == last.sub("", prompt)


def test_both_spellings_are_one_pair(tmp_path: Path) -> None:
    """Through the whole pipeline: rows that differ in the placeholder alone are one pair."""
    folder, _, recipe_file = written("omnialign_v", 0.0005)
    source, copy = folder / "omnialign_v", tmp_path / "omnialign_v"
    copy.mkdir()
    for file in source.glob("*.jsonl"):
        (copy / file.name).write_text("")
    (copy / "images.tar").symlink_to(source / "images.tar")
    first = json.loads((source / "chart.jsonl").read_text().split("\n", 1)[0])
    question = without_token(first["prompt"])
    spelled = [question, f"<image>\n{question}", f"{question}\n<image>", f"<image>\r\n{question}"]
    lines = [json.dumps({**first, "prompt": prompt}) for prompt in spelled]
    for file in source.glob("*.jsonl"):
        (copy / file.name).write_text("\n".join(lines) + "\n")
    recipe = wanting_all(load_recipe(recipe_file))
    built = build_with(recipe, tmp_path, tmp_path / "out", ["OmniAlign-V-DPO"])
    rows = _rows(built.output)
    assert len(rows) == 1
    counts = built.record["subsets"]["OmniAlign-V-DPO"]["counts"]
    assert counts["dedup"] == {"in": 24, "out": 1, "dropped:duplicate_exact": 23}
    assert {row["prompt"][0]["content"] for row in rows} == {question}


def _rows(output: Path) -> list[dict[str, Any]]:
    files = sorted((output / "data" / "OmniAlign-V-DPO").glob("*.parquet"))
    table = pads.dataset([str(f) for f in files]).to_table(columns=["pair_id", "prompt"])
    return table.to_pylist()  # type: ignore[no-any-return]


def test_an_older_release_says_answer() -> None:
    older = {name: value for name, value in RECORD.items() if name != "chosen"}
    assert one({**older, "answer": "good"}).first.text == "good"
    both = one({**RECORD, "answer": "something else"})
    assert both.first.text == "good"
    with pytest.raises(Reject, match="chosen is missing or null"):
        one(older)


@pytest.mark.parametrize(
    ("own", "begins"), [("a7", "a7/sha256:"), (7, "7/sha256:"), (True, "sha256:"), ([1], "sha256:")]
)
def test_an_id_is_part_of_the_key_where_it_is_one(own: object, begins: str) -> None:
    assert one({**RECORD, "id": own}).key.startswith(begins)
    assert one({**RECORD, "id": own}).key != one({**RECORD, "id": own, "chosen": "other"}).key


@pytest.mark.parametrize(
    ("image", "options", "member"),
    [
        ("images/k/x.jpg", {}, "/images/k/x.jpg"),
        ("./images/k/x.jpg", {}, "/images/k/x.jpg"),
        ("images/k/x.jpg", {"strip": "images/"}, "/k/x.jpg"),
        ("k/x.jpg", {"add": "images/"}, "/images/k/x.jpg"),
        ("data/k/x.jpg", {"strip": "data/", "add": "images/"}, "/images/k/x.jpg"),
        ("images/k/x.jpg", {"archive": "unpacked"}, "images/k/x.jpg"),
    ],
)
def test_the_path_becomes_the_whole_name_of_a_member(
    image: str, options: dict[str, str], member: str
) -> None:
    (ref,) = one({**RECORD, "image": image}, **options).prompt_media
    assert ref.member == member


@pytest.mark.parametrize("name", ["m.tar", "m.zip"])
def test_a_whole_name_never_takes_a_picture_that_merely_ends_so(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    entries = [("images/k/x.jpg", b"1"), ("old/images/k/x.jpg", b"2"), ("old/k/y.jpg", b"3")]
    (write_zip if name == "m.zip" else write_tar)(path, entries)
    wanted = ["/images/k/x.jpg", "/k/y.jpg", "/k/x.jpg", "/old/k/y.jpg"]
    found = {one.member: one.data for one in reader_of(name)(str(path), wanted)}
    assert found.pop("/images/k/x.jpg") == b"1"
    assert found.pop("/old/k/y.jpg") == b"3"
    assert [data.reason for data in found.values() if isinstance(data, MediaError)] == [
        "media_missing", "media_missing",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "options", "reason"),
    [
        ({"image": None}, {}, "missing_field"),
        ({"image": ["images/x.jpg"]}, {}, "not_text"),
        ({"image": {"path": "x.jpg"}}, {}, "not_text"),
        ({"image": " "}, {}, "malformed_image"),
        ({"image": "poster/x.jpg"}, {"strip": "images/"}, "malformed_image"),
        ({"prompt": None}, {}, "missing_field"),
        ({"prompt": ["Q"]}, {}, "not_text"),
        ({"prompt": "<image>\n<image>\nQ"}, {}, "too_many_image_tokens"),
        ({"prompt": "<image>"}, {}, "empty_prompt"),
        ({"prompt": "\n"}, {}, "empty_prompt"),
        ({"chosen": ""}, {}, "empty_response"),
        ({"chosen": {"value": "good"}}, {}, "not_text"),
        ({"rejected": None}, {}, "missing_field"),
        ({"rejected": "\t\n"}, {}, "empty_response"),
    ],
)
def test_a_bad_record_is_refused_for_its_reason(
    change: dict[str, Any], options: dict[str, str], reason: str
) -> None:
    with pytest.raises(Reject) as error:
        one({**RECORD, **change}, **options)
    assert error.value.reason == reason
