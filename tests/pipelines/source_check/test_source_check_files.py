"""Files that are not where, what or how many the recipe says: each is recognised and named."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest
from checked_mirror import Mirror, said

from pipelines.source_check.finding import Difference
from transforms.beamkit.hub.tree import RepoFacts

Copy = Callable[[str], Mirror]

HUB = RepoFacts("apache-2.0", False, False, "c" * 40)
TOPICS = ("knowledge", "ins_follow", "creation", "chart", "diagram", "poster")


def wrapped(mirror: Mirror, folder: str) -> Mirror:
    inner = mirror.folder.with_name(f"{mirror.name}.inner")
    mirror.folder.rename(inner)
    mirror.folder.mkdir()
    inner.rename(mirror.folder / folder)
    return mirror


def test_a_wrapper_folder_around_all_files_of_a_mirror(mirror: Copy) -> None:
    there = wrapped(mirror("hpdv2"), "HPDv2")
    report = there.check(path="mirrors/hpdv2")
    assert report.differences == (
        Difference(
            "hpdv2",
            "files",
            "error",
            "train.json, train.tar.gz",
            "in another folder: HPDv2/train.json, HPDv2/train.tar.gz",
            "path: mirrors/hpdv2/HPDv2",
        ),
    )
    assert report.looked.pairs == 50  # the check goes on with the files where they are
    assert len(report.looked.media) == 1


def test_on_the_hub_it_takes_files_and_options(mirror: Copy) -> None:
    assert wrapped(mirror("hpdv2"), "HPDv2").only(HUB).change == (
        "files: [HPDv2/train.json, HPDv2/train.tar.gz]\noptions: {archive: HPDv2/train.tar.gz}"
    )
    assert wrapped(mirror("evalmuse"), "a b").only(HUB, licence="apache-2.0").change == (
        "files: [a b/train_list.json, a b/images.zip.part-*]\noptions: {archive: a b/images.zip}"
    )


def test_parquet_in_place_of_json_lines(mirror: Copy) -> None:
    there = mirror("vlfeedback")
    there.as_parquet("vlfeedback_80k.jsonl", "data/train-00000-of-00001.parquet")
    report = there.check()
    assert report.differences == (
        Difference(
            "vlfeedback",
            "files",
            "error",
            "vlfeedback_80k.jsonl",
            "of another format, in numbered shards: data/train-00000-of-00001.parquet",
            "files: [data/train-*.parquet, merged_images.zip]",
        ),
    )
    assert (report.looked.pairs, report.looked.rows) == (46, 80)


def test_the_change_says_what_the_adapter_cannot_read(mirror: Copy) -> None:
    there = mirror("omnialign_v")
    for topic in TOPICS:
        there.as_parquet(f"{topic}.jsonl", f"{topic}.parquet")
    difference = there.only()
    assert difference.expected == "knowledge.jsonl, ins_follow.jsonl, creation.jsonl and 3 more"
    assert difference.found.startswith("of another format: chart.parquet, creation.parquet")
    first, second = difference.change.split("\n")
    assert first.startswith("files: [knowledge.parquet, ins_follow.parquet,")
    assert second == (
        "# but omnialign_v.py reads .jsonl, not .parquet: extend it, or pin `revision:` to a "
        "commit with the old files"
    )


def test_a_corpus_that_became_parquet_with_pictures_in_cells(mirror: Copy) -> None:
    from pipelines.sample_corpora import write_corpora

    there = mirror("vlfeedback")
    shutil.rmtree(there.folder)
    write_corpora(there.folder.parent, scale=0.0005, faults=False, only=["vlfeedback_parquet"])
    (there.folder.parent / "vlfeedback_parquet").rename(there.folder)
    differences = there.check(RepoFacts(None, False, False, "c" * 40)).differences
    assert [entry.change for entry in differences] == [
        "files: [data/train-*.parquet, merged_images.zip]",
        "pin `revision:` to a commit that has it, or take it out of `files`",
        "options: {archive: null}",
    ]
    assert differences[2].found == "no such archive; bytes are in cells of 'image'"


def test_a_part_that_is_missing(mirror: Copy) -> None:
    there = mirror("evalmuse")
    there.path("images.zip.part-ab").unlink()
    assert there.only() == Difference(
        "evalmuse",
        "files",
        "error",
        "all of images.zip",
        "missing: images.zip.part-ab",
        "download it again",
    )


def test_the_last_part_shows_only_in_the_archive(mirror: Copy) -> None:
    there = mirror("evalmuse")
    max(there.folder.glob("images.zip.part-*")).unlink()
    assert there.only() == Difference(
        "evalmuse",
        "media",
        "error",
        "a zip archive that can be read",
        "images.zip: File is not a zip file",
        "download all parts again; the last one may be missing",
    )


def test_a_shard_that_is_missing(mirror: Copy) -> None:
    there = mirror("open_image_preferences")
    there.path("data/train-00002-of-00005.parquet").unlink()
    assert said(there.check()) == [
        (
            "error",
            "all of data/train-*-of-00005.parquet",
            "missing: data/train-00002-of-00005.parquet",
        ),
        ("warning", "50 rows", "40 rows"),
    ]


def test_parts_in_place_of_a_whole(mirror: Copy) -> None:
    there = mirror("videodpo")
    data = there.path("winvideos.zip").read_bytes()
    there.path("winvideos.zip").unlink()
    there.path("winvideos.zip.001").write_bytes(data[:1000])
    there.path("winvideos.zip.002").write_bytes(data[1000:])
    report = there.check()
    assert report.differences == (
        Difference(
            "videodpo",
            "files",
            "error",
            "winvideos.zip",
            "split into parts: winvideos.zip.001, winvideos.zip.002",
            "files: [train_data.json, 'winvideos.zip.[0-9][0-9][0-9]', losevideos.zip]",
        ),
    )
    assert len(report.looked.media) == 2


def test_a_whole_in_place_of_parts(mirror: Copy) -> None:
    there = mirror("evalmuse")
    parts = sorted(there.folder.glob("images.zip.part-*"))
    there.path("images.zip").write_bytes(b"".join(part.read_bytes() for part in parts))
    for part in parts:
        part.unlink()
    assert there.only() == Difference(
        "evalmuse",
        "files",
        "error",
        "images.zip.part-*",
        "as one file, not in parts: images.zip",
        "files: [train_list.json, images.zip]",
    )


def test_an_archive_of_another_name(mirror: Copy) -> None:
    there = mirror("vlfeedback")
    there.path("merged_images.zip").rename(there.path("images.zip"))
    difference, note = there.check().differences
    assert difference.change == (
        "files: [vlfeedback_80k.jsonl, images.zip]\noptions: {archive: images.zip}"
    )
    assert (note.severity, note.what) == ("note", "media")


def test_a_folder_of_clips_of_another_name(mirror: Copy) -> None:
    there = mirror("visionreward")
    there.path("videos").rename(there.path("clips"))
    report = there.check()
    assert [entry.change for entry in report.differences] == [
        "files: [regression/train-*.parquet, clips/*.mp4]\noptions: {clips: clips}"
    ]
    assert len(report.looked.media) == 1


def test_what_the_repository_never_had(mirror: Copy) -> None:
    there = mirror("visionreward")
    shutil.rmtree(there.path("videos"))
    assert there.corpus.needs_mirror  # the recipe knows
    assert there.only(HUB).severity == "note"
    assert there.only(HUB, needs_mirror=False) == Difference(
        "visionreward",
        "files",
        "error",
        "videos/*.mp4",
        "nothing like it; there is regression/train-00000-of-00001.parquet",
        "the repository holds no such media: put them beside the records in a local copy, and "
        "name it as `path:`",
    )


@pytest.mark.parametrize(
    ("facts", "change"),
    [
        (None, "download ymhao/HPDv2 into `path:`"),
        (HUB, "see that `repo` and `revision` are right"),
    ],
)
def test_no_files_at_all(mirror: Copy, facts: RepoFacts | None, change: str) -> None:
    there = mirror("hpdv2")
    shutil.rmtree(there.folder)
    there.folder.mkdir()
    expected = "train.json, train.tar.gz"
    assert there.only(facts) == Difference(
        "hpdv2", "files", "error", expected, "no files at all", change
    )


def test_more_files_of_records_are_a_note(mirror: Copy) -> None:
    there = mirror("hpdv2")
    for name in ("test.json", "dataset_infos.json", "README.md", ".cache.json"):
        there.path(name).write_text("[]")
    report = there.check()
    assert said(report) == [
        ("note", "only files that `files` takes", "1 more file of records: test.json")
    ]
    assert report.as_expected


def test_names_from_outside_are_shown_without_what_a_terminal_obeys(mirror: Copy) -> None:
    there = mirror("hpdv2")
    there.path("[red]evil[bold]\x1b[31m\u202e\n.json").write_text("[]")
    assert there.only().found == "1 more file of records: [red]evil[bold][31m .json"


def test_names_that_leave_the_folder_are_left_out(mirror: Copy) -> None:
    from pipelines.source_check.check import check_corpus

    there = mirror("hpdv2")
    names = ["../../etc/passwd", "/etc/passwd", "a/../../b.json", "..\\c.json", "a\0b.json", ""]
    listing = [*there.listing(), *((name, 1) for name in names)]
    report = check_corpus("hpdv2", there.corpus, str(there.folder), listing, None)
    (difference,) = report.differences
    assert difference.severity == "warning"
    assert difference.found.startswith("6 names that leave the folder: ../../etc/passwd")
