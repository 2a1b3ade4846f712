"""Position and shortcuts: what was planted is found, and what is even is left in peace."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from audit_frames import finding, findings, preferences, rows_of

from transforms.quality.evidence import Evidence
from transforms.quality.features import fact_pairs, model_feature
from transforms.quality.shortcuts import best_rule, cross_validated, rules_of, scores

SHORTCUTS = ("shortcut_rule", "shortcut_model")


def measured_of(rng: np.random.Generator, number: int, width: int = 40) -> pl.DataFrame:
    """Values of attributes that tell nothing."""
    return pl.DataFrame(
        {
            "row_id": [f"{at:032x}" for at in range(number)],
            **{f"{side}_f{at}": rng.normal(size=number) for side in "ab" for at in range(width)},
        }
    )


def even(seed: int, number: int = 400) -> Evidence:
    """Pairs whose label is a coin's: no feature tells it."""
    rng = np.random.default_rng(seed)
    models = rng.choice(["x", "y", "z"], (2, number))
    rows = rows_of(
        number,
        preference=rng.choice(["a", "b"], number).tolist(),
        a_characters=rng.lognormal(6, 0.6, number),
        b_characters=rng.lognormal(6, 0.6, number),
        a_model=models[0].tolist(),
        b_model=models[1].tolist(),
    )
    return Evidence("subset", "S", rows=rows, measured=measured_of(rng, number))


def planted(right: float, number: int = 1_000, fact: str = "characters") -> Evidence:
    """Pairs of which a share `right` prefers the response that has more of a fact."""
    rng = np.random.default_rng(7)
    a, b = rng.lognormal(6, 0.6, number), rng.lognormal(6, 0.6, number)
    columns = {f"a_{fact}": a, f"b_{fact}": b, "preference": preferences(rng, a > b, right)}
    return Evidence("subset", "S", rows=rows_of(number, **columns))


def test_a_biased_position_is_found() -> None:
    rng = np.random.default_rng(0)
    labels = np.where(rng.random(2_000) < 0.7, "a", "b").tolist()
    found = finding(Evidence("subset", "S", rows=rows_of(2_000, preference=labels)), "position_balance")
    assert found.verdict == "fail"
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.7 < found.high
    assert found.details["a"] + found.details["b"] == 2_000


def test_ties_don_t_count_for_a_position() -> None:
    rows = rows_of(300, preference=["a"] * 100 + ["b"] * 100 + ["tie"] * 100)
    found = finding(Evidence("subset", "S", rows=rows), "position_balance")
    assert (found.value, found.rows, found.verdict) == (0.5, 200, "pass")
    assert found.details["ties"] == 100


@pytest.mark.parametrize("fact", ["characters", "loudness_lufs", "vertices", "pixels"])
def test_a_planted_shortcut_is_found_and_named(fact: str) -> None:
    found = findings(planted(0.95, fact=fact), SHORTCUTS)
    rule = found["shortcut_rule"]
    assert rule.verdict == found["shortcut_model"].verdict == "fail"
    assert rule.value == pytest.approx(0.95, abs=0.02)
    assert rule.details["rule"] == f"more {fact}"
    assert rule.low is not None
    assert rule.high is not None
    assert rule.low < 0.95 < rule.high
    listed = rule.details["rules"][0]
    assert (listed["feature"], listed["prefers"], listed["decided"]) == (fact, "more", 1.0)


def test_a_shortcut_may_prefer_less() -> None:
    rule = finding(planted(0.1), "shortcut_rule")
    assert rule.details["rule"] == "less characters"
    assert rule.value == pytest.approx(0.9, abs=0.03)


def test_a_shortcut_of_a_measured_attribute_is_found_in_the_sample() -> None:
    rng = np.random.default_rng(3)
    measured = measured_of(rng, 500)
    a_more = (measured["a_f7"] > measured["b_f7"]).to_numpy()
    rows = rows_of(
        1_000,
        preference=[*preferences(rng, a_more, 0.9), *rng.choice(["a", "b"], 500).tolist()],
        a_characters=rng.normal(size=1_000),
        b_characters=rng.normal(size=1_000),
    )
    rule = finding(Evidence("subset", "S", rows=rows, measured=measured), "shortcut_rule")
    assert (rule.details["set"], rule.details["rule"], rule.rows) == ("sample", "more f7", 500)
    assert rule.verdict == "fail"
    assert rule.details["sets"]["all rows"]["accuracy"] < 0.6


def test_a_model_that_always_wins_is_found() -> None:
    rng = np.random.default_rng(5)
    strong = rng.random(600) < 0.5
    rows = rows_of(
        600,
        preference=preferences(rng, strong, 0.92),
        a_model=np.where(strong, "strong", "weak").tolist(),
        b_model=np.where(strong, "weak", "strong").tolist(),
    )
    found = findings(Evidence("subset", "S", rows=rows), SHORTCUTS)
    assert found["shortcut_rule"].details["rule"] == "better model"
    assert {one.verdict for one in found.values()} == {"fail"}
    assert found["shortcut_model"].value == pytest.approx(0.92, abs=0.03)


