"""The table of the published set's pictures: made anew when pictures come, go or change."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from pipelines.layout import Layout
from pipelines.published_set import published_files, published_media
from pipelines.sample_corpora.files import write_tar
from tests.far_filesystem import far
from transforms.beamkit.errors import BuildError
from transforms.media.settings import MediaPolicy
from transforms.relabel.published.origin import PublishedOrigin
from transforms.relabel.published.settings import PublishedSettings
from transforms.relabel.settings import PublishedSet

__all__ = ["far"]

SUBSET = "Omni-VLFeedback"
WHERE = PublishedSet(path="set")


class Copy:
    """A copy of the published set with one subset of two rows."""

    def __init__(self, base: Path) -> None:
        self.base, self.layout = base, Layout.of(str(base / "out"))
        self.policy, self.where = MediaPolicy(threads=1), WHERE
        folder = base / "set" / SUBSET
        folder.mkdir(parents=True)
        images = [["omni_ti2t/1.png"], ["omni_ti2t/2.png"]]
        pq.write_table(pa.table({"images": images}), folder / "train-0.parquet")

    def put(self, name: str, data: bytes, changed: int = 1) -> None:
        """Unpack a picture; `changed` is its time of change."""
        file = self.base / "set" / "media" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        os.utime(file, ns=(changed, changed))

    def origin(self) -> PublishedOrigin:
        named = published_files(self.where, SUBSET, self.base, self.layout, None)
        media = published_media(self.where, SUBSET, named, self.base, self.layout, self.policy)
        return PublishedOrigin(
            SUBSET, "vlfeedback", "ti2t", named, media, None, PublishedSettings()
        )

    def pictures(self) -> dict[str, Any]:
        """Path -> perceptual hash of the pictures that are known now."""
        media = self.origin().media
        assert media is not None
        table = pa.ipc.open_file(Path(media[0]).read_bytes()).read_all()
        return {row["path"]: row["phash"] for row in table.to_pylist()}


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


def _picture(shade: int) -> bytes:
    sink = io.BytesIO()
    picture = Image.linear_gradient("L").point(lambda value: value * shade // 255)
    picture.resize((64, 48)).save(sink, "PNG")
    return sink.getvalue()


def test_pictures_that_are_unpacked_later_are_seen(copy: Copy) -> None:
    none = copy.origin()
    assert copy.pictures() == {}
    copy.put("omni_ti2t/1.png", _picture(250))
    one = copy.origin()
    assert set(copy.pictures()) == {"omni_ti2t/1.png"}
    archive = copy.base / "set" / "media" / "omni_ti2t.tar"
    write_tar(archive, [("2.png", _picture(120))])
    both = copy.origin()
    assert set(copy.pictures()) == {"omni_ti2t/1.png", "omni_ti2t/2.png"}
    assert len({repr(origin.inputs) for origin in (none, one, both)}) == 3
    # Labels depend on them, which drafts are prepared does not.
    assert none.admits_by == one.admits_by == both.admits_by


def test_a_picture_that_changes_is_read_again(copy: Copy) -> None:
    copy.put("1.png", _picture(250))
    before = copy.origin()
    copy.put("1.png", b"no picture")
    assert copy.pictures() == {"omni_ti2t/1.png": None}
    assert copy.origin().inputs != before.inputs


def test_another_policy_may_read_what_the_last_one_refused(copy: Copy) -> None:
    copy.put("1.png", _picture(250))
    small = replace(copy.policy.image, max_pixels=100)
    whole, copy.policy = copy.policy, replace(copy.policy, image=small)
    assert copy.pictures() == {"omni_ti2t/1.png": None}
    copy.policy = whole
    assert copy.pictures()["omni_ti2t/1.png"] is not None


def test_times_of_change_are_no_part_of_what_labels_depend_on(copy: Copy) -> None:
    """Two machines that unpack the same archives agree."""
    copy.put("1.png", _picture(250), changed=1)
    before = copy.origin()
    copy.put("1.png", _picture(250), changed=2_000_000_000)
    after = copy.origin()
    assert before.media != after.media
    assert before.inputs == after.inputs


def test_the_table_is_made_once_for_the_pictures_as_they_are(
    copy: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy.put("1.png", _picture(250))
    media = copy.origin().media
    monkeypatch.setattr("pipelines.published_set.pictures_of", None)  # can't be called
    assert copy.origin().media == media


def test_a_table_that_is_gone_is_no_table_without_pictures(copy: Copy) -> None:
    origin = copy.origin()
    assert origin.media is not None
    Path(origin.media[0]).unlink()
    with pytest.raises(BuildError, match=r"Omni-VLFeedback are matched by it; build again"):
        origin._media()


def test_a_copy_elsewhere_says_the_same(far: Path, tmp_path: Path) -> None:
    here, there = Copy(tmp_path), Copy(far / "bucket")
    for copy in (here, there):
        copy.put("1.png", _picture(250))
        write_tar(copy.base / "set" / "media" / "omni_ti2t.tar", [("2.png", _picture(120))])
    there.where = PublishedSet(path="far://bucket/set")
    assert there.origin().files[0][0] == f"far://bucket/set/{SUBSET}/train-0.parquet"
    assert there.origin().inputs == here.origin().inputs
    assert set(there.pictures()) == {"omni_ti2t/1.png", "omni_ti2t/2.png"}
    there.put("1.png", _picture(120), changed=2_000_000_000)
    assert there.origin().inputs != here.origin().inputs
