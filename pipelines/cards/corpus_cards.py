"""Reading ``data_cards/``: the prose, metadata and citation of corpora and subsets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pipelines.resources import shipped
from transforms.beamkit.errors import BuildError

#: What the Hub takes as a language.
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}|code|multilingual|unknown")


@dataclass(frozen=True)
class DataCard:
    """One folder of ``data_cards/``."""

    prose: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    citation: str | None = None

    def text(self, key: str) -> str | None:
        """A text of the metadata, or None."""
        value = self.metadata.get(key)
        return value if isinstance(value, str) and value else None

    def number(self, key: str) -> int | None:
        """A whole number of the metadata, or None."""
        value = self.metadata.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts of the metadata."""
        value = self.metadata.get(key)
        return tuple(map(str, value)) if isinstance(value, list) else ()


def data_card(group: str, name: str, folder: Path | None = None) -> DataCard | None:
    """The card of a corpus (group ``corpora``) or subset (``subsets``); None if there is none.

    Raises:
        BuildError: it is there, but its metadata can't be read, or has languages that the Hub
            refuses.
    """
    import yaml

    here = (folder or shipped("data_cards")) / group / name
    prose, metadata, citation = here / "card.md", here / "metadata.yaml", here / "CITATION.bib"
    if not (prose.is_file() and metadata.is_file()):
        return None
    try:
        loaded = yaml.safe_load(metadata.read_text("utf-8"))
    except yaml.YAMLError as error:
        raise BuildError(f"{metadata} is not YAML: {error}") from None
    if not isinstance(loaded, dict):
        raise BuildError(f"{metadata}: a mapping is expected, such as `name: {name}`")
    _check_languages(loaded.get("languages"), metadata)
    bib = citation.read_text("utf-8") if citation.is_file() else None
    return DataCard(prose.read_text("utf-8"), loaded, bib)


def _check_languages(languages: object, metadata: Path) -> None:
    """Refuse languages that are no codes: the Hub would refuse the dataset's card."""
    for one in languages if isinstance(languages, list) else ():
        if _LANGUAGE.fullmatch(str(one)) is None:
            raise BuildError(
                f"{metadata}: languages: {one!r} is no code of a language; write one of ISO 639, "
                "such as en, or code, multilingual, unknown"
            )
