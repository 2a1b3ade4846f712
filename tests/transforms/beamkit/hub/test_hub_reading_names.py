"""Addresses, and which files of a repository a pattern names: those that it names on a disk."""

from __future__ import annotations

import glob
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hub_server import HubServer
from tests.hub_server.in_use import cache_of, put
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.beamkit.hub.address import Address, parse
from transforms.beamkit.hub.tree import _matches
from transforms.beamkit.split_file import open_whole

NAMES = (
    "a b.json",
    "d/naïve – 图.txt",
    "d/#1?x=2%20&y@z.json",
    "d/[1]*{2}.bin",
    "d/+plus;semi,colon'quote\".bin",
    "d.e/%2F..%2e.json",
    "@/x@y.json",
)


@pytest.mark.parametrize("redirect", [False, True], ids=["sent", "redirected"])
def test_odd_names(hub_in_use: HubServer, monkeypatch: pytest.MonkeyPatch, redirect: bool) -> None:
    with HubServer(cache_redirect=redirect) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
        root = put(server, {name: name.encode() * 3 for name in NAMES})
        for name in NAMES:
            path = files.join(root, name)
            assert files.exists(path)
            assert not files.exists(path + "x")
            assert files.matching(glob.escape(path)) == [(path, len(name.encode()) * 3)]
            assert files.read_bytes(path) == name.encode() * 3
            with files.open_read(path) as stream:
                stream.seek(1)
                assert stream.read() == (name.encode() * 3)[1:]
        listed = {path for path, _ in files.matching(f"{root}/**")}
        assert listed == {f"{root}/{name}" for name in (*NAMES,)}


def test_split_files_with_odd_names(hub_in_use: HubServer, tmp_path: Path) -> None:
    parts = {"d/a[1]*.zip.part-aa": b"one", "d/a[1]*.zip.part-ab": b"two"}
    for name, data in parts.items():
        (tmp_path / "d").mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    for root in (put(hub_in_use, parts), str(tmp_path)):
        with open_whole(files.join(root, "d/a[1]*.zip")) as stream:
            assert stream.read() == b"onetwo"


@pytest.mark.parametrize("revision", ["main", "refs/convert/parquet", "v1 @%"])
def test_an_address_is_read_as_it_is_written(revision: str) -> None:
    for name in ("", *NAMES):
        address = Address("ada/birds", revision, name)
        assert parse(str(address)) == address


@pytest.mark.parametrize(
    "text", ["hf://datasets/a@main/x", "hf://datasets/a/b/x", "hf://models/a/b@main/x", "hf://"]
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(BuildError) as caught:
        files.exists(text)
    assert str(caught.value) == (f"{text}: not of the form hf://datasets/owner/name@revision/path")


def test_the_listing_of_a_branch_is_not_kept_for_other_days(
    hub_in_use: HubServer, tmp_path: Path
) -> None:
    commit = put(hub_in_use, {"a.json": b"{}"})
    assert files.read_bytes("hf://datasets/ada/birds@main/a.json") == b"{}"
    kept = cache_of(tmp_path) / "trees"
    assert not kept.exists() or not any(kept.iterdir())
    assert files.exists(f"{commit}/a.json")
    assert any(kept.iterdir())


def test_a_damaged_listing_is_asked_for_anew(hub_in_use: HubServer, tmp_path: Path) -> None:
    from transforms.beamkit.hub.tree import _tree

    root = put(hub_in_use, {"a.json": b"{}"})
    for text in ("", "[", "7", "[[1]]", '{"a": 1}'):
        assert files.exists(f"{root}/a.json")
        (listing,) = (cache_of(tmp_path) / "trees").glob("*@" + "[0-9a-f]" * 40)
        listing.write_text(text)
        _tree.cache_clear()  # as another process would begin
    assert files.exists(f"{root}/a.json")
    assert len(hub_in_use.log.entries(path="/tree/")) == 6


PART = st.text(alphabet="ab.[]!*?-^", min_size=1, max_size=5).filter(lambda it: it.strip("."))
PATTERN_PART = st.one_of(st.sampled_from(["**", "*", "?", "[!a]*", "a*", ".*", "[ab]"]), PART)


@settings(max_examples=80)
@given(
    st.sets(st.lists(PART, min_size=1, max_size=3).map("/".join), max_size=6),
    st.lists(PATTERN_PART, min_size=1, max_size=4).map("/".join),
)
def test_patterns_name_what_they_name_on_a_disk(
    tmp_path_factory: pytest.TempPathFactory, names: set[str], pattern: str
) -> None:
    folder = tmp_path_factory.mktemp("tree", numbered=True)
    there = set()
    for name in sorted(names):
        path = folder / name
        if not any(parent.is_file() for parent in path.parents) and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")
            there.add(name)
    found = glob.glob(pattern, root_dir=folder, recursive=True)
    on_disk = {name for name in found if os.path.isfile(folder / name)}
    assert {n for n in there if _matches(n.split("/"), pattern.split("/"))} == on_disk
