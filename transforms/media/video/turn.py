"""How a clip is turned for display: one of eight ways, from the matrix that its file carries.

The matrix maps a pixel (p, q) to (a·p + c·q, b·p + d·q); q grows downwards. Source: ISO/IEC
14496-12 §6.2.2. Angles between quarter turns are not applied, as players do not either: the clip
is shown as it is coded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL.Image import Image

#: What is left of a number that should be 0 or 1 after scaling, for rounding in the file.
_SLACK: Final = 0.02


@dataclass(frozen=True)
class Turn:
    """A turn: FFmpeg's filters for it, Pillow's transposition, whether sides change places."""

    filters: tuple[str, ...] = ()
    transpose: int | None = None
    swaps: bool = False

    def of_size(self, width: int, height: int) -> tuple[int, int]:
        """The size of a turned picture."""
        return (height, width) if self.swaps else (width, height)

    def of_picture(self, picture: Image) -> Image:
        """The picture, turned."""
        from PIL.Image import Transpose

        return picture if self.transpose is None else picture.transpose(Transpose(self.transpose))


UPRIGHT: Final = Turn()

#: (a, b, c, d) of the matrix. Pillow's numbers: 0 left-right, 1 top-bottom, 2 90°, 3 180°, 4 270°
#: (against the clock), 5 transpose, 6 transverse.
_TURNS: Final = {
    (1, 0, 0, 1): UPRIGHT,
    (0, 1, -1, 0): Turn(("transpose=clock",), 4, swaps=True),
    (-1, 0, 0, -1): Turn(("hflip", "vflip"), 3),
    (0, -1, 1, 0): Turn(("transpose=cclock",), 2, swaps=True),
    (-1, 0, 0, 1): Turn(("hflip",), 0),
    (1, 0, 0, -1): Turn(("vflip",), 1),
    (0, 1, 1, 0): Turn(("transpose=cclock_flip",), 5, swaps=True),
    (0, -1, -1, 0): Turn(("transpose=clock_flip",), 6, swaps=True),
}


def turn_of(matrix: tuple[int, ...] | None) -> Turn | None:
    """The turn that nine numbers ask for; None for a matrix that is no quarter turn."""
    if matrix is None:
        return UPRIGHT
    a, b, c, d = matrix[0], matrix[1], matrix[3], matrix[4]
    across, down = max(abs(a), abs(b)), max(abs(c), abs(d))
    if not across or not down:
        return UPRIGHT
    parts = (a / across, b / across, c / down, d / down)
    whole = tuple(round(part) for part in parts)
    if any(abs(part - near) > _SLACK for part, near in zip(parts, whole, strict=True)):
        return None
    return _TURNS.get(whole)  # type: ignore[arg-type]
