"""What an attribute is: a quantity of a response, and when two responses differ in it for a person.

An attribute is written only about a pair whose two values differ by its margin. The margin is
chosen so that somebody who reads, sees or hears both responses would say the same; a detector's
threshold would be much lower.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np

#: What a table of attributes is about. ``edit`` compares a picture with the one that it was made
#: of; ``view`` looks at rendered views of a 3D model.
Domain = Literal["text", "image", "edit", "video", "audio", "mesh", "view"]

ANY: Final = (float("-inf"), float("inf"))


@dataclass(frozen=True)
class Margin:
    """How far two values must lie apart: by `absolute` (in the attribute's unit), and the larger
    at least `ratio` times the smaller. A ratio of 1 asks for nothing.
    """

    absolute: float
    ratio: float = 1.0

    def __post_init__(self) -> None:
        if self.absolute <= 0 or self.ratio < 1:
            raise ValueError("a margin has absolute > 0 and ratio >= 1")

    def strength(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """How many margins two columns of values lie apart; 1 and more satisfies it.

        By the weaker of the two conditions; ratios count on a logarithmic scale, and the ratio to
        zero is infinite. NaN where a value is missing.
        """
        apart = np.abs(a - b) / self.absolute
        if self.ratio == 1:
            return apart
        low, high = np.minimum(a, b), np.maximum(a, b)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = np.log(high / low) / np.log(self.ratio)
        ratios = np.where((low <= 0) & (high > low), np.inf, ratios)
        return np.where(high == low, apart, np.minimum(apart, ratios))


@dataclass(frozen=True)
class Need:
    """A condition on both responses: the value of `attribute` lies within `least` and `most`."""

    attribute: str
    least: float = float("-inf")
    most: float = float("inf")


@dataclass(frozen=True)
class Same:
    """A condition on both responses: their values of `attribute` are equal."""

    attribute: str


@dataclass(frozen=True)
class Attribute:
    """One quantity of a response.

    Attributes:
        name: unique within its domain; a column's name after ``a_`` and ``b_``.
        domain: the table that it belongs to.
        family: attributes of one family say nearly the same; choosing is by family first.
        unit: of the value.
        more: word for a response whose value is larger ("longer").
        less: word for one whose value is smaller ("shorter").
        margin: from which difference on a criterion may be written.
        measure: for texts a polars expression over the columns of `text_frame`; for media a
            function of the decoded medium. It may raise or give NaN: the value is null then.
        valid: values outside are null (a tempo of 5 beats a minute is a failure of measuring).
        needs: what must hold for both responses, for a criterion to be written.
        per: the name of an attribute by which the value is divided to have a rate. Where the rate
            says the contrary of the count, no criterion is written: a long text with many commas
            may have few of them.
        flag: the value is 0 or 1.
        pivot: the value at which what is said of a response turns into its contrary: 0 where one
            grows louder above it and dies away below. A criterion says on which side of it a
            response lies, so the two must lie on either side, each half a margin away. So both
            directions are true of some response, and neither is told by the values.
        weight: how much it is preferred to others of its family that differ too. Rare ones have
            larger weights, so that common ones don't dominate.
        askable: False for quantities that are of use in audits only.
        gold: whether a judge can be expected to know the answer where the difference is large.
    """

    name: str
    domain: Domain
    family: str
    unit: str
    more: str
    less: str
    margin: Margin
    measure: Any = field(repr=False, compare=False)
    valid: tuple[float, float] = ANY
    needs: tuple[Need | Same, ...] = ()
    per: str | None = None
    flag: bool = False
    pivot: float | None = None
    weight: float = 1.0
    askable: bool = True
    gold: bool = True

    def __post_init__(self) -> None:
        if self.weight <= 0:
            raise ValueError(f"attribute {self.name}: weight must be above 0")

    def across(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Whether two columns of values lie on either side of the pivot, pair by pair."""
        if self.pivot is None:
            return np.ones(np.shape(a), bool)
        half = self.margin.absolute / 2
        low, high = np.minimum(a, b), np.maximum(a, b)
        lie: np.ndarray = (high >= self.pivot + half) & (low <= self.pivot - half)
        return lie


Values = Mapping[str, np.ndarray]


def strengths(attribute: Attribute, a: Values, b: Values) -> np.ndarray:
    """How many margins the two sides lie apart, pair by pair; 0 where no criterion may be written.

    `a` and `b` hold columns of all attributes of the domain, NaN for null.
    """
    first, second = a[attribute.name], b[attribute.name]
    strength = np.nan_to_num(attribute.margin.strength(first, second), nan=0.0, posinf=1e6)
    fits = attribute.across(first, second)
    for need in attribute.needs:
        left, right = a[need.attribute], b[need.attribute]
        if isinstance(need, Same):
            fits &= np.isclose(left, right, rtol=1e-3)
        else:
            for side in (left, right):
                fits &= (side >= need.least) & (side <= need.most)
    if attribute.per is not None:
        with np.errstate(divide="ignore", invalid="ignore"):
            rates = first / a[attribute.per] - second / b[attribute.per]
        fits &= (rates > 0) == (first > second)
    return np.where(fits, strength, 0.0)


def measured(attribute: Attribute, medium: Any) -> float:
    """The value of an attribute of a decoded medium; NaN where it can't be measured.

    Media are of any kind (one pixel, no faces, all silence), and libraries fail on them in ways of
    their own: whatever is raised means that there is no value.
    """
    function: Callable[[Any], float] = attribute.measure
    try:
        with np.errstate(all="ignore"):
            value = float(function(medium))
    except Exception:
        return float("nan")
    low, high = attribute.valid
    return value if np.isfinite(value) and low <= value <= high else float("nan")


def by_name(*tables: tuple[Attribute, ...]) -> dict[str, Attribute]:
    """Attributes of several tables by name.

    Raises:
        ValueError: two have one name, or a condition names an attribute that isn't there.
    """
    found: dict[str, Attribute] = {}
    for attribute in (each for table in tables for each in table):
        if attribute.name in found:
            raise ValueError(f"two attributes have the name {attribute.name!r}")
        found[attribute.name] = attribute
    for attribute in found.values():
        named = [need.attribute for need in attribute.needs]
        for name in [*named, *([attribute.per] if attribute.per else [])]:
            if name not in found:
                raise ValueError(f"attribute {attribute.name!r} needs {name!r}, which is unknown")
    return found
