"""All fingerprints of a build in one index: texts and media of their items, as arrays.

Built once per process. Memory: 12 bytes an n-gram of a different text (20,000 texts of 500 n-grams:
120 MB), filters of at most 64 MB a field and size of n-grams, 8 to 24 bytes a perceptual hash and
some 100 bytes an item.
"""

from __future__ import annotations

from binascii import unhexlify
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.tasks import Modality
from transforms.dedup.benchmarks.fingerprint import Fingerprint
from transforms.dedup.benchmarks.gram_index import GramIndex
from transforms.dedup.benchmarks.known import KnownFingerprint, read_known
from transforms.dedup.benchmarks.texts import only
from transforms.dedup.perceptual import packed
from transforms.dedup.settings_benchmarks import DecontaminationSettings
from transforms.dedup.shingles import Hashes

TEXT_FIELDS: Final = ("prompt", "response")
MEDIA_FIELDS: Final = ("prompt_medium", "response_medium")

#: Hex digits of one frame in the hash of a clip, which are those of a picture.
_FRAME: Final = 16


@dataclass(frozen=True)
class TextIndex:
    """The different texts of one field, benchmark by benchmark."""

    #: int32[texts] benchmark, int64[texts] item (its first, of several with one text).
    benchmark: np.ndarray
    item: np.ndarray
    exact: np.ndarray
    tokens: np.ndarray
    grams: Hashes
    #: Texts in the order of `exact`, to look them up.
    by_exact: np.ndarray
    #: Inverted n-grams of short and of long texts: both have all texts, those of the other kind
    #: without n-grams.
    short: GramIndex
    long: GramIndex


@dataclass(frozen=True)
class MediaIndex:
    """The media of one field and modality."""

    #: int64[media] item; uint64[media] the first half of the source digest; in its order.
    item: np.ndarray
    source: np.ndarray
    #: uint64[hashes, words] perceptual hashes, and int64[hashes] the item that each is of.
    hashes: np.ndarray
    hash_item: np.ndarray


@dataclass(frozen=True)
class FingerprintIndex:
    """The items of all fingerprints: number i is `items[i]` of ``names[benchmark_of[i]]``."""

    names: Sequence[str]
    items: pa.Array
    benchmark_of: np.ndarray
    #: int64[items]: the item's prompt in ``texts["prompt"]``, -1 where it has none.
    prompt_of: np.ndarray
    texts: Mapping[str, TextIndex]
    #: By field and modality.
    media: Mapping[tuple[str, Modality], MediaIndex]

    @classmethod
    def of(
        cls, fingerprints: Sequence[Fingerprint], settings: DecontaminationSettings
    ) -> FingerprintIndex:
        """The index of fingerprints that were read under the same settings."""
        names = [fingerprint.name for fingerprint in fingerprints]
        rows = _Rows.of([fingerprint.table for fingerprint in fingerprints])
        texts = {name: _text_index(rows, name, settings) for name in TEXT_FIELDS}
        media = {}
        for name in MEDIA_FIELDS:
            for modality in _modalities(rows):
                found = _media_index(rows, name, modality)
                if len(found.item):
                    media[name, modality] = found
        prompt_of = _prompts(rows, texts["prompt"])
        return cls(names, rows.items, rows.benchmark_of_item, prompt_of, texts, media)

    @property
    def nbytes(self) -> int:
        """Memory that the index takes, about."""
        arrays = [self.benchmark_of, self.prompt_of]
        for text in self.texts.values():
            arrays += [text.item, text.exact, text.tokens, text.grams.values, text.grams.offsets]
        for medium in self.media.values():
            arrays += [medium.item, medium.source, medium.hashes, medium.hash_item]
        grams = sum(text.short.nbytes + text.long.nbytes for text in self.texts.values())
        return sum(array.nbytes for array in arrays) + grams + int(self.items.nbytes)


@dataclass(frozen=True)
class _Rows:
    """Rows of all fingerprints, one after the other, with numbers for items."""

    table: pa.Table
    item: np.ndarray
    benchmark: np.ndarray
    items: pa.Array
    benchmark_of_item: np.ndarray

    @classmethod
    def of(cls, tables: Sequence[pa.Table]) -> _Rows:
        numbers: list[np.ndarray] = [np.empty(0, np.int64)]
        names: list[pa.Array] = [pa.array([], pa.string())]
        of_item: list[np.ndarray] = [np.empty(0, np.int32)]
        of_row: list[np.ndarray] = [np.empty(0, np.int32)]
        start = 0
        for number, table in enumerate(tables):
            encoded = table["item"].combine_chunks().dictionary_encode()
            numbers.append(encoded.indices.to_numpy().astype(np.int64) + start)
            names.append(encoded.dictionary)
            of_item.append(np.full(len(encoded.dictionary), number, np.int32))
            of_row.append(np.full(table.num_rows, number, np.int32))
            start += len(encoded.dictionary)
        bare = [table.replace_schema_metadata(None) for table in tables]
        return cls(
            pa.concat_tables(bare).combine_chunks() if bare else _NOTHING,
            np.concatenate(numbers),
            np.concatenate(of_row),
            pa.concat_arrays(names),
            np.concatenate(of_item),
        )

    @property
    def modality(self) -> pa.ChunkedArray:
        return self.table["modality"]

    @property
    def exact(self) -> np.ndarray:
        """uint64[rows]; 0 for media. With nulls in it, it would come as floating-point numbers."""
        return np.asarray(self.table["exact"].fill_null(0).to_numpy(), np.uint64)

    def where(self, field: str) -> np.ndarray:
        """Numbers of the rows of a field."""
        return (
            np.flatnonzero(pc.equal(self.table["field"], field).to_numpy())
            if self.table.num_rows
            else np.empty(0, np.int64)
        )


