"""Files that are not what their names say, cut short, or full of what no reader has met."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from checked_mirror import Mirror, said

from pipelines.source_check.finding import Difference
from transforms.beamkit.hub.tree import RepoFacts

Copy = Callable[[str], Mirror]

SKYWORK = "data/train-00000-of-00001.parquet"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
PAGE = b"<!DOCTYPE html><html><body>Log in</body></html>"


@pytest.mark.parametrize(
    ("data", "found", "change"),
    [
        (
            POINTER,
            "a git-lfs pointer (63 bytes)",
            "the real file was not fetched; run `git lfs pull`, or download it again",
        ),
        (
            PAGE,
            "an html page (47 bytes)",
            "a web page was saved in its place (an error or a log-in page); download it again "
            "with a token that has access",
        ),
        (b"", "empty (0 bytes)", "it has no bytes; download it again"),
        (
            b'{"chosen": []}\n',
            "its content is json object",
            "download it again; or if it is meant to be json object, give it the name of such a "
            "file",
        ),
        (b"PAR1" + bytes(90), "cut short: its end is missing", "download it again"),
    ],
)
def test_what_is_there_in_place_of_parquet(
    mirror: Copy, data: bytes, found: str, change: str
) -> None:
    there = mirror("skywork")
    there.path(SKYWORK).write_bytes(data)
    assert there.only() == Difference(
        "skywork", "format", "error", "a Parquet file", f"{SKYWORK}: {found}", change
    )


def test_on_the_hub_another_revision_is_the_cure(mirror: Copy) -> None:
    there = mirror("skywork")
    there.path(SKYWORK).write_bytes(b"PAR1" + bytes(90))
    difference = there.only(RepoFacts(None, False, False, "c" * 40))
    assert difference.change == "the published file is damaged: pin `revision:` to another commit"


def test_a_footer_that_lies(mirror: Copy) -> None:
    there = mirror("skywork")
    there.path(SKYWORK).write_bytes(b"PAR1" + bytes(50) + b"\xff\xff\x00\x00PAR1")
    difference = there.only()
    assert (difference.what, difference.expected) == ("format", "records that can be read")
    assert difference.found.startswith(f"{SKYWORK}: not a readable Parquet file")


def test_a_json_list_that_ends_early(mirror: Copy) -> None:
    there = mirror("hpdv2")
    path = there.path("train.json")
    path.write_bytes(path.read_bytes()[:2_000])
    difference = there.only()
    assert (difference.what, difference.expected) == ("format", "records that can be read")
    assert difference.found.startswith("train.json: not valid JSON within its first 50 records")


@pytest.mark.parametrize("extra", ["NaN", "1e400", str(2**64), '"\\ud800"'])
def test_a_list_is_read_like_lines(mirror: Copy, extra: str) -> None:
    there = mirror("hpdv2")
    path = there.path("train.json")
    path.write_text(path.read_text("utf-8").replace("}", f', "extra": {extra}}}'), "utf-8")
    report = there.check()
    assert report.differences == ()
    assert report.looked.records == 50


def test_records_of_a_list_that_are_nested_too_deep_are_refused_like_in_a_build(
    mirror: Copy,
) -> None:
    there = mirror("hpdv2")
    path = there.path("train.json")
    deep = "[" * 1_500 + "]" * 1_500
    texts = [json.dumps(one) for one in json.loads(path.read_text("utf-8"))[:50]]
    texts[10:] = [text.replace("}", f', "extra": {deep}}}') for text in texts[10:]]
    path.write_text("[" + ", ".join(texts) + "]", "utf-8")
    difference = there.only(rows=None)
    assert difference.found.startswith("40 of 50 records refused: not_json")


def test_lines_that_are_no_json_are_refused_like_in_a_build(mirror: Copy) -> None:
    there = mirror("vlfeedback")
    path = there.path("vlfeedback_80k.jsonl")
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(line if n < 10 else f"{{{n}\n" for n, line in enumerate(lines)))
    difference = there.only(rows=None)
    assert difference.found.startswith("40 of 50 records refused: not_json")


def test_json_lines_may_be_called_json_and_be_gzipped(mirror: Copy) -> None:
    there = mirror("hpdv2")
    records = json.loads(there.path("train.json").read_text())
    there.path("train.json").write_text("".join(json.dumps(one) + "\n" for one in records))
    assert there.check().differences == ()
    vlfeedback = mirror("vlfeedback")
    path = vlfeedback.path("vlfeedback_80k.jsonl")
    vlfeedback.path("vlfeedback_80k.jsonl.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    difference = vlfeedback.only()
    assert difference.found == "of another format: vlfeedback_80k.jsonl.gz"
    assert "but vlfeedback.py reads .parquet, .jsonl, .json, not .jsonl.gz" in difference.change


def test_a_gzip_bomb_is_left_alone(tmp_path: Path) -> None:
    from transforms.sources.settings import Corpus

    options = {"prompt": "p", "chosen": "c", "rejected": "r"}
    corpus = Corpus("mapped", "o/n", "mit", ("x.jsonl.gz",), "human", options=options)
    (tmp_path / "x.jsonl.gz").write_bytes(gzip.compress(b" " * 80_000_000, 6))
    report = Mirror("x", tmp_path, corpus).check()
    assert said(report) == [
        ("warning", "a few records to look at", "x.jsonl.gz: they take more than 33,554,432 bytes")
    ]


def test_a_file_that_may_not_be_read(mirror: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    from transforms.beamkit import files

    there = mirror("rlaif_v")
    before = files.open_read

    def refuse(path: str) -> object:
        if path.endswith("_001.parquet"):
            raise PermissionError(13, "Permission denied", path)
        return before(path)

    monkeypatch.setattr(files, "open_read", refuse)
    report = there.check(rows=None)
    assert report.differences == (
        Difference(
            "rlaif_v",
            "reach",
            "error",
            ".parquet files that can be read",
            "RLAIF-V-Dataset_001.parquet: PermissionError: Permission denied",
            "see that the files of `path:` are there and may be read",
        ),
    )
    assert report.looked.pairs == 30  # of the other file


def test_a_step_that_stumbles_leaves_the_others_to_go_on(
    mirror: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines.source_check import check

    def stumble(*_: object) -> None:
        raise RecursionError("too deep\x1b[31m")

    monkeypatch.setattr(check, "check_columns", stumble)
    report = mirror("skywork").check()
    assert report.differences == (
        Difference(
            "skywork",
            "columns",
            "error",
            "something that can be read",
            "RecursionError: too deep[31m",
            "if the file is sound, please report it with this line",
        ),
    )
    assert report.looked.pairs == 50


JUNK = (b"", b'{"', b"[[[", b"\xff\xfe\x00", bytes(64), b"PK\x05\x06" + bytes(18), b'{"a":' * 99)
ODD = (None, 5, 1e400, "", "x\ud800", [], {}, [[]], [None], {"": {}}, True, "../../x", ["a", {}])


@pytest.mark.parametrize("name", ["skywork", "hpdv2", "omnialign_v", "vlfeedback", "evalmuse"])
def test_whatever_bytes_there_are_nothing_is_raised(mirror: Copy, name: str) -> None:
    there, rng = mirror(name), random.Random(name)
    names = [file for file, _ in there.listing()]
    for _ in range(14):
        path = there.path(rng.choice(names))
        whole = path.read_bytes()
        start = rng.choice((0, rng.randrange(len(whole)), len(whole) - 30))
        stop = start + rng.choice((0, 1, 400, len(whole)))
        path.write_bytes(whole[:start] + rng.choice(JUNK) + whole[stop:])
        report = there.check()
        assert all(entry.found for entry in report.differences)
        path.write_bytes(whole)


def spoilt(value: Any, rng: random.Random) -> Any:
    """A value with something odd in it, somewhere."""
    if rng.random() < 0.3 or not isinstance(value, dict | list) or not value:
        return rng.choice(ODD)
    if isinstance(value, list):
        return [*value[:-1], spoilt(value[-1], rng)]
    key = rng.choice(list(value))
    return {**value, key: spoilt(value[key], rng)}


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("ultrafeedback", "flan.jsonl"),
        ("vlfeedback", "vlfeedback_80k.jsonl"),
        ("hpdv2", "train.json"),
        ("evalmuse", "train_list.json"),
        ("videodpo", "train_data.json"),
    ],
)
def test_whatever_records_there_are_nothing_stumbles(mirror: Copy, name: str, file: str) -> None:
    there, rng = mirror(name), random.Random(name)
    whole = there.path(file).read_bytes()
    for share in (0.3, 1.0, 1.0, 1.0):
        change = there.rewrite_lines if file.endswith(".jsonl") else there.rewrite_list
        change(file, lambda row, often=share: spoilt(row, rng) if rng.random() < often else row)
        told = [entry.found for entry in there.check().differences]
        assert not [found for found in told if "Error" in found]
        there.path(file).write_bytes(whole)
