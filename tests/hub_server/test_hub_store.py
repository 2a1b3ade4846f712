"""Commits, their ids, and the branches and tags that name them."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

from tests.hub_server import Store

REPO = "ada/birds"


def _filled() -> tuple[Store, list[str]]:
    store = Store()
    store.create(REPO, licence="mit")
    first = store.commit(REPO, {"a.txt": b"1", "d/b.parquet": b"2"}, "First")
    return store, [first, store.commit(REPO, {"a.txt": None, "c.txt": b"3"}, "Second")]


def test_commit_ids_follow_from_content_message_and_parent() -> None:
    store, ids = _filled()
    assert ids == _filled()[1]
    assert all(len(one) == 40 and int(one, 16) for one in ids)
    again = store.commit(REPO, {}, "Second")
    assert again not in ids
    other = Store()
    other.create(REPO, licence="mit")
    assert other.commit(REPO, {"a.txt": b"1", "d/b.parquet": b"2"}, "Else") != ids[0]


def test_a_commit_adds_to_the_tree_of_its_parent_and_leaves_it_alone() -> None:
    store, (first, second) = _filled()
    commits = store.get(REPO).commits
    assert list(commits[first].tree) == [".gitattributes", "README.md", "a.txt", "d/b.parquet"]
    assert list(commits[second].tree) == [".gitattributes", "README.md", "c.txt", "d/b.parquet"]
    with pytest.raises(TypeError):
        commits[first].tree["x"] = commits[first].tree["a.txt"]  # type: ignore[index]


def test_object_ids_are_those_of_git(tmp_path: Path) -> None:
    files = {"a.txt": b"1", "d/e/b.txt": b"2", "d.txt": b"3", "d-e/x": b""}
    for name, data in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    git = ["git", "-C", str(tmp_path)]
    for arguments in (["init", "-q"], ["add", "."]):
        subprocess.run([*git, *arguments], check=True, capture_output=True)
    tree = subprocess.run([*git, "write-tree"], check=True, capture_output=True, text=True)
    store = Store()
    store.create(REPO)
    commit = store.get(REPO).commits[store.commit(REPO, {**files, ".gitattributes": None}, "All")]
    assert commit.folders[""] == tree.stdout.strip()


@pytest.mark.parametrize(
    ("path", "size", "lfs"),
    [
        ("a.parquet", 1, True),
        ("images.zip.part-aa", 1, True),
        ("x.tar.gz", 1, True),
        ("B.JPG", 1, True),
        ("a.json", 100, False),
        ("a.json", 101, True),
        ("part-one.txt", 1, False),
    ],
)
def test_which_files_are_lfs(path: str, size: int, lfs: bool) -> None:
    assert Store(lfs_over=100).is_lfs(path, size) is lfs


def test_a_folder_is_served_from_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x.parquet").write_bytes(b"rows")
    store = Store()
    store.create(REPO)
    commit = store.get(REPO).commits[store.commit_folder(REPO, tmp_path)]
    blob = commit.tree["data/x.parquet"]
    assert blob.content.source == tmp_path / "data" / "x.parquet"
    assert blob.sha256 == blob.etag == hashlib.sha256(b"rows").hexdigest()
    assert store.objects[blob.sha256] is blob


def test_branches_and_tags_name_commits_and_can_move() -> None:
    store, (first, second) = _filled()
    repo = store.get(REPO)
    store.tag(REPO, "v1", first)
    store.branch(REPO, "try/one", "v1")
    assert [repo.find(name).id for name in ("v1", "try/one", "main", first)] == [  # type: ignore[union-attr]
        first, first, second, first,
    ]  # fmt: skip
    third = store.commit(REPO, {"z": b""}, "Third", branch="try/one")
    assert repo.commits[third].parent == first
    store.branch(REPO, "main", first)
    assert repo.branches["main"] == first
    store.delete_branch(REPO, "try/one")
    store.delete_tag(REPO, "v1")
    assert (list(repo.branches), repo.tags) == (["main"], {})


def test_a_commit_can_be_forgotten_once_nothing_names_it() -> None:
    store, (first, second) = _filled()
    with pytest.raises(ValueError, match="named by main"):
        store.drop_commit(REPO, second)
    store.drop_commit(REPO, first)
    repo = store.get(REPO)
    assert repo.find(first) is None
    assert repo.history(repo.commits[second]) == [repo.commits[second]]


@pytest.mark.parametrize("path", ["/a", "a//b", "../a", "a/./b", ""])
def test_paths_stay_inside_the_repo(path: str) -> None:
    store, _ = _filled()
    with pytest.raises(ValueError, match="not a path"):
        store.commit(REPO, {path: b""}, "Odd")


def test_names_of_repos_are_checked() -> None:
    store, _ = _filled()
    for name in ("birds", "a/b/c", "a b/c", REPO):
        with pytest.raises(ValueError, match=r"repo"):
            store.create(name)
