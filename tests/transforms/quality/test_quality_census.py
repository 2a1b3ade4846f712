"""Duplicates, contradictions, contamination, judges, languages, licences; verdicts and settings."""

from __future__ import annotations

import json

import polars as pl
import pytest
from audit_frames import finding, findings, rows_of

from transforms.quality.audits.registry import audit_named
from transforms.quality.evidence import (
    GOLD_SCHEMA,
    LANGUAGES_SCHEMA,
    MATCHES_SCHEMA,
    REMOVED_SCHEMA,
    VOTES_SCHEMA,
    Evidence,
    together,
)
from transforms.quality.finding import Measure, rounded, threshold_of, verdict_of
from transforms.quality.language import SHORT, language_of
from transforms.quality.settings_audits import AUDIT_NAMES, DEFAULT_CHECKS, AuditSettings, Bounds


def test_repeated_rows_are_counted() -> None:
    pairs = [f"p{at}" for at in range(97)] + ["p0", "p0", "p1"]
    rows = rows_of(100, pair_id=pairs, preference=["a"] * 100)
    removed = pl.DataFrame({"rule": ["duplicate_exact"], "rows": [4]}, schema=REMOVED_SCHEMA)
    found = finding(Evidence("subset", "S", rows=rows, removed=removed), "duplicates")
    assert (found.value, found.low, found.verdict) == (0.03, None, "fail")
    assert found.details["repeated"] == 3
    assert found.details["removed"] == {"duplicate_exact": 4}
    assert len(found.details["row_ids"]) == 5


def test_one_pair_under_two_criteria_is_no_duplicate() -> None:
    rows = rows_of(4, pair_id=["p"] * 4, criterion=["x", "y", None, "z"], preference=["a"] * 4)
    assert finding(Evidence("subset", "S", rows=rows), "duplicates").verdict == "pass"


def test_repeats_between_subsets_show_in_the_whole() -> None:
    one = Evidence("subset", "S", rows=rows_of(3, preference=["a"] * 3))
    two = Evidence("subset", "T", rows=rows_of(3, preference=["a", "a", "b"], subset=["T"] * 3))
    whole = together("dataset", "all", [one, two])
    assert finding(one, "duplicates").verdict == "pass"
    assert finding(whole, "duplicates").details["repeated"] == 3
    against = finding(whole, "contradictions")
    assert (against.details["contradicted"], against.verdict) == (2, "fail")
    assert against.value == pytest.approx(1 / 3)


def matches(*rows: tuple[str, str, str, bool]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=MATCHES_SCHEMA, orient="row")


def test_a_leak_into_the_published_rows_is_a_failure() -> None:
    rows = rows_of(50, preference=["a"] * 50)
    here, other = rows["pair_id"][0], "gone"
    found = finding(
        Evidence(
            "subset", "S", rows=rows, benchmarks=["bench"],
            matches=matches(
                (here, "bench", "prompt_text", True), (other, "bench", "prompt_text", True),
                (rows["pair_id"][1], "bench", "prompt_medium", False),
            ),
        ),
        "contamination",
    )  # fmt: skip
    assert (found.value, found.verdict, found.details["row_ids"]) == (
        0.02,
        "fail",
        [rows["row_id"][0]],
    )
    assert (found.details["removed"], found.details["reported"]) == (1, 1)
    assert found.details["by_rule"] == {"prompt_medium": 1, "prompt_text": 2}


def test_rows_under_criteria_are_found_by_their_pair() -> None:
    """Matches are of pairs, before they had criteria: no row of these has an id that they name."""
    pairs, criteria = ["p", "p", "q", "q", "r"], ["x.", "y.", "x.", "y.", "x."]
    rows = rows_of(5, pair_id=pairs, criterion=criteria, preference=["a"] * 5)
    found = finding(
        Evidence(
            "subset", "S", rows=rows, benchmarks=["bench"],
            matches=matches(
                ("p", "bench", "prompt_medium", False), ("q", "bench", "prompt_text", True),
                ("gone", "bench", "prompt_text", True),
            ),
        ),
        "contamination",
    )  # fmt: skip
    assert (found.details["removed"], found.details["reported"]) == (1, 2)
    assert found.note == "1 pairs were removed, 2 rows kept and reported"
    assert found.value == 2 / 5
    assert found.details["row_ids"] == sorted(rows["row_id"][2:4])


