"""Python, libraries, ffmpeg, memory, processors and disk, as the doctor sees them."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from pipelines.doctor import media_tools
from pipelines.doctor.disk import bytes_of, cache_bound, check_disk
from pipelines.doctor.libraries import check_libraries, check_python, unmet_requirements
from pipelines.doctor.machine import check_memory, check_processors
from pipelines.doctor.media_tools import check_ffmpeg, check_native
from transforms.beamkit.hub import cache


def install(site: Path, name: str, version: str, *requires: str, python: str = ">=3.11") -> None:
    """A real folder of metadata, as pip leaves it."""
    folder = site / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir(parents=True)
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Python: {python}", *(f"Requires-Dist: {line}" for line in requires)]
    (folder / "METADATA").write_text("\n".join(lines) + "\n")


def test_this_environment_is_good() -> None:
    (found,) = check_libraries()
    assert found.state == "ok"
    assert check_python().state == "ok"


def test_libraries_that_are_missing_or_out_of_bounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(
        tmp_path, "omni-reward-data", "9.0",
        "planted-good>=1,<2", "planted-old>=2,<3", "planted-missing>=4", "planted-new==1.*",
        'planted-elsewhere; sys_platform == "nowhere"', 'planted-extra; extra == "gcp"',
        python=">=3.12,<3.14",
    )  # fmt: skip
    install(tmp_path, "planted-good", "1.9.1")
    install(tmp_path, "planted-old", "1.9")
    install(tmp_path, "planted-new", "2.0rc1")
    monkeypatch.syspath_prepend(str(tmp_path))
    total, *wrong = check_libraries()
    assert (total.state, total.detail) == ("info", "1 of 4 are within their bounds")
    assert [(found.what, found.state, found.detail) for found in wrong] == [
        ("planted-old", "fail", "1.9 is outside its bounds <3,>=2"),
        ("planted-missing", "fail", "is not installed"),
        ("planted-new", "fail", "2.0rc1 is outside its bounds ==1.*"),
    ]
    assert (wrong[0].remedy or "").endswith("python -m pip install 'planted-old<3,>=2'")
    declared = ["planted-good", 'planted-extra>=1; extra == "gcp"']
    unmet = [(need.name, found) for need, found in unmet_requirements(declared, "gcp")]
    assert unmet == [("planted-extra", None)]
    assert check_python("3.11.9").state == "fail"
    assert check_python("3.14.0a1").state == "fail"
    good = check_python("3.12.1")
    assert (good.state, good.detail) == ("ok", "3.12.1 (bounds >=3.12,<3.14)")


def test_ffmpeg_is_run() -> None:
    found = check_ffmpeg()
    assert found.state == "ok"
    assert found.detail.endswith(", from imageio-ffmpeg")


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("exit 3", "ends with code 3 and no version"),
        ("kill -ILL $$", "is killed by SIGILL"),
        ("exec tail -f /dev/null", "says nothing within 0.2 s"),
    ],
)
def test_an_ffmpeg_that_does_not_work(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(script(tmp_path / "ffmpeg", text)))
    found = check_ffmpeg(seconds=0.2 if "tail" in text else 10)
    assert found.state == "fail"
    assert found.detail == f"from IMAGEIO_FFMPEG_EXE, {said}"
    assert found.remedy == "unset IMAGEIO_FFMPEG_EXE"


def test_an_ffmpeg_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(tmp_path / "none"))
    assert check_ffmpeg().state == "fail"


def test_native_libraries_are_loaded_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_native("soundfile").state == "ok"
    broken = {
        "planted_missing": ("tests", "1"),
        "os": ("tests", "os.kill(os.getpid(), 11)"),
    }
    monkeypatch.setattr(media_tools, "_NATIVE", broken)
    missing = check_native("planted_missing")
    assert missing.detail == "for tests, does not load: No module named 'planted_missing'"
    assert (missing.remedy or "").endswith("-m pip install --force-reinstall planted_missing")
    assert check_native("os").detail == "for tests, does not load: is killed by SIGSEGV"


def kernel(root: Path, total_kb: int, free_kb: int, group: str = "") -> Path:
    (root / "proc" / "self").mkdir(parents=True)
    (root / "proc" / "meminfo").write_text(
        f"MemTotal: {total_kb} kB\nMemFree: 1 kB\nMemAvailable: {free_kb} kB\n"
    )
    (root / "proc" / "self" / "cgroup").write_text(group)
    return root


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_memory_of_the_kernel(tmp_path: Path) -> None:
    found = check_memory(kernel(tmp_path / "big", 16_000_000, 8_000_000))
    assert (found.state, found.detail) == ("ok", "8.2 GB free of 16.4 GB")
    assert check_memory(kernel(tmp_path / "tight", 16_000_000, 2_000_000)).state == "warn"
    assert check_memory(kernel(tmp_path / "small", 1_000_000, 900_000)).state == "fail"


def test_memory_of_a_container(tmp_path: Path) -> None:
    root = kernel(tmp_path, 64_000_000, 60_000_000, "0::/kube/pod\n")
    groups = root / "sys" / "fs" / "cgroup"
    write(groups / "kube/pod/memory.max", "max\n")
    write(groups / "kube/memory.max", "2000000000\n")
    write(groups / "kube/memory.current", "500000000\n")
    write(groups / "kube/cpu.max", "50000 100000\n")
    found = check_memory(root)
    detail = "1.5 GB free of 2.0 GB, limited by a container or control group"
    assert (found.state, found.detail) == ("warn", detail)
    slow = check_processors("multi_processing", 2, root)
    assert slow.state == "warn"
    assert slow.detail.startswith("0.5, limited by a control group")
    assert "--workers 1" in (slow.remedy or "")


def test_memory_of_an_older_container(tmp_path: Path) -> None:
    root = kernel(tmp_path, 64_000_000, 60_000_000, "4:memory:/job\n3:cpu,cpuacct:/\n0::/\n")
    groups = root / "sys" / "fs" / "cgroup"
    write(groups / "memory/job/memory.limit_in_bytes", "1000000000")
    write(groups / "memory/memory.limit_in_bytes", "9223372036854771712")
    assert check_memory(root).state == "fail"


def test_disk_of_places_that_are_not_there_yet(tmp_path: Path) -> None:
    out = tmp_path / "new" / "dataset"
    environment = {"OMNIREWARD_CACHE": str(tmp_path / "cache"), "OMNIREWARD_CACHE_GB": "0"}
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / "a").write_bytes(b"x" * 1000)
    found = check_disk(str(out), "gs://bucket/media", [tmp_path / "mirror"], environment)
    output, store, cache = found
    assert f"{out}: " in output.detail
    assert output.detail.endswith(" free, a build may write 3.0 kB")
    assert (store.state, store.detail) == ("info", "gs storage, not looked at")
    assert cache.detail == f"{tmp_path / 'cache'}: same disk as the output"
    assert not out.exists()


def test_disk_that_is_too_small_for_the_recipe(tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    for number in range(10):  # sparse: they take no room
        with (mirror / str(number)).open("wb") as file:
            file.truncate(10**13)
    output, *_ = check_disk(str(tmp_path), str(tmp_path), [mirror], {})
    assert output.state in ("warn", "fail")
    assert "a build may write 300.0 TB" in output.detail
    assert (output.remedy or "").endswith("omnireward build --output FOLDER")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_disk_without_the_right_to_write(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    output, *_ = check_disk(str(tmp_path / "out"), str(tmp_path / "out"), [], {})
    assert output.state == "fail"
    assert "no right to write" in output.detail


def test_the_cache_is_where_its_variables_say(tmp_path: Path) -> None:
    assert cache.folder({"OMNIREWARD_CACHE": str(tmp_path)}) == str(tmp_path)
    assert cache.folder({"XDG_CACHE_HOME": "/x"}) == "/x/omnireward"
    assert cache_bound({}) == 20_000_000_000
    assert [cache_bound({"OMNIREWARD_CACHE_GB": wrong}) for wrong in ("x", "-1", "nan", "inf")] == [
        None, None, None, None,
    ]  # fmt: skip
    wrong = check_disk(str(tmp_path), str(tmp_path), [], {"OMNIREWARD_CACHE_GB": "x"})[-1]
    assert (wrong.state, wrong.remedy) == ("fail", "export OMNIREWARD_CACHE_GB=20")
    assert bytes_of([]) is None


def test_commands_name_the_tools_of_this_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.doctor.commands import beside_python

    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    assert beside_python("hf") == "hf"
    monkeypatch.setenv("PATH", "")
    assert beside_python("hf").endswith(os.path.join("bin", "hf"))
    assert beside_python("no-such-tool") == "no-such-tool"
