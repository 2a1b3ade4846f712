"""Locks: what is resolved once stays; what changed under a lock is named."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
from command import called
from sample_build import Sample, build_with
from served import OWNER, Served, serve, use

from pipelines.layout import Layout
from pipelines.lock import Lock, LockedCorpus, LockedFile, lock_beside, read_lock, write_lock
from pipelines.locking import changes
from pipelines.opening import Corpora
from pipelines.recipe import load_recipe
from tests.hub_server import HubServer
from tests.hub_server.fixtures import client_environment
from transforms.beamkit.errors import BuildError

SKYWORK = "Skywork-Reward-Preference"
TABLE = "data/train-00000-of-00001.parquet"

Run = Callable[..., subprocess.CompletedProcess[str]]


@dataclass(frozen=True)
class Place:
    """A served corpus, and a folder with a recipe that reads it."""

    served: Served
    folder: Path
    #: The command line in this process, and in one of its own, which remembers no listing.
    run: Run
    apart: Run

    @property
    def server(self) -> HubServer:
        return self.served.server

    @property
    def lock_file(self) -> Path:
        return self.folder / "beam_config.lock"

    @property
    def locked(self) -> dict[str, Any]:
        return json.loads(self.lock_file.read_text())["corpora"]

    def set(self, **values: Any) -> None:
        """Change the recipe's entry of Skywork."""
        file = self.folder / "beam_config.yaml"
        recipe = yaml.safe_load(file.read_text())
        recipe["corpora"]["skywork"].update(values)
        file.write_text(yaml.safe_dump(recipe, sort_keys=False))


@pytest.fixture
def place(sample: Sample, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Place]:
    recipe = yaml.safe_load(sample.recipe_file.read_text())
    recipe["corpora"] = {
        name: {**recipe["corpora"][name], "repo": f"{OWNER}/{name}", "revision": "main"}
        for name in ("skywork", "rlaif_v")
    }
    for corpus in recipe["corpora"].values():
        corpus["path"] = None
    kept = recipe["corpora"]
    recipe["subsets"] = {k: v for k, v in recipe["subsets"].items() if v["corpus"] in kept}
    folder = tmp_path / "recipe"
    folder.mkdir()
    (folder / "beam_config.yaml").write_text(yaml.safe_dump(recipe, sort_keys=False))
    original = load_recipe(sample.recipe_file)
    with HubServer() as server:
        served = serve(
            server,
            sample.folder,
            type(original)(**{**vars(original), "corpora": {n: original.corpora[n] for n in kept}}),
        )
        use(server, monkeypatch, tmp_path / "home")
        for name, value in client_environment(server, tmp_path / "home").items():
            monkeypatch.setenv(name, value)

        def run(*arguments: object) -> subprocess.CompletedProcess[str]:
            return called(*arguments, "--recipe", folder / "beam_config.yaml")

        def apart(*arguments: object) -> subprocess.CompletedProcess[str]:
            command = [sys.executable, "-m", "pipelines.cli", *map(str, arguments)]
            return subprocess.run(
                [*command, "--recipe", str(folder / "beam_config.yaml")],
                capture_output=True, text=True, check=False,
            )  # fmt: skip

        yield Place(served, folder, run, apart)


def test_lock_states_commit_files_and_rows(place: Place, sample: Sample) -> None:
    done = place.run("sources", "lock")
    assert (done.returncode, done.stderr) == (0, "")
    entry = place.locked["skywork"]
    table = sample.folder / "skywork" / TABLE
    assert entry == {
        "repo": f"{OWNER}/skywork",
        "revision": "main",
        "patterns": ["data/train-*.parquet"],
        "commit": place.served.commits["skywork"],
        "licence": None,
        "files": {
            TABLE: {
                "size": table.stat().st_size,
                "digest": f"sha256:{hashlib.sha256(table.read_bytes()).hexdigest()}",
                "rows": sample.planted["skywork"].records,
            }
        },
    }
    assert re.search(r"skywork +new +sample/skywork +" + entry["commit"][:8], done.stdout)
    assert "2 corpora locked." in done.stdout


def test_a_lock_stays_until_it_is_renewed_by_name(place: Place, tmp_path: Path) -> None:
    place.run("sources", "lock")
    before = place.lock_file.read_bytes()
    (tmp_path / "note.md").write_text("nothing\n")
    newer = place.server.store.commit(f"{OWNER}/skywork", {"note.md": tmp_path / "note.md"}, "note")
    assert place.run("sources", "lock").returncode == 0
    assert place.lock_file.read_bytes() == before
    renewed = place.run("sources", "lock", "--update", "skywork")
    assert place.locked["skywork"]["commit"] == newer
    assert place.locked["rlaif_v"] == json.loads(before)["corpora"]["rlaif_v"]
    assert f"skywork: commit {place.served.commits['skywork'][:12]} is now {newer[:12]}" in (
        renewed.stdout
    )
    wrong = place.run("sources", "lock", "--update", "skywrok")
    assert wrong.returncode == 3
    assert "no corpus 'skywrok' in the recipe; did you mean 'skywork'?" in wrong.stderr


