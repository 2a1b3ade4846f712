"""The changelog of a dataset: one entry a version, kept in the repository between versions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from transforms.beamkit.errors import BuildError


def read_changelog(data: bytes | None) -> list[dict[str, Any]]:
    """The entries of ``provenance/changelog.json``, the newest first; none of None.

    Raises:
        BuildError: it is not such a file.
    """
    if data is None:
        return []
    try:
        entries = json.loads(data)["versions"]
        return [_checked(entry) for entry in entries]
    except (ValueError, KeyError, TypeError) as error:
        raise BuildError(
            f"the changelog of the last version can't be read ({error}); mend "
            "provenance/changelog.json in the repository"
        ) from None


def _checked(entry: Mapping[str, Any]) -> dict[str, Any]:
    released = entry.get("released")
    return {
        "version": str(entry["version"]),
        "released": None if released is None else str(released),
        "rows": int(entry["rows"]),
        "subsets": {str(name): int(rows) for name, rows in entry["subsets"].items()},
        "changes": [str(line) for line in entry["changes"]],
    }


def extended(
    former: Sequence[Mapping[str, Any]],
    version: str,
    released: str | None,
    subsets: Mapping[str, int],
    changes: Sequence[str],
) -> list[dict[str, Any]]:
    """The changelog with an entry for this version; an earlier attempt at it is replaced.

    Without `changes` the entry says how the numbers of rows differ from the version before.
    """
    kept = [dict(entry) for entry in former if entry["version"] != version]
    before = kept[0]["subsets"] if kept else None
    entry = {
        "version": version,
        "released": released,
        "rows": sum(subsets.values()),
        "subsets": dict(subsets),
        "changes": list(changes) or _differences(before, subsets),
    }
    return [entry, *kept]


def _differences(before: Mapping[str, int] | None, now: Mapping[str, int]) -> list[str]:
    if before is None:
        return ["First version."]
    told = [f"{name}: new, {rows:,} rows." for name, rows in now.items() if name not in before]
    told += [
        f"{name}: {before[name]:,} rows before, {rows:,} now."
        for name, rows in now.items()
        if name in before and before[name] != rows
    ]
    told += [
        f"{name}: left out, {rows:,} rows." for name, rows in before.items() if name not in now
    ]
    return told or ["No subset has more or fewer rows."]


def changelog_file(entries: Sequence[Mapping[str, Any]]) -> bytes:
    """The file's bytes."""
    return json.dumps({"versions": list(entries)}, indent=2, ensure_ascii=False).encode() + b"\n"
