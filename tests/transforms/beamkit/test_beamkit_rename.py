"""Files put in place elsewhere than on this machine: at no time is what was there gone."""

from __future__ import annotations

import io
from typing import Any

import pytest

from transforms.beamkit import files


class Bucket:
    """Beam's filesystems as far as writing needs them; a file is there when it is closed.

    `overwrites` is whether it can rename over a file, `fails` whether renaming fails once it was
    done.
    """

    def __init__(self, *, overwrites: bool = True, fails: bool = False) -> None:
        self.content: dict[str, bytes] = {}
        self.overwrites, self.fails = overwrites, fails
        self.gone: set[str] = set()
        self.hidden: set[str] = set()

    def exists(self, path: str) -> bool:
        return path in self.content and path not in self.hidden

    def create(self, path: str, **_: Any) -> io.BytesIO:
        content = self.content

        class Stream(io.BytesIO):
            def close(self) -> None:
                if not self.closed:
                    content[path] = self.getvalue()
                super().close()

        return Stream()

    def delete(self, paths: list[str]) -> None:
        for path in paths:
            del self.content[path]
            self.gone.add(path)

    def rename(self, sources: list[str], targets: list[str]) -> None:
        self.hidden.clear()
        for source, target in zip(sources, targets, strict=True):
            if target in self.content and not self.overwrites:
                raise OSError("there is one already")
            self.content[target] = self.content.pop(source)
        if self.fails:
            raise OSError("no answer")


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Bucket:
    made = Bucket()
    monkeypatch.setattr(files, "_beam", lambda: made)
    return made


@pytest.mark.parametrize("scheme", ["gs", "s3", "azfs"])
def test_what_is_there_is_written_over_in_one_step(bucket: Bucket, scheme: str) -> None:
    path = f"{scheme}://store/fate.json"
    for data in (b"one", b"two"):
        files.write_once(path, data)
        assert bucket.content == {path: data}
    assert path not in bucket.gone


def test_what_is_there_stays_where_its_name_says_what_it_is(bucket: Bucket) -> None:
    path = "gs://store/digest"
    bucket.content[path] = b"of another writer"
    files.write_once(path, b"the same", keep=True)
    assert bucket.content == {path: b"of another writer"}
    assert path not in bucket.gone


def test_a_file_that_is_in_the_way_is_removed_where_renaming_needs_that(bucket: Bucket) -> None:
    bucket.overwrites = False
    path = "hdfs://store/fate.json"
    for data in (b"one", b"two"):
        files.write_once(path, data)
        assert bucket.content == {path: data}
    assert path in bucket.gone


def test_a_file_that_came_meanwhile_stays_where_its_name_says_what_it_is(bucket: Bucket) -> None:
    bucket.overwrites = False
    path = "hdfs://store/digest"
    bucket.content[path] = b"of another writer"
    bucket.hidden.add(path)  # until it is renamed
    files.write_once(path, b"the same", keep=True)
    assert bucket.content == {path: b"of another writer"}
    assert path not in bucket.gone


def test_a_renaming_that_failed_takes_nothing_away(bucket: Bucket) -> None:
    bucket.fails = True
    path = "gs://store/fate.json"
    bucket.content[path] = b"before"
    with pytest.raises(OSError, match="no answer"):
        files.write_once(path, b"new")
    assert bucket.content == {path: b"new"}
