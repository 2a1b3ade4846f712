"""One medium of each kind: found where records say, or named where it went or what it is."""

from __future__ import annotations

import io
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from checked_mirror import Mirror, said

from pipelines.sample_corpora.files import write_tar, write_zip
from pipelines.sample_corpora.pictures import picture
from pipelines.source_check.finding import Difference
from transforms.beamkit.hub.tree import RepoFacts

Copy = Callable[[str], Mirror]
Member = tuple[str, bytes]

HUB = RepoFacts("unknown", False, False, "c" * 40)
ZIP = "merged_images.zip"


def members(path: Path) -> list[Member]:
    with zipfile.ZipFile(path) as archive:
        return [(entry.filename, archive.read(entry)) for entry in archive.infolist()]


def rezip(mirror: Mirror, name: str, change: Callable[[str, bytes], Member]) -> None:
    path = mirror.path(name)
    write_zip(path, [change(member, data) for member, data in members(path)])


def retar(mirror: Mirror, name: str, change: Callable[[list[Member]], Iterable[Member]]) -> None:
    path = mirror.path(name)
    with tarfile.open(path) as archive:
        own = [(entry.name, archive.extractfile(entry).read()) for entry in archive]  # type: ignore[union-attr]
    changed = list(change(own))
    write_tar(path, changed)
    if name.endswith("gz"):
        import gzip

        path.write_bytes(gzip.compress(path.read_bytes(), 1))


def test_a_new_wrapper_folder_inside_a_zip_is_a_note(mirror: Copy) -> None:
    there = mirror("vlfeedback")
    rezip(there, ZIP, lambda name, data: (f"data/{name}", data))
    report = there.check()
    assert report.differences == (
        Difference(
            "vlfeedback",
            "media",
            "note",
            "svit-conversation-0.jpg",
            "folder data/merged_images/ inside merged_images.zip: "
            "data/merged_images/svit-conversation-0.jpg",
            "none: members are matched by their end",
        ),
    )
    assert report.as_expected
    assert len(report.looked.media) == 1


def test_pictures_of_another_suffix(mirror: Copy) -> None:
    there = mirror("vlfeedback")
    rezip(there, ZIP, lambda name, data: (name.replace(".jpg", ".png"), data))
    assert there.only() == Difference(
        "vlfeedback",
        "media",
        "error",
        "svit-conversation-0.jpg in merged_images.zip",
        "merged_images/svit-conversation-0.png (41 of 41 are not there)",
        "records say .jpg, merged_images.zip has .png: pin `revision:` to a commit where they "
        "agree, or extend vlfeedback.py",
    )


def test_names_in_other_letters(mirror: Copy) -> None:
    there = mirror("vlfeedback")
    rezip(there, ZIP, lambda name, data: (name.upper(), data))
    assert there.only().change == (
        "names differ in case only: extend vlfeedback.py, or mend the copy"
    )


def test_nothing_similar_shows_what_there_is(mirror: Copy) -> None:
    there = mirror("vlfeedback")
    write_zip(there.path(ZIP), [(f"[bold]x{n}\x1b[31m", b"") for n in range(9)])
    difference = there.only()
    assert difference.found == (
        "41 of 41 are not there; there is [bold]x0[31m, [bold]x1[31m, [bold]x2[31m and 6 more"
    )
    write_zip(there.path(ZIP), [])
    assert there.only().found == "41 of 41 are not there; it is empty"


def test_a_few_that_are_missing_are_a_note(mirror: Copy) -> None:
    there = mirror("vlfeedback")
    kept = [one for one in members(there.path(ZIP)) if "conversation-0." not in one[0]]
    write_zip(there.path(ZIP), kept)
    report = there.check()
    assert said(report)[0][0] == "note"
    assert report.as_expected


