"""H.264 whose frames are coded as two fields, written bit by bit: no encoder at hand makes any.

Sources: ITU-T H.264 7.3 (syntax), 9.1 (Exp-Golomb codes), 7.4.1 (emulation prevention).
"""

from __future__ import annotations

import re

#: Frames are of 32 x 32 pixels: a field is one row of two macroblocks.
_MACROBLOCKS = 2


class _Bits:
    def __init__(self) -> None:
        self.text = ""

    def u(self, value: int, width: int) -> _Bits:
        self.text += f"{value:0{width}b}"
        return self

    def ue(self, *values: int) -> _Bits:
        for value in values:
            code = f"{value + 1:b}"
            self.text += "0" * (len(code) - 1) + code
        return self

    def align(self) -> _Bits:
        self.text += "0" * (-len(self.text) % 8)
        return self

    def unit(self, head: int) -> bytes:
        """A unit of the byte stream: with its stop bit, and without start codes inside."""
        text = self.text + "1"
        text += "0" * (-len(text) % 8)
        body = int(text, 2).to_bytes(len(text) // 8, "big")
        return b"\0\0\0\1" + bytes([head]) + re.sub(rb"\0\0(?=[\0-\3])", b"\0\0\3", body)


def _sequence(*, as_fields: bool) -> bytes:
    """High profile, 8 bits, 4:2:0; order of output is that of decoding; 25 frames a second."""
    bits = _Bits().u(100, 8).u(0, 8).u(30, 8).ue(0, 1, 0, 0).u(0, 2)
    bits.ue(0, 2, 1).u(0, 1)  # frame numbers of 4 bits, order type 2, one reference, no gaps
    bits.ue(1, 0 if as_fields else 1)  # macroblocks in a row, rows of map units
    bits.u(0 if as_fields else 1, 1)
    if as_fields:
        bits.u(0, 1)  # no macroblock pairs
    bits.u(1, 1).u(0, 1)  # 8x8 inference, no cropping
    bits.u(1, 1).u(0, 4).u(1, 1).u(1, 32).u(50, 32).u(1, 1).u(0, 4)  # usability: timing alone
    return bits.unit(0x67)


def _pictures() -> bytes:
    return _Bits().ue(0, 0).u(0, 2).ue(0, 0, 0).u(0, 3).ue(0, 0, 0).u(0, 3).unit(0x68)


def _slice(number: int, shade: int, field: int | None, *, fresh: bool, as_fields: bool) -> bytes:
    """A picture of one shade, every macroblock as plain samples; `field` 0 is the top one."""
    bits = _Bits().ue(0, 7, 0).u(0, 4)
    if as_fields:
        bits.u(field is not None, 1)
    if field is not None:
        bits.u(field, 1)
    if fresh:
        bits.ue(number % 2).u(0, 2)
    else:
        bits.u(0, 1)
    bits.ue(0)
    for _ in range(_MACROBLOCKS * (1 if field is not None else 2)):
        bits.ue(25).align()
        for value in (*[shade] * 256, *[128] * 128):
            bits.u(value, 8)
    return bits.unit(0x65 if fresh else 0x61)


def stream(kinds: str) -> bytes:
    """A byte stream of frames, one a letter: ``f`` coded as two fields, ``p`` as one picture."""
    units = [_sequence(as_fields=True), _pictures()]
    for number, kind in enumerate(kinds):
        shade = 40 + 10 * number % 200
        if kind == "p":
            units.append(_slice(number, shade, None, fresh=True, as_fields=True))
            continue
        units.append(_slice(number, shade, 0, fresh=True, as_fields=True))
        units.append(_slice(number, shade, 1, fresh=False, as_fields=True))
    return b"".join(units)
