"""Attributes of pictures and edits on pictures whose order is known."""

from __future__ import annotations

import numpy as np
import pytest
from measures_made import Shelf, blurred, png, prepared, scene
from PIL import Image

from transforms.measures.attribute import measured, strengths
from transforms.measures.edit import EDIT, Edit
from transforms.measures.image import IMAGE
from transforms.measures.picture import SIDE, in_cells, open_picture
from transforms.measures.tables import attributes_of
from transforms.measures.values import as_arrays, attribute_values

KNOWN = {attribute.name: attribute for attribute in IMAGE}


def _value(name: str, picture: np.ndarray) -> float:
    return measured(KNOWN[name], open_picture(png(picture)))


def _tinted(*factors: float) -> np.ndarray:
    return np.asarray(scene(3) * np.array(factors)).clip(0, 255).astype(np.uint8)


def _half(left: int, right: int) -> np.ndarray:
    picture = np.full((200, 300, 3), left, np.uint8)
    picture[:, 150:] = right
    return picture


def _painted(colour: tuple[int, int, int], share: float) -> np.ndarray:
    picture = np.full((200, 200, 3), 128, np.uint8)
    picture[: int(200 * share)] = colour
    return picture


SCENE = scene(3)
GREY = SCENE.mean(axis=2, keepdims=True).repeat(3, axis=2)
NOISE = np.random.default_rng(1).integers(0, 255, (200, 200, 3)).astype(np.uint8)
CENTRED = np.full((200, 200, 3), 90, np.uint8)
CENTRED[60:140, 60:140] = NOISE[:80, :80]
SPREAD = np.full((200, 200, 3), 90, np.uint8)
SPREAD[:50], SPREAD[-50:] = NOISE[:50], NOISE[50:100]
WHEEL = np.asarray(
    Image.fromarray(
        np.stack([np.tile(np.arange(256), (60, 1)), *[np.full((60, 256), 255)] * 2], 2).astype(
            np.uint8
        ),
        "HSV",
    ).convert("RGB")
)


