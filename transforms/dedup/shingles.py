"""Shingles: the folded tokens of a text and their word n-grams, as stable 64-bit hashes.

What is compared is not the text but a folded form of it, in which copies that differ in case,
punctuation, white space, width or composition of characters are the same sequence of tokens:

1. NFKC, case folding, NFKC again; characters that show nothing (format characters such as soft
   hyphens and zero-width joiners, and variation selectors) are taken out.
2. A run of letters, digits and combining marks is one token. Scripts that put no spaces between
   words (Han, kana, Thai, Lao, Khmer, Myanmar, Tibetan and their like) give one token a character,
   and so does every mathematical, currency or other symbol (Unicode Sm, Sc, So: ``+ < = | €``,
   emoji). Punctuation, modifier symbols (Sk) and white space separate and are ignored.
3. A text that has no such token, but has punctuation (``...``, ``#!``), gives one token for each
   character that is not white space. Only a text that shows nothing gives no token.
4. A run longer than 64 bytes of UTF-8 is cut into tokens of 64 bytes: blobs without spaces have
   parts that can be compared.

Hashes are integer arithmetic over the UTF-8 of the folded tokens: the same on every machine, in
every process, with every version of every library. The one thing that can differ is the table of
characters: Pythons know Unicode 14 (3.11) to 15.1 (3.13), so a character that is newer than
Unicode 14.0 may be a separator in one and a letter in the next. `SHINGLES_VERSION` names the
rules; it changes with every change of a hash.

Rows without text (null) are empty rows. Texts are read in pieces of some 250,000 bytes, so that
tokens need little memory beyond the result (8 bytes a token); n-grams need five times theirs while
they are made. Many rows go through in batches of about a thousand.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from transforms.dedup.characters import (
    DROPPED,
    IGNORED,
    SINGLE,
    WORD,
    ascii_classes,
    classes_of_characters,
)
from transforms.dedup.folding import folded_points, offsets_of

#: The rules by which tokens are found and hashed.
SHINGLES_VERSION = 1

#: Bytes of UTF-8 after which a run is cut.
LONGEST_TOKEN = 64

_PIECE = 1 << 18
#: Keys that are counted together, and the bits by which: few others share one, and all fit a cache.
_COUNTED = 1 << 15
_SLOT = np.uint64((1 << 18) - 1)
_LANE = 8

# Odd constants without structure: the fractional digits of the square roots of 2, 3, 5 and 7.
_K1 = np.uint64(0x6A09E667F3BCC909)
_K2 = np.uint64(0xBB67AE8584CAA73B)
_K3 = np.uint64(0x3C6EF372FE94F82B)
_K4 = np.uint64(0xA54FF53A5F1D36F1)


class Hashes(NamedTuple):
    """Hashes of the rows of a column: row ``i`` has ``values[offsets[i]:offsets[i + 1]]``."""

    #: uint64[total], in the order of the text; repeated tokens are repeated.
    values: np.ndarray
    #: int64[rows + 1], from 0 to total.
    offsets: np.ndarray

    @property
    def counts(self) -> np.ndarray:
        """int64[rows]: how many hashes each row has."""
        return np.diff(self.offsets)


def token_hashes(column: pa.ChunkedArray | pa.Array) -> Hashes:
    """The hashes of the tokens of every text of a column of strings, row by row, in text order.

    `column` is ``string`` or ``large_string``, chunked or not; the result doesn't depend on the
    chunks. Null and empty rows have no tokens. Raises TypeError for a column of another type.
    """
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    parts = [_piece_hashes(*piece) for chunk in chunks for piece in _pieces(chunk)]
    return _joined(parts)


def shingles(tokens: Hashes, n: int) -> Hashes:
    """The hashes of the n-grams of the tokens of every row, in text order.

    A row of m tokens has m - n + 1 of them, and one, of all that it has, where 0 < m < n. Unigrams
    are hashed again, so that they are equal to no token. Raises ValueError if `n` is less than 1.
    """
    if n < 1:
        raise ValueError(f"n-grams of {n} tokens: write 1 or more")
    values, offsets = tokens
    counts = tokens.counts
    whole = counts >= n
    rows = np.where(whole, counts - n + 1, np.minimum(counts, 1))
    out_offsets = offsets_of(rows)
    out = np.empty(out_offsets[-1], np.uint64)
    if whole.any():
        places = len(values) - n + 1
        grams = _grams([values[step : step + places] for step in range(n)])
        # +1 where a row's n-grams begin and -1 behind its last: those that lie in one row remain.
        edges = np.zeros(places + 1, np.int8)
        edges[offsets[:-1][whole]] += 1
        edges[offsets[1:][whole] - n + 1] -= 1
        out[np.repeat(whole, rows)] = grams[np.cumsum(edges[:-1], dtype=np.int8).view(bool)]
    for size in range(1, n):
        short = np.flatnonzero(counts == size)
        if len(short):
            out[out_offsets[short]] = _grams([values[offsets[short] + at] for at in range(size)])
    return Hashes(out, out_offsets)


def numbered(bag: Hashes) -> Hashes:
    """The hashes with their repeats told apart: within a row the k-th equal one is another hash.

    The first of each keeps its hash. The set of a row's results stands for its multiset, so that
    the Jaccard similarity of two sets is that of the multisets: texts that repeat themselves would
    have few distinct n-grams, of which every edit would spoil a large share. Which of the equal
    ones is the k-th is arbitrary.
    """
    values, offsets = bag
    rows = np.repeat(np.arange(len(offsets) - 1, dtype=np.uint64), bag.counts)
    keys = _mix(values + rows * _K3)
    order = _perhaps_repeated(keys, offsets)
    order = order[np.argsort(keys[order])]
    ordered = keys[order]
    again = np.flatnonzero(ordered[1:] == ordered[:-1]) + 1
    if not len(again):
        return bag
    # Runs of equal hashes: how far every repeat is behind the first of its run.
    leads = np.ones(len(again), bool)
    leads[1:] = again[1:] != again[:-1] + 1
    firsts = again[leads] - 1
    repeat = (again - firsts[np.cumsum(leads) - 1]).astype(np.uint64)
    result = values.copy()
    result[order[again]] = _mix(values[order[again]] + repeat * _K4)
    return Hashes(result, offsets)


def _perhaps_repeated(keys: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """int64: where all keys lie that their row has more than once, and some others.

    Few keys repeat, and sorting all of them costs more than counting them by some of their bits.
    """
    found = [np.empty(0, np.int64)]
    first = 0
    while first < len(offsets) - 1:
        last = int(np.searchsorted(offsets, offsets[first] + _COUNTED, side="right")) - 1
        last = max(last, first + 1)
        slots = (keys[offsets[first] : offsets[last]] & _SLOT).astype(np.int64)
        found.append(np.flatnonzero(np.bincount(slots)[slots] > 1) + offsets[first])
        first = last
    return np.concatenate(found)


def row_hashes(tokens: Hashes) -> np.ndarray:
    """uint64[rows]: one hash of the whole token sequence of every row: equal iff all tokens are.

    Rows without tokens all have the same one. Two different sequences share one by chance with
    probability 2^-64.
    """
    values, offsets = tokens
    counts = tokens.counts
    # Every token is mixed with its place in the row, so that a plain sum tells orders apart.
    place = np.arange(len(values), dtype=np.uint64) - np.repeat(offsets[:-1], counts).astype(
        np.uint64
    )
    mixed = _mix(values + (place + np.uint64(1)) * _K3)
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(mixed, dtype=np.uint64)])
    return _mix((sums[offsets[1:]] - sums[offsets[:-1]]) ^ (counts.astype(np.uint64) * _K4))


def _grams(tokens: list[np.ndarray]) -> np.ndarray:
    """Hashes of n-grams: ``tokens[j][i]`` is token j of n-gram i."""
    hashed = np.full(len(tokens[0]), len(tokens) * int(_K4) % 2**64, np.uint64)
    for token in tokens:
        hashed ^= token
        hashed *= _K1
        hashed ^= hashed >> np.uint64(29)
    return _mix(hashed)


def _mix(values: np.ndarray) -> np.ndarray:
    """The finaliser of a 64-bit hash: every bit of the input moves every bit of the output."""
    mixed = values ^ (values >> np.uint64(33))
    mixed *= _K1
    mixed ^= mixed >> np.uint64(29)
    mixed *= _K2
    mixed ^= mixed >> np.uint64(32)
    return mixed


def _joined(parts: list[Hashes]) -> Hashes:
    if not parts:
        return Hashes(np.empty(0, np.uint64), np.zeros(1, np.int64))
    counts = np.concatenate([part.counts for part in parts])
    return Hashes(np.concatenate([part.values for part in parts]), offsets_of(counts))


def _pieces(chunk: pa.Array) -> Iterator[tuple[pa.Array, np.ndarray, np.ndarray]]:
    """Slices of a chunk of about `_PIECE` bytes each, with their bytes and offsets."""
    if pa.types.is_string(chunk.type):
        offset_type: type[np.signedinteger] = np.int32
    elif pa.types.is_large_string(chunk.type):
        offset_type = np.int64
    else:
        raise TypeError(f"tokens are of strings, not of {chunk.type}")
    if not len(chunk):
        return
    if chunk.null_count:
        chunk = chunk.fill_null("")
    _, offset_buffer, data = chunk.buffers()
    offsets = np.frombuffer(offset_buffer, offset_type)
    offsets = offsets[chunk.offset : chunk.offset + len(chunk) + 1].astype(np.int64)
    content = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    first = 0
    while first < len(chunk):
        last = int(np.searchsorted(offsets, offsets[first] + _PIECE, side="right")) - 1
        last = min(max(last, first + 1), len(chunk))
        inside = content[offsets[first] : offsets[last]]
        yield chunk.slice(first, last - first), inside, offsets[first : last + 1] - offsets[first]
        first = last


def _piece_hashes(piece: pa.Array, content: np.ndarray, offsets: np.ndarray) -> Hashes:
    """The hashes of one piece: rows of ASCII by their bytes, others folded first."""
    high = np.flatnonzero(content > 127)
    if not len(high):
        return _ascii_hashes(content, offsets)
    folded_rows = np.unique(np.searchsorted(offsets, high, side="right") - 1)
    is_folded = np.zeros(len(piece), bool)
    is_folded[folded_rows] = True
    if is_folded.all():
        return _folded_hashes(piece.to_pylist())
    plain = _ascii_hashes(
        content[np.repeat(~is_folded, np.diff(offsets))], offsets_of(np.diff(offsets)[~is_folded])
    )
    others = _folded_hashes(piece.take(pa.array(folded_rows)).to_pylist())
    counts = np.empty(len(piece), np.int64)
    counts[~is_folded], counts[is_folded] = plain.counts, others.counts
    values = np.empty(int(counts.sum()), np.uint64)
    from_folded = np.repeat(is_folded, counts)
    values[~from_folded], values[from_folded] = plain.values, others.values
    return Hashes(values, offsets_of(counts))


def _ascii_hashes(content: np.ndarray, offsets: np.ndarray) -> Hashes:
    lower = np.frombuffer(content.tobytes().lower(), np.uint8)
    return _span_hashes(lower, ascii_classes()[lower], offsets, None)


def _folded_hashes(texts: list[str]) -> Hashes:
    """The hashes of texts that need folding by Unicode's rules."""
    points, offsets = folded_points(texts)
    classes = classes_of_characters()[points]
    kept = classes != DROPPED
    if not kept.all():
        offsets = offsets_of(kept)[offsets]
        points, classes = points[kept], classes[kept]
    text = points.tobytes().decode("utf-32-le", "surrogatepass")
    utf8 = np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)
    # Where each character begins, and the end: all bytes but those that continue one.
    byte_at = np.append(np.flatnonzero((utf8 & 0xC0) != 0x80), len(utf8))
    return _span_hashes(utf8, classes, offsets, byte_at)


