"""From a YAML tree to frozen dataclasses, with one clear error: file, line, nearest known name."""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

T = TypeVar("T")


class RecipeError(Exception):
    """The recipe is wrong: `str()` is the whole message, with file and line."""


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint for a misspelt name: the nearest known one, or all that there are."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    return "known: " + (", ".join(names) if names else "none")


class Node:
    """A YAML node that knows its file, line and dotted path in the recipe."""

    def __init__(self, node: yaml.Node, file: Path, path: str = "") -> None:
        self.node, self.file, self.path = node, file, path

    def error(self, message: str) -> RecipeError:
        """An error that points at this node."""
        where = f"{self.file}:{self.node.start_mark.line + 1}"
        return RecipeError(f"{where}: {self.path + ': ' if self.path else ''}{message}")

    def items(self) -> dict[str, Node]:
        """The children of a mapping by key, in order; refuses other nodes and repeated keys."""
        if not isinstance(self.node, yaml.MappingNode):
            raise self.error(f"expected a mapping, found {_kind(self.node)}")
        children: dict[str, Node] = {}
        for key_node, value in self.node.value:
            key = str(key_node.value)
            child = Node(value, self.file, f"{self.path}.{key}" if self.path else key)
            if key in children:
                raise Node(key_node, self.file, self.path).error(f"{key!r} is given twice")
            children[key] = child
        return children

    def overlaid(self, other: Node) -> Node:
        """This mapping with the keys of another in place of its own, each at its own line."""
        theirs, value = other.items(), getattr(other.node, "value", [])
        mine = [pair for pair in self.node.value if str(pair[0].value) not in theirs]
        merged = yaml.MappingNode(other.node.tag, [*mine, *value], other.node.start_mark)
        return Node(merged, other.file, other.path)

    def scalar(self) -> Any:
        """The plain Python value of this node and all below it."""
        loader = yaml.SafeLoader("")
        return loader.construct_object(self.node, deep=True)


def read_yaml(file: Path) -> Node:
    """Compose a YAML file into nodes.

    Raises:
        RecipeError: the file is missing, empty, or not YAML.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RecipeError(f"{file}: no such recipe") from None
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{file}: cannot be read: {error}") from None
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise RecipeError(f"{file}:{line}: not valid YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise RecipeError(f"{file}: not valid YAML: {error}") from None
    if node is None:
        raise RecipeError(f"{file}: the recipe is empty")
    return Node(node, file)


def bind(node: Node, kind: type[T]) -> T:
    """Build a frozen dataclass from a mapping node; defaults fill what is not given.

    Raises:
        RecipeError: unknown or missing key, wrong type, or a value that the dataclass refuses.
    """
    return typing.cast(T, _value(node, kind))


def _bind_dataclass(node: Node, kind: type) -> Any:
    hints = typing.get_type_hints(kind)
    known = {field.name: field for field in fields(kind)}
    values = {}
    for key, child in node.items().items():
        if key not in known:
            raise child.error(f"unknown key {key!r}; {nearest(key, known)}")
        values[key] = _value(child, hints[key])
    for name, field in known.items():
        required = field.default is MISSING and field.default_factory is MISSING
        if required and name not in values:
            raise node.error(f"missing key {name!r}")
    try:
        return kind(**values)
    except ValueError as error:
        raise node.error(str(error)) from None


def _value(node: Node, hint: Any) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if is_dataclass(hint):
        return _bind_dataclass(node, typing.cast(type, hint))
    if origin in (types.UnionType, typing.Union):
        return _optional(node, arguments)
    if origin is typing.Literal:
        return _literal(node, arguments)
    if origin is tuple:
        return tuple(_value(child, arguments[0]) for child in _sequence(node))
    if origin in (dict, Mapping):
        return {key: _value(child, arguments[1]) for key, child in node.items().items()}
    if hint is Any:
        return node.scalar()
    return _plain(node, hint)


def _optional(node: Node, arguments: tuple[Any, ...]) -> Any:
    if node.node.tag == "tag:yaml.org,2002:null":
        return None
    inner = [argument for argument in arguments if argument is not type(None)]
    if isinstance(node.node, yaml.SequenceNode):  # one or several: the hint that is a tuple
        inner = [hint for hint in inner if typing.get_origin(hint) is tuple] or inner
    return _value(node, inner[0])


def _literal(node: Node, choices: tuple[Any, ...]) -> Any:
    value = node.scalar()
    if value not in choices:
        raise node.error(f"{value!r} is not allowed; {nearest(str(value), map(str, choices))}")
    return value


def _sequence(node: Node) -> list[Node]:
    if not isinstance(node.node, yaml.SequenceNode):
        raise node.error(f"expected a list, found {_kind(node.node)}")
    return [
        Node(child, node.file, f"{node.path}[{index}]")
        for index, child in enumerate(node.node.value)
    ]


def _plain(node: Node, hint: type) -> Any:
    value = node.scalar() if isinstance(node.node, yaml.ScalarNode) else None
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is not hint:
        names = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
        raise node.error(f"expected {names.get(hint, hint.__name__)}, found {_kind(node.node)}")
    return value


def _kind(node: yaml.Node) -> str:
    if isinstance(node, yaml.ScalarNode):
        tag = node.tag.rsplit(":", 1)[-1]
        names = {"null": "nothing", "str": f"the text {node.value!r}"}
        return names.get(tag, f"{node.value!r}")
    return "a mapping" if isinstance(node, yaml.MappingNode) else "a list"
