"""Samples of H.264 that hold half a frame: interlaced clips may have one for each of two fields.

Only so much of the stream is read as says so. Sources: ITU-T H.264 7.3 (syntax), ISO/IEC 14496-15
5.3.3 (`avcC`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

_SLICES: Final = (1, 2, 5)
_SEQUENCE: Final = 7
_PICTURE: Final = 8

#: Profiles whose sequences say more of their colours.
_HIGH: Final = (44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244)

#: Bytes in which the start of a slice's header lies, and all of a set that is wanted of it.
_HEAD: Final = 32
_SET: Final = 4_096


class FieldReader:
    """Tells of each sample of a track whether it is a single field, by the track's `avcC`."""

    def __init__(self, setup: bytes) -> None:
        self._length = 4
        #: Of sequences: bits of a frame's number, bits before it, whether there may be fields.
        self._sequences: dict[int, tuple[int, int, bool]] = {}
        self._pictures: dict[int, int] = {}
        if len(setup) > 6 and setup[0] == 1:
            self._length = (setup[4] & 3) + 1
            for unit in _setup_units(setup):
                self._learn(unit)

    @property
    def may_have_fields(self) -> bool:
        """Whether there may be fields; where there may not, nobody need look at samples."""
        return not self._sequences or any(fields for _, _, fields in self._sequences.values())

    def is_field(self, sample: bytes) -> bool:
        """Whether a sample holds one field; a broken one is the decoder's business."""
        kinds = set[int | None]()
        for unit in self._units(sample):
            kind = unit[0] & 0x1F
            if kind in (_SEQUENCE, _PICTURE):
                self._learn(unit)
            elif kind in _SLICES:
                kinds.add(self._field_of(unit))
        return len(kinds) == 1 and None not in kinds

    def _units(self, sample: bytes) -> Iterator[bytes]:
        at = 0
        while at + self._length < len(sample):
            size = int.from_bytes(sample[at : at + self._length], "big")
            at += self._length
            if not size:
                continue
            most = _SET if sample[at] & 0x1F in (_SEQUENCE, _PICTURE) else _HEAD
            yield sample[at : at + min(size, most)]
            at += size

    def _learn(self, unit: bytes) -> None:
        bits = _Bits(unit)
        try:
            if unit[0] & 0x1F == _SEQUENCE:
                number, sequence = _sequence(bits)
                self._sequences[number] = sequence
            else:
                self._pictures[bits.ue()] = bits.ue()
        except (IndexError, ValueError):
            return

    def _field_of(self, unit: bytes) -> int | None:
        """0 or 1 for a slice of a top or bottom field, None for one of a frame."""
        bits = _Bits(unit)
        try:
            bits.ue()
            bits.ue()
            number_bits, before, fields = self._sequences[self._pictures[bits.ue()]]
            bits.u(before + number_bits)
            return bits.u(1) if fields and bits.u(1) else None
        except (IndexError, KeyError, ValueError):
            return None


class _Bits:
    """Bits of a unit behind its first byte, without what keeps start codes out of it."""

    def __init__(self, unit: bytes) -> None:
        body = unit[1:].replace(b"\0\0\3", b"\0\0")
        self._value, self._left = int.from_bytes(body, "big"), 8 * len(body)

    def u(self, width: int) -> int:
        """A number of so many bits.

        Raises:
            IndexError: so many are not left.
        """
        self._left -= width
        if self._left < 0:
            raise IndexError
        return self._value >> self._left & ((1 << width) - 1)

    def ue(self) -> int:
        """An Exp-Golomb code.

        Raises:
            ValueError: it is longer than any can be.
        """
        zeros = 0
        while not self.u(1):
            zeros += 1
            if zeros > 32:
                raise ValueError
        return (1 << zeros) - 1 + self.u(zeros)


def _setup_units(setup: bytes) -> Iterator[bytes]:
    """The sequence and picture sets of an `avcC`."""
    at = 5
    for mask in (0x1F, 0xFF):
        count = setup[at] & mask if at < len(setup) else 0
        at += 1
        for _ in range(count):
            size = int.from_bytes(setup[at : at + 2], "big")
            unit = setup[at + 2 : at + 2 + min(size, _SET)]
            if unit:
                yield unit
            at += 2 + size


def _sequence(bits: _Bits) -> tuple[int, tuple[int, int, bool]]:
    """The number of a sequence set, and what it says."""
    profile = bits.u(8)
    bits.u(16)
    number, before = bits.ue(), 0
    if profile in _HIGH:
        colours = bits.ue()
        if colours == 3:
            before = 2 * bits.u(1)
        bits.ue(), bits.ue(), bits.u(1)
        if bits.u(1):
            for index in range(12 if colours == 3 else 8):
                if bits.u(1):
                    _pass_scaling(bits, 16 if index < 6 else 64)
    number_bits = bits.ue() + 4
    order = bits.ue()
    if order == 0:
        bits.ue()
    elif order == 1:
        bits.u(1), bits.ue(), bits.ue()
        for _ in range(min(bits.ue(), 255)):
            bits.ue()
    bits.ue(), bits.u(1), bits.ue(), bits.ue()
    return number, (number_bits, before, not bits.u(1))


def _pass_scaling(bits: _Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            code = bits.ue()
            step = (code + 1) // 2 if code % 2 else -(code // 2)
            following = (last + step) % 256
        last = following or last
