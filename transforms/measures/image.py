"""Attributes of pictures. Also of clips and of views of 3D models, as means over their pictures.

Brightness and shares are in per cent. All are taken from a copy of at most 512 pixels a side, so
pictures of different resolution compare as a person compares them at one size. About 15 ms of one
core for a picture, decoding included.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from transforms.measures.attribute import Attribute, Domain, Margin, Need
from transforms.measures.picture import COLOURED, Picture, in_cells

_HUE_BINS: Final = 12
_CELLS: Final = 16
#: Mean steepness under which a cell looks plain, and from which a pixel lies on an edge.
_PLAIN: Final = 0.008
_EDGE: Final = 0.06


def sharpness(picture: Picture) -> float:
    """100 less the perceptual blur of Crete-Roffet et al. (2007), 0 to 100.

    What a further blur takes away of the variation between neighbours, relative to that variation:
    a picture that is blurred already loses little. Unlike the variance of a Laplacian this does
    not depend on how much there is to see.
    """
    luma = picture.luma
    blurs = []
    for axis in (0, 1):
        steps = np.abs(np.diff(luma, axis=axis))
        left = np.maximum(0, steps - np.abs(np.diff(_box(luma, axis), axis=axis)))
        total = float(steps.sum())
        if total <= 1e-4 * steps.size:
            raise ValueError("nothing to be sharp")
        blurs.append(1 - float(left.sum()) / total)
    return 100 * (1 - max(blurs))


def _box(values: np.ndarray, axis: int, width: int = 9) -> np.ndarray:
    """Mean of `width` neighbours along an axis; edges are repeated."""
    pad = [(0, 0), (0, 0)]
    pad[axis] = (width // 2 + 1, width // 2)
    sums = np.cumsum(np.pad(values, pad, mode="edge"), axis=axis, dtype=np.float64)
    upper = np.take(sums, range(width, sums.shape[axis]), axis=axis)
    lower = np.take(sums, range(sums.shape[axis] - width), axis=axis)
    return (upper - lower) / width


def brightness(picture: Picture) -> float:
    """Mean brightness, 0 to 100."""
    return 100 * float(picture.luma.mean())


def contrast(picture: Picture) -> float:
    """Standard deviation of brightness (RMS contrast), 0 to 50."""
    return 100 * float(picture.luma.std())


def colourfulness(picture: Picture) -> float:
    """Hasler and Suesstrunk (2003): 0 is grey, 33 moderately, 82 highly colourful."""
    red, green, blue = 255 * picture.rgb
    red_green, yellow_blue = red - green, (red + green) / 2 - blue
    spread = np.hypot(red_green.std(), yellow_blue.std())
    return float(spread + 0.3 * np.hypot(red_green.mean(), yellow_blue.mean()))


def saturation(picture: Picture) -> float:
    """Mean chroma (the largest less the smallest channel), 0 to 100."""
    return 100 * float(picture.chroma.mean())


def warmth(picture: Picture) -> float:
    """Mean of red less mean of blue, -100 to 100: above 0 the picture tends to orange."""
    return 100 * float(picture.rgb[0].mean() - picture.rgb[2].mean())


def coloured(picture: Picture) -> float:
    """Share of pixels that have a colour at all, 0 to 100."""
    return 100 * float((picture.chroma > COLOURED).mean())


def hue_focus(picture: Picture) -> float:
    """Share of the coloured pixels within the commonest two of twelve neighbouring hues."""
    hues = picture.hues
    counts = np.bincount((hues / (360 / _HUE_BINS)).astype(int) % _HUE_BINS, minlength=_HUE_BINS)
    return 100 * float((counts + np.roll(counts, 1)).max() / len(hues))


def _hues(low: float, high: float) -> Callable[[Picture], float]:
    def share(picture: Picture) -> float:
        near = (picture.hues - low) % 360 < (high - low) % 360
        return 100 * float(near.sum() / picture.luma.size)

    return share


def symmetry(picture: Picture) -> float:
    """Correlation of the picture from afar (32 x 32 cells) with its mirror image, -1 to 1."""
    cells = in_cells(picture.luma, 32)
    if cells.std() < 0.01:
        raise ValueError("a plain picture")
    return float(np.corrcoef(cells.ravel(), cells[:, ::-1].ravel())[0, 1])


def edges(picture: Picture) -> float:
    """Share of pixels on an edge, 0 to 100: how much fine detail there is."""
    return 100 * float((picture.gradient > _EDGE).mean())


def dark_share(picture: Picture) -> float:
    """Share of pixels darker than a fifth of full brightness, 0 to 100."""
    return 100 * float((picture.luma < 0.2).mean())


def bright_share(picture: Picture) -> float:
    """Share of pixels brighter than 85 per cent, 0 to 100."""
    return 100 * float((picture.luma > 0.85).mean())


def plain_share(picture: Picture) -> float:
    """Share of 16 x 16 cells in which hardly anything is to be seen, 0 to 100."""
    return 100 * float((in_cells(picture.gradient, _CELLS) < _PLAIN).mean())


def centring(picture: Picture) -> float:
    """Share of all detail that lies in the middle quarter of the area, 0 to 100."""
    cells = in_cells(picture.gradient, _CELLS)
    quarter = _CELLS // 4
    return 100 * float(cells[quarter:-quarter, quarter:-quarter].sum() / cells.sum())


def top_light(picture: Picture) -> float:
    """Brightness of the upper third less that of the lower third, -100 to 100."""
    third = picture.luma.shape[0] // 3
    return 100 * float(picture.luma[:third].mean() - picture.luma[-third:].mean())


def aspect(picture: Picture) -> float:
    """Width divided by height of the original."""
    return picture.size[0] / picture.size[1]


def pixels(picture: Picture) -> float:
    """Pixels of the original."""
    return float(picture.size[0] * picture.size[1])


_DETAIL: Final = Need("edges", least=0.5)

#: name, family, unit, words for more and less, margin, function, then what not all have.
_LOOKS: Final = (
    ("sharpness", "focus", "points", "sharper", "softer", Margin(14), sharpness, (_DETAIL,)),
    ("brightness", "light", "per cent", "brighter", "darker", Margin(13, 1.2), brightness, ()),
    ("contrast", "contrast", "per cent", "more contrast", "less contrast",
     Margin(6, 1.35), contrast, ()),
    ("colourfulness", "colour", "points", "more colourful", "less colourful",
     Margin(20, 1.5), colourfulness, ()),
    ("saturation", "colour", "per cent", "more saturated", "paler",
     Margin(12, 1.5), saturation, ()),
    ("warmth", "temperature", "per cent", "warmer", "cooler", Margin(14), warmth, ()),
    ("edges", "detail", "per cent", "more detail", "less detail", Margin(5, 1.7), edges, ()),
)  # fmt: skip

_COMPOSITION: Final = (
    ("hue_focus", "palette", "per cent", "fewer hues", "more hues", Margin(25), hue_focus,
     (Need("coloured", least=20),)),
    ("reds", "hues", "per cent", "more red", "less red", Margin(20, 2), _hues(340, 15), ()),
    ("oranges", "hues", "per cent", "more orange and yellow", "less orange and yellow",
     Margin(25, 2), _hues(20, 70), ()),
    ("greens", "hues", "per cent", "more green", "less green", Margin(20, 2), _hues(80, 165), ()),
    ("blues", "hues", "per cent", "more blue", "less blue", Margin(20, 2), _hues(190, 260), ()),
    ("symmetry", "balance", "correlation", "more symmetrical", "less symmetrical",
     Margin(0.4), symmetry, (Need("contrast", least=5),)),
    ("dark_share", "light", "per cent", "larger dark areas", "smaller dark areas",
     Margin(25, 1.5), dark_share, ()),
    ("bright_share", "light", "per cent", "larger bright areas", "smaller bright areas",
     Margin(20, 1.6), bright_share, ()),
    ("plain_share", "space", "per cent", "more empty space", "less empty space",
     Margin(25, 1.6), plain_share, ()),
    ("centring", "balance", "per cent", "detail in the middle", "detail spread out",
     Margin(20, 1.4), centring, (_DETAIL,)),
    ("top_light", "light", "per cent", "brighter at the top", "brighter at the bottom",
     Margin(30), top_light, ()),
    ("aspect", "format", "width / height", "wider", "taller", Margin(0.15, 1.25), aspect, ()),
)  # fmt: skip

#: Where what is said of a picture turns: brighter at the top or at the bottom, reddish or bluish,
#: landscape or portrait. Of two that are both reddish neither is bluish, though one is less so.
_PIVOTS: Final = {"top_light": 0.0, "warmth": 0.0, "aspect": 1.0}
_RARE: Final = frozenset({"aspect", "hue_focus", "reds", "greens", "blues", "oranges"})
#: A judge that sees pictures scaled down, or compares at a glance, can't be sure of these.
_SUBTLE: Final = frozenset({"sharpness", "hue_focus", "centring", "symmetry"})


def _made(domain: Domain, rows: tuple[tuple[Any, ...], ...]) -> tuple[Attribute, ...]:
    return tuple(
        Attribute(
            name, domain, family, unit, more, less, margin, function, needs=needs,
            weight=1.5 if name in _RARE else 1.0, gold=name not in _SUBTLE,
            pivot=_PIVOTS.get(name),
        )
        for name, family, unit, more, less, margin, function, needs in rows
    )  # fmt: skip


def _kept(domain: Domain) -> tuple[Attribute, ...]:
    """Quantities that nobody is asked about."""
    return (
        Attribute("coloured", domain, "colour", "per cent", "more colour", "less colour",
                  Margin(25), coloured, askable=False),
        Attribute("pixels", domain, "format", "pixels", "larger", "smaller",
                  Margin(1_000, 1.5), pixels, askable=False),
    )  # fmt: skip


IMAGE: Final = _made("image", _LOOKS + _COMPOSITION) + _kept("image")

#: Of one frame of a clip; a clip has their mean.
FRAME: Final = _made("video", _LOOKS) + _kept("video")


def mean_of(measure: Callable[[Picture], float]) -> Callable[[Sequence[Picture]], float]:
    """The mean of an attribute over several pictures: of those that have it, at least half."""

    def mean(pictures: Sequence[Picture]) -> float:
        values = []
        for picture in pictures:
            try:
                values.append(measure(picture))
            except ValueError:  # this one has nothing to measure
                continue
        if 2 * len(values) < max(1, len(pictures)):
            raise ValueError("too few pictures")
        return float(np.mean(values))

    return mean


#: Of the rendered views of a 3D model. Not its sharpness: that is the renderer's.
VIEW: Final = tuple(
    replace(each, measure=mean_of(each.measure))
    for each in _made("view", tuple(row for row in _LOOKS if row[0] != "sharpness"))
)
