"""Media inside a page: decoded, made small and encoded anew, as data: URIs under a budget."""

from __future__ import annotations

import base64
import functools
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Final, Literal

from pipelines.gallery.kinds import media_type
from pipelines.gallery.media import Cell, Medium
from pipelines.sizes import size_of
from schemas.tasks import Modality
from transforms.media.errors import MediaError
from transforms.media.judge_views import JudgeView
from transforms.media.settings import MediaPolicy

#: Base64 writes three bytes as four characters.
_BASE64: Final = 4 / 3


@dataclass(frozen=True)
class PreviewLimits:
    """Bounds of previews: pixels of the longer side, seconds, bytes."""

    picture_side: int = 480
    frame_side: int = 240
    frames: int = 6
    mesh_views: int = 4
    mesh_side: int = 240
    jpeg_quality: int = 78
    #: A clip or a sound up to this size is embedded as it is; a longer sound is cut.
    clip_bytes: int = 400_000
    sound_bytes: int = 200_000
    sound_seconds: float = 10.0
    #: What is larger is not even decoded for a preview.
    source_bytes: int = 200_000_000

    @property
    def view(self) -> JudgeView:
        """These bounds in the terms of the media modules."""
        return JudgeView(
            version="preview",
            image_side=self.picture_side,
            frames=self.frames,
            frame_side=self.frame_side,
            spectrogram_width=480,
            spectrogram_height=120,
            mesh_views=self.mesh_views,
            mesh_side=self.mesh_side,
            jpeg_quality=self.jpeg_quality,
        )


@dataclass
class Embedder:
    """`MediaMaker` that embeds previews until `budget` characters of the page are spent.

    A medium that was embedded is not remembered: each page shows each medium once or twice.
    """

    budget: float = float("inf")
    limits: PreviewLimits = field(default_factory=PreviewLimits)
    policy: MediaPolicy = field(default_factory=MediaPolicy)

    def __call__(self, cell: Cell) -> Medium:
        """The medium as a preview, or a note that says why there is none."""
        blobs = [item["bytes"] for item in cell.items if item.get("bytes")]
        if not blobs:
            return _note(cell, "its bytes are not in the dataset")
        size = sum(map(len, blobs))
        if size > self.limits.source_bytes:
            return _note(cell, f"{size_of(size)} is too large for a preview")
        try:
            made = _MAKERS["strip" if cell.as_strip else cell.modality](self, cell, blobs)
        except MediaError as error:
            return _note(cell, f"it can't be decoded ({error.reason})")
        spent = sum(map(len, made.sources)) + len(made.poster)
        if spent > self.budget:
            return _note(cell, f"left out, as the size of this page is bounded ({size_of(size)})")
        self.budget -= spent
        return made

    def _rendered(self, modality: Modality, data: bytes) -> list[bytes]:
        return rendered(modality, data, self.limits, self.policy)

    def _picture(self, cell: Cell, blobs: list[bytes]) -> Medium:
        return _pictures("picture", cell, self._rendered("image", blobs[0]))

    def _strip(self, cell: Cell, blobs: list[bytes]) -> Medium:
        chosen = spread(blobs, self.limits.frames)
        view = PreviewLimits(picture_side=self.limits.frame_side)
        pictures = [one for blob in chosen for one in rendered("image", blob, view, self.policy)]
        left = len(blobs) - len(chosen)
        note = f"{len(chosen)} of {len(blobs)} frames" if left else ""
        return _pictures("strip", cell, pictures, note)

    def _clip(self, cell: Cell, blobs: list[bytes]) -> Medium:
        data = blobs[0]
        kind = media_type(data, "video")
        frames = self._rendered("video", data)
        if kind is None or len(data) > self.limits.clip_bytes:
            why = f"{size_of(len(data))}, too large to play here; frames in order of time"
            return _pictures("strip", cell, frames, why)
        poster, box = _uri(frames[0], "image/jpeg"), _box(frames[0])
        return Medium("clip", cell.alt, (_uri(data, kind),), kind, poster=poster, boxes=(box,))

    def _sound(self, cell: Cell, blobs: list[bytes]) -> Medium:
        data = blobs[0]
        kind = media_type(data, "audio")
        poster = _uri(self._rendered("audio", data)[0], "image/jpeg")
        note = ""
        if kind is None or len(data) > self.limits.sound_bytes:
            data, kind = shortened(data, self.limits.sound_seconds), "audio/mpeg"
            note = f"the first {self.limits.sound_seconds:g} s, mixed to one channel"
        return Medium("sound", cell.alt, (_uri(data, kind),), kind, poster=poster, note=note)

    def _views(self, cell: Cell, blobs: list[bytes]) -> Medium:
        return _pictures("views", cell, self._rendered("mesh", blobs[0]))


