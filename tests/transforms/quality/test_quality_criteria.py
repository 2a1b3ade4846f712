"""Criteria that matter and criteria that don't; their variety, templates, repeats, aspects."""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl
import pytest
from audit_frames import finding, findings, preferences, rows_of

from transforms.quality.criteria import aspects_of, attribute_asked, skeleton_of, words_of
from transforms.quality.evidence import STATED_SCHEMA, Evidence

CRITERIA = (
    "criterion_ignored", "criterion_shuffle", "criterion_use", "criterion_flips",
    "criterion_contrast", "criterion_distinct", "criterion_skeletons", "criterion_near_duplicates",
    "criterion_aspects",
)  # fmt: skip

ATTRIBUTES = ("words", "list_items", "questions", "numbers", "headings", "sentences")


def measured_rows(number: int, *, shuffled: bool = False, stated: bool = True) -> Evidence:
    """Rows under criteria that are true by measurement, half against the source's label.

    Shuffled: the criteria are dealt out anew, and labels stay.
    """
    rng = np.random.default_rng(2)
    values = rng.normal(size=(2, number, len(ATTRIBUTES)))
    about = rng.integers(0, len(ATTRIBUTES), number)
    more = rng.random(number) < 0.5
    has_more = values[0, np.arange(number), about] > values[1, np.arange(number), about]
    label = np.where(has_more == more, "a", "b")
    source = np.where(rng.random(number) < 0.5, label, np.where(label == "a", "b", "a"))
    if shuffled:
        deal = rng.permutation(number)
        about, more = about[deal], more[deal]
    criteria = [f"criterion {at} about {ATTRIBUTES[about[at]]} {more[at]}" for at in range(number)]
    rows = rows_of(
        number,
        preference=label.tolist(),
        source_preference=source.tolist(),
        flipped=(label != source).tolist(),
        criterion=criteria,
    )
    measured = pl.DataFrame(
        {
            "row_id": rows["row_id"],
            **{
                f"{side}_{name}": values[which, :, at]
                for which, side in enumerate("ab")
                for at, name in enumerate(ATTRIBUTES)
            },
        }
    )
    known = pl.DataFrame(
        {
            "pair_id": rows["pair_id"],
            "criterion": criteria,
            "attribute": [ATTRIBUTES[at] for at in about],
            "direction": np.where(more, "more", "less").tolist(),
        },
        schema=STATED_SCHEMA,
    )
    askable = {"t2t": 30}
    if not stated:
        known = known.clear()
    return Evidence("subset", "S", rows=rows, measured=measured, stated=known, askable=askable)


def test_measured_criteria_hold_for_their_own_rows_and_drop_to_chance_shuffled() -> None:
    found = finding(measured_rows(600), "criterion_shuffle")
    assert found.details["own"] == 1.0
    assert found.details["shuffled"] == pytest.approx(0.5, abs=0.02)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.5 < found.high
    assert found.high - found.low < 0.06
    assert (found.rows, found.verdict) == (600, "pass")


def test_criteria_that_were_shuffled_among_rows_are_found() -> None:
    found = finding(measured_rows(600, shuffled=True), "criterion_shuffle")
    assert found.value == pytest.approx(0.0, abs=0.07)
    assert found.verdict == "fail"


def test_the_mean_over_all_deals_is_that_of_many_deals() -> None:
    from transforms.quality.audits.criterion_shuffle import _fits

    evidence = measured_rows(60)
    asked = evidence.rows.join(evidence.stated, on=["pair_id", "criterion"]).join(
        evidence.measured, on="row_id"
    )
    own, shuffled = _fits(asked)
    assert own.mean() == 1.0
    rng = np.random.default_rng(0)
    label = (asked["preference"] == "a").to_numpy()
    dealt = []
    for _ in range(400):
        order = rng.permutation(60)
        hits = [
            ((asked[f"a_{asked['attribute'][j]}"][i] > asked[f"b_{asked['attribute'][j]}"][i])
             == (asked["direction"][j] == "more")) == label[i]
            for i, j in enumerate(order.tolist()) if i != j
        ]  # fmt: skip
        dealt.append(np.mean(hits))
    assert shuffled.mean() == pytest.approx(np.mean(dealt), abs=0.01)


def test_criteria_are_matched_by_their_wording() -> None:
    evidence = measured_rows(300, stated=False)
    worded = np.where(np.arange(300) % 2 == 0, "Be concise, please.", "Give a longer answer.")
    a_more = (evidence.measured["a_words"] > evidence.measured["b_words"]).to_numpy()
    wants_a = a_more == (np.arange(300) % 2 == 1)
    rows = evidence.rows.with_columns(
        criterion=pl.Series(worded.tolist()),
        preference=pl.Series(np.where(wants_a, "a", "b").tolist()),
    )
    found = finding(
        Evidence("subset", "S", rows=rows, measured=evidence.measured), "criterion_shuffle"
    )
    assert (found.rows, found.details["own"], found.verdict) == (300, 1.0, "pass")
    strange = rows.with_columns(criterion=pl.lit("It should feel like home."))
    assert "criterion_shuffle" not in findings(
        Evidence("subset", "S", rows=strange, measured=evidence.measured), CRITERIA
    )


