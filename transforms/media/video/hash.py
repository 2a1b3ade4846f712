"""Perceptual hash of a clip: that of three of its frames.

Each frame's is that of a picture (`image.hash`, 64 bits), so it can be compared with pictures.
Clips of one origin differ in few bits after another codec, size or container.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from transforms.media.image.hash import perceptual_hash

if TYPE_CHECKING:
    from PIL.Image import Image

#: Hashes of a clip: of the frames at 1/4, 2/4 and 3/4.
_PARTS: Final = 4

#: Grey pictures that are held at once while a clip is decoded.
_HELD: Final = 48


def hashed_frames(count: int) -> list[int]:
    """Which of so many frames (counted from 0) the hash of a clip is made of."""
    step = 1
    while -(-count // step) > _HELD:
        step *= 2
    last = -(-count // step) - 1
    return [last * part // _PARTS * step for part in range(1, _PARTS)]


class Thumbnails:
    """Grey pictures at even steps through a clip of unknown length.

    At first every frame's is kept. When they are too many, every second is let go and from then on
    only every second one is made, and so on: memory is bounded, and so is the work.
    """

    def __init__(self) -> None:
        self._step = 1
        self._kept: list[Image] = []

    def wants(self, index: int) -> bool:
        """Whether the picture of this frame (counted from 0) is to be made."""
        return index % self._step == 0

    def add(self, picture: Image) -> None:
        """Keep the picture of a frame that was wanted."""
        self._kept.append(picture)
        if len(self._kept) > _HELD:
            self._kept, self._step = self._kept[::2], self._step * 2

    def phash(self) -> str:
        """48 hex digits: the hashes of the kept frames at 1/4, 1/2 and 3/4 of their number.

        Places are counted, not timed: another container may round the times.
        """
        last = len(self._kept) - 1
        places = [last * part // _PARTS for part in range(1, _PARTS)]
        return "".join(perceptual_hash(self._kept[place]) for place in places)
