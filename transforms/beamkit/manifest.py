"""Manifests: which files of a finished unit count, and what the unit was made from.

A unit is a (stage, subset). Its bundles write files that no other attempt can overwrite; when all
are done one manifest is put in place by rename. Readers follow the manifest and nothing else, so
a killed or retried bundle leaves files that nobody reads.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

from transforms.beamkit import files


@dataclass(frozen=True)
class Part:
    """One file that a bundle wrote: what it holds (`role`), rows and bytes."""

    role: str
    path: str
    rows: int
    size: int
    digest: str = ""


@dataclass(frozen=True)
class Manifest:
    """A finished unit. `inputs` is the digest of all that it was made from."""

    unit: str
    inputs: str
    parts: tuple[Part, ...] = ()
    counts: dict[str, dict[str, int]] = field(default_factory=dict)

    def of_role(self, role: str) -> list[Part]:
        """Its files of one role, in order of path."""
        return sorted((part for part in self.parts if part.role == role), key=lambda p: p.path)

    def to_json(self) -> bytes:
        """As it is written."""
        return json.dumps(asdict(self), indent=1, sort_keys=True).encode()

    @staticmethod
    def from_json(data: bytes) -> Manifest:
        """As it was written."""
        value = json.loads(data)
        parts = tuple(Part(**part) for part in value.pop("parts"))
        return Manifest(parts=parts, **value)


def read_manifest(path: str) -> Manifest | None:
    """The manifest at a path; None where there is none or it was cut short."""
    if not files.exists(path):
        return None
    try:
        return Manifest.from_json(files.read_bytes(path))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def finished(path: str, inputs: str) -> Manifest | None:
    """The manifest of a unit that is finished for these inputs, all its files still there."""
    manifest = read_manifest(path)
    if manifest is None or manifest.inputs != inputs:
        return None
    return manifest if all(files.exists(part.path) for part in manifest.parts) else None
