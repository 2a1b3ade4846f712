"""Beginning a new source corpus: its adapter, test and data card from templates, registered."""

from __future__ import annotations

import ast
import keyword
import re
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final

from transforms.beamkit import files
from transforms.beamkit.errors import BuildError

TEMPLATES: Final = Path(__file__).resolve().parent / "templates" / "source"
REGISTRY: Final = "transforms/sources/registry.py"
#: Longer ones would not fit into a line of imports.
MAX_NAME: Final = 30

#: Template -> where its text goes in the checkout.
_PLACES: Final = {
    "adapter.py.tmpl": "transforms/sources/{}.py",
    "test.py.tmpl": "tests/transforms/sources/test_sources_{}.py",
    "card.md.tmpl": "data_cards/corpora/{}/card.md",
    "metadata.yaml.tmpl": "data_cards/corpora/{}/metadata.yaml",
    "CITATION.bib.tmpl": "data_cards/corpora/{}/CITATION.bib",
}

#: What the test imports beside the new adapter.
_TEST_IMPORTS: Final = {
    "transforms.beamkit.errors": "BuildError",
    "transforms.sources.adapter": "Place, SourceFile",
    "transforms.sources.columns": "Column",
    "transforms.sources.draft": "Draft, Reject, Response, Turn",
    "transforms.sources.registry": "ADAPTERS",
    "transforms.sources.settings": "Corpus",
}


@dataclass(frozen=True)
class NewSource:
    """What was begun: files that were written, and cards that were there and stay as they are."""

    name: str
    class_name: str
    written: tuple[str, ...]
    kept: tuple[str, ...]


def checkout() -> Path:
    """The checkout that this code is part of.

    Raises:
        BuildError: it is an installed package.
    """
    top = Path(__file__).resolve().parent.parent
    needed = ("setup.py", REGISTRY, "tests/transforms/sources", "data_cards/corpora")
    if not all((top / name).exists() for name in needed):
        raise BuildError(
            "new-source writes code, tests and data cards into a checkout, and this omnireward is "
            "an installed package; clone the repository and run it there"
        )
    return top


def new_source(top: Path, name: str) -> NewSource:
    """Write the files of a new corpus below `top` and register its adapter.

    Cards of a corpus that the recipe knows already stay as they are; nothing is ever overwritten.

    Raises:
        ValueError: the name can't be one, or is taken.
        BuildError: the registry is not of the form that it has.
    """
    _check_name(name)
    registry = top / REGISTRY
    class_name = _class_name(name)
    text = registered(registry.read_text(encoding="utf-8"), name, class_name)
    values = {
        "name": name,
        "class_name": class_name,
        "title": name.replace("_", " ").strip().capitalize(),
        "imports": _imports({**_TEST_IMPORTS, f"transforms.sources.{name}": class_name}),
    }
    places = {template: top / place.format(name) for template, place in _PLACES.items()}
    taken = [path for path in places.values() if path.exists() and path.suffix == ".py"]
    if taken:
        raise ValueError(f"{taken[0].relative_to(top)} is there already")
    written, kept = [], []
    for template, path in places.items():
        relative = str(path.relative_to(top))
        if path.exists():
            kept.append(relative)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        filled = Template((TEMPLATES / template).read_text(encoding="utf-8")).substitute(values)
        with path.open("x", encoding="utf-8") as stream:
            stream.write(filled)
        written.append(relative)
    files.write_once(str(registry), text.encode())
    return NewSource(name, class_name, tuple(written), tuple(kept))


def registered(text: str, name: str, class_name: str) -> str:
    """The registry's text with one more adapter, its import and its line in order of name.

    A corpus that stands there without an adapter (``None``) gets this one.

    Raises:
        ValueError: the corpus has an adapter.
        BuildError: the text has no dictionary ``ADAPTERS``, or no imports.
    """
    tree = ast.parse(text)
    table = next(
        (
            node.value
            for node in tree.body
            if isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and node.target.id == "ADAPTERS"
            and isinstance(node.value, ast.Dict)
        ),
        None,
    )
    imports = [
        (node.module, node)
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module
        if node.module.startswith("transforms.sources.")
    ]
    if table is None or not imports:
        raise BuildError(f"{REGISTRY}: no dictionary ADAPTERS that a line could be added to")
    lines = text.splitlines(keepends=True)
    entries = {
        key.value: (key, value)
        for key, value in zip(table.keys, table.values, strict=True)
        if isinstance(key, ast.Constant)
    }
    line = f'    "{name}": {class_name},\n'
    if name in entries:  # below the imports, so line numbers of those stay true
        value = entries[name][1]
        if not (isinstance(value, ast.Constant) and value.value is None):
            raise ValueError(f"{name!r} has an adapter already: see {REGISTRY}")
        lines[value.lineno - 1] = line
    else:
        later = [key.lineno for other, (key, _) in entries.items() if str(other) > name]
        end = max((value.end_lineno or 0 for _, value in entries.values()), default=table.lineno)
        lines.insert(later[0] - 1 if later else end, line)
    module = f"transforms.sources.{name}"
    after = [node.lineno for other, node in imports if _natural(other) > _natural(module)]
    last = imports[-1][1].end_lineno or 0
    lines.insert(after[0] - 1 if after else last, f"from {module} import {class_name}\n")
    return "".join(lines)


def _check_name(name: str) -> None:
    if keyword.iskeyword(name) or keyword.issoftkeyword(name):
        raise ValueError(f"{name!r} is a word of Python's; choose another name")
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name):
        raise ValueError(
            f"{name!r} can't name a source: it becomes a Python module, so it is of small letters "
            "a-z, digits and single underscores, and begins with a letter"
        )
    if len(name) > MAX_NAME:
        raise ValueError(f"{name!r} has {len(name)} characters; at most {MAX_NAME}, please")


def _class_name(name: str) -> str:
    """CamelCase; with a word behind it where a template uses the plain one for something else."""
    plain = "".join(part.capitalize() for part in name.split("_"))
    texts = [(TEMPLATES / template).read_text(encoding="utf-8") for template in _PLACES]
    used = {"Adapter", "Final", *re.findall(r"\w+", "\n".join(texts))}
    used |= {word for words in _TEST_IMPORTS.values() for word in words.split(", ")}
    return f"{plain}Source" if plain in used else plain


def _imports(modules: dict[str, str]) -> str:
    ordered = sorted(modules.items(), key=lambda item: _natural(item[0]))
    return "\n".join(f"from {module} import {names}" for module, names in ordered)


def _natural(module: str) -> list[tuple[bool, int, str]]:
    """The order of imports that the linter asks for: numbers by their value."""
    parts = re.split(r"(\d+)", module)
    return [(not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts]
