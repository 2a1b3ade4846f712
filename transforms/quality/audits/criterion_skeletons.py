"""Templates of criteria: the share of the commonest skeleton.

A skeleton is a criterion with its content words and numbers masked (`criteria.skeleton_of`). Models
that propose criteria fall into a few turns of phrase; a reader of the dataset sees that at once,
and a model that is trained on it learns the turns.
"""

from __future__ import annotations

from collections import Counter

from transforms.measures.intervals import wilson
from transforms.quality.audits.registry import Audit
from transforms.quality.criteria import skeleton_of
from transforms.quality.evidence import Evidence
from transforms.quality.finding import Measure
from transforms.quality.settings_audits import AuditSettings

_SHOWN = 5


def measure(evidence: Evidence, settings: AuditSettings) -> Measure | None:
    """The share of criteria that have the commonest skeleton."""
    criteria = evidence.instructed["criterion"].to_list()
    if not criteria:
        return None
    counted = Counter(map(skeleton_of, criteria))
    ordered = sorted(counted.items(), key=lambda one: (-one[1], one[0]))
    name, most = ordered[0]
    return Measure(
        most / len(criteria),
        *wilson(most, len(criteria)),
        len(criteria),
        f"commonest of {len(counted):,}: {name[:60]}",
        {
            "skeletons": len(counted),
            "commonest": [
                {"skeleton": skeleton[:200], "share": number / len(criteria)}
                for skeleton, number in ordered[:_SHOWN]
            ],
        },
    )


AUDIT = Audit("share of criteria with the commonest skeleton", "Wilson, 95 %", "high", measure)