def test_what_was_not_looked_for_is_a_warning() -> None:
    rows = rows_of(50, preference=["a"] * 50)
    seen = Evidence("subset", "S", rows=rows, benchmarks=["bench"])
    assert finding(seen, "contamination").verdict == "pass"
    none = finding(Evidence("subset", "S", rows=rows), "contamination")
    assert (none.verdict, none.note) == ("warn", "no benchmark was looked for")
    part = Evidence("subset", "S", rows=rows, benchmarks=["bench"], waived={"other": "why"})
    assert finding(part, "contamination").note.endswith("not looked for: other")


def votes(said: dict[str, list[str]]) -> pl.DataFrame:
    rows = [(str(at), judge, vote) for judge, each in said.items() for at, vote in enumerate(each)]
    return pl.DataFrame(rows, schema=VOTES_SCHEMA, orient="row")


def test_agreement_of_judges() -> None:
    truth = ["a", "b"] * 50
    noisy = ["b" if at % 10 == 0 else vote for at, vote in enumerate(truth)]
    found = finding(
        Evidence("subset", "S", votes=votes({"x": truth, "y": truth, "z": noisy})),
        "judge_agreement",
    )
    # Ten of a hundred questions have one vote of three against the others.
    unlike = 10 * 2 * 2 / 2
    expected = (300**2 - 140**2 - 160**2) / 299
    assert found.value == pytest.approx(1 - unlike / expected)
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.value < found.high
    assert found.details["unanimous"] == 0.9
    assert (found.rows, found.verdict) == (100, "pass")


def test_judges_who_agree_by_chance_only() -> None:
    said = {"x": ["a", "b"] * 100, "y": ["a", "a", "b", "b"] * 50}
    found = finding(Evidence("subset", "S", votes=votes(said)), "judge_agreement")
    assert found.value == pytest.approx(0.0, abs=0.01)
    assert found.verdict == "fail"
    alone = finding(Evidence("subset", "S", votes=votes({"x": ["a"] * 60})), "judge_agreement")
    assert (alone.rows, alone.verdict, alone.as_json()["value"]) == (0, "none", None)


def test_calibration_is_that_of_the_least_accurate_judge() -> None:
    gold = pl.DataFrame(
        [
            ("good", "t2t", 100, 95, 0.0, True),
            ("bad", "t2t", 60, 30, 0.2, True),
            ("bad", "t2i", 40, 20, 0.1, True),
        ],
        schema=GOLD_SCHEMA,
        orient="row",
    )
    found = finding(Evidence("task", "t", gold=gold), "judge_calibration")
    assert (found.value, found.rows, found.verdict) == (0.5, 100, "fail")
    assert found.details["judges"]["good"]["accuracy"] == 0.95
    assert found.details["judges"]["bad"]["position_bias"] == pytest.approx(0.16)
    silent = gold.with_columns(votes=pl.col("judge") == "good")
    found = finding(Evidence("task", "t", gold=silent), "judge_calibration")
    assert (found.value, found.rows, found.verdict) == (0.95, 100, "pass")
    assert found.note == "least accurate of 1: good; 1 without a vote"
    assert [one["votes"] for one in found.details["judges"].values()] == [False, True]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How many moons does the planet Saturn have, and what are they called?", "en"),
        ("Wie viele Monde hat der Planet Saturn, und wie heißen sie eigentlich?", "de"),
        ("土星有多少颗卫星?它们叫什么名字?请详细说明每一颗卫星的大小。", "zh"),
        ("short", SHORT),
        ("1234567890 " * 20, SHORT),
        ("", SHORT),
    ],
)
def test_languages_of_texts(text: str, language: str) -> None:
    assert language_of(text) == language


