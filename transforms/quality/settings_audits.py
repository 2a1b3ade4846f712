"""Settings of the audits: which are run, and from which value on something is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).with_name("audits")

#: The modules of the folder `audits`, each an audit; `registry` finds them.
AUDIT_NAMES: Final = tuple(
    sorted(
        path.stem
        for path in _FOLDER.glob("*.py")
        if path.stem != "registry" and not path.stem.startswith("_")
    )
)


@dataclass(frozen=True)
class Bounds:
    """From where on a value is a warning, and from where on a failure; null: never.

    Which side is the bad one is the audit's own. A bound counts as passed when the whole interval
    lies beyond it, so that few rows accuse nobody.
    """

    warn: float | None = None
    fail: float | None = None


#: Bounds of every audit; its module says what its value is, and why these.
DEFAULT_CHECKS: Final[Mapping[str, Bounds]] = {
    "position_balance": Bounds(0.02, 0.05),
    "shortcut_rule": Bounds(0.60, 0.75),
    "shortcut_model": Bounds(0.65, 0.80),
    "criterion_ignored": Bounds(0.70, 0.85),
    "criterion_shuffle": Bounds(0.20, 0.10),
    "criterion_flips": Bounds(0.15, 0.05),
    "criterion_contrast": Bounds(0.20, 0.05),
    "duplicates": Bounds(None, 0.0),
    "contradictions": Bounds(None, 0.0),
    "contamination": Bounds(None, 0.0),
    "judge_agreement": Bounds(0.40, 0.20),
    "judge_calibration": Bounds(0.80, 0.70),
    "criterion_distinct": Bounds(0.30, 0.15),
    "criterion_skeletons": Bounds(0.10, 0.30),
    "criterion_near_duplicates": Bounds(0.30, 0.60),
    "criterion_aspects": Bounds(4.0, 2.0),
    "languages": Bounds(),
    "licences": Bounds(),
}


@dataclass(frozen=True)
class AuditSettings:
    """How the audits look at a built dataset."""

    #: Rows a subset whose media are decoded and measured; 0 decodes none.
    sample: int = 500
    #: Rows a subset whose texts are measured (lists, questions, long words ...) and whose language
    #: is told. Length, sizes and durations are known of all rows.
    texts: int = 2000
    #: Fewer rows than this give a value, but no verdict.
    least_rows: int = 50
    #: Of every draw: folds, shuffles, bootstrap.
    seed: int = 0
    #: The audits that are run, and their bounds; an audit that is not named is not run.
    checks: Mapping[str, Bounds] = field(default_factory=lambda: dict(DEFAULT_CHECKS))

    def __post_init__(self) -> None:
        if self.sample < 0 or self.texts < 0 or self.least_rows < 0:
            raise ValueError("sample, texts and least_rows are numbers of rows, 0 or more")
        unknown = sorted(set(self.checks) - set(AUDIT_NAMES))
        if unknown:
            raise ValueError(f"checks: no audit {unknown[0]!r}; there are {', '.join(AUDIT_NAMES)}")
