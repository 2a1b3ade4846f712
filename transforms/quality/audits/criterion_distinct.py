"""Variety of criteria: distinct-2, the share of different neighbouring words (Li et al. 2016).

The more text, the fewer of its bigrams are new; so the share is taken in blocks of 50 criteria,
drawn without replacement, and the value is the mean over blocks: it compares between subsets of any
size. Fifty criteria that people write have most of their bigrams to themselves; of sentences put
together from a few templates less than a third. `details.distinct_1` is the same of single words.
"""

from __future__ import annotations

import math

import numpy as np

from transforms.quality.audits.registry import Audit
from transforms.quality.criteria import bigrams_of, words_of
from transforms.quality.evidence import Evidence
from transforms.quality.finding import Measure
from transforms.quality.settings_audits import AuditSettings

_BLOCK = 50
_MOST_BLOCKS = 100


def measure(evidence: Evidence, settings: AuditSettings) -> Measure | None:
    """The mean share of distinct bigrams in blocks of criteria."""
    criteria = evidence.instructed["criterion"].sort()
    if criteria.is_empty():
        return None
    order = np.random.default_rng(settings.seed).permutation(len(criteria))
    drawn = criteria.gather(order[: _BLOCK * _MOST_BLOCKS]).to_list()
    number = max(1, len(drawn) // _BLOCK)
    blocks = [
        [words_of(one) for one in drawn[block * _BLOCK : (block + 1) * _BLOCK]]
        for block in range(number)
    ]
    pairs = np.array([_distinct([bigrams_of(words) for words in block]) for block in blocks])
    single = np.array([_distinct(block) for block in blocks])
    mean = float(pairs.mean())
    half = 1.96 * float(pairs.std(ddof=1)) / math.sqrt(number) if number > 1 else math.nan
    alone = number == 1
    return Measure(
        mean,
        None if alone else max(0.0, mean - half),
        None if alone else min(1.0, mean + half),
        len(drawn) if alone else number * _BLOCK,
        "fewer than two blocks of 50 criteria: no interval, so no failure" if alone else "",
        {"distinct_1": float(single.mean()), "distinct_2": mean, "blocks": number},
        verdict="none" if len(criteria) < _BLOCK else None,
        only_warns=alone,
    )


def _distinct(grams: list[list[str]]) -> float:
    every = [gram for one in grams for gram in one]
    return len(set(every)) / len(every) if every else 0.0


AUDIT = Audit(
    "share of distinct bigrams in 50 criteria",
    "normal, 95 %, over blocks of 50 criteria",
    "low",
    measure,
)
