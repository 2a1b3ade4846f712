"""Bytes for a person to read.

`pipelines.display` has the same rule, but its import needs libraries that may be broken here.
"""

from __future__ import annotations


def size_of(number: float) -> str:
    """1.2 GB."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:,.0f} {unit}" if unit == "B" else f"{number:,.1f} {unit}"
        number /= 1000
    return f"{number:,.1f} TB"
