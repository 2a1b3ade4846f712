"""The cache: its bound, what goes first, damaged and abandoned files, and disks that are full."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.hub_server import HubServer
from tests.hub_server.in_use import cache_of, put
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.beamkit.hub import cache, reading
from transforms.beamkit.hub.tree import find

DATA = random.Random(5).randbytes(500_000)
DAY = 24 * 3600


def held(folder: Path) -> dict[str, int]:
    """What is in the cache, by its name, locks and listings left out."""
    paths = [path for kind in ("ranges", "files") for path in (folder / kind).rglob("*")]
    return {
        str(path.relative_to(folder)): path.stat().st_size
        for path in paths
        if path.is_file() and path.suffix != ".lock"
    }


@pytest.fixture
def folder(hub_in_use: HubServer, tmp_path: Path) -> Path:
    return cache_of(tmp_path)


def test_it_never_holds_more_than_its_bound_and_one_object(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNIREWARD_CACHE_GB", str(20_000e-9))
    chance = random.Random(1)
    for _ in range(200):
        size = chance.randrange(1, 3_000)
        ranges = cache.CachedRanges(f"sha256:{chance.randrange(5)}")
        ranges.keep(chance.randrange(1_000_000), bytes(size))
        assert sum(held(folder).values()) <= 20_000
    assert sum(held(folder).values()) > 10_000


def test_what_another_process_puts_there_counts(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNIREWARD_CACHE_GB", str(20_000e-9))
    ranges = cache.CachedRanges("sha256:ab")
    ranges.keep(0, bytes(500))
    (folder / "files").mkdir()
    (folder / "files" / "sha256-of-another").write_bytes(bytes(30_000))
    for n in range(1, 6):  # noticed after a twentieth of the bound
        ranges.keep(n * 1_000, bytes(500))
    assert sum(held(folder).values()) <= 20_000


def test_one_object_beyond_the_bound_stays_until_the_next(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNIREWARD_CACHE_GB", "0")
    ranges = cache.CachedRanges("sha256:ab")
    ranges.keep(0, bytes(900))
    assert list(held(folder).values()) == [900]
    os.utime(folder / "ranges" / "sha256-ab" / "0-900", (1, 1))
    ranges.keep(5_000, bytes(30))
    assert list(held(folder)) == ["ranges/sha256-ab/5000-5030"]


def test_what_was_used_longest_ago_goes_first(
    hub_in_use: HubServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNIREWARD_CACHE_GB", str(4_500e-9))
    root = put(hub_in_use, {f"{n}.json": b"%d" % n + bytes(999) for n in range(5)})
    paths = [cache.whole_file(find(f"{root}/{n}.json").digest) for n in range(5)]
    for n in range(4):
        files.read_bytes(f"{root}/{n}.json")
        os.utime(paths[n], (n + 1, n + 1))
    files.read_bytes(f"{root}/0.json")  # found there: used now
    files.read_bytes(f"{root}/4.json")
    assert [path.exists() for path in paths] == [True, False, True, True, True]


def test_what_somebody_began_and_left_goes_with_the_rest(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNIREWARD_CACHE_GB", str(2_000e-9))
    now = time.time()
    begun = {
        folder / "files" / "sha256-old.partial": now - 2 * DAY,
        folder / "files" / "sha256-new.partial": now - 60,
        folder / "ranges" / "sha256-a" / ".attempt-old": now - 2 * DAY,
        folder / "ranges" / "sha256-a" / ".attempt-new": now - 60,
    }
    for path, when in begun.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(5_000))
        os.utime(path, (when, when))
    cache.CachedRanges("sha256:b").keep(0, bytes(10))
    assert [path.exists() for path in begun] == [False, True, False, True]


def test_a_range_that_was_removed_or_cut_is_fetched_again(
    hub_in_use: HubServer, folder: Path
) -> None:
    path = f"{put(hub_in_use, {'x.bin': DATA})}/x.bin"
    spans = [(0, 16_384), (100_000, 116_384), (200_000, 216_384)]
    with files.open_read(path) as stream:
        for start, _ in spans:
            stream.seek(start)
            stream.read(10)
    kept = folder / "ranges" / find(path).digest.replace(":", "-")
    with files.open_read(path) as stream:
        (kept / "0-16384").unlink()
        os.truncate(kept / "100000-116384", 99)
        os.truncate(kept / "200000-216384", 0)
        for name in ("5", "-", "7-", "²-³", "1-2.tmp", "5-3"):
            (kept / name).write_bytes(b"not of ours")
        for start, stop in spans:
            stream.seek(start)
            assert stream.read(stop - start) == DATA[start:stop]
    with files.open_read(path) as stream:
        assert stream.read() == DATA


def test_what_is_being_read_may_be_removed(
    hub_in_use: HubServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{put(hub_in_use, {'x.bin': DATA, 'y.bin': DATA[::-1]})}/x.bin"
    files.read_bytes(path)
    with files.open_read(path) as whole, files.open_read(path.replace("x.", "y.")) as ranged:
        assert ranged.read(10) == DATA[::-1][:10]
        shutil.rmtree(folder)
        assert whole.read() == DATA
        assert ranged.read(16_374) == DATA[::-1][10:16_384]
        assert ranged.read() == DATA[::-1][16_384:]


def test_a_whole_file_may_be_removed_at_the_moment_of_opening(
    hub_in_use: HubServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{put(hub_in_use, {'x.bin': DATA})}/x.bin"
    files.read_bytes(path)
    touch = cache._touch

    def removed_first(of: Path) -> None:
        of.unlink(missing_ok=True)
        touch(of)

    monkeypatch.setattr(cache, "_touch", removed_first)
    with files.open_read(path) as stream:
        assert stream.read(10) == DATA[:10]
    assert files.read_bytes(path) == DATA


def test_threads_that_evict_each_other(
    hub_in_use: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNIREWARD_CACHE_GB", str(40_000e-9))
    root = put(hub_in_use, {f"{n}.bin": DATA[n * 1_000 :] for n in range(6)})

    def read(n: int) -> bool:
        chance = random.Random(n)
        with files.open_read(f"{root}/{n % 6}.bin") as stream:
            starts = sorted(chance.randrange(len(DATA) - 6_000) for _ in range(15))
            files.announce(stream, [(start, start + 900) for start in starts])
            for start in starts:
                stream.seek(start)
                at = start + n % 6 * 1_000
                if stream.read(900) != DATA[at : at + 900]:
                    return False
        return True

    with ThreadPoolExecutor(6) as readers:
        assert all(readers.map(read, range(12)))


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="no list of maps here")
def test_no_more_maps_than_allowed_and_none_that_stay(
    hub_in_use: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{put(hub_in_use, {'x.bin': DATA})}/x.bin"
    monkeypatch.setattr(reading, "_HELD", 4)

    def maps() -> int:
        return Path("/proc/self/maps").read_text().count(os.environ["OMNIREWARD_CACHE"])

    with files.open_read(path) as stream:
        for start in range(0, 400_000, 20_000):
            stream.seek(start)
            stream.read(1)
        assert maps() == 4
    del stream
    assert maps() == 0


@pytest.fixture
def little_disk(tmp_path: Path) -> Iterator[Path]:
    """A filesystem with room for a megabyte."""
    place = tmp_path / "little"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    able = shutil.which("mount") is not None
    if not able or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a filesystem can't be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.parametrize("how", ["whole", "ranges"])
def test_a_disk_that_is_full(
    hub_in_use: HubServer, little_disk: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setenv("OMNIREWARD_CACHE", str(little_disk / "cache"))
    path = f"{put(hub_in_use, {'x.bin': DATA * 4})}/x.bin"
    with pytest.raises(BuildError) as caught:  # noqa: PT012 - either of the two reads
        if how == "whole":
            files.read_bytes(path)
        with files.open_read(path) as stream:
            stream.read()
    assert str(caught.value) == (
        f"{little_disk}/cache: the disk of the cache is full; make room, point OMNIREWARD_CACHE to "
        "a folder on another disk, or lower OMNIREWARD_CACHE_GB"
    )
    monkeypatch.setenv("OMNIREWARD_CACHE", str(little_disk.parent / "roomy"))
    assert files.read_bytes(path) == DATA * 4


def test_a_place_that_can_not_be_written(
    hub_in_use: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("OMNIREWARD_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(BuildError) as caught:
        files.exists(f"{put(hub_in_use, {'x.bin': DATA})}/x.bin")
    assert str(caught.value) == (
        f"{tmp_path}/file/cache: the cache can't be used (Not a directory); point "
        "OMNIREWARD_CACHE to a folder of your own"
    )


@pytest.mark.parametrize("text", ["much", "-1", "nan", "inf"])
def test_a_bound_that_is_no_number(
    hub_in_use: HubServer, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("OMNIREWARD_CACHE_GB", text)
    with pytest.raises(BuildError) as caught:
        cache.CachedRanges("sha256:ab").keep(0, b"1")
    assert str(caught.value) == (
        f"OMNIREWARD_CACHE_GB is {text!r}; expected a number of gigabytes, as 20"
    )