def _span_hashes(
    utf8: np.ndarray, classes: np.ndarray, offsets: np.ndarray, byte_at: np.ndarray | None
) -> Hashes:
    """The hashes of folded rows: classes and offsets of characters, and where each begins.

    Without `byte_at` every character is one byte.
    """
    starts, ends = _spans(classes, offsets)
    counts = _counts_of(starts, offsets)
    bare = np.flatnonzero((counts == 0) & (np.diff(offsets) > 0))
    if len(bare):  # rows of punctuation alone: every character that shows is a token
        inside = np.zeros(len(offsets) - 1, bool)
        inside[bare] = True
        chosen = np.repeat(inside, np.diff(offsets)) & (classes == IGNORED)
        classes = np.where(chosen, np.uint8(SINGLE), classes)
        starts, ends = _spans(classes, offsets)
    if byte_at is not None:
        row_starts = byte_at[offsets]
        starts, ends = byte_at[starts], byte_at[ends]
    else:
        row_starts = offsets
    starts, lengths = _cut(starts, ends - starts)
    return Hashes(_lane_hashes(utf8, starts, lengths), offsets_of(_counts_of(starts, row_starts)))


def _spans(classes: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First characters of the tokens, and the characters after their last."""
    size = len(classes)
    if not size:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    word = classes == WORD
    single = classes == SINGLE
    breaks = np.zeros(size + 1, bool)
    breaks[offsets] = True
    begins = word.copy()
    begins[1:] &= ~word[:-1] | breaks[1:-1]
    finishes = word.copy()
    finishes[:-1] &= ~word[1:] | breaks[1:-1]
    if single.any():
        begins |= single
        finishes |= single
    return np.flatnonzero(begins), np.flatnonzero(finishes) + 1


def _counts_of(starts: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    return np.diff(np.searchsorted(starts, offsets))


def _cut(starts: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Spans none of which is longer than the longest token."""
    if not len(lengths) or lengths.max() <= LONGEST_TOKEN:
        return starts, lengths
    pieces = -(-lengths // LONGEST_TOKEN)
    step = np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    done = step * LONGEST_TOKEN
    return np.repeat(starts, pieces) + done, np.minimum(
        np.repeat(lengths, pieces) - done, LONGEST_TOKEN
    )


def _lane_hashes(utf8: np.ndarray, starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Hashes of spans of bytes, eight bytes at a time over all spans that are that long."""
    padded = np.concatenate([utf8, np.zeros(_LANE, np.uint8)])
    # Eight bytes from every place on, read as a little-endian number.
    lanes = np.ndarray(len(utf8) + 1, "<u8", padded, strides=(1,))
    hashed = lengths.astype(np.uint64) * _K3
    going = slice(None) if not len(lengths) else np.arange(len(lengths))
    for done in range(0, LONGEST_TOKEN, _LANE):
        if done:
            going = np.flatnonzero(lengths > done)
            if not len(going):
                break
        left = np.minimum(lengths[going] - done, _LANE)
        lane = lanes[starts[going] + done].astype(np.uint64) & _LANE_MASKS[left]
        mixed = (hashed[going] ^ lane) * _K1
        mixed ^= mixed >> np.uint64(32)
        hashed[going] = mixed * _K2
    return _mix(hashed)


_LANE_MASKS = np.array([(1 << 8 * size) - 1 for size in range(_LANE + 1)], np.uint64)
