"""The files of a dataset's cards: facts in, bytes out; equal facts give equal bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pipelines.cards import changelog, places
from pipelines.cards.citation import citation_file
from pipelines.cards.croissant import croissant
from pipelines.cards.facts import CardFacts
from pipelines.cards.front_matter import as_yaml, front_matter
from pipelines.cards.gather import Request, gather
from pipelines.cards.templates import rendered
from pipelines.layout import Layout
from pipelines.recipe import Recipe


def render_card(
    output: str | Path,
    recipe: Recipe | None,
    repo: str,
    version: str,
    previous: bytes | None = None,
    *,
    changes: Sequence[str] = (),
    released: str | None = None,
    report: bool | None = None,
) -> dict[str, bytes]:
    """The cards of a built dataset, by their path in the published repository.

    Args:
        output: folder of the build.
        recipe: the recipe that is being published, if it is to be held against the build: rows
            carry their licence, so another licence in the recipe needs a new build.
        repo: ``ORG/NAME`` on the Hub.
        version: three numbers, such as ``1.1.0``; it is tagged ``v1.1.0``.
        previous: ``provenance/changelog.json`` of the version before, if there is one.
        changes: lines about this version; without them the changelog says which subsets have more
            or fewer rows than before.
        released: date of this version, YYYY-MM-DD.
        report: whether report.html is published with it; None looks for one of
            this build in ``quality/``.

    Returns:
        README.md, cards/<subset>.md, croissant.json, CITATION.bib, LICENSE.md and
        provenance/changelog.json. Equal inputs give equal bytes.

    Raises:
        BuildError: there is no sound build, or it can't be published under these names.
    """
    request = Request(Layout.of(str(output)), repo, version, released, recipe, report)
    facts = gather(request)
    entries = changelog.extended(
        changelog.read_changelog(previous),
        version,
        released,
        {subset.name: subset.rows for subset in facts.subsets},
        changes,
    )
    return render_facts(replace(facts, changelog=entries))


def render_facts(facts: CardFacts) -> dict[str, bytes]:
    """The cards that say these facts."""
    shown = {"facts": facts}
    files = {
        places.README: as_yaml(front_matter(facts)) + "\n" + rendered("dataset.md.tmpl", shown)
    }
    for subset in facts.subsets:
        text = rendered("subset.md.tmpl", {**shown, "subset": subset})
        files[places.card_of(subset.name)] = text
    files[places.LICENCES] = rendered("licence.md.tmpl", shown)
    files[places.CITATION] = citation_file(facts)
    told = {path: text.encode("utf-8", "backslashreplace") for path, text in files.items()}
    told[places.CROISSANT] = croissant(facts)
    told[places.CHANGELOG] = changelog.changelog_file(facts.changelog)
    return told
