"""The card of a version, as whoever writes cards is asked for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from pipelines.recipe import Recipe


class Card(Protocol):
    """Renders the card of a version: ``README.md`` and what else describes it, by path."""

    def __call__(
        self,
        output: str | Path,
        recipe: Recipe | None,
        repo: str,
        version: str,
        previous: bytes | None = None,
        *,
        changes: Sequence[str] = (),
        released: str | None = None,
    ) -> dict[str, bytes]:
        """Render it; equal arguments give equal bytes.

        Args:
            output: folder of the build.
            recipe: the recipe, or None for what the run record has of it.
            repo: ``owner/name``.
            version: as ``1.1.0``.
            previous: the last version's changelog.
            changes: what is new in this version, a line each.
            released: ISO date of the version; None for none.
        """
