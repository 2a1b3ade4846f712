"""Where a field stands in a recipe's file: for errors that are found after it was read."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from pipelines.recipe_binding import Node, RecipeError, read_yaml

Key = str | int


def told_at(file: Path | None, path: tuple[Key, ...], message: str) -> str:
    """``file:line: path: message``; of the nearest field above where that one is not written.

    Args:
        file: the recipe's; None where it was not read from one: the path alone is named.
        path: keys and list places, from the root.
        message: what is wrong.
    """
    node = _root(file)
    if node is None:
        return f"{_dotted(path)}: {message}"
    rest = list(path)
    while rest and (child := _child(node, rest[0])) is not None:
        node, rest = child, rest[1:]
    missing = f"{_dotted(tuple(rest))}: " if rest else ""
    return str(node.error(f"{missing}{message}"))


def located(file: Path | None, message: str) -> str:
    """A message that begins with the path of a field, with file and line before it."""
    found = node = _root(file)
    while node is not None and isinstance(node.node, yaml.MappingNode):
        children = node.items().values()
        fits = [c for c in children if re.match(rf"{re.escape(c.path)}(?![\w-])", message)]
        node = max(fits, key=lambda child: len(child.path), default=None)
        found = node or found
    if found is None or not found.path:
        return message
    return f"{found.file}:{found.node.start_mark.line + 1}: {message}"


def _root(file: Path | None) -> Node | None:
    try:
        return None if file is None else read_yaml(file)
    except RecipeError:  # it was there when it was read first
        return None


def _child(node: Node, key: Key) -> Node | None:
    if isinstance(key, int):
        elements = node.node.value if isinstance(node.node, yaml.SequenceNode) else []
        if key >= len(elements):
            return None
        return Node(elements[key], node.file, f"{node.path}[{key}]")
    return node.items().get(key) if isinstance(node.node, yaml.MappingNode) else None


def _dotted(path: tuple[Key, ...]) -> str:
    return "".join(
        f"[{key}]" if isinstance(key, int) else f"{'.' if at else ''}{key}"
        for at, key in enumerate(path)
    )
