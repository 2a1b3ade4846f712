"""Where files of a build go in a repository on the Hub, beside what the cards describe there."""

from __future__ import annotations

from typing import Final

from pipelines.cards.places import CHANGELOG, DATA, LABELS, PROVENANCE, REPORT, RUN_RECORD

__all__ = ["CHANGELOG", "REPORT", "RUN_RECORD"]

#: Which version a commit holds, with the digest of each file.
VERSION_FILE: Final = f"{PROVENANCE}/version.json"
LOCK: Final = f"{PROVENANCE}/beam_config.lock"
RECIPE: Final = f"{PROVENANCE}/beam_config.yaml"

#: Folders that loaders glob over: a stray file there would be read as rows.
_ROW_FOLDERS: Final = (f"{DATA}/", f"{LABELS}/")


def shard(subset: str, name: str) -> str:
    """A shard of a subset."""
    return f"{DATA}/{subset}/{name}"


def subset_of(path: str) -> str | None:
    """The subset of a shard; None for other files."""
    folder, _, rest = path.partition("/")
    return rest.partition("/")[0] if folder == DATA else None


def labels(subset: str) -> str:
    """A subset's label table."""
    return f"{LABELS}/{subset}.parquet"


def side_table(kind: str, subset: str) -> str:
    """A subset's dead letters, duplicates or contamination."""
    return f"{PROVENANCE}/{kind}/{subset}.parquet"


def quality(name: str) -> str:
    """What was checked: the gate, the audits, reviews by people."""
    return f"{PROVENANCE}/quality/{name}"


def holds_rows(path: str) -> bool:
    """Whether loaders read rows or labels from a file."""
    return path.startswith(_ROW_FOLDERS)
