"""The models asked about a subset: a session with them, and how media are shown to each."""

from __future__ import annotations

from dataclasses import dataclass

from transforms.beamkit.errors import BuildError
from transforms.beamkit.throttling import tell_throttled
from transforms.relabel.llm.calling import Lane
from transforms.relabel.llm.session import LlmSession, SessionSettings
from transforms.relabel.protocol.material import Shown
from transforms.relabel.protocol.media_facts import MediaFacts, Render
from transforms.relabel.protocol.round import Panel
from transforms.relabel.settings import RelabelSettings
from transforms.relabel.settings_models import ModelSettings


@dataclass(frozen=True)
class AskedModels:
    """The generator and the judges of the recipe, for the pairs of one subset."""

    subset: str
    corpus: str
    task: str
    settings: RelabelSettings
    cache: str
    render: Render

    @property
    def names(self) -> list[str]:
        """Their names, the generator's first."""
        return list(dict.fromkeys([self.settings.propose.model, *self.settings.judge.models]))

    def session(self, lane: Lane, limit: float | None, media: MediaFacts) -> LlmSession:
        """A session with them; to be closed.

        Raises:
            BuildError: see `LlmSession`.
        """
        where = SessionSettings(self.cache, limit, lane)
        return LlmSession(self._blocks, where, media.bytes_of, throttled=tell_throttled)

    def panel(self) -> Panel:
        """Who is asked about the pairs, and how they are shown."""
        return Panel(self.task, self.settings, self.shown)

    @property
    def shown(self) -> dict[str, Shown]:
        """How media are shown to each model: a sound as sound only to those that hear."""
        show = self.settings.show
        return {
            name: Shown(
                show.max_side,
                show.frames,
                show.max_side,
                show.views,
                "audio" in block.modalities,
                show.jpeg_quality,
            )
            for name, block in self._blocks.items()
        }

    @property
    def _blocks(self) -> dict[str, ModelSettings]:
        """The settings of the models that are asked.

        Raises:
            BuildError: one has no block in the recipe.
        """
        return {name: self._block(name) for name in self.names}

    def _block(self, name: str) -> ModelSettings:
        if name not in self.settings.models:
            there = ", ".join(self.settings.models) or "none"
            raise BuildError(
                f"relabel.models: no block for {name!r}, which propose or judge names; there is "
                f"{there}"
            )
        return self.settings.models[name]
