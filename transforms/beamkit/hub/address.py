"""Addresses of files on the Hub: ``hf://datasets/owner/name@revision/path``.

The notation is that of huggingface_hub's own file system. In a build the revision is a commit, so
an address means the same bytes for ever.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote

SCHEME: Final = "hf://"

_ADDRESS: Final = re.compile(
    r"hf://datasets/(?P<repo>[^/@]+/[^/@]+)@(?P<revision>[^/@]+)(?:/(?P<name>.*))?", re.DOTALL
)


@dataclass(frozen=True)
class Address:
    """A place in a dataset repository: `name` is the path of a file in it, empty for its root."""

    repo: str
    revision: str
    name: str = ""

    def __str__(self) -> str:
        root = f"{SCHEME}datasets/{self.repo}@{quote(self.revision, safe='')}"
        return f"{root}/{self.name}" if self.name else root


def is_hub(path: str) -> bool:
    """Whether a path is an address on the Hub."""
    return path.startswith(SCHEME)


def parse(path: str) -> Address:
    """An address from its text.

    Raises:
        ValueError: it is not of the form ``hf://datasets/owner/name@revision/path``.
    """
    found = _ADDRESS.fullmatch(path)
    if found is None:
        raise ValueError(f"{path}: not of the form hf://datasets/owner/name@revision/path")
    return Address(found["repo"], unquote(found["revision"]), found["name"] or "")