_NOTHING: Final = pa.table(
    {
        "field": pa.array([], pa.string()),
        "exact": pa.array([], pa.uint64()),
        "tokens": pa.array([], pa.uint32()),
        "ngrams": pa.array([], pa.list_(pa.uint64())),
        "modality": pa.array([], pa.string()),
        "source": pa.array([], pa.string()),
        "hashes": pa.array([], pa.list_(pa.string())),
    }
)


def _text_index(rows: _Rows, field: str, settings: DecontaminationSettings) -> TextIndex:
    every = rows.where(field)
    exact = rows.exact[every]
    # The first row of a benchmark that has a text stands for all: it has the n-grams.
    order = np.lexsort((every, exact, rows.benchmark[every]))
    is_new = np.ones(len(order), bool)
    same = rows.benchmark[every][order][1:] == rows.benchmark[every][order][:-1]
    is_new[1:] = ~same | (exact[order][1:] != exact[order][:-1])
    chosen = np.sort(every[order[is_new]])
    part = rows.table.take(pa.array(chosen))
    lists = part["ngrams"].combine_chunks()
    counts = lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    grams = Hashes(
        lists.flatten().to_numpy(), np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
    )
    tokens = part["tokens"].to_numpy().astype(np.int64)
    texts = part["exact"].to_numpy().astype(np.uint64)
    benchmark = rows.benchmark[chosen]
    is_short = tokens < settings.print.short_tokens
    return TextIndex(
        benchmark=benchmark,
        item=rows.item[chosen],
        exact=texts,
        tokens=tokens,
        grams=grams,
        by_exact=np.argsort(texts, kind="stable"),
        short=GramIndex.of(only(grams, is_short), benchmark, settings.common),
        long=GramIndex.of(only(grams, ~is_short), benchmark, settings.common),
    )


def _prompts(rows: _Rows, prompts: TextIndex) -> np.ndarray:
    """The text of every item's prompt, by its number in the index of prompts."""
    found = np.full(len(rows.items), -1, np.int64)
    every = rows.where("prompt")
    if not len(every):
        return found
    exact = rows.exact[every]
    # Texts are distinct within a benchmark: a text is found by both.
    keys = _key(prompts.exact, prompts.benchmark)
    by_key = np.argsort(keys, kind="stable")
    places = by_key[np.searchsorted(keys[by_key], _key(exact, rows.benchmark[every]))]
    found[rows.item[every]] = places
    return found


def _key(exact: np.ndarray, benchmark: np.ndarray) -> np.ndarray:
    return exact + benchmark.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)


def _modalities(rows: _Rows) -> list[Modality]:
    """The modalities to look items up by: a clip's frames may stand in rows as pictures."""
    there = set(rows.modality.drop_null().to_pylist())
    return sorted(there | ({"image"} if "video" in there else set()))


def _media_index(rows: _Rows, field: str, modality: Modality) -> MediaIndex:
    every = rows.where(field)
    mine = every[_of_modality(rows, modality)[every]]
    part = rows.table.take(pa.array(mine))
    source = digest_words(part["source"])
    order = np.argsort(source, kind="stable")
    item = rows.item[mine]
    hashes, of_item = _hashes(part, item)
    if modality == "image":
        clips = every[_of_modality(rows, "video")[every]]
        of_clips, clip_item = _hashes(rows.table.take(pa.array(clips)), rows.item[clips])
        frames = [(clip[at : at + _FRAME], number) for clip, number in
                  zip(of_clips, clip_item.tolist(), strict=True) if clip
                  for at in range(0, len(clip), _FRAME)]  # fmt: skip
        hashes = [*hashes, *(frame for frame, _ in frames)]
        of_item = np.concatenate([of_item, np.array([n for _, n in frames], of_item.dtype)])
    words, there = packed(hashes, modality)
    return MediaIndex(item[order], source[order], words[there], of_item[there])


def _of_modality(rows: _Rows, modality: Modality) -> np.ndarray:
    return pc.equal(rows.modality, modality).fill_null(fill_value=False).to_numpy()


def _hashes(part: pa.Table, item: np.ndarray) -> tuple[list[str | None], np.ndarray]:
    """All perceptual hashes of some media, and the item of each."""
    lists = part["hashes"].combine_chunks()
    counts = lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    return lists.flatten().to_pylist(), np.repeat(item, counts)


def digest_words(digests: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """uint64[n]: the first 64 bits of hex digests; 0 for a null."""
    column = digests.combine_chunks() if isinstance(digests, pa.ChunkedArray) else digests
    heads = pc.utf8_slice_codeunits(column.fill_null("0" * 16), 0, 16).to_pylist()
    return np.frombuffer(unhexlify("".join(heads)), ">u8").astype(np.uint64)


def load_index(
    known: Sequence[KnownFingerprint], settings: DecontaminationSettings
) -> FingerprintIndex:
    """Read the fingerprints that a build counts into an index.

    Raises:
        BuildError: one is not there, is not the one that was counted, can't be read, or was made by
            other algorithms or parameters.
    """
    return FingerprintIndex.of([read_known(one, settings) for one in known], settings)
