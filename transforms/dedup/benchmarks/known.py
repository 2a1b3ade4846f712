"""The fingerprints that a build counts: found once where it is planned, held to that on workers."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.dedup.benchmarks.fingerprint import (
    SUFFIX,
    Fingerprint,
    file_of,
    read_fingerprint,
)
from transforms.dedup.settings_benchmarks import DecontaminationSettings


@dataclass(frozen=True)
class KnownFingerprint:
    """A fingerprint that is there: `digest` is the SHA-256 of its file, hex."""

    name: str
    path: str
    digest: str
    repo: str
    revision: str
    items: int


def known_fingerprints(
    settings: DecontaminationSettings, folder: str
) -> tuple[KnownFingerprint, ...]:
    """Those of the listed benchmarks whose fingerprint is in a folder, in their order.

    Raises:
        BuildError: one can't be read.
    """
    found = []
    for name in settings.benchmarks:
        path = file_of(folder, name)
        if files.exists(path):
            read = read_fingerprint(path)
            facts = {key: read.metadata[key] for key in ("repo", "revision", "items")}
            found.append(KnownFingerprint(name, path, read.digest, **facts))
    return tuple(found)


def read_known(one: KnownFingerprint, settings: DecontaminationSettings) -> Fingerprint:
    """Read a fingerprint that is counted.

    Raises:
        BuildError: it is not there, is not the one that was counted, can't be read, or was made by
            other algorithms or parameters.
    """
    if not files.exists(one.path):
        raise BuildError(
            f"{one.path}: the fingerprint of {one.name} was there when the build began, and is not "
            "where it is read; put it back, and let workers of other machines reach it"
        )
    found = read_fingerprint(one.path, settings.print)
    if found.name != one.name:
        raise BuildError(f"{one.path}: it is the fingerprint of {found.name!r}; rename it")
    if found.digest != one.digest:
        raise BuildError(
            f"{one.path}: it is not the fingerprint of {one.name} that the build began with "
            "(the digest differs); build again"
        )
    return found


def stage_fingerprints(
    known: Sequence[KnownFingerprint], folder: str
) -> tuple[KnownFingerprint, ...]:
    """Copy those of this machine to a folder that all workers reach, by their digests.

    Raises:
        BuildError: one is gone or has changed since it was counted.
    """
    return tuple(_staged(one, folder) if files.is_local(one.path) else one for one in known)


def _staged(one: KnownFingerprint, folder: str) -> KnownFingerprint:
    target = files.join(folder, one.digest + SUFFIX)
    if not files.exists(target):
        try:
            data = files.read_bytes(one.path)
        except FileNotFoundError:
            data = b""
        if hashlib.sha256(data).hexdigest() != one.digest:
            raise BuildError(
                f"{one.path}: the fingerprint of {one.name} was changed or removed since the build "
                "began; build again"
            )
        files.write_once(target, data, keep=True)
    return replace(one, path=target)


def missing(settings: DecontaminationSettings, known: Sequence[KnownFingerprint]) -> list[str]:
    """The listed benchmarks that have neither a fingerprint nor a waiver, in their order."""
    there = {one.name for one in known}
    return [
        name for name in settings.benchmarks if name not in settings.waived and name not in there
    ]


def missing_message(names: Sequence[str], folder: str) -> str:
    """What a person can do about missing fingerprints."""
    first = names[0]
    return (
        f"no fingerprint of {', '.join(names)} in {folder}: make it with "
        f"`omnireward benchmark add {first}`, or waive it in the recipe: "
        f'decontamination: {{waived: {{{first}: "why not"}}}}'
    )


def used(settings: DecontaminationSettings, known: Sequence[KnownFingerprint]) -> dict[str, Any]:
    """For the run record: the fingerprints that count, with digests and facts, and waivers."""
    found = {
        one.name: {key: asdict(one)[key] for key in ("digest", "repo", "revision", "items")}
        for one in known
    }
    waived = {name: why for name, why in sorted(settings.waived.items()) if name not in found}
    return {"fingerprints": found, "waived": waived}
