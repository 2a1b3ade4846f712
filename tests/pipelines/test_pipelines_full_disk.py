"""An output that can't be written ends a command with one line, not with a traceback."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sample_build import Built, Sample

from transforms.beamkit import files

Call = Callable[..., "subprocess.CompletedProcess[str]"]


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("error: ")
    return line


@pytest.fixture
def afile(tmp_path: Path) -> Path:
    file = tmp_path / "afile"
    file.write_bytes(b"in the way")
    return file


def test_a_file_that_is_in_the_way(
    omnireward: Call, built: Built, sample: Sample, afile: Path
) -> None:
    out = ("--output", built.output)
    for command in (
        ("build", "--recipe", sample.recipe_file, "--subset", "RLAIF-V", "--output", afile / "x"),
        ("report", *out, "--to", afile / "x.html"),
        ("audit", "sample", *out, "--to", afile / "x.html"),
        ("show", *out, "--save-media", afile),
        ("card", *out, "--to", afile),
        ("sample-corpora", afile / "x", "--corpus", "skywork"),
    ):
        done = omnireward(*command)
        assert done.returncode == 3, (command, done.stderr)
        assert str(afile) in one_line(done)
        assert afile.read_bytes() == b"in the way"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG, errno.EROFS])
def test_a_disk_that_fills_while_bundles_write(
    omnireward: Call,
    sample: Sample,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
) -> None:
    write = files.create_native

    def create(path: str) -> Any:
        if "/prepare/" in path:
            raise OSError(number, os.strerror(number), path)
        return write(path)

    monkeypatch.setattr(files, "create_native", create)
    build = ("build", "--recipe", sample.recipe_file, "--subset", "RLAIF-V", "--limit", 10)
    done = omnireward(*build, "--output", tmp_path / "out", "--quiet")
    assert done.returncode == 3, done.stderr
    assert os.strerror(number) in one_line(done)
    assert str(tmp_path / "out") in one_line(done)
    monkeypatch.undo()
    assert omnireward(*build, "--output", tmp_path / "out", "--quiet").returncode == 0
