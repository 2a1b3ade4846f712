"""The version of the code, recorded, and telling finished work from outdated work."""

from __future__ import annotations

import hashlib
from pathlib import Path

PACKAGE_VERSION = "0.1.0"


def _code_digest() -> str:
    """SHA-256 over the modules whose change can change what a build writes."""
    top = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for folder in ("schemas", "transforms"):
        for file in sorted((top / folder).rglob("*.py")):
            digest.update(str(file.relative_to(top)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


CODE_VERSION = f"{PACKAGE_VERSION}+{_code_digest()}"
