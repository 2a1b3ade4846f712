"""What a model is shown of a pair: prompt, media and both responses, between marks.

Everything between the marks comes from a corpus and may try to speak to the model. The marks hold a
digest of the pair, so a text that closes them by itself would have to know it; and each judge sees
both orders, so a text that wins by its place loses by it.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from schemas.media import SLOT_MODALITY
from transforms.relabel.llm.question import Media, Part, Text

Order = Literal["ab", "ba"]
PLACES: Final = ("first", "second")

#: Rendering parameters are part of what a paid answer is kept under: never change one in place.
_RENDERING: Final = "1"
#: Of a rendering that names no quality; the same in `media.judge_views`.
_QUALITY: Final = 90


@dataclass(frozen=True)
class Shown:
    """How media are shown: pixels of the longer side, frames of a clip, views of a mesh, JPEG.

    `hears`: a sound is sent as WAV or MP3; else as a picture of its spectrogram.
    """

    image_side: int = 768
    frames: int = 8
    frame_side: int = 512
    views: int = 4
    hears: bool = False
    jpeg_quality: int = _QUALITY


def mark_of(pair_id: str) -> str:
    """The mark around the material of a pair."""
    digest = hashlib.sha256(b"omni-reward/mark/1\0" + pair_id.encode()).hexdigest()
    return f"[[{digest[:12]}]]"


def sides(order: Order) -> tuple[str, str]:
    """The sides of the row that are shown first and second."""
    return ("a", "b") if order == "ab" else ("b", "a")


def material(row: Mapping[str, Any], order: Order, shown: Shown) -> list[Part]:
    """The parts of a message about a prepared pair (`flight.PREPARED_SCHEMA`, as a mapping)."""
    mark = mark_of(row["pair_id"])
    parts: list[Part] = [Text(f"{mark} prompt\n{_turns(row['prompt'])}\n")]
    parts += _media(row["prompt_media"] or (), shown)
    for place, side in zip(PLACES, sides(order), strict=True):
        parts.append(Text(f"{mark} {place} response\n{row[f'{side}_text'] or ''}\n"))
        parts += _media(row[f"{side}_media"] or (), shown)
    parts.append(Text(f"{mark} end\n"))
    return _joined(parts)


def _turns(turns: Sequence[Mapping[str, str]] | None) -> str:
    told = turns or ()
    if len(told) == 1:
        return told[0]["content"]
    return "\n\n".join(f"{turn['role']}: {turn['content']}" for turn in told)


def _media(refs: Sequence[Mapping[str, Any]], shown: Shown) -> Iterator[Part]:
    frames = [ref for ref in refs if ref["slot"] in ("frames", "prompt_frames")]
    wanted = {id(frames[at]) for at in spaced(len(frames), shown.frames)}
    for ref in refs:
        if ref in frames and id(ref) not in wanted:
            continue
        yield from _medium(ref["slot"], ref["info"], shown)


def spaced(number: int, wanted: int) -> list[int]:
    """At most `wanted` of `number` places, evenly spaced, first and last among them."""
    if number <= wanted:
        return list(range(number))
    return sorted({round(at * (number - 1) / max(wanted - 1, 1)) for at in range(wanted)})


def _medium(slot: str, info: Mapping[str, Any], shown: Shown) -> Iterator[Media]:
    modality = SLOT_MODALITY[slot]
    common: tuple[tuple[str, str | int], ...] = (("rendering", _RENDERING), ("of", modality))
    if shown.jpeg_quality != _QUALITY and not (modality == "audio" and shown.hears):
        common += (("quality", shown.jpeg_quality),)
    if modality == "image":
        yield Media(
            "image",
            info["digest"],
            (*common, ("side", shown.image_side)),
            *_fitted(info, shown.image_side),
        )
    elif modality == "video":
        size = _fitted(info, shown.frame_side)
        for at in range(shown.frames):
            place = (("frame", at), ("frames", shown.frames), ("side", shown.frame_side))
            yield Media("frame", info["digest"], (*common, *place), *size)
    elif modality == "audio" and shown.hears:
        seconds = info["duration_s"] or 0.0
        yield Media("audio", info["digest"], (*common, ("as", "sound")), seconds=seconds)
    elif modality == "audio":
        picture = (*common, ("as", "spectrogram"))
        yield Media("image", info["digest"], picture, width=1024, height=256)
    else:
        for at in range(shown.views):
            place = (("view", at), ("views", shown.views), ("side", shown.frame_side))
            yield Media(
                "image", info["digest"], (*common, *place), shown.frame_side, shown.frame_side
            )


def _fitted(info: Mapping[str, Any], side: int) -> tuple[int, int]:
    """Width and height of a picture whose longer side is scaled down to `side`; 0: not known."""
    width, height = info["width"] or 0, info["height"] or 0
    factor = min(1.0, side / max(width, height, 1))
    return math.ceil(width * factor), math.ceil(height * factor)


def _joined(parts: Sequence[Part]) -> list[Part]:
    """Texts that follow each other as one."""
    found: list[Part] = []
    for part in parts:
        if isinstance(part, Text) and found and isinstance(found[-1], Text):
            found[-1] = Text(found[-1].text + part.text)
        else:
            found.append(part)
    return found