def test_language_mix() -> None:
    told = ["en"] * 90 + ["de"] * 10 + ["short"] * 20
    frame = pl.DataFrame(
        {"row_id": ["r"] * 120, "field": ["prompt"] * 60 + ["response"] * 60, "language": told},
        schema=LANGUAGES_SCHEMA,
    )
    found = finding(Evidence("subset", "S", languages=frame), "languages")
    assert (found.value, found.rows, found.verdict) == (0.9, 100, "none")
    assert found.note == "commonest: en"
    assert found.details["prompt"] == {"en": 1.0}
    assert found.details["response"]["de"] == pytest.approx(1 / 6)


def test_licences_add_up() -> None:
    rows = rows_of(
        10,
        licence=["mit"] * 5 + ["cc-by-nc-4.0"] * 3 + ["unknown"] * 2,
        nc=[False] * 5 + [True] * 3 + [False] * 2,
    )
    found = finding(Evidence("subset", "S", rows=rows), "licences")
    assert (found.value, found.verdict, found.details["unknown"]) == (0.7, "warn", 2)
    assert sum(one["rows"] for one in found.details["licences"]) == 10
    known = finding(Evidence("subset", "S", rows=rows.head(8)), "licences")
    assert (known.value, known.verdict) == (0.625, "pass")


def test_a_licence_that_contradicts_the_flag_is_a_failure() -> None:
    rows = rows_of(3, licence=["cc-by-nc-4.0", "mit", "sync-1.0"], nc=[False] * 3)
    found = finding(Evidence("subset", "S", rows=rows), "licences")
    assert (found.verdict, found.details["wrong"]) == ("fail", {"cc-by-nc-4.0": 1})


@pytest.mark.parametrize(
    ("value", "low", "high", "worse", "verdict"),
    [
        (0.9, 0.8, 0.95, "high", "fail"),
        (0.7, 0.65, 0.75, "high", "warn"),
        (0.7, 0.55, 0.85, "high", "pass"),
        (0.3, 0.2, 0.4, "low", "fail"),
        (0.55, 0.5, 0.58, "low", "warn"),
        (0.55, 0.5, 0.65, "low", "pass"),
    ],
)
def test_a_bound_is_passed_by_the_whole_interval(
    value: float, low: float, high: float, worse: str, verdict: str
) -> None:
    bounds = Bounds(0.6, 0.7) if worse == "high" else Bounds(0.6, 0.5)
    measure = Measure(value, low, high, 100)
    assert verdict_of(measure, bounds, worse, 50) == verdict  # type: ignore[arg-type]
    assert verdict_of(measure, bounds, worse, 500) == "none"  # type: ignore[arg-type]
    assert verdict_of(measure, Bounds(), worse, 50) == "none"  # type: ignore[arg-type]


def test_bounds_in_words() -> None:
    assert threshold_of(Bounds(0.6, 0.75), "high") == "warn above 0.6, fail above 0.75"
    assert threshold_of(Bounds(None, 0.0), "high") == "fail above 0"
    assert threshold_of(Bounds(0.02), "off_half") == "warn more than 0.02 from 0.5"
    assert threshold_of(Bounds(), "low") == "none"


def test_every_audit_is_found_and_has_bounds() -> None:
    assert set(DEFAULT_CHECKS) == set(AUDIT_NAMES)
    for name in AUDIT_NAMES:
        audit = audit_named(name)
        assert audit.says
        assert audit.interval


def test_settings_refuse_what_they_don_t_know() -> None:
    with pytest.raises(ValueError, match="no audit 'positions'; there are"):
        AuditSettings(checks={"positions": Bounds()})
    with pytest.raises(ValueError, match="0 or more"):
        AuditSettings(sample=-1)


def test_no_rows_give_no_findings_and_what_is_found_is_json() -> None:
    assert findings(Evidence("dataset", "all")) == {}
    whole = findings(Evidence("dataset", "all", rows=rows_of(60, preference=["a", "b"] * 30)))
    assert set(whole) == {
        "position_balance", "duplicates", "contradictions", "contamination", "licences",
    }  # fmt: skip
    json.dumps([one.as_json() for one in whole.values()], allow_nan=False)
    assert rounded({"x": [float("nan"), 1 / 3]}) == {"x": [None, 0.333333]}
