"""Repeated criteria: the share that says nearly the same as an earlier one.

Of 2,000 criteria drawn at random (all where there are fewer), those whose words repeat another's:
equal, or of a Jaccard similarity of word bigrams of 0.7 and more as stated by MinHash signatures of
128 values (rensa). Order is that of a hash, so which of two is the earlier is arbitrary. A fixed
number is drawn because the more there are, the more have a twin.
"""

from __future__ import annotations

import numpy as np

from transforms.measures.intervals import wilson
from transforms.quality.audits.registry import Audit
from transforms.quality.criteria import bigrams_of, words_of
from transforms.quality.evidence import Evidence
from transforms.quality.finding import Measure
from transforms.quality.settings_audits import AuditSettings

_MOST = 2_000
_ALIKE = 0.7
_VALUES = 128
_BLOCK = 100


def measure(evidence: Evidence, settings: AuditSettings) -> Measure | None:
    """The share of criteria with an earlier twin."""
    criteria = evidence.instructed["criterion"].sort().to_list()
    if not criteria:
        return None
    order = np.random.default_rng(settings.seed).permutation(len(criteria))[:_MOST]
    drawn = [criteria[at] for at in order]
    words = [words_of(one) for one in drawn]
    folded = [" ".join(one) for one in words]
    equal = len(folded) - len(set(folded))
    twins = int(_has_earlier_twin([bigrams_of(one) or one for one in words]).sum())
    return Measure(
        twins / len(drawn),
        *wilson(twins, len(drawn)),
        len(drawn),
        f"{equal:,} equal, {max(0, twins - equal):,} nearly",
        {"equal": equal, "alike": twins, "drawn": len(drawn)},
    )


def _has_earlier_twin(sets: list[list[str]]) -> np.ndarray:
    """bool[n]: whether an earlier set is as similar as `_ALIKE`, or equal."""
    from rensa import RMinHash

    matrix = RMinHash.digest_matrix_from_token_sets(sets, _VALUES, 42)
    signatures = np.array(matrix.to_rows(), np.uint32).reshape(len(sets), _VALUES)
    twin = np.zeros(len(sets), bool)
    for first in range(0, len(sets), _BLOCK):
        rows = signatures[first : first + _BLOCK]
        before = signatures[: first + len(rows)]
        same = np.stack([(before == row).sum(axis=1) for row in rows])
        alike = same >= _ALIKE * _VALUES
        earlier = np.arange(len(before)) < (first + np.arange(len(rows)))[:, None]
        twin[first : first + len(rows)] = (alike & earlier).any(axis=1)
    return twin


AUDIT = Audit(
    "share of criteria that repeat an earlier one, equal or nearly (MinHash)",
    "Wilson, 95 %",
    "high",
    measure,
)