def test_pictures_that_do_not_decode(mirror: Copy) -> None:
    there = mirror("vlfeedback")
    rezip(there, ZIP, lambda name, data: (name, data[: len(data) // 2]))
    difference = there.only()
    assert (difference.severity, difference.expected) == ("error", "media that can be used")
    assert difference.found.startswith(
        "3 of 3 tried: svit-conversation-0.jpg in merged_images.zip: missing or damaged data"
    )


def test_one_that_does_not_decode_among_others_is_a_note(mirror: Copy) -> None:
    there = mirror("vlfeedback")
    bad = iter([b"<html>no</html>"])
    rezip(there, ZIP, lambda name, data: (name, next(bad, data)))
    report = there.check()
    assert said(report) == [
        (
            "note",
            "a medium to open",
            "svit-conversation-0.jpg in merged_images.zip: not a picture but html page",
        )
    ]
    assert len(report.looked.media) == 1


@pytest.mark.parametrize(
    ("facts", "change"),
    [
        (None, "download it again"),
        (HUB, "the published file is damaged: pin `revision:` to another commit"),
    ],
)
def test_a_zip_that_was_cut_short(mirror: Copy, facts: RepoFacts | None, change: str) -> None:
    there = mirror("vlfeedback")
    path = there.path(ZIP)
    path.write_bytes(path.read_bytes()[:-300])
    assert there.only(facts) == Difference(
        "vlfeedback",
        "media",
        "error",
        "a zip archive that can be read",
        "merged_images.zip: File is not a zip file",
        change,
    )


def test_a_zip_of_several_volumes_is_recognised(mirror: Copy) -> None:
    there = mirror("vlfeedback")
    there.path("merged_images.z01").write_bytes(b"PK\x07\x08")
    path = there.path(ZIP)
    path.write_bytes(path.read_bytes()[:-300])
    assert there.only().change.startswith("a zip archive of several volumes: join them")


def test_hostile_entries_of_a_zip_are_not_read(mirror: Copy) -> None:
    there = mirror("vlfeedback")
    rezip(there, ZIP, lambda name, data: (f"../{name}", data))
    errors = [entry for entry in there.check().differences if entry.severity == "error"]
    assert len(errors) == 1
    assert "the name leaves the archive" in errors[0].found


@pytest.mark.parametrize(
    ("options", "prefix", "change"),
    [
        ({}, "", "options: {strip: images/, add: ''}"),
        ({}, "OmniAlign/images/", "options: {strip: '', add: OmniAlign/}"),
        ({"strip": "images/"}, "images/", "options: {strip: '', add: ''}"),
        ({"strip": "images/"}, "pics/", "options: {strip: images/, add: pics/}"),
    ],
)
def test_an_archive_whose_names_are_counted_from_its_root(
    mirror: Copy, options: dict[str, str], prefix: str, change: str
) -> None:
    there = mirror("omnialign_v")
    retar(
        there,
        "images.tar",
        lambda own: [(prefix + name.removeprefix("images/"), data) for name, data in own],
    )
    difference = there.only(options=options)
    assert (difference.what, difference.severity, difference.change) == ("media", "error", change)


def noise(size: int) -> bytes:
    return np.random.default_rng(1).bytes(size)


def test_what_lies_further_back_in_a_large_archive_is_no_error(mirror: Copy) -> None:
    there = mirror("hpdv2")

    def behind(own: list[Member]) -> Iterable[Member]:
        yield "train/99999999.jpg", noise(9_000_000)
        yield from own

    retar(there, "train.tar.gz", behind)
    report = there.check()
    assert report.differences == (
        Difference(
            "hpdv2",
            "media",
            "note",
            "00000002.jpg in train.tar.gz",
            "not within its first 1 member; names there look like train/99999999.jpg: same shape",
            "none: the names have the same shape",
        ),
    )
    assert report.as_expected


@pytest.mark.parametrize(
    ("first", "change"),
    [
        ("chart/x1.jpg", "options: {strip: images/, add: ''}"),
        ("Omni/images/chart/x1.jpg", "options: {strip: '', add: Omni/}"),
        ("images/chart/x1.jpg", "see that images.tar goes with the records (revision, path)"),
    ],
)
def test_folders_tell_what_to_strip_though_the_files_lie_further_back(
    mirror: Copy, first: str, change: str
) -> None:
    there = mirror("omnialign_v")
    retar(there, "images.tar", lambda own: [(first, noise(9_000_000)), *own])
    difference = there.only()
    assert (difference.severity, difference.change) == ("warning", change)
    assert f"names there look like {first}" in difference.found


def test_another_shape_is_a_warning(mirror: Copy) -> None:
    there = mirror("hpdv2")
    retar(there, "train.tar.gz", lambda own: [("train/x.webp", noise(9_000_000)), *own])
    difference = there.only()
    assert difference.severity == "warning"
    assert difference.found.endswith("names there look like train/x.webp: another shape")


def test_no_more_than_some_members_are_looked_at(mirror: Copy) -> None:
    there = mirror("hpdv2")
    retar(
        there,
        "train.tar.gz",
        lambda own: [*((f"train/9{n:07d}.jpg", b"x") for n in range(300)), *own],
    )
    assert there.only().found.startswith("not within its first 200 members")


def test_a_tar_that_is_cut_in_its_first_member(mirror: Copy) -> None:
    there = mirror("hpdv2")
    path = there.path("train.tar.gz")
    path.write_bytes(path.read_bytes()[:700])
    (found,) = [entry.found for entry in there.check().differences]
    assert "train.tar.gz" in found


def test_cells_without_bytes(mirror: Copy) -> None:
    there = mirror("rlaif_v")
    for name in ("RLAIF-V-Dataset_000.parquet", "RLAIF-V-Dataset_001.parquet"):
        table = pq.read_table(there.path(name))
        kind = table.schema.field("image").type
        cells = [{"bytes": None, "path": f"{n}.jpg"} for n in range(table.num_rows)]
        at = table.schema.get_field_index("image")
        pq.write_table(table.set_column(at, "image", pa.array(cells, kind)), there.path(name))
    difference = there.only()
    assert difference.found.endswith("the cell has a path (0.jpg) but no bytes")
    assert difference.severity == "error"


def test_cells_that_name_their_bytes_otherwise(mirror: Copy) -> None:
    there = mirror("rlaif_v")
    for name in ("RLAIF-V-Dataset_000.parquet", "RLAIF-V-Dataset_001.parquet"):
        there.as_parquet(
            name,
            name,
            lambda rows: [{**row, "image": {"data": row["image"]["bytes"]}} for row in rows],
        )
    column, media = there.check().differences
    assert (column.expected, column.what) == ("'image.bytes'", "columns")
    assert "'image.data' (binary)" in column.found
    assert media.found.endswith("the cell is empty")


def test_clips_that_are_one_folder_down(mirror: Copy) -> None:
    there = mirror("visionreward")
    inner = there.path("videos")
    shutil.move(inner, there.path("moved"))
    inner.mkdir()
    shutil.move(there.path("moved"), inner / "mp4")
    difference = there.only(files=("regression/train-*.parquet", "videos/mp4/*.mp4"))
    assert difference.change == "options: {clips: videos/mp4}"
    assert difference.expected == "00000_a.mp4 in videos"


def test_an_archive_that_options_name_and_nobody_has(mirror: Copy) -> None:
    there = mirror("hpdv2")
    assert there.only(options={"archive": "test.tar.gz"}) == Difference(
        "hpdv2",
        "media",
        "error",
        "image in test.tar.gz",
        "nothing of this name; there is train.tar.gz",
        "options: {archive: train.tar.gz}",
    )


def test_a_picture_in_place_of_a_clip(mirror: Copy) -> None:
    there = mirror("visionreward")
    data = picture(np.random.default_rng(3))
    for path in there.path("videos").iterdir():
        path.write_bytes(data)
    assert there.only().severity == "error"


def test_sounds_and_meshes_are_decoded_like_pictures() -> None:
    import io

    import numpy as np
    import soundfile

    from pipelines.sample_corpora.shapes import mesh
    from pipelines.source_check.media import described
    from transforms.media.errors import MediaError
    from transforms.media.settings import MediaPolicy

    file = io.BytesIO()
    soundfile.write(file, np.linspace(-0.5, 0.5, 8_000), 16_000, format="WAV", subtype="PCM_16")
    assert described("audio", MediaPolicy(), file.getvalue()) == "audio 0.5 s wav (16.0 kB)"
    assert described("mesh", MediaPolicy(), mesh(np.random.default_rng(1))).startswith("mesh glb (")
    with pytest.raises(MediaError, match="not a sound but text"):
        described("audio", MediaPolicy(), b"RIFF1234WAVE")


def test_a_zip_bomb_is_not_unpacked(mirror: Copy) -> None:
    there = mirror("vlfeedback")
    names = [name for name, _ in members(there.path(ZIP))]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(names[0], bytes(70_000_000))
        for name in names[1:]:
            archive.writestr(name, b"")
    there.path(ZIP).write_bytes(packed.getvalue())
    assert any("are too many for a look" in entry.found for entry in there.check().differences)
