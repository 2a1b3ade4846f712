"""Values of prepared pairs of every modality: aligned, stable, null where there is none."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import trimesh
from measures_made import (
    Shelf,
    clicks,
    glb,
    mp4,
    no_fetch,
    png,
    prepared,
    scene,
    swapped,
    tone,
    wav,
)

from schemas.tasks import TASKS
from transforms.beamkit.errors import BuildError
from transforms.measures.attribute import Attribute, Margin, Need, by_name
from transforms.measures.tables import attributes_of
from transforms.measures.values import as_arrays, attribute_values, missing, values_schema

FACTS = {
    "product": None,
    "duration_s": None,
    "rate_hz": None,
    "loudness_lufs": None,
    "format": None,
}


def _ref(shelf: Shelf, slot: str, data: bytes, **facts: Any) -> dict[str, Any]:
    return shelf.ref(slot, data, **{**FACTS, **facts})


def _pairs(shelf: Shelf, task: str) -> list[tuple[Any, Any]]:
    """Two pairs of a task, whose responses differ clearly."""
    if TASKS[task].response == "text":
        return [("One short answer.", "A rather longer answer. " * 20), ("- a\n- b\n- c", "Why?")]
    pictures = [
        png(scene(seed, (160, 120)) // divisor)
        for seed, divisor in ((1, 1), (2, 3), (3, 1), (4, 2))
    ]
    if task in ("t2i", "ti2i"):
        made = [[_ref(shelf, "image", picture)] for picture in pictures]
    elif task == "t2v":
        frames = [scene(seed, (96, 96)) for seed in range(8)]
        made = [
            [_ref(shelf, "video", mp4([frames[0]] * 12), duration_s=1.5, rate_hz=8.0)],
            [_ref(shelf, "video", mp4(frames * 3), duration_s=3.0, rate_hz=8.0)],
            [_ref(shelf, "frames", png(frame)) for frame in frames],
            [_ref(shelf, "frames", png(frames[0] // 2)) for _ in frames],
        ]
    elif task == "t2a":
        sounds = [(tone(3), -20.0), (clicks(6, 120), -30.0), (tone(4, 90), -12.0), (tone(1), None)]
        made = [[_ref(shelf, "audio", wav(each), loudness_lufs=level)] for each, level in sounds]
    else:
        box, ball = trimesh.creation.box((1, 3, 1)), trimesh.creation.icosphere(3)
        made = [
            [_ref(shelf, "mesh", glb(box), format="glb"), _ref(shelf, "views", pictures[0])],
            [_ref(shelf, "mesh", glb(ball), format="glb"), _ref(shelf, "views", pictures[1])],
            [_ref(shelf, "views", picture) for picture in pictures[:2]],
            [_ref(shelf, "views", picture) for picture in pictures[2:]],
        ]
    return [(made[0], made[1]), (made[2], made[3])]


def _rows(shelf: Shelf, task: str) -> pa.Table:
    source = _ref(shelf, "prompt_images", png(scene(1, (160, 120))))
    media = [source] if task == "ti2i" else []
    return prepared(_pairs(shelf, task), prompt_media=lambda _: media)


@pytest.mark.parametrize("task", TASKS)
def test_every_task_has_values_row_by_row(task):
    shelf = Shelf()
    rows = _rows(shelf, task)
    values = attribute_values(rows, task, shelf.fetch)
    assert values.schema == values_schema(task)
    assert values["pair_id"].to_pylist() == rows["pair_id"].to_pylist()
    assert values["a_unmeasured"].null_count == values["b_unmeasured"].null_count == 2
    a, b = (as_arrays(values, task, side) for side in "ab")
    assert sum(not np.isnan(a[name][0]) for name in a) > 0.6 * len(a) - 5
    assert any((a[name] != b[name]).all() for name in a)


@pytest.mark.parametrize("task", TASKS)
def test_neither_order_nor_batch_nor_side_changes_a_value(task):
    shelf = Shelf()
    rows = _rows(shelf, task)
    values = attribute_values(rows, task, shelf.fetch)
    singly = [attribute_values(rows.slice(at, 1), task, shelf.fetch) for at in (1, 0)]
    assert pa.concat_tables(singly[::-1]) == values
    turned = attribute_values(swapped(rows), task, shelf.fetch)
    for name in attributes_of(task):
        assert turned[f"a_{name}"] == values[f"b_{name}"], name
        assert turned[f"b_{name}"] == values[f"a_{name}"], name


def test_shared_media_are_fetched_and_measured_once():
    shelf = Shelf()
    shared, other = _ref(shelf, "image", png(scene(1))), _ref(shelf, "image", png(scene(2)))
    source = _ref(shelf, "prompt_images", png(scene(3)))
    rows = prepared([([shared], [other]), ([other], [shared])], prompt_media=lambda _: [source])
    attribute_values(rows, "ti2i", shelf.fetch)
    assert len(shelf.fetched) == len(set(shelf.fetched)) == 3


HOSTILE = [b"", b"\0" * 100, b"RIFF\xff\xff\xff\xffWAVEfmt ", b"glTF\x02\0\0\0\xff\xff\xff\xff",
           b"\x89PNG\r\n\x1a\n" + b"\xff" * 40, b"%PDF-1.4", b"\0\0\0\x18ftypmp42" + b"\0" * 64,
           b"solid x\nfacet", b"\xff\xd8\xff\xe0" + b"\0" * 50]  # fmt: skip


@pytest.mark.parametrize(
    ("task", "slot", "good"),
    [
        ("t2i", "image", png(scene(1))),
        ("t2v", "frames", png(scene(1))),
        ("t2v", "video", mp4([scene(1, (96, 96))] * 4)),
        ("t2a", "audio", wav(tone(1))),
        ("t23d", "mesh", glb(trimesh.creation.box())),
        ("t23d", "views", png(scene(1))),
    ],
)
def test_hostile_media_leave_nulls_and_a_reason(task, slot, good):
    shelf = Shelf()
    bad = [*HOSTILE, good[: len(good) // 3], good[:40] + bytes(200)]
    rows = prepared(
        [([_ref(shelf, slot, good)], [_ref(shelf, slot, data, format="glb")]) for data in bad]
    )
    values = attribute_values(rows, task, shelf.fetch)
    assert values["a_unmeasured"].null_count == len(bad)
    reasons = values["b_unmeasured"].to_pylist()
    unmeasured = [reason is not None for reason in reasons]
    assert sum(unmeasured) >= len(HOSTILE)
    for name in attributes_of(task):
        nulls = values[f"b_{name}"].is_null().to_pylist()
        assert all(null for null, without in zip(nulls, unmeasured, strict=True) if without), name
    assert all(reason.startswith(f"{slot}: ") for reason in reasons if reason)


def test_media_without_facts_and_rows_without_media_are_null():
    shelf = Shelf()
    good = [_ref(shelf, "image", png(scene(1)))]
    rows = prepared([(good, [{**good[0], "info": None}]), (good, []), (good, None)])
    values = attribute_values(rows, "t2i", shelf.fetch)
    assert values["b_unmeasured"].to_pylist() == ["no media"] * 3
    assert values["b_brightness"].null_count == 3
    assert values["a_brightness"].null_count == 0
    assert missing(values)["b_brightness"] == 3
    assert "a_brightness" not in missing(values)
    assert "pair_id" not in missing(values)


def test_a_medium_of_another_slot_is_nothing_to_measure():
    shelf = Shelf()
    rows = prepared([([_ref(shelf, "prompt_audios", wav(tone(1)))], [])])
    assert attribute_values(rows, "t2a", shelf.fetch)["a_unmeasured"].to_pylist() == [
        "no media to measure"
    ]


def test_a_store_that_lost_a_file_stops_the_build():
    shelf = Shelf()
    rows = prepared(
        [([_ref(shelf, "image", png(scene(1)))], [_ref(shelf, "image", png(scene(2)))])]
    )

    def lost(info: Any) -> bytes:
        raise BuildError(f"media {info['digest']} is missing")

    with pytest.raises(BuildError, match="is missing"):
        attribute_values(rows, "t2i", lost)


def test_no_rows_have_no_values():
    for task in TASKS:
        empty = attribute_values(prepared([]), task, no_fetch)
        assert empty.num_rows == 0
        assert empty.schema == values_schema(task)


# ---- Tables of attributes.


def test_every_attribute_is_described():
    for task in TASKS:
        for name, attribute in attributes_of(task).items():
            assert name == attribute.name
            assert attribute.unit
            assert attribute.family
            assert attribute.more != attribute.less
            assert attribute.weight > 0
            assert attribute.margin.absolute > 0
            assert not attribute.flag or attribute.margin == Margin(1)


def test_names_are_unique_and_conditions_are_about_known_attributes():
    one = Attribute("x", "image", "f", "u", "more", "less", Margin(1), float)
    with pytest.raises(ValueError, match="two attributes have the name 'x'"):
        by_name((one,), (one,))
    needy = Attribute("y", "image", "f", "u", "more", "less", Margin(1), float, needs=(Need("z"),))
    with pytest.raises(ValueError, match="'y' needs 'z'"):
        by_name((one, needy))


def test_margins_count_by_the_weaker_of_two_conditions():
    margin = Margin(10, 2)
    a, b = np.array([40, 15, 0, 5, np.nan, 80, 7]), np.array([10, 5, 30, 5, 3, 160, 7.0])
    assert margin.strength(a, b)[:4].tolist() == [2, 1, 3, 0]
    assert np.isnan(margin.strength(a, b)[4])
    assert margin.strength(a, b)[5:].tolist() == [1, 0]
    assert margin.strength(a, b).tolist()[:4] == margin.strength(b, a).tolist()[:4]
    assert Margin(10).strength(np.array([-5.0]), np.array([20.0])) == [2.5]
    for wrong in ((0, 1), (-1, 1), (1, 0.5)):
        with pytest.raises(ValueError, match="a margin has"):
            Margin(*wrong)


def test_values_do_not_depend_on_the_process():
    """A value must be the same wherever it is computed; these have been computed elsewhere."""
    shelf = Shelf()
    values = attribute_values(_rows(shelf, "t2t"), "t2t", shelf.fetch)
    text = repr([[each for each in row.values() if each is not None] for row in values.to_pylist()])
    assert hashlib.sha256(text.encode()).hexdigest()[:12] == "d94bc51abaa1"