@pytest.mark.parametrize(
    ("criterion", "task", "asked"),
    [
        ("The response should be concise and to the point.", "t2t", ("words", "less")),
        ("A more detailed treatment is wanted.", "ti2t", ("words", "more")),
        ("It should not be concise.", "t2t", None),
        ("Avoid vivid colours.", "t2i", None),
        ("The image should be vivid and vibrant.", "t2i", ("saturation", "more")),
        ("It should be bright and vivid.", "t2i", None),
        ("The music should be loud.", "t2a", ("loudness", "more")),
        ("The response should be funny.", "t2t", None),
    ],
)
def test_what_a_criterion_is_worded_about(
    criterion: str, task: str, asked: tuple[str, str] | None
) -> None:
    assert attribute_asked(criterion, task) == asked


def test_every_worded_attribute_is_one_that_is_measured() -> None:
    from transforms.measures.tables import attributes_of
    from transforms.quality.criteria import _read

    tasks = {"text": "t2t", "image": "t2i", "video": "t2v", "audio": "t2a", "mesh": "t23d"}
    for modality, table in _read("wording").items():
        assert set(table) <= set(attributes_of(tasks[modality]))


def worded_rows(*, follow: bool) -> Evidence:
    """Rows whose criterion asks for short or long texts, and labels that follow it, or a coin."""
    rng = np.random.default_rng(3)
    a, b = rng.lognormal(6, 0.6, 800), rng.lognormal(6, 0.6, 800)
    wants_long = rng.random(800) < 0.5
    coin = rng.random(800) < 0.5
    label = np.where(((a > b) == wants_long) if follow else coin, "a", "b")
    said = np.where(wants_long, "Please say everything there is", "Keep it tight for me")
    rows = rows_of(
        800,
        preference=label.tolist(),
        criterion=[f"{one} ({at})." for at, one in enumerate(said)],
        a_characters=a,
        b_characters=b,
    )
    return Evidence("subset", "S", rows=rows)


def test_criteria_that_are_followed_are_of_use_and_shuffled_ones_of_none() -> None:
    found = finding(worded_rows(follow=True), "criterion_use")
    assert found.details["own"] > 0.9
    assert found.details["shuffled"] == pytest.approx(0.5, abs=0.03)
    assert found.low is not None
    assert found.low > 0.35
    assert found.verdict == "none"  # no bound is set
    none = finding(worded_rows(follow=False), "criterion_use")
    assert none.low is not None
    assert none.high is not None
    assert none.low < 0.0 < none.high


def test_labels_that_ignore_their_criteria_are_predicted_without_them() -> None:
    rng = np.random.default_rng(4)
    source = rng.choice(["a", "b"], 600)
    keeps = preferences(rng, source == "a", 0.95)
    rows = rows_of(
        600,
        preference=keeps,
        source_preference=source.tolist(),
        criterion=["It should be good."] * 600,
        flipped=(np.array(keeps) != source).tolist(),
    )
    found = findings(Evidence("subset", "S", rows=rows), CRITERIA)
    ignored, flips = found["criterion_ignored"], found["criterion_flips"]
    assert (ignored.verdict, flips.verdict) == ("fail", "warn")
    assert ignored.value == pytest.approx(0.95, abs=0.02)
    assert ignored.details["source_alone"] == pytest.approx(ignored.value)
    assert flips.value == pytest.approx(0.05, abs=0.02)


def test_labels_that_always_reverse_are_predicted_too() -> None:
    rng = np.random.default_rng(5)
    source = rng.choice(["a", "b"], 400)
    rows = rows_of(
        400,
        preference=np.where(source == "a", "b", "a").tolist(),
        source_preference=source.tolist(),
        criterion=["x"] * 400,
        flipped=[True] * 400,
    )
    found = findings(Evidence("subset", "S", rows=rows), CRITERIA)
    assert found["criterion_ignored"].verdict == "fail"
    assert found["criterion_flips"].verdict == "pass"


def test_ties_have_nothing_to_reverse() -> None:
    """Neither those of the corpus nor those under a criterion count as kept."""
    rows = rows_of(
        400,
        preference=["a", "b", "a", "tie"] * 100,
        source_preference=["b", "b", "tie", "a"] * 100,
        flipped=[True, False, False, False] * 100,
        criterion=["x"] * 400,
    )
    found = finding(Evidence("subset", "S", rows=rows), "criterion_flips")
    assert (found.value, found.rows) == (0.5, 200)
    assert found.details == {"flipped": 100, "kept": 100}
    none = rows.with_columns(source_preference=pl.lit("tie"))
    assert "criterion_flips" not in findings(Evidence("subset", "S", rows=none), CRITERIA)


def test_measured_criteria_can_not_be_ignored() -> None:
    found = finding(measured_rows(800), "criterion_ignored")
    assert found.verdict == "pass"
    assert found.value < 0.57


