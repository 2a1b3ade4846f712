"""Names that a person asks for: an unknown one is an error that names the nearest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pipelines.cards.reasons import told_in_words
from pipelines.recipe_binding import nearest
from transforms.beamkit.errors import BuildError


def check_known(where: object, what: str, wanted: Iterable[str], known: Iterable[str]) -> None:
    """That all names asked for are known.

    Raises:
        BuildError: one is not; the message says where, and the nearest known name or all.
    """
    there = set(known)
    for name in wanted:
        if name not in there:
            raise BuildError(f"{where}: no {what} {name!r}; {nearest(name, there)}")


def reasons_in(record: Mapping[str, Any] | None) -> set[str]:
    """The reasons of dead letters that a run record counts, and the common ones.

    What was mended is counted no more, and asking for it again is no mistake.
    """
    return {*told_in_words()} | {
        what.removeprefix("dead:")
        for entry in (record or {}).get("subsets", {}).values()
        for counts in entry.get("counts", {}).values()
        for what in counts
        if what.startswith("dead:")
    }


def benchmarks_in(record: Mapping[str, Any] | None) -> set[str]:
    """The benchmarks that a run record names: used, waived or listed in its recipe."""
    record = record or {}
    said = record.get("decontamination", {})
    listed = record.get("recipe", {}).get("decontamination", {}).get("benchmarks", ())
    return {*said.get("fingerprints", ()), *said.get("waived", ()), *listed}
