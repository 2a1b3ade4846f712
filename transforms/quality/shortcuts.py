"""How well simple predictors tell the preferred response, on rows that they were not fitted to.

All are antisymmetric: a predictor that is given the responses in the other order says the other
side, so the position of the responses is no help.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from transforms.measures.intervals import wilson, wilson_of_groups
from transforms.quality.features import FOLDS, MODEL, Pairs, model_feature

#: Features that are listed in details, those that tell most first.
_LISTED: Final = 8
#: A standardised difference beyond this counts as this: outliers don't make a model.
_CLIP: Final = 4.0
#: Weight of the ridge penalty, in observations; and Newton's steps at most.
_RIDGE: Final = 10.0
_STEPS: Final = 25
_Z: Final = 1.959963984540054


@dataclass(frozen=True)
class Predicted:
    """How often a predictor was right on rows that it was not fitted to.

    Attributes:
        accuracy: its share; "cannot tell" counts as half right.
        low: lower end of Wilson's interval of 95 %, with the design effect of groups.
        high: upper end.
        rows: how many.
        details: what it looked at.
    """

    accuracy: float
    low: float
    high: float
    rows: int
    details: dict[str, Any]


def best_rule(pairs: Pairs, seed: int) -> Predicted | None:
    """The best rule of one feature, "prefer the response that has more (less) of it".

    Feature and direction are chosen on four fifths of the groups and tried on the last fifth, in
    turn; so the best of many features is not praised for its luck.
    """
    if not pairs.tell:
        return None
    label = pairs.label.astype(np.float64)
    signs = np.sign(pairs.apart)
    folds = pairs.folds(seed)
    hits = np.full(len(pairs), 0.5)
    chosen: dict[str, int] = {}
    for fold in range(FOLDS):
        train, test = folds != fold, folds == fold
        if not test.any() or not train.any():
            continue
        told = np.column_stack([signs, np.sign(model_feature(pairs, train))])
        gain = (told[train] * label[train, None]).mean(axis=0)
        strength = np.abs(gain)
        strength[-1] = max(gain[-1], 0.0)  # the model that won more is preferred, never the other
        at = int(np.argmax(strength))
        direction = 1.0 if at == told.shape[1] - 1 or gain[at] >= 0 else -1.0
        hits[test] = 0.5 + 0.5 * direction * told[test, at] * label[test]
        name = (*pairs.names, MODEL)[at]
        rule = f"{'more' if direction > 0 else 'less'} {name}" if name != MODEL else "better model"
        chosen[rule] = chosen.get(rule, 0) + 1
    low, high = wilson_of_groups(hits, pairs.groups)
    rule = max(chosen, key=lambda name: chosen[name])
    return Predicted(
        float(hits.mean()), low, high, len(pairs), {"rule": rule, "rules": rules_of(pairs)}
    )


def rules_of(pairs: Pairs) -> list[dict[str, Any]]:
    """What each feature alone tells of all rows: direction, accuracy, share of rows it decides.

    The direction is that which fits. Intervals are Wilson's of the rows that are decided, at 95 %
    for all features together (Bonferroni's correction).
    """
    label = pairs.label.astype(np.float64)
    told = np.sign(pairs.apart) * label[:, None]
    z = _wider(len(pairs.names))
    rules = []
    for at, name in enumerate(pairs.names):
        right, wrong = int((told[:, at] > 0).sum()), int((told[:, at] < 0).sum())
        decided = right + wrong
        low, high = wilson(max(right, wrong), decided, z)
        rules.append(
            {
                "feature": name,
                "prefers": "more" if right >= wrong else "less",
                "accuracy": 0.5 + abs(right - wrong) / (2 * len(pairs)),
                "decided": decided / len(pairs),
                "accuracy_decided": max(right, wrong) / decided if decided else 0.5,
                "low": low,
                "high": high,
            }
        )
    return sorted(rules, key=lambda rule: -float(rule["accuracy"]))[:_LISTED]


def _wider(number: int) -> float:
    """Standard errors of an interval of 95 % for `number` of them together."""
    from statistics import NormalDist

    return NormalDist().inv_cdf(1 - 0.025 / max(1, number)) if number else _Z


def cross_validated(pairs: Pairs, seed: int) -> Predicted | None:
    """A logistic regression on all differences, cross-validated over five folds of groups."""
    score = scores(pairs, seed)
    if score is None:
        return None
    hits = 0.5 + 0.5 * np.sign(score) * pairs.label
    low, high = wilson_of_groups(hits, pairs.groups)
    return Predicted(float(hits.mean()), low, high, len(pairs), {"features": [*pairs.names, MODEL]})


def scores(pairs: Pairs, seed: int) -> np.ndarray | None:
    """float64[n]: what the regression says of each row when fitted to the other folds' rows.

    Above 0 it says A. None where there is nothing to fit to.
    """
    if not pairs.tell:
        return None
    folds = pairs.folds(seed)
    score = np.zeros(len(pairs))
    for fold in range(FOLDS):
        train, test = folds != fold, folds == fold
        if not test.any() or train.sum() < 2:
            continue
        values = np.column_stack([pairs.apart, model_feature(pairs, train)])
        # A common scale of both directions: the mean of differences is taken as 0.
        scale = np.sqrt(np.square(np.clip(values[train], -1e150, 1e150)).mean(axis=0))
        used = scale > 0
        if not used.any():
            continue
        scaled = np.clip(values[:, used] / scale[used], -_CLIP, _CLIP)
        towards_a = scaled[train] * pairs.label[train, None]
        score[test] = scaled[test] @ _fitted(towards_a)
    return score


def _fitted(towards: np.ndarray) -> np.ndarray:
    """float64[k]: weights of a logistic regression without intercept, with a ridge penalty.

    Newton's method on the mean logistic loss of ``towards @ weights``, where every row is turned so
    that the label is 1: without intercept that is the same loss. The penalty is that of `_RIDGE`
    observations, weak enough to be of no account beyond a few hundred rows.
    """
    width = towards.shape[1]
    weights = np.zeros(width)
    for _ in range(_STEPS):
        wrong = 1 / (1 + np.exp(np.clip(towards @ weights, -30, 30)))
        gradient = towards.T @ wrong - _RIDGE * weights
        curve = (towards * (wrong * (1 - wrong))[:, None]).T @ towards
        step = np.linalg.solve(curve + _RIDGE * np.eye(width), gradient)
        weights += step
        if np.abs(step).max() < 1e-6:
            break
    return weights
