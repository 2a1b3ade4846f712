"""What stands in JSON and is of no use costs its own record, whichever kind of file it is in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from transforms.beamkit.errors import BuildError
from transforms.sources.adapter import RecordAdapter, SourceBatch, SourceFile
from transforms.sources.evalmuse import Evalmuse
from transforms.sources.formats.cut import units_of
from transforms.sources.genbench_3d import GenBench3d
from transforms.sources.hpdv2 import Hpdv2
from transforms.sources.rewarddb_3d import RewardDb3d
from transforms.sources.settings import Corpus, PairRule
from transforms.sources.videodpo import VideoDpo
from transforms.sources.videodpo_original import VideoDpoOriginal
from transforms.sources.vlfeedback import VlFeedback

PAIR = {"prompt": "a", "image_path": ["1.jpg", "2.jpg"], "human_preference": [0, 1]}
RATED = {"prompt_id": "1", "prompt": "a", "total_score": [5], "promt_meaningless": [0]}
TALK = [{"from": "human", "value": "Which?"}, {"from": "gpt", "value": "Video 1 is better."}]
CLIPS = {"images": ["winvideos/1.jpg", "losevideos/1.jpg"], "prompt": "a", "conversations": TALK}
ENTRY = {"prompt": "a chair", "reward": [1, 2]}
VLFEEDBACK = {"id": "1", "prompt": "a", "completions": []}


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


def with_field(record: Mapping[str, Any], text: str) -> str:
    """A record as JSON, with one more field of this text."""
    return json.dumps(record)[:-1] + f', "extra": {text}}}'


def read(
    kind: type[RecordAdapter], folder: Path, files: Mapping[str, str], **options: Any
) -> SourceBatch:
    """All that an adapter makes of files, which must fit into one batch."""
    sources = []
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        sources.append(SourceFile(name, str(path), path.stat().st_size))
    corpus = Corpus("x", "r", "mit", ("*",), "human", pairs=PairRule(), options=options)
    adapter = kind(corpus, "corpus", "Subset")
    (batch,) = [batch for unit in adapter.units(sources) for batch in adapter.read(unit)]
    return batch


def listed(*records: str) -> str:
    return "[" + ",\n".join(records) + "]"


KINDS: Mapping[str, tuple[type[RecordAdapter], str, Mapping[str, Any]]] = {
    "hpdv2": (Hpdv2, "train.json", PAIR),
    "evalmuse": (Evalmuse, "train_list.json", RATED | {"img_path": "m/1.png"}),
    "videodpo": (VideoDpo, "train_data.json", CLIPS),
    "keyed": (RewardDb3d, "data/prompt_reward.json", ENTRY),
    "lines": (VlFeedback, "vlfeedback_80k.jsonl", VLFEEDBACK),
}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("levels", [200, 988, 1_500, 200_000])
def test_a_record_that_is_nested_too_deep_is_one_dead_letter(
    tmp_path: Path, name: str, levels: int
) -> None:
    kind, file, record = KINDS[name]
    join = "\n".join if name == "lines" else lambda rows: listed(*rows)
    sound = with_field(record, nested(199))
    batch = read(kind, tmp_path, {file: join([sound, with_field(record, nested(levels)), sound])})
    assert batch.records == 3
    letters = [letter for letter in batch.dead.to_pylist() if letter["reason"] == "not_json"]
    (letter,) = letters
    assert letter["message"] == "it is nested more than 200 levels deep"
    assert letter["seen"].startswith(json.dumps(record)[:-1])
    if name in ("hpdv2", "keyed"):
        assert batch.drafts.num_rows == 2


def test_the_values_of_an_object_are_as_deep_as_the_items_of_a_list(tmp_path: Path) -> None:
    rows = {"0": nested(199), "1": nested(200)}
    text = ", ".join(f'"{at}": {with_field(ENTRY, deep)}' for at, deep in rows.items())
    batch = read(RewardDb3d, tmp_path, {"data/prompt_reward.json": f"{{{text}}}"})
    assert (batch.records, batch.drafts.num_rows) == (2, 1)
    (letter,) = batch.dead.to_pylist()
    assert (letter["reason"], letter["where"]) == ("not_json", "data/prompt_reward.json row 1")


def test_metadata_that_is_nested_too_deep_costs_the_pairs_that_number_it(tmp_path: Path) -> None:
    clips = listed(with_field({"basic": {}, "misc": {}}, nested(300)), "{}")
    pair = {"video1": 0, "video2": 1, "frame_caption": "a"}
    files = {"metadata.json": clips, "pair.json": listed(json.dumps(pair))}
    (letter,) = read(VideoDpoOriginal, tmp_path, files).dead.to_pylist()
    assert (letter["reason"], letter["message"]) == (
        "malformed_metadata",
        "entry 0 can't be read: it is nested more than 200 levels deep",
    )


def test_prompts_that_are_nested_too_deep_are_an_error_that_names_the_file(tmp_path: Path) -> None:
    files = {"train.json": "{}", "prompts.json": nested(300)}
    with pytest.raises(BuildError, match=r"prompts\.json: .*200 levels deep"):
        read(GenBench3d, tmp_path, files, prompts="prompts.json", views=["{task}{model}{idx}"])


@pytest.mark.parametrize(
    ("first", "format_"),
    [
        (with_field(PAIR, nested(1_500)) + "\n", "jsonl"),
        (with_field(PAIR, nested(100_000))[:-1] + "\n", "json"),
        ("{\n", "json"),
    ],
)
def test_a_deep_first_line_does_not_hide_what_a_file_holds(
    tmp_path: Path, first: str, format_: str
) -> None:
    path = tmp_path / "f.json"
    path.write_text(first + json.dumps(PAIR))
    assert {unit.format for unit in units_of(str(path), "f.json", 9, ())} == {format_}


@pytest.mark.parametrize("number", ["NaN", "-Infinity", str(2**64), "1e400", "1" * 400])
@pytest.mark.parametrize("name", KINDS)
def test_numbers_of_every_kind_are_read(tmp_path: Path, name: str, number: str) -> None:
    kind, file, record = KINDS[name]
    join = "\n".join if name == "lines" else lambda rows: listed(*rows)
    rows = [with_field(record, number), with_field(record, "1")]
    batch = read(kind, tmp_path, {file: join(rows)})
    assert batch.records == 2
    assert "not_json" not in batch.dead["reason"].to_pylist()
    if name in ("hpdv2", "keyed"):
        assert batch.drafts.num_rows == 2


def test_a_number_in_place_of_a_rating_is_no_rating(tmp_path: Path) -> None:
    rated = [
        with_field(RATED | {"img_path": f"m/{at}.png"}, "0").replace("[5]", f"[{scores}]")
        for at, scores in enumerate(["5, NaN", "1, 1e400", "NaN"])
    ]
    batch = read(Evalmuse, tmp_path, {"train_list.json": listed(*rated)})
    assert batch.drafts["first_score"].to_pylist() == [5.0]
    assert batch.drafts["second_score"].to_pylist() == [1.0]
    assert batch.dead["reason"].to_pylist() == ["no_ratings"]


@pytest.mark.parametrize("number", ["1" * 5_000, "[" + "9" * 4_301 + "]"])
def test_a_number_that_python_refuses_is_one_dead_letter(tmp_path: Path, number: str) -> None:
    rows = [json.dumps(PAIR), with_field(PAIR, number), json.dumps(PAIR)]
    batch = read(Hpdv2, tmp_path, {"train.json": listed(*rows)})
    assert (batch.records, batch.drafts.num_rows) == (3, 2)
    (letter,) = batch.dead.to_pylist()
    assert (letter["reason"], letter["where"]) == ("not_json", "train.json row 1")


def test_a_column_that_is_given_twice_flips_no_label(tmp_path: Path) -> None:
    twice = json.dumps(PAIR)[:-1] + ', "human_preference": [1, 0]}'
    other = json.dumps(PAIR)[:-1] + ', "width": 1, "width": 2}'
    batch = read(Hpdv2, tmp_path, {"train.json": listed(twice, json.dumps(PAIR), other)})
    assert batch.drafts["preferred"].to_pylist() == ["second", "second"]
    (letter,) = batch.dead.to_pylist()
    assert (letter["reason"], letter["message"], letter["where"]) == (
        "not_json",
        "the key 'human_preference' occurs twice",
        "train.json row 0",
    )


def test_bytes_that_are_no_text_cost_their_own_record(tmp_path: Path) -> None:
    path = tmp_path / "train.json"
    rows = [json.dumps(PAIR | {"prompt": prompt}).encode() for prompt in ("a", "?", "b")]
    path.write_bytes(b"[" + b", ".join(rows).replace(b"?", b"\xff") + b"]")
    one = Hpdv2(Corpus("x", "r", "mit", ("*",), "human"), "corpus", "Subset")
    (unit,) = one.units([SourceFile(path.name, str(path), path.stat().st_size)])
    (batch,) = one.read(unit)
    assert batch.drafts["where"].to_pylist() == ["train.json row 0", "train.json row 2"]
    (letter,) = batch.dead.to_pylist()
    assert letter["reason"] == "not_json"
    assert "utf-8" in letter["message"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (listed(json.dumps(PAIR), '{"prompt": nope}'), "not valid JSON after 1 records: Expecting"),
        (listed(json.dumps(PAIR)) + "x", "not valid JSON after 1 records: more text follows"),
        (listed(json.dumps(PAIR), ""), "not valid JSON after 1 records: "),
        (listed(json.dumps(PAIR) * 2), "not valid JSON after 0 records: Extra data"),
    ],
)
def test_what_is_no_json_is_told_from_what_was_cut(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BuildError, match=message) as caught:
        read(Hpdv2, tmp_path, {"train.json": text})
    assert "mid-record" not in str(caught.value)