@pytest.mark.parametrize(
    ("name", "more", "less"),
    [
        ("sharpness", SCENE, blurred(SCENE, 3)),
        ("brightness", SCENE // 2 + 127, SCENE // 2),
        ("contrast", SCENE, SCENE // 4 + 96),
        ("colourfulness", SCENE, GREY),
        ("saturation", SCENE, SCENE // 2 + GREY.astype(np.uint8) // 2),
        ("warmth", _tinted(1.2, 1, 0.7), _tinted(0.7, 1, 1.2)),
        ("edges", scene(4, shapes=250), scene(4, shapes=4)),
        ("hue_focus", _painted((200, 40, 30), 0.5), WHEEL),
        ("reds", _painted((200, 20, 30), 0.7), _painted((20, 40, 200), 0.7)),
        ("oranges", _painted((220, 150, 30), 0.7), _painted((220, 150, 30), 0.2)),
        ("greens", _painted((30, 200, 40), 0.7), _painted((200, 20, 30), 0.7)),
        ("blues", _painted((20, 40, 200), 0.7), _painted((30, 200, 40), 0.7)),
        ("symmetry", np.concatenate([SCENE, SCENE[:, ::-1]], axis=1), SCENE),
        ("dark_share", _half(10, 20), _half(10, 200)),
        ("bright_share", _half(240, 250), _half(240, 100)),
        ("plain_share", _half(100, 110), NOISE),
        ("centring", CENTRED, SPREAD),
        ("top_light", np.rot90(_half(10, 200)), np.rot90(_half(200, 10))),
        ("aspect", np.zeros((100, 200, 3)), np.zeros((150, 150, 3))),
        ("coloured", SCENE, GREY),
        ("pixels", np.zeros((200, 200, 3)), np.zeros((90, 90, 3))),
    ],
)  # fmt: skip
def test_the_one_that_has_more_has_the_larger_value_by_a_margin(name, more, less):
    larger, smaller = _value(name, more), _value(name, less)
    assert larger > smaller
    assert KNOWN[name].margin.strength(np.array([larger]), np.array([smaller]))[0] >= 1


def test_known_values():
    assert _value("brightness", np.full((50, 50, 3), 51, np.uint8)) == pytest.approx(20, abs=0.1)
    assert _value("contrast", _half(0, 255)) == pytest.approx(50, abs=0.1)
    assert _value("warmth", _painted((255, 0, 0), 1)) == pytest.approx(100)
    assert _value("saturation", _painted((0, 255, 0), 0.5)) == pytest.approx(50)
    assert _value("greens", _painted((0, 255, 0), 0.5)) == pytest.approx(50)
    assert _value("dark_share", _half(0, 255)) == pytest.approx(50)
    assert _value("aspect", np.zeros((100, 250, 3))) == 2.5
    assert _value("symmetry", np.concatenate([SCENE, SCENE[:, ::-1]], axis=1)) == pytest.approx(1)
    assert _value("colourfulness", GREY) == pytest.approx(0, abs=0.5)


def test_a_blur_that_grows_is_always_less_sharp():
    for seed in range(4):
        picture = scene(seed, (400, 300))
        values = [_value("sharpness", blurred(picture, radius)) for radius in (0, 1, 2, 4, 8)]
        assert values[:4] == sorted(values[:4], reverse=True)
        assert values[4] < values[2]  # from 4 on nothing sharp is left


def test_noise_is_no_colour_and_grey_has_no_hue():
    assert np.isnan(_value("hue_focus", GREY))
    assert np.isnan(_value("sharpness", np.full((60, 60, 3), 7, np.uint8)))
    assert np.isnan(_value("symmetry", np.full((60, 60, 3), 7, np.uint8)))


def test_resolution_and_format_make_little_difference():
    large = scene(5, (1024, 768))
    small = np.asarray(Image.fromarray(large).resize((512, 384), Image.Resampling.BICUBIC))
    jpeg = open_picture(png(Image.fromarray(large), "JPEG"))
    for attribute in IMAGE:
        if attribute.name == "pixels":
            continue
        one = measured(attribute, open_picture(png(large)))
        for other in (measured(attribute, open_picture(png(small))), measured(attribute, jpeg)):
            apart = attribute.margin.strength(np.array([one]), np.array([other]))[0]
            assert apart < 0.5, (attribute.name, one, other)


def test_the_copy_is_bounded_and_upright_in_size():
    picture = open_picture(png(np.zeros((700, 1400, 3))))
    assert picture.pixels.shape == (SIDE // 2, SIDE, 3)
    assert picture.size == (1400, 700)
    clear = Image.new("RGBA", (40, 40), (255, 0, 0, 0))
    assert measured(KNOWN["brightness"], open_picture(png(clear))) == pytest.approx(100)


def test_cells_are_means():
    assert in_cells(np.arange(16.0).reshape(4, 4), 2).tolist() == [[2.5, 4.5], [10.5, 12.5]]
    with pytest.raises(ValueError, match="too few"):
        in_cells(np.zeros((3, 9)), 4)


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (2, 2), (15, 15)])
def test_odd_sizes_are_measured_or_null(shape):
    picture = open_picture(png(np.full((*shape, 3), 200, np.uint8)))
    values = {attribute.name: measured(attribute, picture) for attribute in IMAGE}
    assert values["brightness"] == pytest.approx(78.4, abs=0.1)
    assert values["aspect"] == shape[1] / shape[0]


# ---- Edits.


def _edit(source: np.ndarray, result: np.ndarray) -> dict[str, float]:
    edit = Edit(open_picture(png(source)), open_picture(png(result)))
    return {attribute.name: measured(attribute, edit) for attribute in EDIT}


def test_edits_are_measured_against_their_source():
    same, patched = _edit(SCENE, SCENE), SCENE.copy()
    patched[40:120, 60:160] = (250, 20, 20)
    patch, other = _edit(SCENE, patched), _edit(SCENE, scene(99))
    assert same["change"] == same["changed_area"] == same["colour_shift"] == 0
    assert same["layout_kept"] == pytest.approx(1)
    assert same["change"] < patch["change"] < other["change"]
    assert 8 < patch["changed_area"] < 15  # 8,000 of 76,800 pixels
    assert other["changed_area"] > 60
    assert same["layout_kept"] > patch["layout_kept"] > other["layout_kept"]
    assert _edit(SCENE, SCENE // 2)["brightness_shift"] < -15
    assert _edit(SCENE // 2, SCENE)["brightness_shift"] > 15
    assert _edit(GREY, SCENE)["colour_shift"] > 20
    assert _edit(SCENE, _tinted(1.3, 1, 0.5))["warmth_shift"] > 14
    assert _edit(blurred(SCENE, 6), scene(4, shapes=250))["detail_shift"] > 6


def test_an_edit_of_another_format_is_not_laid_over_its_source():
    cropped = _edit(SCENE, SCENE[:, :160])
    assert np.isnan(cropped["change"])
    assert np.isnan(cropped["layout_kept"])
    assert cropped["reshaped"] == pytest.approx(2)


def test_values_of_edits_need_both_pictures():
    shelf = Shelf()
    source = shelf.ref("prompt_images", png(SCENE))
    bad = shelf.ref("prompt_images", b"no picture")
    sides = (
        [shelf.ref("image", png(SCENE // 2))],
        [shelf.ref("image", png(scene(8)))],
    )
    prompts = [[source], [bad], []]
    rows = prepared([sides] * 3, prompt_media=lambda number: prompts[number])
    values = attribute_values(rows, "ti2i", shelf.fetch)
    assert values["a_brightness"].null_count == 0
    shifts = values["a_brightness_shift"].to_pylist()
    assert shifts[0] < -15
    assert shifts[1:] == [None, None]
    assert values["a_unmeasured"].to_pylist() == [
        None, "prompt_images: UnidentifiedImageError", None,
    ]  # fmt: skip
    a, b = (as_arrays(values, "ti2i", side) for side in "ab")
    change = strengths(attributes_of("ti2i")["change"], a, b)
    assert change[0] == 0 or a["change"][0] != b["change"][0]
    assert list(change[1:]) == [0, 0]
