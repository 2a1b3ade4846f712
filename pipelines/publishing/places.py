"""Where everything lies in a repository on the Hub."""

from __future__ import annotations

from typing import Final

README: Final = "README.md"
#: Which version a commit holds, with the digest of each file.
VERSION_FILE: Final = "provenance/version.json"
CHANGELOG: Final = "provenance/changelog.json"
RUN_RECORD: Final = "provenance/run_record.json"
LOCK: Final = "provenance/beam_config.lock"
RECIPE: Final = "provenance/beam_config.yaml"
REPORT: Final = "report.html"

#: Folders that loaders glob over: a stray file there would be read as rows.
ROW_FOLDERS: Final = ("data/", "labels/")


def shard(subset: str, name: str) -> str:
    """A shard of a subset."""
    return f"data/{subset}/{name}"


def labels(subset: str) -> str:
    """A subset's label table."""
    return f"labels/{subset}.parquet"


def side_table(kind: str, subset: str) -> str:
    """A subset's dead letters, duplicates or contamination."""
    return f"provenance/{kind}/{subset}.parquet"


def quality(name: str) -> str:
    """What was checked: the gate, the audits."""
    return f"provenance/quality/{name}"


def holds_rows(path: str) -> bool:
    """Whether loaders read rows or labels from a file."""
    return path.startswith(ROW_FOLDERS)
