"""The templates of cards and the words that they use; what a template prints is Markdown already.

Templates hold sentences; tables come from `tables`, foreign text goes through `escaping`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pipelines.cards import escaping, places, removed, statements, tables
from pipelines.cards.fields import example_of
from pipelines.cards.loading import snippets
from pipelines.sizes import size_of

FOLDER: Final = Path(__file__).resolve().parent.parent / "templates" / "cards"


def rendered(name: str, values: Mapping[str, Any]) -> str:
    """A template, filled in; it ends in one newline."""
    text: str = _environment().get_template(name).render(values)
    return text.strip("\n") + "\n"


@functools.cache
def _environment() -> Any:
    import jinja2

    # Markdown, not HTML: every value is escaped by the filter that its place asks for, and a test
    # feeds hostile text to all of them.
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "md": escaping.md,
        "code": escaping.code,
        "json_block": escaping.json_block,
        "fenced": escaping.fenced,
        "number": number,
        "size": size_of,
        "listed": listed,
        "table": table,
        "example": example_of,
    }
    environment.globals |= {
        "tables": tables,
        "removed": removed,
        "say": statements,
        "places": places,
        "snippets": snippets,
    }
    return environment


def number(value: int) -> str:
    """A whole number with its thousands set off."""
    return f"{value:,}"


def listed(items: Iterable[object]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    told = [str(item) for item in items]
    return " and ".join([", ".join(told[:-1]), told[-1]] if len(told) > 1 else told)


def table(rows: Sequence[Sequence[str]], head: Sequence[str]) -> str:
    """A Markdown table; a head that ends in ``>`` is a column of numbers."""
    titles = [title.removesuffix(">") for title in head]
    rule = ["---:" if title.endswith(">") else "---" for title in head]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (titles, rule, *rows))
