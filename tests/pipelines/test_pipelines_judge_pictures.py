"""What models are shown of media: the bytes that a rendering names."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipelines.judge_pictures import JudgePictures
from transforms.media.judge_views import JudgeView
from transforms.media.settings import MediaPolicy
from transforms.relabel.llm.question import Media
from transforms.relabel.protocol.material import Shown, material
from transforms.relabel.settings import Views


class Store:
    """A media store of one medium."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def published(self, info: Mapping[str, Any]) -> bytes:
        """See `MediaStore`."""
        return self.data


def shown(slot: str, data: bytes, how: Shown | None = None, **facts: Any) -> list[bytes]:
    """What a model is sent of a medium in this slot of the prompt."""
    info = {"digest": f"{len(data):064x}", "width": None, "height": None, "duration_s": None,
            "format": None} | facts  # fmt: skip
    row = {"pair_id": "0" * 32, "prompt": [], "prompt_media": [{"slot": slot, "info": info}],
           "a_text": "", "a_media": [], "b_text": "", "b_media": []}  # fmt: skip
    render = JudgePictures(Store(data), MediaPolicy())  # type: ignore[arg-type]
    parts = [part for part in material(row, "ab", how or Shown()) if isinstance(part, Media)]
    return [render(part, {info["digest"]: info}) for part in parts]


def _noise() -> bytes:
    sink = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(sink, "PNG")
    return sink.getvalue()


def test_pictures_have_the_quality_that_the_recipe_says() -> None:
    (plain,) = shown("prompt_images", _noise())
    (same,) = shown("prompt_images", _noise(), Shown(jpeg_quality=90))
    (coarse,) = shown("prompt_images", _noise(), Shown(jpeg_quality=40))
    assert plain == same
    assert len(coarse) < 0.7 * len(plain)
    assert Views().jpeg_quality == JudgeView().jpeg_quality == Shown().jpeg_quality == 90


@pytest.mark.parametrize("side", [16, 40])
def test_pictures_are_scaled_down_to_the_side_that_the_recipe_says(side: int) -> None:
    (data,) = shown("prompt_images", _noise(), Shown(image_side=side))
    assert max(Image.open(io.BytesIO(data)).size) == side
