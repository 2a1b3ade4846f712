"""What became of a medium under a policy, as the store remembers it: a product, or a refusal."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from transforms.media.errors import MediaError
from transforms.media.modality import Facts
from transforms.media.produce import RULES, clean_facts
from transforms.media.settings import MediaPolicy

#: What the files of fates are; others are not read.
_FORMAT: Final = 1
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")

#: Refusals that say something about the limits of a process, not only about the medium.
_ACCIDENTS: Final = ("_timeout", "_memory", "_crashed")
#: Refusals that say something about this program: mended, it takes the medium.
_FAULTS: Final = ("_fault", "_product")

_STAGE: Final = Path(__file__).parents[1]
#: Libraries that decode: another version may take what one refused.
_LIBRARIES: Final = ("pillow", "av", "imageio-ffmpeg", "soundfile", "soxr", "trimesh", "numpy")


@dataclass(frozen=True)
class Limits:
    """What is in force when a medium is refused, and not part of a policy's key.

    Seconds and megabytes that a process may take, and a digest of the `code` that decodes: none of
    them changes what is made of a medium, but with others it may be no refusal any more.
    """

    seconds: float
    memory_mb: int
    code: str = ""

    @staticmethod
    def of(policy: MediaPolicy, modality: str) -> Limits:
        """What is in force for a modality now."""
        return Limits(policy.seconds_for(modality), policy.max_decode_memory_mb, code_of(modality))

    def allow_more_than(self, other: Limits) -> bool:
        """Whether what broke the other limits might keep to these."""
        return self.seconds > other.seconds or self.memory_mb > other.memory_mb


@cache
def code_of(modality: str) -> str:
    """A digest of the modules of a modality, of the sandbox and of the versions of all decoders."""
    digest = hashlib.sha256()
    own, sandbox = (sorted((_STAGE / name).glob("*.py")) for name in (modality, "sandbox"))
    for file in (*own, *sandbox, _STAGE / "produce.py"):
        digest.update(file.name.encode() + file.read_bytes())
    for library in _LIBRARIES:
        with suppress(PackageNotFoundError):
            digest.update(f"{library} {version(library)}\n".encode())
    return digest.hexdigest()[:12]


@dataclass(frozen=True)
class Fate:
    """What became of a medium.

    `product` is the digest of its product's bytes, None where the source bytes are kept. A refused
    medium has a `reason` instead of facts, and what was in force then.
    """

    facts: Facts = field(default_factory=dict)
    changes: tuple[str, ...] = ()
    product: str | None = None
    reason: str | None = None
    message: str = ""
    limits: Limits | None = None

    @staticmethod
    def refused(error: MediaError, limits: Limits) -> Fate:
        """The fate of a medium that can't be used."""
        return Fate(reason=error.reason, message=error.message, limits=limits)

    @property
    def error(self) -> MediaError | None:
        """Why the medium can't be used; None if it can."""
        return MediaError(self.reason, self.message) if self.reason is not None else None

    def holds_for(self, limits: Limits | None) -> bool:
        """Whether it would come out the same under these limits; None asks for no others."""
        if self.reason is None or self.limits is None or limits is None:
            return True
        if self.limits.code != limits.code or self.reason.endswith(_FAULTS):
            return False
        accident = self.reason.endswith(_ACCIDENTS)
        return not (accident and limits.allow_more_than(self.limits))

    def to_json(self) -> bytes:
        """As it is stored: the same fate gives the same bytes."""
        limits = None if self.limits is None else vars(self.limits)
        values = {"fate": _FORMAT, **vars(self), "limits": limits}
        return json.dumps(values, sort_keys=True, ensure_ascii=True).encode()

    @staticmethod
    def from_json(data: bytes) -> Fate | None:
        """As it was stored; None for bytes that are no fate, or one of another format."""
        try:
            return _fate(json.loads(data))
        except (ValueError, TypeError, KeyError, AttributeError):
            return None


def _fate(values: dict[str, Any]) -> Fate | None:
    if values.pop("fate") != _FORMAT:
        return None
    product, limits = values["product"], values["limits"]
    if product is not None and not is_digest(product):
        return None
    values["facts"] = clean_facts(values["facts"])
    values["changes"] = tuple(map(str, values["changes"]))
    values["limits"] = Limits(**limits) if limits is not None else None
    return Fate(**values)


def is_digest(text: str) -> bool:
    """Whether a text is the name of content in the store."""
    return _DIGEST.fullmatch(text) is not None


def check_version(name: str) -> str:
    """A policy's version, which becomes part of a folder's name.

    Raises:
        ValueError: it can't.
    """
    if not _VERSION.fullmatch(name):
        raise ValueError(
            f"media.version is {name!r}: it names a folder, so letters, digits, '.', '_' and "
            "'-', 64 at most, the first no sign"
        )
    return name


def policy_key(policy: MediaPolicy, modality: str, rules: Mapping[str, int] = RULES) -> str:
    """The folder of a modality's fates under a policy: ``normal-1.image.0c4f19aa72de``.

    Its last part is a digest over the modality's settings and rules. So a policy that was changed
    without a new version serves no stale product, and what changes for sounds leaves pictures be.
    """
    settings = asdict(getattr(policy, modality)) if hasattr(policy, modality) else None
    text = json.dumps([settings, rules.get(modality, 0)], sort_keys=True, default=str)
    return f"{check_version(policy.version)}.{modality}.{_short(text)}"


def check_key(key: str) -> str:
    """A policy's key as the name of a folder.

    Raises:
        ValueError: it is none, and might lead out of the store.
    """
    if not _KEY.fullmatch(key):
        raise ValueError(f"{key!r} is no key of a policy")
    return key


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
