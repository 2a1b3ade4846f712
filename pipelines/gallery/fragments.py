"""Pairs as pieces of HTML for any page that carries the gallery's stylesheet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pipelines.gallery.cards import TEXT_LIMIT, Card, card_of
from pipelines.gallery.media import MediaMaker
from pipelines.gallery.pages import environment
from pipelines.gallery.previews import Embedder

if TYPE_CHECKING:
    from markupsafe import Markup


def render_pair(
    row: Mapping[str, Any], *, media: MediaMaker | None = None, limit: int = TEXT_LIMIT
) -> Markup:
    """One row of `schemas.pair` as an ``<article class="pair">``, all its text escaped.

    Without `media` what the row carries is embedded as bounded previews.
    """
    return render_card(card_of(row, media or Embedder(), limit=limit))


def render_pairs(
    rows: Iterable[Mapping[str, Any]], *, media: MediaMaker | None = None, limit: int = TEXT_LIMIT
) -> Markup:
    """Rows one below the other; they share the budget of `media`."""
    from markupsafe import Markup

    shared = media or Embedder()
    return Markup("\n").join(render_pair(row, media=shared, limit=limit) for row in rows)


def render_card(card: Card) -> Markup:
    """A card that is made already."""
    from markupsafe import Markup

    macros: Any = environment().get_template("pair.html").module
    return Markup(macros.pair(card))  # noqa: S704 - the template escapes