def test_pairs_under_several_criteria() -> None:
    pairs = [f"{at // 2:032x}" for at in range(400)]
    same = ["a", "a"] * 200
    rows = rows_of(400, pair_id=pairs, preference=same, criterion=[f"c{at}" for at in range(400)])
    found = finding(Evidence("subset", "S", rows=rows), "criterion_contrast")
    assert (found.value, found.rows, found.verdict) == (0.0, 200, "fail")
    half = rows.with_columns(preference=pl.Series((["a", "a"] * 2 + ["a", "b"] * 2) * 50))
    found = finding(Evidence("subset", "S", rows=half), "criterion_contrast")
    assert (found.value, found.verdict) == (0.5, "pass")
    single = rows_of(60, preference=["a"] * 60, criterion=["c"] * 60)
    assert "criterion_contrast" not in findings(Evidence("subset", "S", rows=single), CRITERIA)


def test_templates_are_found() -> None:
    things = ["bright", "dark", "vivid", "soft", "sharp", "calm", "loud"]
    said = [f"The image should be {things[at % 7]} {at}." for at in range(100)]
    rows = rows_of(100, criterion=said, preference=["a"] * 100)
    found = findings(Evidence("subset", "S", rows=rows), CRITERIA)
    skeletons = found["criterion_skeletons"]
    assert (skeletons.value, skeletons.verdict) == (1.0, "fail")
    assert skeletons.details["commonest"][0]["skeleton"] == "the _ should be _"
    assert found["criterion_distinct"].verdict in ("warn", "fail")


def test_a_skeleton_masks_content_and_numbers() -> None:
    first = skeleton_of("The response should be concise, in 3 short paragraphs.")
    assert first == "the _ should be _ in _"
    assert first == skeleton_of("The image should be bright in every corner!")
    assert skeleton_of("") == ""
    assert words_of("Don't over-do IT") == ["don't", "over-do", "it"]


def test_distinct_bigrams_of_blocks() -> None:
    words = itertools.count()
    fresh = [" ".join(f"w{next(words)}" for _ in range(11)) for _ in range(200)]
    rows = rows_of(200, criterion=fresh, preference=["a"] * 200)
    found = finding(Evidence("subset", "S", rows=rows), "criterion_distinct")
    assert (found.value, found.low, found.high, found.rows) == (1.0, 1.0, 1.0, 200)
    same = rows.with_columns(criterion=pl.lit("one two three four five six seven eight nine ten"))
    found = finding(Evidence("subset", "S", rows=same), "criterion_distinct")
    assert found.value == pytest.approx(9 / (9 * 50))
    assert found.verdict == "fail"
    # One block has no interval: it may warn, and fails nobody.
    for number, verdict in ((49, "none"), (50, "warn"), (99, "warn"), (100, "fail")):
        few = finding(Evidence("subset", "S", rows=same.head(number)), "criterion_distinct")
        assert (few.verdict, few.low is None) == (verdict, number < 100)
    # Of any size alike: blocks are of fifty.
    assert finding(
        Evidence("subset", "S", rows=same.head(100)), "criterion_distinct"
    ).value == pytest.approx(found.value)


def test_near_duplicates_are_counted_once() -> None:
    rng = np.random.default_rng(0)
    base = [" ".join(f"w{n}" for n in rng.integers(0, 5_000, 20)) for _ in range(60)]
    near = [one.rsplit(" ", 1)[0] + " changed" for one in base[:30]]
    rows = rows_of(100, criterion=[*base, *near, *base[:10]], preference=["a"] * 100)
    found = finding(Evidence("subset", "S", rows=rows), "criterion_near_duplicates")
    assert found.details["equal"] == 10
    assert found.details["alike"] == 40
    assert found.value == 0.4
    assert found.low is not None
    assert found.low > 0.3
    assert found.verdict == "warn"


def test_aspects_by_words_and_by_record() -> None:
    said = ["It should be concise.", "Bright light is wanted.", "Zzz qqq."]
    about = aspects_of(pl.Series(said))
    assert about.select("length", "light").rows() == [(True, False), (False, True), (False, False)]
    rows = rows_of(60, criterion=said * 20, preference=["a"] * 60)
    found = finding(Evidence("subset", "S", rows=rows), "criterion_aspects")
    assert found.value == pytest.approx(2.0)
    assert found.details["unmatched"] == pytest.approx(1 / 3)
    found = finding(measured_rows(600), "criterion_aspects")
    assert found.details["kind"] == "attributes"
    assert found.value == pytest.approx(6.0, abs=0.1)
    assert found.details["coverage"] == pytest.approx(6 / 30)


def test_no_criteria_no_findings() -> None:
    assert findings(Evidence("subset", "S"), CRITERIA) == {}
    general = rows_of(60, preference=["a", "b"] * 30)
    assert findings(Evidence("subset", "S", rows=general), CRITERIA) == {}
    empty = rows_of(60, preference=["tie"] * 60, criterion=[""] * 60)
    found = findings(Evidence("subset", "S", rows=empty), CRITERIA)
    assert found["criterion_skeletons"].value == 1.0
    assert found["criterion_near_duplicates"].details["equal"] == 59
    assert found["criterion_aspects"].value == 0.0
    assert "criterion_ignored" not in found
