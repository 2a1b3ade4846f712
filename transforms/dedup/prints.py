"""Prints as arrays: the columns of a table of prints, ready for comparing rows by number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa


@dataclass(frozen=True)
class Part:
    """One text of every row."""

    #: uint32[rows]: number of tokens.
    tokens: np.ndarray
    #: uint64[rows]: hash of the folded text.
    sequences: np.ndarray
    #: uint8[rows, num_perm].
    signatures: np.ndarray


@dataclass(frozen=True)
class Prints:
    """The prints of rows, by column."""

    #: uint64[rows]: hash of the folded pair, whichever response is A.
    pair: np.ndarray
    #: uint64[rows, bands], of the whole and of the prompt; arbitrary where there is no token.
    bands: np.ndarray
    prompt_bands: np.ndarray
    #: bool[rows]: whether any part has a token.
    has_text: np.ndarray
    prompt: Part
    a: Part
    b: Part

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.pair)

    @classmethod
    def of(cls, table: pa.Table) -> Prints:
        """The arrays of a table made by `text_prints`; without a copy where it is one chunk."""
        return cls(
            pair=_numbers(table["pair"]),
            bands=_lists(table["bands"]),
            prompt_bands=_lists(table["prompt_bands"]),
            has_text=table["bands"].is_valid().to_numpy(),
            prompt=_part(table, "prompt"),
            a=_part(table, "a"),
            b=_part(table, "b"),
        )


def _part(table: pa.Table, name: str) -> Part:
    return Part(
        tokens=_numbers(table[f"{name}_tokens"]),
        sequences=_numbers(table[f"{name}_sequence"]),
        signatures=_bytes(table[f"{name}_signature"]),
    )


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    return column.chunk(0).to_numpy() if column.num_chunks == 1 else column.to_numpy()


def _lists(column: pa.ChunkedArray) -> np.ndarray:
    width = column.type.list_size
    chunks = [
        chunk.values.slice(chunk.offset * width, len(chunk) * width).to_numpy().reshape(-1, width)
        for chunk in column.chunks
    ]
    return _stacked(chunks, np.empty((0, width), np.uint64))


def _bytes(column: pa.ChunkedArray) -> np.ndarray:
    width = column.type.byte_width
    chunks = [
        np.frombuffer(
            chunk.buffers()[1], np.uint8, len(chunk) * width, chunk.offset * width
        ).reshape(-1, width)
        for chunk in column.chunks
        if len(chunk)
    ]
    return _stacked(chunks, np.empty((0, width), np.uint8))


def _stacked(chunks: list[np.ndarray], empty: np.ndarray) -> np.ndarray:
    return chunks[0] if len(chunks) == 1 else np.concatenate([empty, *chunks])
