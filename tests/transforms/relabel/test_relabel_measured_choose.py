"""What pairs are asked: true by measurement, balanced, the same wherever and whenever chosen."""

from __future__ import annotations

import hashlib
import json
import sys
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from schemas.label import LABEL_SCHEMA
from schemas.tasks import TASKS
from transforms.measures.attribute import ANY, Same, strengths
from transforms.measures.tables import attributes_of
from transforms.measures.values import as_arrays, values_schema
from transforms.relabel.measured.choose import (
    CHOICE_SCHEMA,
    balance,
    choose,
    label_table,
    prompt_version,
)
from transforms.relabel.measured.criteria import sentences
from transforms.relabel.measured.draws import draws, pair_numbers
from transforms.relabel.measured.gold import gold_questions
from transforms.relabel.measured.settings import MeasuredSettings

DEFAULT = MeasuredSettings()


def _bounds(task: str) -> dict[str, tuple[float, float]]:
    """What conditions leave of the attributes that they are about, but for those of a few."""
    bounds: dict[str, tuple[float, float]] = {}
    for attribute in attributes_of(task).values():
        for need in attribute.needs:
            if isinstance(need, Same):
                bounds[need.attribute] = (1.0, 1.0)
            elif need.attribute not in ("code_lines", "cuts"):
                low, high = bounds.get(need.attribute, ANY)
                bounds[need.attribute] = (max(low, need.least), min(high, need.most))
    return bounds


def _values(number: int, task: str, seed: int = 1) -> tuple[pa.Table, pa.ChunkedArray]:
    """Values of pairs as chance has them; the source prefers the larger value nine times of ten.

    Values spread over several margins, and one in ten is null.
    """
    rng, bounds = np.random.default_rng(seed), _bounds(task)
    columns: dict[str, object] = {
        "pair_id": [hashlib.sha256(f"{n}".encode()).hexdigest()[:32] for n in range(number)]
    }
    lean = rng.standard_normal(number)
    for side, sign in (("a", 1), ("b", -1)):
        for attribute in attributes_of(task).values():
            if attribute.flag:
                values = (rng.random(number) < 0.3).astype(float)
            elif attribute.pivot is not None:
                spread = attribute.margin.absolute * rng.lognormal(0, 1, number)
                values = attribute.pivot + sign * np.sign(lean) * spread
            else:
                spread = attribute.margin.absolute * rng.lognormal(0, 1, number)
                values = 2 * attribute.margin.absolute + spread * (1 + sign * lean / 2)
            values = values.clip(*bounds.get(attribute.name, ANY))
            if attribute.name not in bounds:
                values[rng.random(number) < 0.1] = np.nan
            columns[f"{side}_{attribute.name}"] = pa.array(values, from_pandas=True)
        columns[f"{side}_unmeasured"] = pa.nulls(number, pa.string())
    values = pa.table([columns[name] for name in values_schema(task).names], values_schema(task))
    likes_a = (lean > 0) == (rng.random(number) < 0.9)
    preferences = np.where(rng.random(number) < 0.1, "tie", np.where(likes_a, "a", "b"))
    return values, pa.chunked_array([pa.array(preferences.tolist())])


@cache
def _known(task: str) -> tuple[pa.Table, pa.ChunkedArray, pa.Table]:
    values, preferences = _values(4_000, task)
    return values, preferences, choose(values, preferences, task, DEFAULT)


@pytest.mark.parametrize("task", ["t2t", "t2i", "ti2i", "t2v", "t2a", "t23d"])
def test_every_choice_is_true_by_the_margin(task):
    values, preferences, choices = _known(task)
    a, b = as_arrays(values, task, "a"), as_arrays(values, task, "b")
    assert choices.schema == CHOICE_SCHEMA
    assert choices.num_rows > 1_000
    frame = pl.DataFrame(pl.from_arrow(choices))
    source = np.array(preferences.to_pylist())
    for row in frame.rows(named=True):
        attribute, at = attributes_of(task)[row["attribute"]], row["row"]
        first, second = a[attribute.name][at], b[attribute.name][at]
        assert attribute.askable
        assert (row["a"], row["b"]) == (first, second)
        assert abs(first - second) >= attribute.margin.absolute * 0.999_999
        if attribute.pivot is not None:  # the sentence is true of the one and not of the other
            lower, higher = sorted((first, second))
            assert lower <= attribute.pivot - attribute.margin.absolute / 2
            assert higher >= attribute.pivot + attribute.margin.absolute / 2
        wins, loses = (first, second) if row["verdict"] == "a" else (second, first)
        assert (wins > loses) == (row["direction"] == "more")
        if source[at] == "tie":
            assert row["reversed"] is None
        else:
            assert row["reversed"] == (row["verdict"] != source[at])
    for name in frame["attribute"].unique():
        part = frame.filter(attribute=name)
        strength = strengths(attributes_of(task)[name], a, b)[part["row"].to_numpy()]
        assert (strength >= 1).all()
        for direction in ("more", "less"):
            said = part.filter(direction=direction)["criterion"]
            assert set(said) <= set(sentences(task, name, direction))


