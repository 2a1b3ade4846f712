"""Marks of media: what near-equal media are found by, row by row; no reference, no facts.

A mark is one binary value: a byte for the modality, the 32 bytes of the digest, and the perceptual
hash, if the medium has one. Three columns hold those of a row's prompt and of its two responses,
in their order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from schemas.columns import one_array
from schemas.media import SLOT_MODALITY
from schemas.tasks import Modality
from transforms.dedup.hamming import Words
from transforms.dedup.perceptual import WORDS, informative_rows, words_of
from transforms.dedup.settings_media import PerceptualSettings

SIDES: Final = ("prompt", "a", "b")
MARK_COLUMNS: Final = tuple(f"{side}_marks" for side in SIDES)
MARKS_SCHEMA: Final = pa.schema([pa.field(name, pa.list_(pa.binary())) for name in MARK_COLUMNS])

#: Numbers of modalities in marks. They lie in files: never change one.
CODES: Final[dict[Modality, int]] = {"image": 1, "video": 2, "audio": 3, "mesh": 4}
MODALITIES: Final = {code: modality for modality, code in CODES.items()}

_DIGEST_BYTES: Final = 32
_HEAD: Final = 1 + _DIGEST_BYTES
_MOST_WORDS: Final = max(WORDS.values())
#: Words of a digest that stand for a hash that says too little.
_DIGEST_WORDS: Final = _DIGEST_BYTES // 8


def mark(modality: Modality, digest: str, phash: str | None) -> bytes:
    """The mark of one medium; a hash of another length than the modality's is left out.

    Raises:
        ValueError: for a digest that is not 64 hex digits.
    """
    raw = bytes.fromhex(digest)
    if len(raw) != _DIGEST_BYTES:
        raise ValueError(f"a digest of {len(raw)} bytes: {digest[:80]!r}")
    words = words_of(phash, modality) or ()
    return bytes([CODES[modality]]) + raw + b"".join(word.to_bytes(8, "big") for word in words)


def media_prints(prepared: pa.Table) -> pa.Table:
    """Marks of all media of prepared pairs (`flight.PREPARED_SCHEMA`): `MARKS_SCHEMA`, row by row.

    A list that is null gives an empty one.

    Raises:
        ValueError: for a medium without a digest: it was not prepared.
    """
    columns = [_marks(one_array(prepared[f"{side}_media"])) for side in SIDES]
    return pa.Table.from_arrays(columns, schema=MARKS_SCHEMA)


def _marks(media: pa.Array) -> pa.Array:
    lengths = media.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    refs = media.flatten()
    fields = [("slot",), ("info", "digest"), ("info", "phash")]
    columns = [pc.struct_field(refs, list(path)).to_pylist() for path in fields]
    marks = []
    for slot, digest, phash in zip(*columns, strict=True):
        if digest is None:
            raise ValueError(f"a medium of slot {slot!r} has no digest")
        marks.append(mark(SLOT_MODALITY[slot], digest, phash))
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(marks, pa.binary()))


@dataclass(frozen=True)
class Media:
    """Media of a column of marks, laid flat: m of n rows.

    Those of row i stand from ``start[i]`` to ``start[i + 1]``. `digest` is uint64 (m, 4), `words`
    uint64 (m, 5), zeros beyond the hash; `known` says which hashes say enough to go by.
    """

    start: npt.NDArray[np.int64]
    code: npt.NDArray[np.uint8]
    digest: Words
    words: Words
    known: npt.NDArray[np.bool_]

    @classmethod
    def of(
        cls, column: pa.Array | pa.ChunkedArray | pl.Series, settings: PerceptualSettings
    ) -> Media:
        """The media of a column of marks.

        Raises:
            ValueError: for what is no mark.
        """
        lists = _arrow(column)
        lengths = lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
        start = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        values = lists.flatten()
        return cls._read(start, *_octets(values), settings)

    @classmethod
    def _read(
        cls,
        start: npt.NDArray[np.int64],
        ends: npt.NDArray[np.int64],
        octets: npt.NDArray[np.uint8],
        settings: PerceptualSettings,
    ) -> Media:
        count = len(ends) - 1
        code = np.zeros(count, np.uint8)
        digest = np.zeros((count, _DIGEST_WORDS), np.uint64)
        words = np.zeros((count, _MOST_WORDS), np.uint64)
        known = np.zeros(count, bool)
        sizes = np.diff(ends)
        for size in np.unique(sizes).tolist():
            rows = np.flatnonzero(sizes == size)
            hashed, odd = divmod(size - _HEAD, 8)
            if odd or not 0 <= hashed <= _MOST_WORDS:
                raise ValueError(f"a mark of {size} bytes: not one of this version")
            laid = octets[ends[rows][:, None] + np.arange(size)[None, :]]
            code[rows] = laid[:, 0]
            digest[rows] = _big_endian(laid[:, 1:_HEAD])
            if hashed:
                words[rows, :hashed] = _big_endian(laid[:, _HEAD:])
            for number, modality in MODALITIES.items():
                if WORDS[modality] == hashed:
                    mine = rows[code[rows] == number]
                    known[mine] = informative_rows(words[mine, :hashed], modality, settings)
        if not np.isin(code, list(MODALITIES)).all():
            raise ValueError("a mark of an unknown modality: not one of this version")
        return cls(start, code, digest, words, known)

    def __len__(self) -> int:
        """Rows."""
        return len(self.start) - 1

    @property
    def count(self) -> npt.NDArray[np.int64]:
        """Media of each row."""
        return np.diff(self.start)

    def row(self) -> npt.NDArray[np.int64]:
        """The row of each medium."""
        return np.repeat(np.arange(len(self)), self.count)

    def sought(self, which: npt.NDArray[np.int64], words: int, exact: bool = False) -> Words:
        """Words to look media up by, uint64 (len(which), words): of the hash, else of the digest.

        Strangers' digests differ in half of all bits, as their hashes do: where a hash says too
        little (or with `exact`) those find copies to the byte, and nothing else.
        """
        digest = self.digest[which][:, np.arange(words) % _DIGEST_WORDS]
        if exact:
            return digest
        return np.where(self.known[which, None], self.words[which, :words], digest)


def _arrow(column: pa.Array | pa.ChunkedArray | pl.Series) -> pa.Array:
    if isinstance(column, pl.Series):
        column = column.to_arrow(compat_level=pl.CompatLevel.oldest())
    array = one_array(column)
    if pa.types.is_null(array.type):
        return array.cast(MARKS_SCHEMA[0].type)
    return array


def _octets(values: pa.Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """Where each binary value begins, and the last ends, in the octets of all."""
    if len(values) == 0:
        return np.zeros(1, np.int64), np.empty(0, np.uint8)
    _, offsets, data = values.buffers()
    wide = np.dtype(np.int64 if pa.types.is_large_binary(values.type) else np.int32)
    ends = np.frombuffer(offsets, wide, len(values) + 1, values.offset * wide.itemsize)
    return ends.astype(np.int64), np.frombuffer(data, np.uint8)


def _big_endian(octets: npt.NDArray[np.uint8]) -> Words:
    return np.ascontiguousarray(octets).view(">u8").astype(np.uint64)
