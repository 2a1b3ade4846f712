"""Media and prepared rows made for tests of measures."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image, ImageFilter

from schemas.flight import PREPARED_SCHEMA


def png(picture: np.ndarray | Image.Image, kind: str = "PNG") -> bytes:
    """A picture file of RGB values, 0 to 255, or of a Pillow image."""
    if isinstance(picture, np.ndarray):
        picture = Image.fromarray(picture.clip(0, 255).astype(np.uint8))
    out = io.BytesIO()
    picture.save(out, kind)
    return out.getvalue()


def scene(seed: int = 0, size: tuple[int, int] = (320, 240), shapes: int = 40) -> np.ndarray:
    """A picture of coloured rectangles on a gradient (height x width x 3), each seed its own."""
    rng, (width, height) = np.random.default_rng(seed), size
    ramp = np.linspace(60, 160, height)[:, None, None] * np.ones((1, width, 3))
    for _ in range(shapes):
        top, left = rng.integers(height - 20), rng.integers(width - 20)
        down, across = rng.integers(8, height // 3), rng.integers(8, width // 3)
        ramp[top : top + down, left : left + across] = rng.integers(30, 225, 3)
    return ramp.astype(np.uint8)


def blurred(picture: np.ndarray, radius: float) -> np.ndarray:
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(radius)))


def mp4(frames: Iterable[np.ndarray], fps: int = 8) -> bytes:
    """A clip of RGB frames."""
    import av

    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream: Any = None
        for frame in frames:
            if stream is None:
                stream = container.add_stream("libx264", rate=fps, options={"crf": "12"})
                stream.height, stream.width, stream.pix_fmt = *frame.shape[:2], "yuv420p"
                stream.thread_count = 1
            pixels = np.ascontiguousarray(frame, np.uint8)
            shown = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            container.mux(stream.encode(shown))
        container.mux(stream.encode())
    return out.getvalue()


def wav(samples: np.ndarray, rate: int = 22_050) -> bytes:
    """A sound file of samples from -1 to 1; of two channels where they have two columns."""
    import soundfile

    out = io.BytesIO()
    soundfile.write(out, samples.astype(np.float32), rate, format="WAV", subtype="PCM_16")
    return out.getvalue()


def seconds(length: float, rate: int = 22_050) -> np.ndarray:
    return np.arange(int(length * rate)) / rate


def tone(length: float, pitch: float = 440.0, level: float = 0.3) -> np.ndarray:
    return level * np.sin(2 * np.pi * pitch * seconds(length))


def clicks(length: float, a_minute: float, level: float = 0.6) -> np.ndarray:
    """Short decaying tones at an even pace, over next to nothing."""
    at = seconds(length)
    since = at % (60 / a_minute)
    return level * np.sin(2 * np.pi * 900 * at) * np.exp(-since * 60) + 0.004 * tone(length, 200, 1)


def glb(*meshes: Any) -> bytes:
    """A GLB file of trimesh meshes."""
    import trimesh

    return trimesh.Scene(list(meshes)).export(file_type="glb")


class Shelf:
    """Media by digest, as the store gives them: `fetch` counts what was fetched."""

    def __init__(self) -> None:
        self.media: dict[str, bytes] = {}
        self.fetched: list[str] = []

    def ref(self, slot: str, data: bytes, **facts: Any) -> dict[str, Any]:
        digest = hashlib.sha256(data).hexdigest()
        self.media[digest] = data
        return {"slot": slot, "container": "c", "member": "m", "info": {"digest": digest, **facts}}

    def fetch(self, info: Mapping[str, Any]) -> bytes:
        self.fetched.append(info["digest"])
        return self.media[info["digest"]]


def no_fetch(info: Mapping[str, Any]) -> bytes:
    raise AssertionError("texts need no media")


Side = str | Sequence[Mapping[str, Any]] | None


def prepared(
    pairs: Iterable[tuple[Side, Side]],
    prompt_media: Callable[[int], Sequence[Mapping[str, Any]]] = lambda _: (),
    preferences: Sequence[str] = (),
    fps: float | None = None,
) -> pa.Table:
    """Prepared pairs of responses: texts, or references of `Shelf.ref`."""
    rows = []
    for number, sides in enumerate(pairs):
        row: dict[str, Any] = {
            "pair_id": hashlib.sha256(f"pair {number}".encode()).hexdigest()[:32],
            "row_id": f"{number:032x}",
            "key": str(number),
            "rank": number,
            "prompt": [{"role": "user", "content": "?"}],
            "prompt_media": list(prompt_media(number)),
            "preference": preferences[number] if preferences else "a",
        }
        for name, side in zip("ab", sides, strict=True):
            is_text = side is None or isinstance(side, str)
            row[f"{name}_text"] = side if is_text else None
            row[f"{name}_media"] = None if is_text else list(side)  # type: ignore[arg-type]
            row[f"{name}_frames_fps"] = fps
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=PREPARED_SCHEMA)


def swapped(rows: pa.Table) -> pa.Table:
    """The same pairs with A and B exchanged, and so the preference."""
    names = [
        {"a_": "b_", "b_": "a_"}.get(name[:2], name[:2]) + name[2:] for name in rows.column_names
    ]
    turned = rows.rename_columns(names).select(rows.column_names)
    place = turned.schema.get_field_index("preference")
    other = {"a": "b", "b": "a", "tie": "tie"}
    column = pa.array([other[each] for each in rows["preference"].to_pylist()])
    return turned.set_column(place, "preference", column)
