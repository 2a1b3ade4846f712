"""The cards of a dataset: facts gathered from a build, rendered as Markdown, YAML and JSON-LD."""

from __future__ import annotations

from pipelines.cards.render import render_card, render_facts

__all__ = ["render_card", "render_facts"]
