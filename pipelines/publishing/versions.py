"""Version numbers: which one comes after another when this or that has changed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

Bump = Literal["major", "minor", "patch"]

_VERSION: Final = re.compile(r"v?(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})")


@dataclass(frozen=True, order=True)
class Version:
    """A version of a dataset, ``major.minor.patch``."""

    major: int
    minor: int
    patch: int

    @staticmethod
    def parse(text: str) -> Version:
        """A version from ``1.2.3`` or ``v1.2.3``.

        Raises:
            ValueError: it is not of that form.
        """
        found = _VERSION.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is not a version; write it as 1.2.0")
        return Version(*(int(part) for part in found.groups()))

    @staticmethod
    def of_tag(tag: str) -> Version | None:
        """The version that a tag ``v1.2.3`` names; None for any other tag."""
        return Version.parse(tag) if tag.startswith("v") and _VERSION.fullmatch(tag) else None

    @property
    def tag(self) -> str:
        """The tag on the Hub."""
        return f"v{self}"

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"

    def after(self, bump: Bump) -> Version:
        """The next version."""
        if bump == "major":
            return Version(self.major + 1, 0, 0)
        if bump == "minor":
            return Version(self.major, self.minor + 1, 0)
        return Version(self.major, self.minor, self.patch + 1)

    def kind_of_step(self, later: Version) -> str:
        """What the step to another version says: ``a minor version``."""
        for bump in ("major", "minor", "patch"):
            if self.after(bump) == later:  # type: ignore[arg-type]
                return f"a {bump} version"
        return "no version that follows"
