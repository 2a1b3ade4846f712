"""`new-source` in a copy of the checkout: what it writes runs, is clean, and overwrites nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.new_source import MAX_NAME, NewSource, new_source, registered
from transforms.beamkit.errors import BuildError

TOP = Path(__file__).resolve().parents[2]
TESTS = ("tests/transforms", "tests/hub_server")
FOLDERS = ("pipelines", "transforms", "schemas", "data_cards", *TESTS)
FILES = ("setup.py", "pyproject.toml", "tests/__init__.py", "tests/conftest.py")
REGISTRY = "transforms/sources/registry.py"


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the command reads and writes, in which nothing is to be written."""
    top = tmp_path_factory.mktemp("new-source") / "checkout"
    for name in FOLDERS:
        shutil.copytree(TOP / name, top / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(TOP / name, top / name)
    return top


@pytest.fixture
def copy(untouched: Path, tmp_path: Path) -> Path:
    """A copy to write to."""
    return Path(shutil.copytree(untouched, tmp_path / "checkout"))


def call(top: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A Python module run in the copy, importing the copy's own code."""
    environment = {**os.environ, "PYTHONPATH": str(top)}
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=top, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_what_is_written_runs_at_once_and_is_clean(copy: Path) -> None:
    begun = call(copy, "pipelines.cli", "new-source", "my_corpus")
    assert begun.returncode == 0, begun.stderr
    test = "tests/transforms/sources/test_sources_my_corpus.py"
    for name in ("transforms/sources/my_corpus.py", test, REGISTRY):
        assert f"wrote  {name}" in begun.stdout
    assert f"in     {copy}" in begun.stdout
    assert "Next:" in begun.stdout
    done = call(copy, "pytest", test, "-o", "addopts=", "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout
    assert "10 passed" in done.stdout
    # A name that sorts elsewhere, as long as may be, and one that a template's own names collide
    # with: imports stay in order and lines short.
    names = ["my_corpus", "draft2", "turn", "a" * MAX_NAME]
    for name in names[1:]:
        new_source(copy, name)
    assert call(copy, "pytest", "tests/transforms/sources/test_sources_turn.py").returncode == 0
    written = [
        *(f"transforms/sources/{name}.py" for name in names),
        *(f"tests/transforms/sources/test_sources_{name}.py" for name in names),
        REGISTRY,
    ]
    for check in (("check",), ("format", "--check")):
        linted = call(copy, "ruff", *check, "--no-cache", *written)
        assert linted.returncode == 0, linted.stdout
    assert sorted(path.name for path in (copy / "data_cards/corpora/my_corpus").iterdir()) == [
        "CITATION.bib", "card.md", "metadata.yaml",
    ]  # fmt: skip


@pytest.mark.full
def test_what_is_written_is_typed(copy: Path) -> None:
    new_source(copy, "my_corpus")
    written = ["transforms/sources/my_corpus.py"]
    typed = call(copy, "mypy", "--follow-imports=silent", "--cache-dir", os.devnull, written[0])
    assert typed.returncode == 0, typed.stdout
    assert "Success" in typed.stdout


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("class", "a word of Python's"),
        ("match", "a word of Python's"),
        ("my-corpus", "becomes a Python module"),
        ("MyCorpus", "becomes a Python module"),
        ("2corpora", "becomes a Python module"),
        ("../up", "becomes a Python module"),
        ("_mine", "becomes a Python module"),
        ("größe", "becomes a Python module"),
        ("", "becomes a Python module"),
        ("a" * (MAX_NAME + 1), "31 characters"),
        ("hpdv2", "'hpdv2' has an adapter already"),
        ("pairing", "transforms/sources/pairing.py is there already"),
    ],
)
def test_a_bad_name_is_refused_and_nothing_is_written(
    untouched: Path, name: str, says: str
) -> None:
    before = snapshot(untouched)
    with pytest.raises(ValueError, match=says):
        new_source(untouched, name)
    assert snapshot(untouched) == before


def snapshot(top: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in top.rglob("*") if path.is_file()}


def test_a_corpus_that_the_recipe_knows_keeps_its_card(copy: Path) -> None:
    registry = copy / REGISTRY
    text = registry.read_text().replace("ADAPTERS: Final", "#\nADAPTERS: Final", 1)
    registry.write_text(text.replace('    "hpdv2": Hpdv2,\n', '    "hpdv2": None,\n'))
    for name in ("transforms/sources/hpdv2.py", "tests/transforms/sources/test_sources_hpdv2.py"):
        (copy / name).unlink(missing_ok=True)
    registry.write_text(
        registry.read_text().replace("from transforms.sources.hpdv2 import Hpdv2\n", "")
    )
    card = (copy / "data_cards/corpora/hpdv2/card.md").read_bytes()
    begun = new_source(copy, "hpdv2")
    assert begun == NewSource(
        "hpdv2",
        "Hpdv2",
        ("transforms/sources/hpdv2.py", "tests/transforms/sources/test_sources_hpdv2.py"),
        tuple(
            f"data_cards/corpora/hpdv2/{n}" for n in ("card.md", "metadata.yaml", "CITATION.bib")
        ),
    )
    assert (copy / "data_cards/corpora/hpdv2/card.md").read_bytes() == card
    # The registry is what it was before the adapter was taken away.
    assert registry.read_text().replace("#\nADAPTERS", "ADAPTERS") == (TOP / REGISTRY).read_text()


ONE = """\
from transforms.sources.adapter import Adapter
from transforms.sources.c10 import (
    C10,
)

ADAPTERS: Final[dict[str, type[Adapter] | None]] = {
    "c10": C10,
    "e": None,
}
"""


@pytest.mark.parametrize(
    ("name", "imports", "keys"),
    [
        ("b", ["adapter", "b", "c10"], ["b", "c10", "e"]),
        ("c9", ["adapter", "c9", "c10"], ["c10", "c9", "e"]),
        ("z", ["adapter", "c10", "z"], ["c10", "e", "z"]),
        ("e", ["adapter", "c10", "e"], ["c10", "e"]),
    ],
)
def test_lines_go_where_they_belong(name: str, imports: list[str], keys: list[str]) -> None:
    text = registered(ONE, name, "X")
    lines = text.splitlines()
    assert [ln.split(".")[2].split()[0] for ln in lines if ln.startswith("from")] == imports
    assert [ln.split('"')[1] for ln in lines if ln.startswith('    "')] == keys
    assert f'    "{name}": X,' in lines
    compile(text, "registry", "exec")


def test_a_registry_of_another_form_is_refused() -> None:
    with pytest.raises(BuildError, match="no dictionary ADAPTERS"):
        registered("x = 1\n", "b", "B")
