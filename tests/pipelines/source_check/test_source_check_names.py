"""Names alone: patterns, parts and shards, moves, likeness, and words that are safe to show."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.source_check.finding import Difference
from pipelines.source_check.globs import matching
from pipelines.source_check.kinds import kind_of
from pipelines.source_check.likeness import Likeness, Names, same_shape
from pipelines.source_check.moves import move_of
from pipelines.source_check.renamed import likely
from pipelines.source_check.runs import missing_parts, missing_shards, part_of
from pipelines.source_check.words import clean, counted, listed, yaml_line
from transforms.beamkit import files


@pytest.mark.parametrize(
    "pattern",
    [
        "*", "*.json", "**", "**/*.json", "a/*", "a/**", "a/**/*.json", "?.json", "[ab]*", "[!a]*",
        "a/[0-9][0-9]", ".*", "a/b/c.json", "[", "[]x]*", "a*b?c", "x/**/b/*", "[^a].json", "[a",
    ],
)  # fmt: skip
def test_a_pattern_matches_what_the_filesystem_finds(tmp_path: Path, pattern: str) -> None:
    names = [
        "a.json", "b.json", ".h.json", "a/b/c.json", "a/12", "a/.x/y.json", "a/d.json", "]x",
        "a.b.c", "x/b/q", "x/y/b/q", "aXbYc", "^.json", "[", "axxb\n.json", "[a",
    ]  # fmt: skip
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    found = [path for path, _ in files.matching(files.join(str(tmp_path), pattern))]
    assert matching(pattern, names) == sorted(
        Path(path).relative_to(tmp_path).as_posix() for path in found
    )


def test_parts_and_shards_that_are_missing() -> None:
    assert part_of("x/images.zip.part-ab") == ("x/images.zip", "part-", "ab")
    assert part_of("images.zip.002") == ("images.zip", "", "002")
    assert [part_of(name) for name in ("a.json", "v1.2345", "a.parquet", "clip.mp4")] == [None] * 4
    names = ["i.zip.part-aa", "i.zip.part-ad", "x.zip.002", "x.zip.004", "ok.zip.001"]
    assert missing_parts(names) == {
        "i.zip": ["i.zip.part-ab", "i.zip.part-ac"],
        "x.zip": ["x.zip.001", "x.zip.003"],
    }
    assert missing_shards(["d/t-00001-of-00003.parquet"]) == {
        "d/t-*-of-00003.parquet": ["d/t-00000-of-00003.parquet", "d/t-00002-of-00003.parquet"]
    }
    assert missing_shards(["t-00000-of-00001.parquet"]) == {}
    assert len(missing_shards(["t-00000-of-99999.parquet"])["t-*-of-99999.parquet"]) <= 200


@pytest.mark.parametrize(
    ("pattern", "names", "instead", "how"),
    [
        ("train.json", ["HPD/train.json"], "HPD/train.json", "folder"),
        ("data/t-*.parquet", ["t-0.parquet"], "t-*.parquet", "folder"),
        ("videos/*.mp4", ["clips/a.mp4", "clips/b.mp4"], "clips/*.mp4", "folder"),
        ("i.zip", ["i.zip.part-aa", "i.zip.part-ab"], "i.zip.part-*", "split"),
        ("i.zip", ["x/i.zip.001"], "x/i.zip.[0-9][0-9][0-9]", "split"),
        ("i.zip.part-*", ["x/i.zip"], "x/i.zip", "whole"),
        ("train.json", ["train.jsonl"], "train.jsonl", "suffix"),
        ("train.json", ["d/train.json.gz"], "d/train.json.gz", "suffix"),
        ("images.tar", ["images.tar.gz"], "images.tar.gz", "suffix"),
        ("x.jsonl", ["data/train-00000-of-00001.parquet"], "data/train-*.parquet", "shards"),
        ("images.tar", ["images-000.tar", "images-001.tar"], "images-*.tar", "shards"),
        ("a_*.jsonl", ["x/a_01.parquet"], "x/a_*.parquet", "suffix"),
        ("train_list.json", ["trainlist.json"], "trainlist.json", "name"),
    ],
)
def test_where_the_files_of_a_pattern_went(
    pattern: str, names: list[str], instead: str, how: str
) -> None:
    move = move_of(pattern, names)
    assert move is not None
    assert (move.instead, move.how, list(move.names)) == (instead, how, names)


@pytest.mark.parametrize("pattern", ["train.json", "images.zip", "videos/*.mp4", "*"])
def test_nothing_like_it(pattern: str) -> None:
    assert move_of(pattern, ["qqqqq.parquet"]) is None


def test_what_a_file_is_for() -> None:
    names = ["a.json", "a.zip", "a.zip.part-aa", "a.tar.gz.001", "b.mp4", "README.md", "state.json"]
    assert [kind_of(name) for name in names] == [
        "records", "archive", "archive", "archive", "medium", "other", "other",
    ]  # fmt: skip


def test_names_of_media_and_what_they_became() -> None:
    names = Names(["./images/a/1.jpg", "images/a/2.jpg", "B/3.PNG", "x/4.webp"])
    assert names.like(["/a/1.jpg", "/a/2.jpg"]) == Likeness(
        "folder", "a/1.jpg", "images/a/1.jpg", "", "images/"
    )
    assert names.like(["/old/images/a/1.jpg"]) == Likeness(
        "folder", "old/images/a/1.jpg", "images/a/1.jpg", "old/", ""
    )
    assert names.like(["B/3.png"]) == Likeness("case", "B/3.png", "B/3.PNG")
    assert names.like(["x/4.jpg"]) == Likeness("suffix", "x/4.jpg", "x/4.webp")
    assert names.like(["nothing.gif"]) is None
    frames = Names([f"clip_{n}/00.jpg" for n in range(9)])
    assert frames.like(["other_3/00.jpg"]) is None  # all of them end so


def test_shapes_of_names() -> None:
    there = ["train/00000123.jpg", "./train/00000124.jpg"]
    assert same_shape("00000001.jpg", there)
    assert same_shape("/train/1.jpg", there)
    assert not same_shape("/00000001.jpg", there)
    assert not same_shape("00000001.png", there)
    assert not same_shape("a.jpg", there)
    assert same_shape("d41d8cd98f00b204.jpg", ["x/0cc175b9c0f1b6a8.jpg"])


def test_likely_new_names() -> None:
    free = {"preferred": "list", "source": "text", "id": "text"}
    assert likely(("chosen",), "list", free) == "preferred"
    assert likely(("chosen",), "text", free) is None
    assert likely(("prompt",), "text", {"question": "text", "promt_id": "number"}) == "question"
    assert likely(("standard_answer",), "any", {"standardAnswer": "text"}) == "standardAnswer"
    assert likely(("a",), "list", {"zzz": "list"}) == "zzz"  # the only one of its family
    assert likely(("a",), "any", {"zzz": "list"}) is None


@given(st.text(), st.integers(1, 50))
def test_words_are_short_and_printable(text: str, limit: int) -> None:
    shown = clean(text, limit)
    assert len(shown) <= limit
    assert "\x1b" not in shown
    assert "\n" not in shown
    shown.encode()
    assert clean(shown, limit) == shown or "…" in shown


def test_lists_and_lines() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c", "d", "\x1be"]) == "a, b, c and 2 more"
    assert listed([]) == ""
    assert [counted(1, "file"), counted(2_000, "entry")] == ["1 file", "2,000 entries"]
    assert yaml_line("files", ("a-*.json", "b: c")) == "files: [a-*.json, 'b: c']"
    assert yaml_line("nc", True) == "nc: true"
    entry = Difference(
        "c\x1b", "files", "note", "a" * 9_000, "b\nb", "x:\x07 1\ny: 2" + "z" * 9_000
    )
    assert (entry.corpus, entry.found) == ("c", "b b")
    assert len(entry.expected) == 400
    assert entry.change.startswith("x: 1\ny: 2")
    assert len(entry.change) == 900
