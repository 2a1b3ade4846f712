"""Attributes of an edited picture relative to the picture that it was made of.

About 10 ms of one core for a pair of pictures, decoding aside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from transforms.measures import image
from transforms.measures.attribute import Attribute, Margin, Need
from transforms.measures.picture import Picture, in_cells

_CELLS: Final = 32
#: Mean distance of colours, of full scale, from which a cell has visibly changed.
_CHANGED: Final = 0.08
#: Beyond this ratio of proportions cells of the two pictures don't lie over each other.
_SAME_SHAPE: Final = 1.06


@dataclass(frozen=True)
class Edit:
    """A picture and the source that it was made of."""

    source: Picture
    result: Picture

    @cached_property
    def reshaped(self) -> float:
        """How much the proportions changed: 1 not at all, 2 twice as wide or as tall."""
        ratio = image.aspect(self.result) / image.aspect(self.source)
        return max(ratio, 1 / ratio)

    @cached_property
    def distance(self) -> np.ndarray:
        """Mean distance of colours, 0 to 1, in 32 x 32 cells.

        Raises:
            ValueError: the proportions differ, so cells don't correspond.
        """
        if self.reshaped > _SAME_SHAPE:
            raise ValueError("other proportions")
        return np.abs(self.result.afar(_CELLS) - self.source.afar(_CELLS)).mean(axis=0)


def change(edit: Edit) -> float:
    """Mean distance of colours from the source, 0 to 100."""
    return 100 * float(edit.distance.mean())


def changed_area(edit: Edit) -> float:
    """Share of the area that visibly changed, 0 to 100."""
    return 100 * float((edit.distance > _CHANGED).mean())


def layout_kept(edit: Edit) -> float:
    """Correlation of where detail lies in the source and in the result, -1 to 1."""
    if edit.reshaped > _SAME_SHAPE:
        raise ValueError("other proportions")
    source, result = (in_cells(each.gradient, _CELLS) for each in (edit.source, edit.result))
    return float(np.corrcoef(source.ravel(), result.ravel())[0, 1])


def _shift(measure: Callable[[Picture], float]) -> Callable[[Edit], float]:
    return lambda edit: measure(edit.result) - measure(edit.source)


_ALIKE: Final = Need("reshaped", most=_SAME_SHAPE)

EDIT: Final[tuple[Attribute, ...]] = (
    Attribute("change", "edit", "change", "per cent", "changes more", "stays closer",
              Margin(6, 1.6), change, needs=(_ALIKE,)),
    Attribute("changed_area", "edit", "change", "per cent", "changes a larger area",
              "changes a smaller area", Margin(25, 1.5), changed_area, needs=(_ALIKE,)),
    Attribute("layout_kept", "edit", "layout", "correlation", "keeps the layout",
              "gives up the layout", Margin(0.3), layout_kept, needs=(_ALIKE,), gold=False),
    Attribute("reshaped", "edit", "format", "ratio", "changes the proportions",
              "keeps the proportions", Margin(0.2, 1.15), lambda edit: edit.reshaped, weight=2,
              pivot=1.15),
    Attribute("brightness_shift", "edit", "light", "per cent", "brightens the original",
              "darkens the original", Margin(12), _shift(image.brightness), pivot=0),
    Attribute("colour_shift", "edit", "colour", "points", "adds colour", "takes colour away",
              Margin(18), _shift(image.colourfulness), pivot=0),
    Attribute("warmth_shift", "edit", "temperature", "per cent", "warms the original",
              "cools the original", Margin(14), _shift(image.warmth), pivot=0),
    Attribute("detail_shift", "edit", "detail", "per cent", "adds detail", "removes detail",
              Margin(6), _shift(image.edges), pivot=0),
)  # fmt: skip