@pytest.mark.parametrize("task", ["t2t", "t2i", "t2v", "t2a", "t23d"])
def test_half_reverse_the_source_overall_and_for_each_attribute(task):
    choices = _known(task)[2]
    frame = pl.DataFrame(pl.from_arrow(choices))
    assert frame["reversed"].mean() == pytest.approx(0.5, abs=0.03)
    assert (frame["verdict"] == "a").mean() == pytest.approx(0.5, abs=0.03)
    assert (frame["direction"] == "more").mean() == pytest.approx(0.5, abs=0.03)
    spread = balance(choices).filter(pl.col("rows") >= 100)
    assert spread.height >= 5
    # Four standard deviations of a fair coin.
    bound = 2 / np.sqrt(spread["rows"].to_numpy())
    for column in ("reversed", "more"):
        assert (np.abs(spread[column].to_numpy() - 0.5) < bound).all(), spread


def test_no_attribute_dominates():
    for task in ("t2t", "t2i", "ti2i", "t2v", "t2a", "t23d"):
        assert balance(_known(task)[2])["share"].max() < 0.25, task
    assert balance(_known("t2t")[2])["share"].max() < 0.1


def test_the_larger_value_wins_no_more_often_than_chance_whatever_the_source_likes():
    _, preferences, choices = _known("t2i")
    source = np.array(preferences.to_pylist())
    frame = pl.DataFrame(pl.from_arrow(choices)).filter(attribute="brightness")
    larger = np.where(frame["a"] > frame["b"], "a", "b")
    assert (source[frame["row"].to_numpy()] == larger).mean() > 0.6  # a shortcut in the source
    assert (frame["verdict"].to_numpy() == larger).mean() == pytest.approx(0.5, abs=0.15)


def test_the_share_of_reversals_is_a_setting():
    values, preferences, _ = _known("t2a")
    for share in (0.0, 0.25, 1.0):
        chosen = choose(values, preferences, "t2a", MeasuredSettings(flip_share=share))
        assert pc.mean(chosen["reversed"].cast(pa.int8())).as_py() == pytest.approx(share, abs=0.03)


def test_order_batches_and_number_change_no_choice():
    values, preferences, choices = _known("t2v")
    columns = [name for name in CHOICE_SCHEMA.names if name != "row"]

    def of(rows: np.ndarray) -> list[dict]:
        taken = pa.array(rows)
        chosen = choose(values.take(taken), preferences.take(taken), "t2v", DEFAULT)
        return sorted(chosen.select(columns).to_pylist(), key=json.dumps)

    every = sorted(choices.select(columns).to_pylist(), key=json.dumps)
    shuffled = np.random.default_rng(0).permutation(values.num_rows)
    assert of(shuffled) == every
    pieces = [part for rows in np.array_split(shuffled, 7) for part in of(rows)]
    assert sorted(pieces, key=json.dumps) == every
    first = {row["pair_id"] for row in of(np.arange(1_000))}
    assert of(np.arange(1_000)) == [row for row in every if row["pair_id"] in first]


def test_exchanging_the_sides_turns_the_verdict_and_nothing_else():
    values, preferences, choices = _known("t2t")
    turned = values.rename_columns(
        [
            {"a_": "b_", "b_": "a_"}.get(name[:2], name[:2]) + name[2:]
            for name in values.column_names
        ]
    ).select(values.column_names)
    other = {"a": "b", "b": "a", "tie": "tie"}
    likes = pa.chunked_array([pa.array([other[each] for each in preferences.to_pylist()])])
    back = choose(turned, likes, "t2t", DEFAULT)
    same = ["row", "pair_id", "attribute", "direction", "reversed", "strength", "criterion"]
    assert back.select(same) == choices.select(same)
    assert [other[each] for each in back["verdict"].to_pylist()] == choices["verdict"].to_pylist()


def test_several_criteria_of_a_pair_are_of_different_families():
    values, preferences, one = _known("t2i")
    three = choose(values, preferences, "t2i", MeasuredSettings(criteria_per_pair=3))
    families = pl.DataFrame(pl.from_arrow(three)).with_columns(
        family=pl.col("attribute").replace_strict(
            {name: attribute.family for name, attribute in attributes_of("t2i").items()}
        )
    )
    counted = families.group_by("row").agg(pl.len(), n=pl.col("family").n_unique())
    assert counted["len"].max() == 3
    assert (counted["len"] == counted["n"]).all()
    kept = set(map(tuple, three.select(["pair_id", "criterion"]).to_pandas().to_numpy().tolist()))
    first = set(map(tuple, one.select(["pair_id", "criterion"]).to_pandas().to_numpy().tolist()))
    assert first < kept  # more criteria keep the first