def test_what_can_be_locked_is_though_another_corpus_fails(place: Place) -> None:
    place.set(repo="sample/nowhere")
    done = place.run("sources", "lock")
    assert done.returncode == 3
    assert set(place.locked) == {"rlaif_v"}
    assert "failed: skywork: sample/nowhere@main: there is no dataset sample/nowhere at" in (
        done.stderr
    )


def test_a_recipe_that_changed_under_the_lock(place: Place, tmp_path: Path) -> None:
    place.run("sources", "lock")
    place.set(revision="v2")
    done = place.run("build", "--subset", SKYWORK, "-o", tmp_path / "out")
    assert done.returncode == 3
    assert (
        f"{place.lock_file}: corpora.skywork.revision was main when it was locked, the recipe says "
        "v2; renew it with `omnireward sources lock --update skywork`" in done.stderr
    )


def test_a_commit_that_is_gone(place: Place, tmp_path: Path) -> None:
    place.run("sources", "lock")
    shutil.rmtree(tmp_path / "home" / "cache")
    old = place.served.commits["skywork"]
    place.server.store.commit(f"{OWNER}/skywork", {"x": b"y"}, "new")
    rewritten = place.server.store.commit(f"{OWNER}/skywork", {"z": b"z"}, "newer")
    assert rewritten != old
    place.server.store.drop_commit(f"{OWNER}/skywork", old)
    done = place.apart("build", "--subset", SKYWORK, "-o", tmp_path / "out")
    assert done.returncode == 3
    assert "does not exist (any more)" in done.stderr
    assert "omnireward sources lock --update" in done.stderr


@pytest.fixture
def mirrored(place: Place, sample: Sample, tmp_path: Path) -> Path:
    """A mirror of Skywork, locked from the Hub; the recipe then reads the mirror."""
    place.run("sources", "lock")
    mirror = tmp_path / "mirror"
    shutil.copytree(sample.folder / "skywork", mirror)
    place.set(path=str(mirror))
    return mirror


def test_a_mirror_under_a_lock_gives_rows_of_that_commit(
    place: Place, mirrored: Path, tmp_path: Path
) -> None:
    recipe = load_recipe(place.folder / "beam_config.yaml")
    opened = Corpora(place.folder, Layout.of(str(tmp_path / "out"))).open(
        "skywork", recipe.corpora["skywork"]
    )
    assert opened.revision == place.served.commits["skywork"]
    assert opened.root == str(mirrored)