_MAKERS: Final[Mapping[str, Callable[[Embedder, Cell, list[bytes]], Medium]]] = {
    "image": Embedder._picture,
    "strip": Embedder._strip,
    "video": Embedder._clip,
    "audio": Embedder._sound,
    "mesh": Embedder._views,
}


def rendered(
    modality: Modality, data: bytes, limits: PreviewLimits, policy: MediaPolicy
) -> list[bytes]:
    """A medium as small JPEGs: itself, its frames, its spectrogram, or views of it.

    Raises:
        MediaError: it can't be decoded within the policy's limits.
    """
    module = import_module(f"transforms.media.{modality}.modality")
    bounds: Any = getattr(policy, modality)
    pictures = module.render_for_judge(data, bounds, limits.view)
    return [_as_jpeg(picture.data, limits.jpeg_quality) for picture in pictures]


def _as_jpeg(data: bytes, quality: int) -> bytes:
    if data[:3] == b"\xff\xd8\xff":
        return data
    from PIL import Image

    sink = io.BytesIO()
    with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
        picture.convert("RGB").save(sink, "JPEG", quality=quality)
    return sink.getvalue()


def shortened(data: bytes, seconds: float) -> bytes:
    """The beginning of a sound, in one channel, as MP3 (which knows few rates).

    Raises:
        MediaError: it can't be decoded.
    """
    import soundfile

    try:
        with soundfile.SoundFile(io.BytesIO(data)) as sound:
            samples = sound.read(int(seconds * sound.samplerate), dtype="float32", always_2d=True)
            rate = sound.samplerate
        mono = samples.mean(axis=1)
        if rate not in _MP3_RATES:
            import soxr

            target = min((known for known in _MP3_RATES if known >= rate), default=_MP3_RATES[-1])
            mono, rate = soxr.resample(mono, rate, target), target
        sink = io.BytesIO()
        soundfile.write(sink, mono, rate, format="MP3")
    except (soundfile.LibsndfileError, ValueError) as error:
        raise MediaError("audio_undecodable", str(error)) from error
    return sink.getvalue()


_MP3_RATES: Final = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)


def spread(items: list[bytes], number: int) -> list[bytes]:
    """At most `number` of the items, evenly spaced, the first and the last among them."""
    if len(items) <= number:
        return items
    return [items[k * (len(items) - 1) // (number - 1)] for k in range(number)]


def _pictures(
    shown: Literal["picture", "strip", "views"], cell: Cell, jpegs: list[bytes], note: str = ""
) -> Medium:
    sources = tuple(_uri(one, "image/jpeg") for one in jpegs)
    return Medium(shown, cell.alt, sources, note=note, boxes=tuple(map(_box, jpegs)))


def _box(jpeg: bytes) -> tuple[int, int]:
    """Width and height of a picture that was encoded here, in pixels."""
    from PIL import Image

    with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as picture:
        return picture.size


def _note(cell: Cell, why: str) -> Medium:
    return Medium("note", cell.alt, note=f"{cell.alt}: {why}.")


def _uri(data: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


@functools.cache
def default_policy() -> MediaPolicy:
    """Limits of decoders where no recipe says other."""
    return MediaPolicy()