def test_settings_leave_out_and_raise_the_bar():
    values, preferences, choices = _known("t2a")
    chosen = choose(
        values, preferences, "t2a", MeasuredSettings(leave_out=("loudness",), min_strength=2)
    )
    assert "loudness" in choices["attribute"].to_pylist()
    assert "loudness" not in chosen["attribute"].to_pylist()
    assert pc.min(chosen["strength"]).as_py() >= 2
    other = choose(values, preferences, "t2a", MeasuredSettings(seed=9))
    assert other["attribute"].to_pylist() != choices["attribute"].to_pylist()


def test_a_higher_bar_keeps_flags():
    values, preferences, choices = _known("t2t")
    chosen = choose(
        values, preferences, "t2t", MeasuredSettings(min_strength=3, gold_strength=3)
    ).to_pylist()
    flags = {name for name, attribute in attributes_of("t2t").items() if attribute.flag}
    assert flags == {"ends_with_question", "pleasant_opening"}
    for name in flags:
        before = choices["attribute"].to_pylist().count(name)
        assert sum(one["attribute"] == name for one in chosen) >= before > 0
    assert min(one["strength"] for one in chosen if one["attribute"] not in flags) >= 3


def test_pairs_without_a_difference_are_not_asked():
    values, preferences = _values(20, "t2i")
    same = {name: values[f"a_{name[2:]}"] for name in values.column_names if name != "pair_id"}
    alike = pa.table({"pair_id": values["pair_id"], **same}, schema=values.schema)
    assert choose(alike, preferences, "t2i", DEFAULT) == CHOICE_SCHEMA.empty_table()
    nothing = values.slice(0, 0)
    assert choose(nothing, preferences.slice(0, 0), "t2i", DEFAULT).num_rows == 0


