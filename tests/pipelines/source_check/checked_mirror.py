"""What the tests of source checks share: copies of good mirrors to plant differences in."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipelines.sample_corpora.files import write_parquet
from pipelines.source_check.check import check_corpus
from pipelines.source_check.finding import CorpusReport, Difference
from transforms.beamkit.hub.tree import RepoFacts
from transforms.sources.settings import Corpus


@dataclass
class Mirror:
    """A folder with a corpus in its native layout, and how the recipe names it."""

    name: str
    folder: Path
    corpus: Corpus

    def copied(self, to: Path) -> Mirror:
        """The same in another folder, free to be spoiled."""
        shutil.copytree(self.folder, to / self.name)
        return replace(self, folder=to / self.name)

    def listing(self) -> list[tuple[str, int]]:
        files = [path for path in sorted(self.folder.rglob("*")) if path.is_file()]
        return [(path.relative_to(self.folder).as_posix(), path.stat().st_size) for path in files]

    def check(self, facts: RepoFacts | None = None, **changed: Any) -> CorpusReport:
        corpus = replace(self.corpus, **changed)
        return check_corpus(self.name, corpus, str(self.folder), self.listing(), facts)

    def only(self, facts: RepoFacts | None = None, **changed: Any) -> Difference:
        """The one difference that there is."""
        (difference,) = self.check(facts, **changed).differences
        return difference

    def path(self, name: str) -> Path:
        return self.folder / name

    def rewrite_lines(self, name: str, change: Any) -> None:
        """Change every record of a file of JSON lines."""
        lines = self.path(name).read_text("utf-8").splitlines()
        texts = [json.dumps(change(json.loads(line))) for line in lines]
        self.path(name).write_text("\n".join(texts) + "\n", "utf-8")

    def rewrite_list(self, name: str, change: Any) -> None:
        """Change every record of a JSON list."""
        items = [change(item) for item in json.loads(self.path(name).read_text("utf-8"))]
        self.path(name).write_text(json.dumps(items), "utf-8")

    def as_parquet(self, name: str, to: str, change: Any = lambda rows: rows) -> None:
        """Rows of a Parquet file or of JSON lines, changed, as a Parquet file."""
        import pyarrow as pa

        path = self.path(name)
        if path.suffix == ".parquet":
            rows = pq.read_table(path).to_pylist()
        else:
            rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        path.unlink()
        table = pa.Table.from_pylist(change(rows))
        write_parquet(self.path(to), table.schema, table.to_pylist(), 400)


def said(report: CorpusReport, *, what: str | None = None) -> list[tuple[str, str, str]]:
    """Severity, expected and found of the differences, of one step if it is named."""
    return [
        (entry.severity, entry.expected, entry.found)
        for entry in report.differences
        if what in (None, entry.what)
    ]
