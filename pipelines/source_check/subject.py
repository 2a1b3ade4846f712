"""The corpus that is checked: what the recipe says of it, and what lies at its root."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, is_dataclass
from typing import Any, get_args, get_type_hints

from pipelines.source_check.finding import Difference, Severity, What
from pipelines.source_check.meter import Meter
from pipelines.source_check.words import yaml_line
from transforms.beamkit import files
from transforms.beamkit.hub.tree import RepoFacts
from transforms.media.settings import MediaPolicy
from transforms.sources.adapter import RecordAdapter
from transforms.sources.settings import Corpus


@dataclass(frozen=True)
class Subject:
    """All that the steps of a check need; `sizes` are those of the files at the root, by name."""

    name: str
    corpus: Corpus
    root: str
    sizes: Mapping[str, int]
    facts: RepoFacts | None
    adapter: RecordAdapter
    meter: Meter
    policy: MediaPolicy = MediaPolicy()

    @property
    def is_mirror(self) -> bool:
        """Whether files are read from a local copy, about which the Hub says nothing."""
        return self.facts is None

    @property
    def module(self) -> str:
        """The file of the adapter's code, below transforms/sources."""
        inside = type(self.adapter).__module__.removeprefix("transforms.sources.")
        return f"{inside.replace('.', '/')}.py"

    @property
    def is_mapped(self) -> bool:
        """Whether columns are named in the recipe, not in code."""
        return self.corpus.adapter == "mapped"

    def path(self, name: str) -> str:
        """Where a file of the corpus is."""
        return files.join(self.root, name) if name else self.root

    def differs(
        self, what: What, severity: Severity, expected: str, found: str, change: str
    ) -> Difference:
        """A difference of this corpus."""
        return Difference(self.name, what, severity, expected, found, change)

    def files_line(self, replaced: Mapping[str, tuple[str, ...]]) -> str:
        """The recipe's line of files, with other patterns in place of some."""
        patterns: dict[str, None] = {}
        for pattern in self.corpus.files:
            patterns.update(dict.fromkeys(replaced.get(pattern, (pattern,))))
        return yaml_line("files", list(patterns))

    def options_line(self, old: str, new: str) -> str:
        """The options that name the container `old`, naming `new`; empty where none does."""
        changed = {
            name: _replaced(value, old, new)
            for name, value in self.options.items()
            if _replaced(value, old, new) != value
        }
        return yaml_line("options", changed) if changed else ""

    @property
    def options(self) -> dict[str, Any]:
        """The adapter's options in force, defaults included."""
        own = getattr(self.adapter, "options", None)
        if is_dataclass(own) and not isinstance(own, type):
            return asdict(own)
        options: Any = self.adapter.Options
        try:
            return asdict(options(**self.corpus.options))
        except (TypeError, ValueError):
            return dict(self.corpus.options)

    def has_option(self, name: str) -> bool:
        """Whether the adapter knows an option of this name."""
        return name in get_type_hints(self.adapter.Options)

    def may_be_null(self, name: str) -> bool:
        """Whether the adapter knows an option of this name that may be null."""
        return type(None) in get_args(get_type_hints(self.adapter.Options).get(name))


def _replaced(value: Any, old: str, new: str) -> Any:
    if isinstance(value, Mapping):
        return {key: _replaced(inner, old, new) for key, inner in value.items()}
    return new if value == old else value
