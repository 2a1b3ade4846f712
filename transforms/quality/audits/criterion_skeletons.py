"""Templates of criteria: the share of the commonest skeleton.

A skeleton is a criterion with its content words and numbers masked (`criteria.skeleton_of`). Models
that propose criteria fall into a few turns of phrase; a reader of the dataset sees that at once,
and a model that is trained on it learns the turns. Of more than 10,000 criteria so many are drawn.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from transforms.measures.intervals import wilson
from transforms.quality.audits.registry import Audit
from transforms.quality.criteria import skeleton_of
from transforms.quality.evidence import Evidence
from transforms.quality.finding import Measure
from transforms.quality.settings_audits import AuditSettings

_MOST = 10_000
_SHOWN = 5


def measure(evidence: Evidence, settings: AuditSettings) -> Measure | None:
    """The share of criteria that have the commonest skeleton."""
    every = evidence.instructed["criterion"].sort()
    if every.is_empty():
        return None
    drawn = np.random.default_rng(settings.seed).permutation(len(every))[:_MOST]
    criteria = every.gather(drawn).to_list()
    counted: Counter[str] = Counter()
    for criterion, times in Counter(criteria).items():
        counted[skeleton_of(criterion)] += times
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
