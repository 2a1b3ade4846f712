"""What `sources lock` prints: each corpus with its commit, and what a renewal changed."""

from __future__ import annotations

from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from pipelines.display import table_of
from pipelines.locking import PUBLISHED, LockResult
from pipelines.sizes import size_of


def lock_view(result: LockResult) -> Group:
    """The locked corpora, then what is different from before."""
    numbers = ("files", "size", "rows")
    table = table_of(
        None, "corpus", "state", "repository", "commit", *numbers, "licence", right=numbers
    )
    for name, corpus in result.lock.corpora.items():
        table.add_row(
            escape(name),
            _state(result, name),
            corpus.repo,
            (corpus.commit or "mirror")[:8],
            f"{len(corpus.files):,}",
            size_of(corpus.size),
            "–" if corpus.rows is None else f"{corpus.rows:,}",
            escape(corpus.licence or "–"),
        )
    published = result.lock.published
    if published is not None:
        state = _state(result, PUBLISHED)
        table.add_row(PUBLISHED, state, published.repo, published.commit[:8], *"–––", "–")
    parts: list[Table | Text] = [table]
    for name, said in result.renewed.items():
        parts += [Text(f"{name}: {line}") for line in said]
    number, beside = len(result.lock.corpora), " and the published set" if published else ""
    parts.append(Text(f"{result.path}: {number} corpora{beside} locked."))
    return Group(*parts)


def _state(result: LockResult, name: str) -> str:
    if name in result.new:
        return "new"
    if name in result.failed:
        return "as before (failed)"
    if name not in result.renewed:
        return "as before"
    return "renewed" if result.renewed[name] else "unchanged"
