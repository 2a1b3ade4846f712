"""Flags for Beam: none is dropped in silence, none is answered with a page of usage."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from sample_build import Sample

from pipelines import worker_package
from pipelines.beam_flags import check_flags
from pipelines.runners import checked_options
from pipelines.worker_package import bringing, own_setup, packaging_flags
from tests.far_filesystem import far
from transforms.beamkit.errors import BuildError

__all__ = ["far"]

Call = Callable[..., "subprocess.CompletedProcess[str]"]
SETUP = Path("/checkout/setup.py")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--no_such_flag=1"], "Beam has no flag --no_such_flag; "),
        (["--projct=mine"], "no flag --projct; did you mean '--project'"),
        (["--projct", "mine"], "no flag --projct; did you mean '--project'"),
        (["project=mine"], "'project=mine' is no flag of Beam, nor the value of one"),
        (["--direct_num_workers=x"], "--direct_num_workers: invalid int value: 'x'"),
        (["--project"], "--project: expected one argument"),
    ],
)
def test_what_beam_would_drop_or_can_not_read(flags: list[str], message: str) -> None:
    with pytest.raises(BuildError) as caught:
        check_flags(flags, "local")
    assert message in str(caught.value)
    assert str(caught.value).startswith("--beam: ")
    assert "\n" not in str(caught.value)


def test_what_beam_knows() -> None:
    check_flags(["--project", "mine", "--streaming", "--labels=a=b", "--experiment=x"], "local")
    check_flags([], "local")


def test_flink_has_flags_of_its_own() -> None:
    check_flags(["--checkpointing_interval=1000", "--flink_master", "here"], "flink")
    with pytest.raises(BuildError, match="did you mean '--flink_master'"):
        check_flags(["--flink_mastr=here"], "flink")


def test_dataflow_says_what_it_misses() -> None:
    with pytest.raises(BuildError) as caught:
        checked_options("dataflow", 2)
    said = str(caught.value)
    assert said.startswith("--runner dataflow: Missing ")
    assert "Missing required option: project. Missing required option: region." in said
    assert "\n" not in said


def test_on_the_command_line(omnireward: Call, sample: Sample, tmp_path: Path) -> None:
    build = ("build", "--recipe", sample.recipe_file, "--output", tmp_path / "out")
    for flag in ("--no_such_flag=1", "--direct_num_workers=x"):
        done = omnireward(*build, "--beam", flag)
        assert done.returncode == 3
        (line,) = done.stderr.strip().splitlines()
        assert line.startswith("error: --beam: ")
        assert flag.partition("=")[0] in line
    assert not (tmp_path / "out").exists()


def test_how_workers_come_by_the_package() -> None:
    assert packaging_flags("dataflow", (), SETUP) == ("--setup_file=/checkout/setup.py",)
    assert packaging_flags("flink", (), SETUP) == ("--setup_file=/checkout/setup.py",)
    for flags in (
        ("--setup_file=mine.py",),
        ("--sdk_container_image", "image"),
        ("--extra_package=a.whl",),
        ("--extra_packages=a.whl",),
    ):
        assert packaging_flags("dataflow", flags, None) == ()
    assert packaging_flags("flink", ("--environment_type=LOOPBACK",), None) == ()
    assert packaging_flags("flink", ("--environment_config=image",), None) == ()
    assert bringing("local", ()) == ""
    with pytest.raises(BuildError, match=r"dataflow: its workers lack this package; .*FILE\.whl"):
        packaging_flags("dataflow", ("--project=p",), None)


def test_a_checkout_has_a_setup_file(tmp_path: Path) -> None:
    found = own_setup()
    assert found is not None
    assert found.name == "setup.py"
    assert own_setup(tmp_path) is None


def test_it_is_said(
    omnireward: Call, far: Path, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = ("build", "--recipe", sample.recipe_file, "--runner", "dataflow", "--yes")
    done = omnireward(*build, "--output", "far://bucket/out")
    assert "workers get this package by --setup_file=" in done.stderr
    assert "error: corpora." in done.stderr  # mirrors of this machine
    assert done.returncode == 3
    monkeypatch.setattr(worker_package, "own_setup", lambda: None)
    done = omnireward(*build, "--output", "far://bucket/out")
    assert done.returncode == 3
    assert "its workers lack this package" in done.stderr
    assert not list(far.iterdir())


def test_checking_flags_leaves_no_folder_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    checked_options("local", 2)
    assert not list(tmp_path.iterdir())
