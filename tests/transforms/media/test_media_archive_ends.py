"""Archives cut anywhere: an error that says so, never pictures that are only missing."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from transforms.beamkit.errors import BuildError
from transforms.media.containers import reader_of
from transforms.media.errors import MediaError

NAMES = [f"train/{n}.jpg" for n in range(3)]


def archive() -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as target:
        for name in NAMES:
            entry = tarfile.TarInfo(name)
            entry.size = 700
            target.addfile(entry, io.BytesIO(bytes(700)))
    return sink.getvalue()


#: Three members of a header and two blocks each, then the end mark.
LAST_MEMBER = 3 * 1_536


@pytest.mark.parametrize("size", [*range(0, LAST_MEMBER, 256), LAST_MEMBER - 1, LAST_MEMBER])
def test_a_plain_archive_cut_anywhere(tmp_path: Path, size: int) -> None:
    path = tmp_path / "m.tar"
    path.write_bytes(archive()[:size])
    wanted = ["0.jpg", "1.jpg", "2.jpg", "none.jpg"]
    with pytest.raises(BuildError, match=r"m\.tar: the archive is truncated or damaged after \d"):
        list(reader_of("m.tar")(str(path), wanted))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_a_gzipped_archive_cut_anywhere(tmp_path: Path, share: float) -> None:
    path = tmp_path / "m.tar.gz"
    data = gzip.compress(archive())
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(BuildError, match=r"m\.tar\.gz: the archive is truncated or damaged"):
        list(reader_of("m.tar.gz")(str(path), ["2.jpg", "none.jpg"]))


def test_a_header_that_makes_no_sense_is_an_error_that_says_so(tmp_path: Path) -> None:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w", format=tarfile.PAX_FORMAT) as target:
        entry = tarfile.TarInfo("0.jpg")
        entry.size = 512
        entry.pax_headers = {
            "GNU.sparse.major": "1",
            "GNU.sparse.minor": "0",
            "GNU.sparse.name": "0.jpg",
            "GNU.sparse.realsize": "100",
        }
        target.addfile(entry, io.BytesIO(b"no\nnumber\n".ljust(512, b"\0")))
    path = tmp_path / "m.tar"
    path.write_bytes(sink.getvalue() + archive())
    with pytest.raises(
        BuildError, match=r"m\.tar: the archive is truncated or damaged after 0 mem"
    ):
        list(reader_of("m.tar")(str(path), ["0.jpg", "2.jpg"]))


def test_a_whole_archive_says_only_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "m.tar"
    for data in (archive(), archive()[: LAST_MEMBER + 512]):
        path.write_bytes(data)
        *found, none = reader_of("m.tar")(str(path), ["0.jpg", "2.jpg", "none.jpg"])
        assert [(one.member, one.data) for one in found] == [
            ("0.jpg", bytes(700)),
            ("2.jpg", bytes(700)),
        ]
        assert isinstance(none.data, MediaError)
        assert (none.data.reason, none.data.message) == (
            "media_missing",
            "not in m.tar",
        )


def test_an_archive_without_end_mark_is_fine_when_all_is_found(tmp_path: Path) -> None:
    path = tmp_path / "m.tar"
    path.write_bytes(archive()[:LAST_MEMBER])
    assert [one.member for one in reader_of("m.tar")(str(path), ["0.jpg", "2.jpg"])] == [
        "0.jpg",
        "2.jpg",
    ]
