"""The texts and pictures that corpora are made of."""

from __future__ import annotations

import io
import unicodedata

import numpy as np
import pytest
from PIL import Image, UnidentifiedImageError

from pipelines.sample_corpora.pictures import noise, picture, truncated, web_page
from pipelines.sample_corpora.scheduling import stream
from pipelines.sample_corpora.text import differing, length, texts


def _decode(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
@pytest.mark.parametrize("size", [32, 96, 200])
def test_a_picture_decodes_in_its_form_and_size(form: str, size: int) -> None:
    image = _decode(picture(stream(7, "x", "picture"), size, form))  # type: ignore[arg-type]
    assert (image.format, image.mode, max(image.size)) == (form, "RGB", size)


def test_pictures_are_repeatable_and_distinct() -> None:
    made = [picture(stream(7, "x", "picture", number)) for number in range(100)]
    assert len(set(made)) == 100
    assert made[42] == picture(stream(7, "x", "picture", 42))


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_a_truncated_picture_opens_but_does_not_decode(form: str) -> None:
    for number in range(20):
        whole = picture(stream(7, "x", "picture", number), form=form)  # type: ignore[arg-type]
        image = Image.open(io.BytesIO(truncated(whole)))
        assert image.format == form
        with pytest.raises(OSError, match="truncated"):
            image.load()


def test_noise_and_web_pages_are_no_pictures() -> None:
    for number in range(50):
        rng = stream(7, "x", "noise", number)
        data = noise(rng, 500)
        assert len(data) == 500
        for junk in (data, web_page(number)):
            with pytest.raises(UnidentifiedImageError):
                Image.open(io.BytesIO(junk))


def test_responses_have_no_trap_in_them() -> None:
    pool, rng = texts(7), stream(7, "x", "text")
    for _ in range(300):
        text = pool.response(rng, 600)
        assert text == text.strip()
        assert "\r" not in text
        assert unicodedata.is_normalized("NFC", text)


def test_responses_are_of_every_kind() -> None:
    pool, rng = texts(7), stream(7, "x", "text")
    made = [pool.response(rng, 900) for _ in range(400)]
    assert 10 <= sum(not text.isascii() for text in made) <= 80
    assert 20 <= sum("```" in text for text in made) <= 90
    assert 20 <= sum("\n1. " in text for text in made) <= 110
    assert sum("\n    " in text and "```" not in text for text in made) >= 5


def test_traps_are_what_they_say() -> None:
    pool, rng = texts(7), stream(7, "x", "text")
    for _ in range(50):
        assert pool.indented(rng, 400).startswith("    ")
        returns = pool.with_carriage_returns(rng, 400)
        assert "\r\n" in returns
        assert "\r" in returns.replace("\r\n", "")
        decomposed = pool.decomposed(rng, 400)
        assert "e\u0301" in decomposed
        assert not unicodedata.is_normalized("NFC", decomposed)
        assert not pool.foreign(rng, 60).isascii()
        assert pool.description(rng, 200).isascii()


def test_lengths_are_near_what_was_asked() -> None:
    pool, rng = texts(7), stream(7, "x", "text")
    mean = np.mean([len(pool.response(rng, 1_500)) for _ in range(300)])
    assert 1_300 < mean < 1_700
    drawn = [length(rng, 1_500) for _ in range(2_000)]
    assert 1_400 < np.median(drawn) < 1_600
    assert max(drawn) > 4_000


def test_equal_responses_are_set_apart() -> None:
    assert differing("a", "b", more="c") == "b"
    assert differing("a", "a", more="c") == "a c"