@pytest.mark.parametrize(
    "wrong",
    [{"criteria_per_pair": 0}, {"flip_share": 1.1}, {"min_strength": 0.5}, {"gold_strength": 0.9}],
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        MeasuredSettings(**wrong)


SIGNED = [
    (task, attribute.name)
    for task in ("t2i", "ti2i", "t2v", "t2a", "t23d")
    for attribute in attributes_of(task).values()
    if attribute.pivot is not None
]


def test_what_a_criterion_says_of_a_sign_has_a_pivot():
    assert {name for _, name in SIGNED} == {
        "swell", "brightening", "acceleration", "top_light", "reshaped",
        "brightness_shift", "colour_shift", "warmth_shift", "detail_shift", "warmth", "aspect",
        "height_ratio",
    }  # fmt: skip


@pytest.mark.parametrize(("task", "name"), SIGNED)
def test_a_response_that_has_less_of_a_fault_has_no_merit(task, name):
    attribute = attributes_of(task)[name]
    margin, pivot = attribute.margin.absolute, attribute.pivot
    values, preferences = _values(6, task)
    a = np.array([-0.2, 3.0, 0.6, -3.0, 0.4, 3.0]) * margin + pivot
    b = np.array([-3.0, 0.2, -0.6, 0.55, -3.0, -0.4]) * margin + pivot
    for side, column in (("a", a), ("b", b)):
        place = values.schema.get_field_index(f"{side}_{name}")
        values = values.set_column(place, values.schema.field(place), pa.array(column))
    others = tuple(each for each in attributes_of(task) if each != name)
    chosen = choose(values, preferences, task, MeasuredSettings(leave_out=others))
    kept = set(chosen["row"].to_pylist())
    assert kept <= {2, 3}
    whole = {each: np.ones(6) for each in attributes_of(task)}
    apart = strengths(attribute, {**whole, name: a}, {**whole, name: b})
    assert (apart > 0).tolist() == [False, False, True, True, False, False]


# ---- Labels and gold.


def test_gold_looks_at_the_sign_of_earlier_labels_too():
    row = label_table(_known("t2a")[2], "t2a").slice(0, 1).to_pylist()
    facts = json.loads(row[0]["producer"]["parameters"]) | {"attribute": "swell", "strength": 3}
    for a, b, number in ((-1.0, -25.0, 0), (25.0, 1.0, 0), (5.0, -19.0, 1)):
        row[0]["producer"]["parameters"] = json.dumps(facts | {"a": a, "b": b})
        assert gold_questions(pa.Table.from_pylist(row, schema=LABEL_SCHEMA), 3).num_rows == number


def test_labels_say_what_was_measured():
    _, _, choices = _known("t2i")
    labels = label_table(choices, "t2i")
    assert labels.schema == LABEL_SCHEMA
    for label, choice in zip(labels.to_pylist()[:50], choices.to_pylist(), strict=False):
        facts = json.loads(label["producer"]["parameters"])
        assert label["producer"]["origin"] == label["producer"]["model"] == "measured"
        assert label["producer"]["prompt_version"] == prompt_version()
        assert facts["attribute"] == choice["attribute"]
        assert facts["task"] == "t2i"
        assert facts["a"] == pytest.approx(choice["a"], rel=1e-5)
        assert ((facts["a"] > facts["b"]) == (facts["direction"] == "more")) == (
            label["verdict"] == "a"
        )
        assert label["producer"]["parameters"] == json.dumps(
            facts, sort_keys=True, separators=(",", ":")
        )
        assert (label["pair_id"], label["criterion"]) == (choice["pair_id"], choice["criterion"])
        assert label["cost_usd"] == label["input_tokens"] == 0
        assert f"{choice['a']:.6g}" in label["rationale"]


def test_gold_is_far_apart_balanced_and_prefix_stable():
    labels = pa.concat_tables([label_table(_known(task)[2], task) for task in ("t2i", "t2t")])
    others = labels.slice(0, 5).to_pylist()
    for other in others:
        other["producer"]["origin"] = "llm"
    mixed = pa.concat_tables([labels, pa.Table.from_pylist(others, schema=LABEL_SCHEMA)])
    gold = gold_questions(mixed, 4)
    facts = [json.loads(each["parameters"]) for each in gold["producer"].to_pylist()]
    counts: dict[tuple[str, str, str], int] = {}
    for fact, verdict in zip(facts, gold["verdict"].to_pylist(), strict=True):
        attribute = attributes_of(fact["task"])[fact["attribute"]]
        assert attribute.gold
        assert attribute.flag or fact["strength"] >= 2
        key = (fact["task"], fact["attribute"], verdict)
        counts[key] = counts.get(key, 0) + 1
    assert max(counts.values()) == 4
    assert len(counts) > 40
    assert pc.mean(pc.equal(gold["verdict"], "a").cast(pa.int8())).as_py() == pytest.approx(
        0.5, abs=0.1
    )
    ids = {(row["pair_id"], row["criterion"]) for row in gold.to_pylist()}
    more = {(row["pair_id"], row["criterion"]) for row in gold_questions(mixed, 6).to_pylist()}
    assert ids < more
    assert gold_questions(mixed.take(pa.array(np.arange(mixed.num_rows)[::-1].copy())), 4) == gold
    assert gold_questions(labels.slice(0, 0), 3).num_rows == 0


def test_gold_skips_attributes_that_are_no_more():
    row = label_table(_known("t2i")[2], "t2i").slice(0, 1).to_pylist()
    facts = json.loads(row[0]["producer"]["parameters"]) | {"attribute": "gone", "strength": 9}
    row[0]["producer"]["parameters"] = json.dumps(facts)
    assert gold_questions(pa.Table.from_pylist(row, schema=LABEL_SCHEMA), 3).num_rows == 0


# ---- Chance and versions.


def test_draws_are_even_and_independent():
    pairs = pair_numbers(_known("t2i")[0]["pair_id"])
    one, two = draws(pairs, 0, "one"), draws(pairs, 0, "two")
    assert one.min() > 0
    assert one.max() < 1
    assert one.mean() == pytest.approx(0.5, abs=0.02)
    assert one.std() == pytest.approx(0.2887, abs=0.01)
    assert abs(np.corrcoef(one, two)[0, 1]) < 0.05
    assert abs(np.corrcoef(one, draws(pairs, 1, "one"))[0, 1]) < 0.05
    assert draws(pairs[:1], 0, "one")[0] == one[0]


def test_a_changed_table_or_wording_needs_another_version():
    """When this fails: raise VERSION (measures.tables) or `version` (frames.yaml) too."""
    tables = [repr(attribute) for task in TASKS for attribute in attributes_of(task).values()]
    folder = Path(sys.modules[choose.__module__].__file__).parent / "wording"
    texts = [path.read_text() for path in sorted(folder.glob("*.yaml"))]
    digests = [
        hashlib.sha256("\n".join(each).encode()).hexdigest()[:12] for each in (tables, texts)
    ]
    assert (prompt_version(), *digests) == (
        "attributes-3/wording-1",
        "b43aa1bf1f92",
        "d8f6444e8f6e",
    )
