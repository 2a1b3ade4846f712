"""Criteria that matter: what a small model gains by reading them, lost when they are shuffled.

Most criteria can't be applied by measurement, as `criterion_shuffle` does. Here a logistic
regression learns how words of the criterion turn the preference: its features are the differences
of the stated facts of the responses and the corpus's own preference, each alone and times each of
the 60 commonest telling words ("concise" times length, "instead" times the corpus's preference).
It is fitted on four fifths of the prompt groups and tried on the last fifth: with the criteria of
the rows, and with those of other rows of the same fifth (the mean of ten deals). The value is the
accuracy of the first less that of the second.

Above 0 with its whole interval, labels follow their criteria at least in so far. About 0 proves
nothing, as so small a model understands little: no bound is set.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

import numpy as np
import polars as pl

from transforms.measures.intervals import bootstrap
from transforms.quality.audits.registry import Audit
from transforms.quality.criteria import words_of
from transforms.quality.evidence import Evidence
from transforms.quality.features import FOLDS, Pairs, fact_pairs, with_source
from transforms.quality.finding import Measure
from transforms.quality.settings_audits import AuditSettings
from transforms.quality.shortcuts import fitted

_LEAST: Final = 200
_MOST: Final = 5_000
_WORDS: Final = 60
_DEALS: Final = 10
#: Words of fewer or more criteria than this tell little.
_SHARE: Final = (0.02, 0.6)
_CLIP: Final = 4.0


def measure(evidence: Evidence, settings: AuditSettings) -> Measure | None:
    """The gain of reading criteria, over the rows of at most 5,000."""
    rows = evidence.instructed.filter(pl.col("preference").is_in(["a", "b"])).sort("row_id")
    if rows.height < _LEAST:
        return None
    rows = rows.sample(min(_MOST, rows.height), seed=settings.seed)
    pairs = fact_pairs(with_source(rows))
    words, said = _words(rows["criterion"])
    if not pairs.names or not words:
        return None
    own, shuffled = _hits(pairs, said, settings.seed)
    _, groups = np.unique(pairs.groups, return_inverse=True)
    gains = np.bincount(groups, weights=own - shuffled)
    sizes = np.bincount(groups).astype(np.float64)
    low, high = bootstrap(
        lambda at: float(gains[at].sum() / sizes[at].sum()), len(sizes), settings.seed
    )
    return Measure(
        float((own - shuffled).mean()),
        low,
        high,
        len(pairs),
        f"{own.mean():.0%} right with its criterion, {shuffled.mean():.0%} with another's",
        {"own": float(own.mean()), "shuffled": float(shuffled.mean()), "words": words},
    )


def _words(criteria: pl.Series) -> tuple[list[str], np.ndarray]:
    """The words that are looked at, and float64[n, words]: whether each criterion has each."""
    sets = [set(words_of(one)) for one in criteria.to_list()]
    counted = Counter(word for one in sets for word in one)
    least, most = (share * len(sets) for share in _SHARE)
    telling = [(-times, word) for word, times in counted.items() if least <= times <= most]
    words = [word for _, word in sorted(telling)[:_WORDS]]
    said = np.array([[word in one for word in words] for one in sets], np.float64)
    return words, said.reshape(len(sets), len(words))


def _hits(pairs: Pairs, said: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """float64[n] each: how right the model is by the own criterion, and by those of others."""
    rng = np.random.default_rng(seed)
    folds = pairs.folds(seed)
    own, shuffled = np.full(len(pairs), 0.5), np.full(len(pairs), 0.5)
    for fold in range(FOLDS):
        train, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        if not len(train) or len(test) < 2:
            continue
        scale = np.sqrt(np.square(pairs.apart[train]).mean(axis=0))
        apart = np.clip(pairs.apart / np.where(scale > 0, scale, np.inf), -_CLIP, _CLIP)
        weights = fitted(_crossed(apart[train], said[train]) * pairs.label[train, None])
        own[test] = _right(_crossed(apart[test], said[test]) @ weights, pairs.label[test])
        dealt = [test[rng.permutation(len(test))] for _ in range(_DEALS)]
        hits = [
            _right(_crossed(apart[test], said[deal]) @ weights, pairs.label[test]) for deal in dealt
        ]
        shuffled[test] = np.mean(hits, axis=0)
    return own, shuffled


def _crossed(apart: np.ndarray, said: np.ndarray) -> np.ndarray:
    """float64[n, k * (1 + words)]: differences, alone and times each word."""
    crossed = (apart[:, :, None] * said[:, None, :]).reshape(len(apart), -1)
    return np.concatenate([apart, crossed], axis=1)


def _right(score: np.ndarray, label: np.ndarray) -> np.ndarray:
    right: np.ndarray = 0.5 + 0.5 * np.sign(score) * label
    return right


AUDIT = Audit(
    "accuracy of a small model that reads criteria, less that with shuffled criteria",
    "percentile bootstrap over prompt groups, 95 %, fixed seed",
    "low",
    measure,
    ("subset", "task"),
)
