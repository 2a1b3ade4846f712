"""A filesystem of Beam that is not this machine's: ``far://bucket/file`` below a folder of a test.

Object stores have no folders and no relative paths; neither has this one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from apache_beam.io.filesystem import BeamIOError, FileMetadata, FileSystem

SCHEME = "far"


class FarFileSystem(FileSystem):
    """Files at addresses ``far://…``, kept below `root`."""

    root: ClassVar[Path | None] = None

    @classmethod
    def scheme(cls) -> str:
        return SCHEME

    @classmethod
    def place(cls, path: str) -> Path:
        """Where a far file lies on this machine."""
        assert cls.root is not None
        assert path.startswith(f"{SCHEME}://"), path
        return cls.root / path.removeprefix(f"{SCHEME}://")

    def join(self, basepath: str, *paths: str) -> str:
        return "/".join((basepath.rstrip("/"), *(path.strip("/") for path in paths)))

    def split(self, path: str) -> tuple[str, str]:
        head, _, tail = path.rpartition("/")
        return head, tail

    def mkdirs(self, path: str) -> None:
        raise AssertionError(f"{path}: there are no folders here")

    def has_dirs(self) -> bool:
        return False

    def _list(self, dir_or_prefix: str) -> Iterator[FileMetadata]:
        top = self.place(dir_or_prefix[: dir_or_prefix.rindex("/")])
        for folder, _, names in os.walk(top):
            for name in names:
                file = Path(folder, name)
                path = f"{SCHEME}://{file.relative_to(self.root or Path())}"
                if path.startswith(dir_or_prefix):
                    facts = file.stat()
                    yield FileMetadata(path, facts.st_size, facts.st_mtime)

    def create(self, path: str, *_: Any, **__: Any) -> Any:
        place = self.place(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        return place.open("wb")

    def open(self, path: str, *_: Any, **__: Any) -> Any:
        return self.place(path).open("rb")

    def copy(self, source_file_names: list[str], destination_file_names: list[str]) -> None:
        for source, target in zip(source_file_names, destination_file_names, strict=True):
            self.place(target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.place(source), self.place(target))

    def rename(self, source_file_names: list[str], destination_file_names: list[str]) -> None:
        self.copy(source_file_names, destination_file_names)
        self.delete(source_file_names)

    def exists(self, path: str) -> bool:
        return self.place(path).is_file()

    def size(self, path: str) -> int:
        return self.metadata(path).size_in_bytes

    def last_updated(self, path: str) -> float:
        return self.metadata(path).last_updated_in_seconds

    def checksum(self, path: str) -> str:
        raise NotImplementedError

    def metadata(self, path: str) -> FileMetadata:
        if not self.exists(path):
            raise BeamIOError("no such file", {path: None})
        facts = self.place(path).stat()
        return FileMetadata(path, facts.st_size, facts.st_mtime)

    def delete(self, paths: list[str]) -> None:
        for path in paths:
            self.place(path).unlink()


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Gives a test the far filesystem: what is at ``far://x`` is at ``far / "x"``."""
    root = tmp_path / "far-away"
    root.mkdir()
    monkeypatch.setattr(FarFileSystem, "root", root)
    return root
