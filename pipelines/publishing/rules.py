"""Which version must come next, by what has changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.publishing.rows import RowChanges
from pipelines.publishing.versions import Bump, Version

_MOST_NAMED = 3


class VersionError(Exception):
    """The version asked for is not the one that comes next: says why, and which does."""


@dataclass(frozen=True)
class Step:
    """The step from the last version to the next, and why it is of that size."""

    bump: Bump
    reason: str


def step_between(
    before: str, after: str, rows: Mapping[str, RowChanges], files: int, words: bool
) -> Step | None:
    """The step that a change needs; None where nothing changed.

    Args:
        before, after: versions of the schema, ``major.minor``.
        rows: what became of the rows, by subset that has changed shards.
        files: how many files of rows or labels are not as they were.
        words: whether anything else has changed.
    """
    if is_major_step(before, after):
        return Step("major", f"the schema went from {before} to {after}")
    if before != after:
        return Step("minor", f"the schema went from {before} to {after}")
    changed = {name: change for name, change in rows.items() if change.any}
    if changed:
        return Step("minor", f"rows or labels changed ({summary(changed)})")
    if files:
        what = "a file of rows or labels was" if files == 1 else f"{files} files of rows were"
        return Step("minor", f"{what} written anew, with other bytes")
    return Step("patch", "only the card or the provenance changed") if words else None


def is_major_step(before: str, after: str) -> bool:
    """Whether a reader of one version of the schema can't read the other."""
    return before.partition(".")[0] != after.partition(".")[0]


def check_step(last: Version, wanted: Version, step: Step | None) -> None:
    """Hold the version asked for against the one that comes next.

    Raises:
        VersionError: it is another one, or nothing has changed.
    """
    if step is None:
        raise VersionError(
            f"nothing has changed since {last.tag}, so there is nothing to publish as {wanted}"
        )
    right = last.after(step.bump)
    if wanted != right:
        raise VersionError(
            f"--version {wanted} is {last.kind_of_step(wanted)} after {last}, but {step.reason}: "
            f"that makes a {step.bump} version. Publish it with --version {right}"
        )


def summary(changed: Mapping[str, RowChanges]) -> str:
    """Changes in a few words: ``Omni-HPDv2: 12 rows added, 3 labels changed; and 4 more``."""
    told = [f"{name}: {in_words(change)}" for name, change in changed.items()]
    more = len(told) - _MOST_NAMED
    return "; ".join(told[:_MOST_NAMED]) + (f"; and {more} more subsets" if more > 0 else "")


def in_words(change: RowChanges) -> str:
    """The changes of one subset: ``12 rows added, 3 labels changed``."""
    parts = {
        "rows added": change.added,
        "rows removed": change.removed,
        "labels changed": change.relabelled,
        "criteria changed": change.criteria,
    }
    return ", ".join(f"{number:,} {what}" for what, number in parts.items() if number) or (
        "the same rows and labels, written anew"
    )
