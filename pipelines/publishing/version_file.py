"""The file that says which version a commit holds: it tells a whole commit from anything else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from pipelines.publishing.contents import Item
from pipelines.publishing.versions import Version

_FORMAT: Final = 1


@dataclass(frozen=True)
class VersionFile:
    """What a published version holds. `content` is the digest of all but the version's own words.

    `files` are all that the version put there: SHA-256 by path. `rows` are those of each subset.
    """

    version: Version
    schema: str
    content: str
    files: Mapping[str, str]
    rows: Mapping[str, int]

    @staticmethod
    def parse(data: bytes) -> VersionFile:
        """Read the file.

        Raises:
            ValueError: it is not such a file.
        """
        try:
            value = json.loads(data)
            if value["format"] != _FORMAT:
                raise ValueError(f"format {value['format']!r} is not known")
            return VersionFile(
                Version.parse(value["version"]),
                str(value["schema"]),
                str(value["content"]),
                {str(path): str(file["sha256"]) for path, file in value["files"].items()},
                {str(name): int(rows) for name, rows in value["rows"].items()},
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a version file: {error!r}") from None


def version_bytes(
    version: Version, schema: str, content: str, items: Iterable[Item], rows: Mapping[str, int]
) -> bytes:
    """The file for a version that holds these items."""
    files = {
        item.path: {"bytes": item.size, "sha256": item.sha256}
        for item in sorted(items, key=lambda item: item.path)
    }
    value = {
        "format": _FORMAT,
        "version": str(version),
        "schema": schema,
        "content": content,
        "rows": dict(rows),
        "files": files,
    }
    return json.dumps(value, indent=1, ensure_ascii=False).encode() + b"\n"
