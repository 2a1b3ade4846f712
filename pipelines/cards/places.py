"""Where everything lies in the published repository: its folders, globs, configs and addresses."""

from __future__ import annotations

import glob
import re
from typing import Final
from urllib.parse import quote

from transforms.beamkit.errors import BuildError

README: Final = "README.md"
CROISSANT: Final = "croissant.json"
CITATION: Final = "CITATION.bib"
LICENCES: Final = "LICENSE.md"
REPORT: Final = "report.html"
DATA: Final = "data"
LABELS: Final = "labels"
CARDS: Final = "cards"
PROVENANCE: Final = "provenance"
CHANGELOG: Final = f"{PROVENANCE}/changelog.json"
RUN_RECORD: Final = f"{PROVENANCE}/run_record.json"

#: Configs that are no subsets.
DEFAULT_CONFIG: Final = "default"
LABELS_CONFIG: Final = "labels"

_HUB: Final = "https://huggingface.co"
_REPO = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)", re.ASCII)
#: What `datasets` refuses in the name of a config.
_NOT_IN_CONFIG: Final = '<>:/\\|?*"'


def shards_glob(subset: str, split: str) -> str:
    """The glob of a subset's shards of one split; the name itself is taken literally."""
    return f"{DATA}/{glob.escape(subset)}/{split}-*.parquet"


def default_glob(split: str) -> str:
    """The glob of all subsets' shards of one split."""
    return f"{DATA}/*/{split}-*.parquet"


def labels_glob() -> str:
    """The glob of the label tables."""
    return f"{LABELS}/*.parquet"


def card_of(subset: str) -> str:
    """The path of a subset's card."""
    return f"{CARDS}/{subset}.md"


def repo_url(repo: str) -> str:
    """The page of a dataset repository, or of a corpus, on the Hub."""
    return f"{_HUB}/datasets/{quote(repo)}"


def tag_of(version: str) -> str:
    """The tag of a version: ``1.1.0`` is tagged ``v1.1.0``."""
    return f"v{version}"


def is_repo(name: str) -> bool:
    """Whether a text is the name of a repository: ``ORG/NAME``."""
    return _REPO.fullmatch(name) is not None


def check_repo(repo: str) -> str:
    """The repository's name, if it is one.

    Raises:
        BuildError: it is not ``ORG/NAME``.
    """
    if not is_repo(repo):
        raise BuildError(f"--repo {repo!r} is not a repository's name; write it as ORG/NAME")
    return repo


def check_version(version: str) -> str:
    """The version, if it is one.

    Raises:
        BuildError: it is not ``MAJOR.MINOR.PATCH``.
    """
    if not _VERSION.fullmatch(version):
        raise BuildError(
            f"--version {version!r} is not a version; write three numbers, such as 1.1.0"
        )
    return version


def check_config(subset: str) -> str:
    """The subset's name, if it can be the name of a config on the Hub.

    Raises:
        BuildError: it can't; says why.
    """
    if subset in (DEFAULT_CONFIG, LABELS_CONFIG):
        raise BuildError(
            f"the subset {subset!r} has the name of a config of every published dataset; "
            "give it another name in the recipe"
        )
    wrong = sorted({c for c in subset if c in _NOT_IN_CONFIG or not c.isprintable()})
    if wrong:
        raise BuildError(
            f"the subset {subset!r} can't be a config on the Hub, its name has {wrong[0]!r}; "
            "give it another name in the recipe"
        )
    return subset
