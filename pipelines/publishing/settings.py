"""Settings of publication."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_REPO: Final = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)


@dataclass(frozen=True)
class PublicationSettings:
    """Where versions of the dataset are published; `--repo` and `--private` go before it."""

    #: ``owner/name`` on the Hub; null for none.
    repo: str | None = None
    #: Whether a repository that is made for it is private.
    private: bool = False
    #: Clips of at least this many bytes are files beside the tables, under ``videos/``, and rows
    #: hold their address in `repo`; null: all are in the rows. Read from there by plain `datasets`
    #: once they are published.
    video_files_from: int | None = None

    def __post_init__(self) -> None:
        if self.repo is not None:
            check_repo(self.repo)
        if self.video_files_from is not None:
            if self.video_files_from < 1:
                raise ValueError("video_files_from: write a number of bytes, or null")
            if self.repo is None:
                raise ValueError("video_files_from: rows name clips by their address in `repo`")


def check_repo(repo: str) -> str:
    """A repository's name, as it is.

    Raises:
        ValueError: it is not of the form ``owner/name``.
    """
    if not _REPO.fullmatch(repo) or "--" in repo or ".." in repo or repo.endswith(".git"):
        raise ValueError(f"{repo!r} is not a repository on the Hub; write owner/name")
    return repo