def test_a_model_that_is_met_once_tells_nothing() -> None:
    rng = np.random.default_rng(6)
    names = [f"m{at}" for at in range(800)]
    rows = rows_of(
        400,
        preference=rng.choice(["a", "b"], 400).tolist(),
        a_model=names[:400],
        b_model=names[400:],
    )
    pairs = fact_pairs(rows)
    assert not model_feature(pairs, np.ones(400, bool)).any()
    found = findings(Evidence("subset", "S", rows=rows), SHORTCUTS)
    assert {one.value for one in found.values()} == {0.5}


def test_many_weak_features_add_up_in_the_model_only() -> None:
    rng = np.random.default_rng(8)
    measured = measured_of(rng, 2_000, width=20)
    total = sum((measured[f"a_f{at}"] - measured[f"b_f{at}"]).to_numpy() for at in range(20))
    rows = rows_of(2_000, preference=preferences(rng, np.asarray(total) > 0, 0.98))
    found = findings(Evidence("subset", "S", rows=rows, measured=measured), SHORTCUTS)
    assert found["shortcut_rule"].value < 0.62
    assert found["shortcut_model"].verdict == "fail"
    assert found["shortcut_model"].value > 0.9


def test_even_pairs_are_left_in_peace() -> None:
    names = ("position_balance", *SHORTCUTS)
    verdicts = [one.verdict for seed in range(10) for one in findings(even(seed), names).values()]
    assert set(verdicts) == {"pass"}


@pytest.mark.full
def test_false_alarms_over_200_seeds() -> None:
    names = ("position_balance", *SHORTCUTS)
    alarms = dict.fromkeys(names, 0)
    for seed in range(200):
        for name, one in findings(even(seed), names).items():
            alarms[name] += one.verdict != "pass"
    assert alarms["shortcut_rule"] == alarms["shortcut_model"] == 0
    assert alarms["position_balance"] <= 4  # of a bound of 0.02 and 400 rows, 0.7 % are expected


def test_rows_of_one_prompt_are_never_split_between_folds() -> None:
    rng = np.random.default_rng(9)
    groups = rng.integers(0, 40, 400)
    rows = rows_of(400, preference=["a"] * 400, group=groups.astype(str).tolist())
    pairs = fact_pairs(rows)
    folds = pairs.folds(0)
    assert all(len(set(folds[groups == group].tolist())) == 1 for group in np.unique(groups))
    assert np.bincount(folds).min() > 0


def test_the_order_of_the_responses_is_no_help() -> None:
    evidence = planted(0.8)
    turned = evidence.rows.with_columns(
        a_characters="b_characters",
        b_characters="a_characters",
        preference=pl.col("preference").replace({"a": "b", "b": "a"}),
    )
    there, back = scores(fact_pairs(evidence.rows), 0), scores(fact_pairs(turned), 0)
    assert there is not None
    assert back is not None
    np.testing.assert_allclose(there, -back, atol=1e-9)
    first, second = best_rule(fact_pairs(evidence.rows), 0), best_rule(fact_pairs(turned), 0)
    assert first == second


def test_the_regression_is_the_minimum_of_its_loss() -> None:
    from scipy.optimize import minimize

    from transforms.quality.shortcuts import _RIDGE, _fitted

    rng = np.random.default_rng(11)
    values = rng.normal(size=(300, 6))
    label = np.where(values @ rng.normal(size=6) + rng.logistic(size=300) > 0, 1, -1)
    towards = values * label[:, None]

    def loss(weights: np.ndarray) -> float:
        return float(np.logaddexp(0, -towards @ weights).sum() + _RIDGE / 2 * weights @ weights)

    least = minimize(loss, np.zeros(6), tol=1e-12).x
    np.testing.assert_allclose(_fitted(towards), least, atol=1e-4)


@pytest.mark.parametrize("label", ["a", "b"])
def test_one_class_only(label: str) -> None:
    rng = np.random.default_rng(12)
    rows = rows_of(
        200,
        preference=[label] * 200,
        a_characters=rng.normal(size=200),
        b_characters=rng.normal(size=200),
    )
    found = findings(Evidence("subset", "S", rows=rows), ("position_balance", *SHORTCUTS))
    assert found["position_balance"].verdict == "fail"
    assert found["shortcut_rule"].verdict == "pass"
    assert found["shortcut_model"].verdict == "pass"


def test_no_rows_all_ties_and_nulls() -> None:
    names = ("position_balance", *SHORTCUTS)
    assert findings(Evidence("subset", "S"), names) == {}
    ties = findings(Evidence("subset", "S", rows=rows_of(60, preference=["tie"] * 60)), names)
    assert list(ties) == ["position_balance"]
    assert (ties["position_balance"].verdict, ties["position_balance"].rows) == ("none", 0)
    assert ties["position_balance"].as_json()["value"] is None
    bare = rows_of(60, preference=["a", "b"] * 30, a_characters=[None, float("nan")] * 30)
    assert list(findings(Evidence("subset", "S", rows=bare), names)) == ["position_balance"]
    assert cross_validated(fact_pairs(bare), 0) is None
    assert rules_of(fact_pairs(bare)) == []
    empty = rows_of(60, preference=[None] * 60)
    assert findings(Evidence("subset", "S", rows=empty), names)["position_balance"].rows == 0


def test_few_rows_accuse_nobody() -> None:
    found = findings(planted(1.0, number=40), SHORTCUTS)
    assert {one.verdict for one in found.values()} == {"none"}
    assert found["shortcut_rule"].value == 1.0
