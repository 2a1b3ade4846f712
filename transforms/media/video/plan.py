"""What has to be done to a clip before it is published: nothing, a new wrapping, or new pictures.

A new wrapping copies the coded pictures, so none is altered. Pictures are encoded anew only where
the copied ones would be shown otherwise, or not at all, by a reader that knows H.264 alone.

Choices that no rule forces:

- Frames keep their times: a clip of a variable rate stays one. (A constant rate would repeat or
  drop frames that annotators saw.)
- An odd side grows by one pixel that repeats its edge: 4:2:0 needs even sides, and a cut would lose
  what was seen, scaling would blur all of it.
- Pixels that are not square: the clip is scaled along the side that grows.
- Interlaced clips are left so where their pictures are kept; where they are made anew, interlaced
  frames become whole ones, as many as before.
- High dynamic range is mapped to BT.709 (`hdr: tone_map`), as players on ordinary screens do.
- A turn that is no quarter turn is not applied, and taken out of the file.
- What is transparent shows the policy's background, also in WebM, where FFmpeg's own decoders pass
  over it.
- Frames that differ in size are all fitted into the first one's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from transforms.media.errors import MediaError
from transforms.media.settings import VideoPolicy
from transforms.media.video.decode import Clip
from transforms.media.video.source import check_pixels, displayed
from transforms.media.video.turn import UPRIGHT

#: What `Product.changes` may name, in this order. The first seven take new pictures.
CHANGES: Final = (
    "codec",
    "pixel_format",
    "hdr",
    "orientation",
    "aspect",
    "size",
    "edit_list",
    "interlaced",
    "container",
    "faststart",
    "streams",
    "sound",
)
_PICTURES: Final = frozenset(CHANGES[:7])

#: 8 bits, 4:2:0; the second says that it uses the full range of values.
_PLANES: Final = ("yuv420p", "yuvj420p")

#: Containers whose coded pictures can be copied: each states the time of every one.
_COPIED_FROM: Final = ("mp4", "webm", "mkv", "flv", "ts")


@dataclass(frozen=True)
class Plan:
    """What to do. `size` is of the pictures before a side is made even; `sound` what becomes of it.

    `changes` is empty for a clip that keeps its bytes.
    """

    changes: tuple[str, ...]
    copies_pictures: bool
    size: tuple[int, int]
    sound: Literal["copy", "encode"] | None

    @property
    def even_size(self) -> tuple[int, int]:
        """The size of the published clip, in pixels."""
        return self.size[0] + self.size[0] % 2, self.size[1] + self.size[1] % 2


def shown_size(clip: Clip) -> tuple[int, int]:
    """Width and height as a player shows the source: square pixels, turned."""
    return clip.turn.of_size(*displayed(clip.size, clip.aspect))


def plan_of(clip: Clip, policy: VideoPolicy) -> Plan:
    """What a policy asks for.

    Raises:
        MediaError: `video_hdr` where the policy refuses high dynamic range, `video_too_large` for
            a clip that would have too many pixels once they are square.
    """
    if "hdr" in clip.notes and policy.hdr == "reject":
        raise MediaError("video_hdr", "its pictures are of high dynamic range (PQ or HLG)")
    size = _limited(shown_size(clip), policy.max_side)
    check_pixels(size, policy)
    sound = _sound(clip, policy)
    needed = {
        "codec": clip.codec not in policy.keep_codecs,
        "pixel_format": clip.pixel_format not in _PLANES,
        "hdr": "hdr" in clip.notes,
        "orientation": clip.turn != UPRIGHT or "odd_angle" in clip.notes,
        "aspect": displayed(clip.size, clip.aspect) != clip.size,
        "size": _is_resized(clip, size),
        "edit_list": clip.declared > clip.frames and clip.name == "mp4",
        **_wrapping(clip),
        "sound": clip.audio_index is not None and sound != "copy",
    }
    copies = not any(needed[name] for name in _PICTURES)
    if copies and any(needed.values()) and clip.name not in _COPIED_FROM:
        needed["codec"], copies = True, False
    needed["interlaced"] = not copies and "interlaced" in clip.notes
    return Plan(tuple(name for name in CHANGES if needed[name]), copies, size, sound)


def with_new_pictures(plan: Plan) -> Plan:
    """The plan for a clip whose pictures could not be copied after all."""
    changes = tuple(name for name in CHANGES if name in plan.changes or name == "codec")
    return Plan(changes, copies_pictures=False, size=plan.size, sound=plan.sound)


def _wrapping(clip: Clip) -> dict[str, bool]:
    boxes = clip.boxes
    is_plain = boxes is not None and boxes.is_plain and not boxes.is_fragmented
    return {
        "container": not is_plain,
        "faststart": is_plain and boxes is not None and not boxes.is_faststart,
        "streams": clip.others > 0,
    }


def _sound(clip: Clip, policy: VideoPolicy) -> Literal["copy", "encode"] | None:
    if clip.audio_index is None or clip.channels is None or policy.audio == "drop":
        return None
    return "copy" if clip.audio_codec in policy.keep_audio_codecs else "encode"


def _limited(size: tuple[int, int], longest: int | None) -> tuple[int, int]:
    """The size with its longer side at most `longest`; sides are even where it has to change."""
    if longest is None or max(size) <= longest:
        return size
    scale = longest / max(size)
    width, height = (max(2, int(side * scale) // 2 * 2) for side in size)
    return width, height


def _is_resized(clip: Clip, size: tuple[int, int]) -> bool:
    is_odd = any(side % 2 for side in size)
    return is_odd or "size_changes" in clip.notes or size != shown_size(clip)
