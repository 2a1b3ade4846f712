"""How to cite a dataset: itself, the work it rebuilds, and every corpus that it draws on."""

from __future__ import annotations

import re
from typing import Final

from pipelines.cards.escaping import visible
from pipelines.cards.facts import CardFacts
from pipelines.cards.places import repo_url
from pipelines.resources import shipped

_BRACED: Final = re.compile(r"[{}\\%#$&~^_]")


def own_entry(facts: CardFacts) -> str:
    """The BibTeX entry of this version of the dataset."""
    owner, _, name = facts.repo.partition("/")
    key = re.sub(r"[^a-z0-9]+", "-", f"{name}-{facts.version}".lower()).strip("-")
    lines = [
        f"  title        = {{{{{_plain(facts.name)}}}, version {facts.version}}},",
        f"  author       = {{{{{_plain(owner)}}}}},",
        *([f"  year         = {{{facts.released[:4]}}},"] if facts.released else []),
        "  howpublished = {Dataset on the Hugging Face Hub},",
        f"  url          = {{{repo_url(facts.repo)}}}",
    ]
    return "\n".join([f"@misc{{{key},", *lines, "}"])


def paper_entry() -> str:
    """The BibTeX entry of the work that the dataset follows."""
    return (shipped("data_cards") / "dataset" / "CITATION.bib").read_text("utf-8").strip()


def citation_file(facts: CardFacts) -> str:
    """CITATION.bib: one entry for each work; corpora that share one entry have it once."""
    entries = [own_entry(facts), paper_entry()]
    entries += [corpus.citation for corpus in facts.corpora.values() if corpus.citation]
    return "\n\n".join(dict.fromkeys(entry.strip() for entry in entries)) + "\n"


def _plain(text: str) -> str:
    """A text that BibTeX shows as it is."""
    return _BRACED.sub(lambda found: {"_": r"\_", "&": r"\&", "%": r"\%", "#": r"\#"}.get(
        found.group(), " "), visible(text))  # fmt: skip
