"""The gate: whether a dataset keeps what it promises. Publication refuses one that does not.

`run_gate` checks a built dataset and writes ``quality/gate.json`` beside it; `read_gate` reads
what the last check found. A gate is of one run: after another build it is stale, and fails.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pipelines.layout import Layout
from pipelines.published_record import digest_of_build
from pipelines.recipe_binding import RecipeError, nearest
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError

#: Where a dataset as a whole is named among its subsets.
DATASET = "dataset"


@dataclass(frozen=True)
class Outcome:
    """What became of one expectation. `row_ids` are some of the rows that fail it."""

    expectation: str
    column: str | None
    passed: bool
    wanted: str
    observed: str
    failing: int = 0
    row_ids: tuple[str, ...] = ()
    why: str = ""
    #: Why it may fail, where the recipe waives it.
    waived: str | None = None

    @property
    def stops(self) -> bool:
        """Whether it keeps the dataset from being published."""
        return not self.passed and self.waived is None

    def sentence(self, where: str) -> str:
        """The failure in one line, for a person."""
        column = f" ({self.column})" if self.column else ""
        ids = ", ".join(self.row_ids[:3]) + (", …" if self.failing > 3 else "")
        rows = f"; rows {ids}" if self.row_ids else ""
        why = f": {self.why}" if self.why else ""
        return (
            f"{where}: {self.expectation}{column}{why}: "
            f"wanted {self.wanted}, observed {self.observed}{rows}"
        )


@dataclass(frozen=True)
class Checked:
    """What became of the suite of one subset, or of the dataset as a whole."""

    rows: int
    expectations: tuple[Outcome, ...]
    task: str = ""
    kind: str = ""
    #: The subset was cut to so many pairs by ``--limit``: its count was held to that.
    limit: int | None = None

    @property
    def passed(self) -> bool:
        """Whether nothing stops it."""
        return not self.stopped

    @property
    def stopped(self) -> list[Outcome]:
        """What stops it."""
        return [one for one in self.expectations if one.stops]

    def as_json(self) -> dict[str, Any]:
        """As it is written."""
        named: dict[str, Any] = {"task": self.task, "kind": self.kind} if self.task else {}
        told = [asdict(one) for one in self.expectations]
        if self.limit is not None:
            named["limit"] = self.limit
        return {**named, "rows": self.rows, "passed": self.passed, "expectations": told}

    @staticmethod
    def of_json(value: Mapping[str, Any]) -> Checked:
        """As it was written."""
        outcomes = tuple(
            Outcome(**{**one, "row_ids": tuple(one["row_ids"])}) for one in value["expectations"]
        )
        return Checked(
            value["rows"],
            outcomes,
            value.get("task", ""),
            value.get("kind", ""),
            value.get("limit"),
        )


@dataclass(frozen=True)
class Gate:
    """What the last check of a dataset found."""

    checked: str
    #: Digest of the recipe that the dataset was held to, and of the build.
    recipe: str
    run: str
    subsets: Mapping[str, Checked]
    dataset: Checked
    waivers: tuple[Mapping[str, str], ...] = ()
    #: Digest of the build as it is now; another than `run` makes the gate stale.
    current: str = field(default="", compare=False)

    @property
    def stale(self) -> bool:
        """Whether the dataset was built again since it was checked."""
        return self.current != self.run

    @property
    def passed(self) -> bool:
        """Whether the dataset may be published."""
        return not self.stale and all(one.passed for one in self.everything.values())

    @property
    def everything(self) -> dict[str, Checked]:
        """All subsets by name, then the dataset as a whole."""
        return {**self.subsets, DATASET: self.dataset}

    @property
    def limited(self) -> list[str]:
        """The subsets that ``--limit`` cut, one sentence each."""
        return [
            f"{name} was built with --limit {one.limit}: it was checked as a sample"
            for name, one in self.subsets.items()
            if one.limit is not None
        ]

    def failures(self) -> list[str]:
        """Everything that keeps the dataset from being published, one sentence each."""
        stale = ["the dataset was built again after it was checked; run: omnireward validate"]
        return (stale if self.stale else []) + [
            one.sentence(name)
            for name, checked in self.everything.items()
            for one in checked.stopped
        ]

    def to_json(self) -> bytes:
        """As it is written."""
        value = {
            "passed": self.passed,
            "checked": self.checked,
            "recipe": self.recipe,
            "run": self.run,
            "subsets": {name: one.as_json() for name, one in self.subsets.items()},
            "dataset": self.dataset.as_json(),
            "waivers": list(self.waivers),
        }
        return json.dumps(value, indent=1, ensure_ascii=False).encode() + b"\n"


def read_gate(output: str) -> Gate:
    """What the last check of a dataset found.

    Raises:
        BuildError: it was never checked, or its gate can't be read.
    """
    layout = Layout.of(output)
    again = f"run: omnireward validate --output {output}"
    if not files.exists(layout.gate):
        raise BuildError(f"{output}: not checked yet; {again}")
    try:
        value = json.loads(files.read_bytes(layout.gate))
        return Gate(
            value["checked"],
            value["recipe"],
            value["run"],
            {name: Checked.of_json(one) for name, one in value["subsets"].items()},
            Checked.of_json(value["dataset"]),
            tuple(value["waivers"]),
            current=digest_of_build(layout),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BuildError(f"{layout.gate}: can't be read ({error!r}); {again}") from None


def check_waivers(waived: Mapping[str, str], known: Mapping[str, set[str]]) -> None:
    """Refuse waivers that waive nothing; subsets that are not part of the dataset may have some.

    Raises:
        RecipeError: an expectation of that name is in no suite of its subset.
    """
    for waiver in waived:
        subset, name = waiver.split(": ", 1)
        if subset in known and name not in known[subset]:
            hint = nearest(name, known[subset])
            raise RecipeError(f"quality.gate.waived: {subset} has no expectation {name!r}; {hint}")