def test_files_of_a_mirror_that_changed_under_the_lock(
    place: Place, mirrored: Path, tmp_path: Path
) -> None:
    table = mirrored / TABLE
    data = bytearray(table.read_bytes())
    build = ("build", "--subset", SKYWORK, "-o", tmp_path / "out")

    data[len(data) // 2] ^= 1
    table.write_bytes(data)
    changed = place.run(*build)
    assert changed.returncode == 3
    assert f"{table}: its content is not what was locked (the digest differs)" in changed.stderr

    table.write_bytes(data + b"x")
    assert f"{table}: it has {len(data) + 1:,} bytes, {len(data):,} were locked" in (
        place.run(*build).stderr
    )

    extra = table.with_name("train-00001-of-00001.parquet")
    shutil.move(table, extra)
    assert f"skywork: {TABLE} was locked and is missing" in place.run(*build).stderr


def test_a_mirror_is_locked_by_itself(place: Place, sample: Sample, tmp_path: Path) -> None:
    mirror = sample.folder / "skywork"
    place.set(path=str(mirror))
    assert place.run("sources", "lock").returncode == 0
    entry = place.locked["skywork"]
    assert entry["commit"] is None
    assert entry["files"][TABLE]["digest"].startswith("sha256:")
    place.set(path=None)
    done = place.run("build", "--subset", SKYWORK, "-o", tmp_path / "out")
    assert "skywork was locked from a mirror, the recipe has no `path` now" in done.stderr


def test_a_small_file_is_held_against_gits_digest(tmp_path: Path) -> None:
    from pipelines.inputs import check_unchanged
    from transforms.sources.adapter import SourceFile

    file = tmp_path / "a.json"
    file.write_bytes(b"hello\n")
    source = SourceFile("a.json", str(file), 6)
    known = {str(file): "sha256:unused"}
    # As `git hash-object` gives it.
    good = LockedFile(6, "git-sha1:ce013625030ba8dba906f756967f9e9ca394464a")
    locked = LockedCorpus("o/n", "main", ("a.json",), "c" * 40, None, {"a.json": good})
    check_unchanged([source], locked, known, "corpus")
    bad = LockedFile(6, "git-sha1:" + "0" * 40)
    with pytest.raises(BuildError, match="not what was locked"):
        check_unchanged(
            [source],
            LockedCorpus("o/n", "main", ("a.json",), None, None, {"a.json": bad}),
            known,
            "corpus",
        )


def test_lock_files_read_as_written_and_refuse_others(tmp_path: Path) -> None:
    file = LockedFile(3, "sha256:ab", 7)
    corpus = LockedCorpus("o/n", "main", ("*.parquet",), "c" * 40, "mit", {"a.parquet": file})
    lock = Lock({"one": corpus}, {"S": 4})
    path = lock_beside(tmp_path)
    write_lock(path, lock)
    assert read_lock(path) == lock
    assert read_lock(str(tmp_path / "none")) == Lock()
    for text in ("[]", "{", '{"corpora": {"a": {}}, "shards": {}}', '{"version": 1}'):
        Path(path).write_text(text)
        with pytest.raises(BuildError, match="not a lock file"):
            read_lock(path)
    Path(path).write_text('{"version": 9, "shards": {}}')
    with pytest.raises(BuildError, match="lock version 9 is not known"):
        read_lock(path)


def test_a_renewal_says_what_changed() -> None:
    old = LockedCorpus(
        "o/n", "main", ("*",), "a" * 40, "mit",
        {"gone": LockedFile(1, "sha256:1"), "same": LockedFile(2, "sha256:2"),
         "more.parquet": LockedFile(30, "sha256:3", 10)},
    )  # fmt: skip
    new = LockedCorpus(
        "o/n", "main", ("*",), "b" * 40, None,
        {"new": LockedFile(1, "sha256:1"), "same": LockedFile(2, "sha256:2"),
         "more.parquet": LockedFile(60, "sha256:4", 20)},
    )  # fmt: skip
    assert changes(old, new) == [
        "commit aaaaaaaaaaaa is now bbbbbbbbbbbb",
        "licence mit is now none",
        "gone: gone",
        "new: new",
        "more.parquet: changed (30 bytes are now 60, 10 rows are now 20)",
    ]
    assert changes(old, old) == []


def test_the_build_writes_a_lock_that_pins_it(place: Place, tmp_path: Path) -> None:
    """A lock of an output, laid beside the recipe, is a lock like any other."""
    recipe = load_recipe(place.folder / "beam_config.yaml")
    first = build_with(recipe, place.folder, tmp_path / "one", [SKYWORK])
    shutil.copy(tmp_path / "one" / "beam_config.lock", place.lock_file)
    second = build_with(recipe, place.folder, tmp_path / "two", [SKYWORK])
    assert first.digests() == second.digests()


def test_check_names_what_is_different_and_fails_for_ci(
    place: Place, sample: Sample, tmp_path: Path
) -> None:
    good = place.run("sources", "check", "skywork")
    assert (good.returncode, good.stderr) == (0, "")
    assert "skywork: as expected" in good.stdout
    assert f"at {place.served.commits['skywork'][:7]}" in good.stdout

    table = pq.read_table(sample.folder / "skywork" / TABLE)
    renamed = tmp_path / "renamed.parquet"
    pq.write_table(table.rename_columns(["picked", *table.column_names[1:]]), renamed)
    place.server.store.commit(f"{OWNER}/skywork", {TABLE: renamed}, "columns renamed")
    bad = place.run("sources", "check")
    assert bad.returncode == 4
    words = " ".join(bad.stdout.split())
    assert "skywork: 1 error" in words
    assert "'picked'" in words
    assert "rlaif_v: as expected" in words


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("gated", "is gated: accept its terms at"),
        ("private", "or it is private: mend `repo` in the recipe, or log in with `hf auth login`"),
    ],
)
def test_repositories_that_are_closed(
    place: Place, sample: Sample, kind: str, says: str, tmp_path: Path
) -> None:
    name = f"{OWNER}/{kind}"
    place.server.store.create(
        name, private=kind == "private", gated="auto" if kind == "gated" else False
    )
    place.server.store.commit(name, {TABLE: sample.folder / "skywork" / TABLE}, "closed")
    place.set(repo=name)
    done = place.run("build", "--subset", SKYWORK, "-o", tmp_path / "out")
    assert done.returncode == 3
    assert says in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
