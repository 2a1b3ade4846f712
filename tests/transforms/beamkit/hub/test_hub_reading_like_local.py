"""Reads of a file on the Hub give what the same reads of its bytes give, whatever goes wrong."""

from __future__ import annotations

import hashlib
import io
import itertools
import random
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hub_server import FaultKind, FaultPlan, HubServer
from tests.hub_server.in_use import put, use
from transforms.beamkit import files
from transforms.beamkit.hub import patience, reading
from transforms.beamkit.hub.ranges import coalesce
from transforms.beamkit.split_file import open_whole

#: All but wrong bytes, which only the digest of a whole file tells.
FAULTS = [kind for kind in FaultKind if kind is not FaultKind.CORRUPT]
NUMBERS = itertools.count()

Step = tuple[str, int, int]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubServer]:
    """A server in use; requests are so small that a small file takes many."""
    with pytest.MonkeyPatch.context() as patch, HubServer() as server:
        use(server, patch, tmp_path_factory.mktemp("home"))
        sizes = {"_LEAST": 16, "_MOST": 256, "_TAIL": 64, "_AHEAD": 3, "_HELD": 3}
        for name, value in sizes.items():
            patch.setattr(reading, name, value)
        patch.setattr(reading, "MAX_REQUEST", 100)
        patch.setattr(reading, "coalesce", partial(coalesce, max_request=100))
        patch.setattr(patience.PATIENCE, "retries", 12)
        patch.setattr(patience.PATIENCE, "first_wait", 0.0001)
        yield server


def steps(size: int) -> st.SearchStrategy[list[Step]]:
    place = st.integers(0, size + 50)
    length = st.one_of(st.integers(0, 40), st.integers(0, size + 10))
    return st.lists(
        st.one_of(
            st.tuples(st.just("seek"), place, st.just(0)),
            st.tuples(st.just("skip"), st.integers(-size, 50), st.just(0)),
            st.tuples(st.just("from end"), st.integers(-size - 9, 9), st.just(0)),
            st.tuples(st.just("read"), st.one_of(length, st.just(-1)), st.just(0)),
            st.tuples(st.just("fill"), length, st.just(0)),
            st.tuples(st.just("line"), st.one_of(length, st.just(-1)), st.just(0)),
            st.tuples(st.just("announce"), place, length),
        ),
        max_size=25,
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[bytes, list[Step]]:
    size = draw(st.one_of(st.integers(0, 40), st.integers(0, 1_500)))
    data = random.Random(draw(st.integers(0, 99))).choices(b"abc\n", k=size)
    return bytes(data), draw(steps(size))


def result(stream: io.BufferedIOBase, step: Step) -> object:
    kind, first, second = step
    if kind == "seek":
        return stream.seek(first)
    if kind == "skip":
        return stream.seek(max(0, stream.tell() + first))
    if kind == "from end":
        return stream.seek(first, io.SEEK_END)
    if kind == "read":
        return stream.read(first)
    if kind == "line":
        return stream.readline(first)
    if kind == "fill":
        buffer = bytearray(first)
        return stream.readinto(buffer), bytes(buffer)
    files.announce(stream, [(first, first + second), (second, first), (0, second // 3)])
    return stream.tell()


@pytest.mark.parametrize("kept", [2.0, 300e-9], ids=["cached", "removed at once"])
@pytest.mark.parametrize("rate", [0.0, 0.2], ids=["well", "with faults"])
def test_like_a_file_in_memory(
    small: HubServer, monkeypatch: pytest.MonkeyPatch, kept: float, rate: float
) -> None:
    monkeypatch.setenv("OMNIREWARD_CACHE_GB", str(kept))

    @settings(max_examples=40)
    @given(cases())
    def check(case: tuple[bytes, list[Step]]) -> None:
        data, todo = case
        data += b"%d" % next(NUMBERS)  # content that is not in the cache
        root = put(small, {"x.bin": data})
        assert files.exists(f"{root}/x.bin")
        small.faults = FaultPlan(seed=len(data), rate=rate, kinds=FAULTS)
        with files.open_read(f"{root}/x.bin") as remote, io.BytesIO(data) as local:
            for step in todo:
                assert result(remote, step) == result(local, step), step
                assert remote.tell() == local.tell()
        small.faults = FaultPlan()
        if not rate and kept > 1:
            name = hashlib.sha256(data).hexdigest()
            asked = [entry.range for entry in small.log.entries("cdn", path=name)]
            assert len(asked) == len(set(asked)), "nothing is asked for twice"

    try:
        check()
    finally:
        small.faults = FaultPlan()


@settings(max_examples=40)
@given(cases(), st.lists(st.integers(0, 1_500), max_size=4))
def test_parts_like_one_file(
    small: HubServer, case: tuple[bytes, list[Step]], cuts: list[int]
) -> None:
    data, todo = case
    ends = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    names = [f"x-{next(NUMBERS)}.zip.part-a{letter}" for letter in "abcdef"]
    stem = names[0].removesuffix(".part-aa")
    parts = [data[start:stop] for start, stop in itertools.pairwise(ends)]
    root = put(small, {f"{stem}.part-a{'abcdef'[n]}": part for n, part in enumerate(parts)})
    with open_whole(f"{root}/{stem}") as remote, io.BytesIO(data) as local:
        for step in todo:
            if step[0] == "fill":
                continue  # it may end with a part
            assert result(remote, step) == result(local, step), step


@settings(max_examples=40)
@given(st.binary(max_size=2_000), st.lists(st.integers(0, 300), min_size=1, max_size=20))
def test_a_pass_gives_all_bytes(small: HubServer, data: bytes, sizes: list[int]) -> None:
    root = put(small, {"x.tar": data})
    assert files.exists(f"{root}/x.tar")
    small.faults = FaultPlan(seed=len(data), rate=0.1, kinds=FAULTS)
    read = [b""]
    try:
        with files.open_stream(f"{root}/x.tar") as stream:
            for size in itertools.cycle([*sizes, 300]):
                read.append(stream.read(size))
                if not read[-1] and size:
                    break
    finally:
        small.faults = FaultPlan()
    assert b"".join(read) == data


def test_the_head_of_a_file(small: HubServer, tmp_path: Path) -> None:
    data = bytes(range(256)) * 4
    local = tmp_path / "x.tar"
    local.write_bytes(data)
    remote = f"{put(small, {'x.tar': data})}/x.tar"
    for stop in (0, 1, 99, 500, len(data), len(data) + 5):
        heads = []
        for path in (str(local), remote):
            with files.open_stream(path, stop) as stream:
                heads.append(stream.read())
        assert heads == [data[:stop]] * 2
