"""Hashes of one medium under the crops that copies of it may have undergone.

A crop of 5 % changes some ten of the 64 bits of a picture's hash: too many to be told from a
stranger. So whoever looks for copies of known items takes the hashes of the items as they are and
of their crops, and finds a cropped copy by the hash that every medium has.
"""

from __future__ import annotations

from itertools import product
from typing import Any, Final

from schemas.tasks import Modality
from transforms.media.image.hash import Crop, cropped_hashes
from transforms.media.settings import AudioPolicy, ImagePolicy, MeshPolicy, VideoPolicy

#: Shares cut off at the left, top, right and bottom: nothing; each choice of sides by 5 %, by
#: 2.5 %; 10 % all round. Of crops by other shares up to 5 %, 98 in 100 are near one of them.
CROPS: Final[tuple[Crop, ...]] = (
    *((0.05 * a, 0.05 * b, 0.05 * c, 0.05 * d) for a, b, c, d in product((0, 1), repeat=4)),
    *(
        (0.025 * a, 0.025 * b, 0.025 * c, 0.025 * d)
        for a, b, c, d in list(product((0, 1), repeat=4))[1:]
    ),
    (0.1, 0.1, 0.1, 0.1),
)

#: Side of the grey frames that crops of clips are hashed from.
_FRAME_SIDE: Final = 256


def variants(data: bytes, modality: Modality, policy: Any = None) -> list[str]:
    """The hash of a medium (first) and those of its crops, hex as in the fact `phash`; distinct.

    Pictures and clips have some thirty; sounds and 3D models have their own alone, or none. A clip
    is cropped in its frames, not in time. `policy` is that of the modality (`transforms.media`),
    its default without it.

    Raises:
        MediaError: the medium can't be decoded, or is beyond a limit of the policy.
        ValueError: for text.
    """
    if modality == "image":
        return _of_picture(data, policy or ImagePolicy())
    if modality == "video":
        return _of_clip(data, policy or VideoPolicy())
    if modality == "audio":
        from transforms.media import audio

        listening = policy or AudioPolicy()
        return _present(audio.describe(audio.validate(data, listening), listening)["phash"])
    if modality == "mesh":
        from transforms.media import mesh

        looking = policy or MeshPolicy()
        return _present(mesh.describe(mesh.validate(data, looking), looking)["phash"])
    raise ValueError(f"a medium of modality {modality!r} has no perceptual hash")


def picture_variants(picture: Any, area: tuple[float, float] | None = None) -> list[str]:
    """As `variants`, of a Pillow picture; `area` as in `image.hash.perceptual_hash`."""
    return list(dict.fromkeys(cropped_hashes(picture, CROPS, area)))


def _present(phash: str | None) -> list[str]:
    return [] if phash is None else [phash]


def _of_picture(data: bytes, policy: ImagePolicy) -> list[str]:
    from transforms.media import image
    from transforms.media.image.colour import flattened

    decoded = image.validate(data, policy)
    shown = flattened(decoded.picture, decoded.background)
    return list(dict.fromkeys([decoded.phash, *picture_variants(shown, decoded.area)]))


def _of_clip(data: bytes, policy: VideoPolicy) -> list[str]:
    from transforms.media import video
    from transforms.media.video.decode import frames_of
    from transforms.media.video.hash import hashed_frames
    from transforms.media.video.picture import thumbnail, turn_in
    from transforms.media.video.source import opened
    from transforms.media.video.turn import UPRIGHT

    clip = video.validate(data, policy)
    wanted = hashed_frames(clip.frames)
    grey: dict[int, Any] = {}
    with opened(data, policy) as source:
        for number, (_, frame) in enumerate(frames_of(source)):
            if number in wanted:
                turn = turn_in(frame) or UPRIGHT
                grey[number] = thumbnail(frame, turn, policy.background, _FRAME_SIDE)
            if number >= wanted[-1]:
                break
    hashes = [cropped_hashes(grey[number], CROPS) for number in wanted if number in grey]
    if len(hashes) < len(wanted):
        return [clip.phash]
    return list(dict.fromkeys([clip.phash, *map("".join, zip(*hashes, strict=True))]))
