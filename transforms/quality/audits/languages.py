"""Languages: the share of the commonest language among sampled prompts and responses.

Told by `transforms.quality.language`; short texts are left out. There is no bad language, so no
bound is set; a recipe for one language may set one.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from transforms.measures.intervals import wilson
from transforms.quality.audits.registry import Audit
from transforms.quality.evidence import Evidence
from transforms.quality.finding import Measure
from transforms.quality.language import SHORT
from transforms.quality.settings_audits import AuditSettings

#: A language below this share is more often a mistake than a language.
_LEAST: Final = 0.01


def measure(evidence: Evidence, settings: AuditSettings) -> Measure | None:
    """The commonest language of the texts that are long enough."""
    known = evidence.languages.drop_nulls("language")
    by_field = {
        str(field): Counter(part["language"].to_list())
        for (field,), part in known.sort("field").group_by("field", maintain_order=True)
    }
    told = sum(by_field.values(), Counter[str]())
    told.pop(SHORT, None)
    number = told.total()
    if not number:
        return None
    name, most = min(told.items(), key=lambda one: (-one[1], one[0]))
    return Measure(
        most / number,
        *wilson(most, number),
        number,
        f"commonest: {name}",
        {"unit": "texts", **{field: _shares(counted) for field, counted in by_field.items()}},
    )


def _shares(counted: Counter[str]) -> dict[str, float]:
    """Shares of the languages, the commonest first; rare ones together are ``other``."""
    number = counted.total()
    ordered = sorted(counted.items(), key=lambda one: (-one[1], one[0]))
    common = {name: times / number for name, times in ordered if times / number >= _LEAST}
    other = 1 - sum(common.values())
    return {**common, **({"other": other} if other > 1e-9 else {})}


AUDIT = Audit("share of the commonest language", "Wilson, 95 %", "high", measure)
