"""Manifests: which files of a finished unit count, and what the unit was made from.

A unit is a (stage, subset). Its bundles write files that no other attempt can overwrite; when all
are done one manifest is put in place by rename. Readers follow the manifest and nothing else, so
a killed or retried bundle leaves files that nobody reads.

On disk the paths of files are relative to the dataset's folder, so that a dataset can be moved, or
be named in another way, and keeps its finished work.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Final

from transforms.beamkit import files

#: The folder of work inside a dataset's folder; manifests lie below it.
WORK: Final = ".work"


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

    def _placed(self, place: Callable[[str], str]) -> Manifest:
        return replace(self, parts=tuple(replace(p, path=place(p.path)) for p in self.parts))


def write_manifest(path: str, manifest: Manifest) -> None:
    """Put a manifest in place; a reader sees all of it or none of it."""
    root = _root(path)
    files.write_once(path, manifest._placed(lambda part: _inside(part, root)).to_json())


def read_manifest(path: str) -> Manifest | None:
    """The manifest at a path; None where there is none or it was cut short."""
    if not files.exists(path):
        return None
    try:
        manifest = Manifest.from_json(files.read_bytes(path))
        root = _root(path)
        return manifest._placed(lambda part: _resolved(part, root))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def finished(path: str, inputs: str) -> Manifest | None:
    """The manifest of a unit that is finished for these inputs, all its files still there."""
    manifest = read_manifest(path)
    if manifest is None or manifest.inputs != inputs:
        return None
    return manifest if all(files.exists(part.path) for part in manifest.parts) else None


def _root(manifest: str) -> str:
    """The dataset's folder, as it is spelled in the path of a manifest; else the manifest's own."""
    parts = manifest.split("/")
    at = len(parts) - 1 - parts[::-1].index(WORK) if WORK in parts else len(parts) - 1
    return "/".join(parts[:at]) or ("/" if manifest.startswith("/") else "")


def _inside(path: str, root: str) -> str:
    """A path relative to the root it is below; another one as it is, but never relative."""
    if not files.is_local(path):
        return path.removeprefix(f"{root}/")
    relative = os.path.relpath(path, root or ".")
    return os.path.abspath(path) if relative.split("/")[0] == ".." else relative


def _resolved(path: str, root: str) -> str:
    """Where a file lies, spelled as the root is."""
    if not files.is_local(path):
        return path
    if os.path.isabs(path) and files.is_local(root):
        path = _inside(path, root)
    return path if os.path.isabs(path) or not root else files.join(root, path)
