"""Archives that are looked into: a damaged member is named, whatever it was packed by."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from pipelines.source_check.archives import look_in_zip
from pipelines.source_check.meter import Meter


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_a_damaged_member_is_named(tmp_path: Path, method: int) -> None:
    path = tmp_path / "pictures.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("a.png", bytes(range(256)) * 40)
    data = bytearray(path.read_bytes())
    start = data.index(b"a.png") + len(b"a.png") + 12
    data[start : start + 24] = b"\xff" * 24
    path.write_bytes(data)
    look = look_in_zip(Meter(), str(path), ["a.png"], lambda _: [])
    assert look.opened is None
    assert [(member, error.reason) for member, error in look.failed] == [
        ("a.png", "media_unreadable")
    ]
