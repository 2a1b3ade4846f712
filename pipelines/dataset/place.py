"""Where a dataset lies: a folder, or a repository on the Hub at a tag, branch or commit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.beamkit.hub.address import Address, is_hub, parse

_NAME: Final = r"[\w][\w.-]*"
_ON_HUB: Final = re.compile(rf"(?P<repo>{_NAME}/{_NAME})@(?P<revision>[^@\s]+)")


@dataclass(frozen=True)
class Place:
    """A dataset's root: a folder, a Beam path, or ``hf://datasets/owner/name@commit``.

    Attributes:
        root: where files are read.
        said: what the user called it, for messages.
    """

    root: str
    said: str

    @property
    def on_hub(self) -> bool:
        """Whether it is a repository."""
        return is_hub(self.root)


def place_of(text: str) -> Place:
    """Find a dataset by what a person writes: a folder, ``owner/name@v1.0.0``, or ``hf://``.

    A folder that is there goes before a repository of the same name. Tags and branches are resolved
    to the commit that they name now.

    Raises:
        BuildError: there is no such folder, or the repository can't be read.
    """
    if not files.is_local(text) and not is_hub(text):
        return Place(text, text)
    if not is_hub(text) and Path(text).exists():
        return Place(text, text)
    try:
        address = parse(text) if is_hub(text) else _address(text)
    except ValueError as error:
        raise BuildError(str(error)) from None
    from transforms.beamkit.hub.tree import facts_of

    commit = facts_of(address.repo, address.revision).commit
    return Place(str(Address(address.repo, commit, address.name)), text)


def _address(text: str) -> Address:
    found = _ON_HUB.fullmatch(text)
    if found is None:
        raise BuildError(
            f"{text}: no such folder; a dataset is the output folder of a build, or a version on "
            "the Hub as owner/name@v1.0.0"
        )
    return Address(found["repo"], found["revision"])
