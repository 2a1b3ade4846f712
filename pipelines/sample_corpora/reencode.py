"""The same medium in another form: other format, size or quality, or a little cut off its edges."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL.Image import Image

#: Forms of a picture. `cropped` keeps 95 % of width and height.
PICTURE_WAYS: Final = ("reencoded", "resized", "recompressed", "cropped")
#: Forms of a sound: another format, sample rate or codec with losses. A cut sound is another one.
SOUND_WAYS: Final = ("reencoded", "resized", "recompressed")

_EDGE: Final = 0.025
_RATE: Final = 22_050


def picture_as(data: bytes, way: str) -> bytes:
    """A picture in the form `way` of `PICTURE_WAYS`, as file bytes.

    Raises:
        ValueError: there is no such form.
    """
    import PIL.Image

    opened = PIL.Image.open(io.BytesIO(data))
    form, image = opened.format, opened.convert("RGB")
    width, height = image.size
    if way == "reencoded":
        return _saved(image, 92, form="PNG" if form == "JPEG" else "JPEG")
    if way == "resized":
        smaller = (round(width * 0.75), round(height * 0.75))
        return _saved(image.resize(smaller, PIL.Image.Resampling.BICUBIC), 90)
    if way == "recompressed":
        return _saved(image, 60)
    if way == "cropped":
        across, down = max(1, round(width * _EDGE)), max(1, round(height * _EDGE))
        return _saved(image.crop((across, down, width - across, height - down)), 90)
    raise ValueError(f"no form {way!r} of a picture: one of {PICTURE_WAYS}")


def _saved(image: Image, quality: int, form: str = "JPEG") -> bytes:
    file = io.BytesIO()
    image.save(file, form, **({"quality": quality} if form == "JPEG" else {"compress_level": 1}))
    return file.getvalue()


def sound_as(data: bytes, way: str) -> bytes:
    """A sound in the form `way` of `SOUND_WAYS`, as file bytes.

    Raises:
        ValueError: there is no such form.
    """
    import soundfile
    import soxr

    samples, rate = soundfile.read(io.BytesIO(data))
    form, subtype = {
        "reencoded": ("FLAC", "PCM_16"),
        "resized": ("WAV", "PCM_16"),
        "recompressed": ("MP3", "MPEG_LAYER_III"),
    }.get(way, ("", ""))
    if not form:
        raise ValueError(f"no form {way!r} of a sound: one of {SOUND_WAYS}")
    if way == "resized":
        samples, rate = soxr.resample(samples, rate, _RATE), _RATE
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=form, subtype=subtype)
    return file.getvalue()
