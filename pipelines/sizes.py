"""Bytes for a person to read. No library is needed: `doctor` runs where some are broken."""

from __future__ import annotations


def size_of(number: float) -> str:
    """Bytes for a person: 1.2 GB."""
    if number < 1000:
        return f"{number:,.0f} B"
    for unit in ("kB", "MB", "GB"):
        number /= 1000
        if number < 999.95:
            return f"{number:,.1f} {unit}"
    return f"{number / 1000:,.1f} TB"
