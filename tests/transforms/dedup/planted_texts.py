"""Pairs of texts in which copies are planted: English-like, Chinese and code, 20 to 400 words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from keyword import kwlist

import numpy as np
import pyarrow as pa

Texts = tuple[str, str, str]

_SYLLABLES = re.findall("..", "badefigohukaleminopuarasetivowaxeyozachthrelonmerstaunde")
_KEYWORDS = [word for word in kwlist if word.islower()]
_PUNCTUATION = (" ", " ", " ", " ", " ", " ", ", ", ". ", "; ", "\n")


def words_of(rng: np.random.Generator, number: int) -> list[str]:
    """Distinct words that look like a language."""
    words: dict[str, None] = {}
    while len(words) < number:
        syllables = rng.choice(_SYLLABLES, rng.integers(1, 5))
        words["".join(syllables)] = None
    return list(words)


@dataclass
class Writer:
    """Writes texts of one kind as lists of words, common ones more often (Zipf's law)."""

    words: list[str]
    between: tuple[str, ...]
    letters: str

    def text(self, rng: np.random.Generator, length: int) -> list[str]:
        ranks = np.minimum(rng.zipf(1.15, length) - 1, len(self.words) - 1)
        rare = rng.integers(0, len(self.words), length)
        chosen = np.where(ranks == len(self.words) - 1, rare, ranks)
        return [self.words[number] for number in chosen.tolist()]

    def joined(self, rng: np.random.Generator, words: list[str]) -> str:
        gaps = rng.integers(0, len(self.between), len(words)).tolist()
        return "".join(w + self.between[g] for w, g in zip(words, gaps, strict=True)).strip()

    def edited(self, rng: np.random.Generator, words: list[str], share: float) -> list[str]:
        """A share of the words, at least one, replaced, inserted, deleted or misspelt."""
        edited: list[str] = list(words)
        for _ in range(max(1, round(len(words) * share))):
            at = int(rng.integers(len(edited)))
            word = edited[at]
            kind = ("substitute", "insert", "delete", "misspell")[rng.integers(4)]
            if kind == "substitute":
                edited[at] = self.words[rng.integers(len(self.words))]
            elif kind == "insert":
                edited.insert(at, self.words[rng.integers(len(self.words))])
            elif kind == "delete":
                del edited[at]
            else:
                spot = int(rng.integers(len(word)))
                letter = self.letters[rng.integers(len(self.letters))]
                edited[at] = word[:spot] + letter + word[spot + 1 :]
        return edited


def english(rng: np.random.Generator) -> Writer:
    return Writer(words_of(rng, 6000), _PUNCTUATION, "abcdefghijklmnopqrstuvwxyz")


def chinese(rng: np.random.Generator) -> Writer:
    """Characters are the words."""
    characters = [chr(point) for point in rng.permutation(np.arange(0x4E00, 0x4E00 + 3500))]
    return Writer(characters, ("", "", "", "", "", "，", "。"), "".join(characters[:500]))


def code(rng: np.random.Generator) -> Writer:
    names = [f"{a}_{b}" for a, b in zip(words_of(rng, 1500), words_of(rng, 1500), strict=True)]
    numbers = [str(number) for number in range(200)]
    return Writer(
        ["=", "+", "<", *_KEYWORDS, *names, *numbers],
        (" ", "(", ")\n    ", ", ", ".", "[", "]", ": "),
        "abcdefghijklmnopqrstuvwxyz",
    )


WRITERS: dict[str, Callable[[np.random.Generator], Writer]] = {
    "english": english,
    "chinese": chinese,
    "code": code,
}


def refolded(text: str) -> str:
    """Another text with the same folded form: case, white space and punctuation differ."""
    return "  " + text.upper().replace(" ", "  ").replace(",", " ,") + " …\u00a0\r\n"


@dataclass
class Planted:
    """Texts of pairs, and which row was made from which earlier one, how."""

    texts: list[Texts] = field(default_factory=list)
    exact: dict[int, int] = field(default_factory=dict)
    near: dict[int, int] = field(default_factory=dict)

    def columns(self) -> tuple[pa.ChunkedArray, pa.ChunkedArray, pa.ChunkedArray]:
        prompt, a, b = (
            pa.chunked_array([pa.array(part)]) for part in zip(*self.texts, strict=True)
        )
        return prompt, a, b


def planted(
    kind: str,
    rows: int,
    seed: int,
    *,
    exact: float = 0.01,
    near: float = 0.01,
    edits: tuple[float, float] = (0.01, 0.05),
    words: tuple[int, int] = (20, 400),
) -> Planted:
    """`rows` pairs; a share of them copies of clean ones, with the responses swapped in half.

    `edits` bounds the share of words that is edited in a near copy, `words` the lengths of parts.
    """
    rng = np.random.default_rng(seed)
    writer = WRITERS[kind](rng)
    result = Planted()
    written: list[tuple[list[str], ...]] = []
    clean: list[int] = []
    for row in range(rows):
        draw = rng.random()
        if clean and draw < exact + near:
            origin = int(clean[rng.integers(len(clean))])
            if draw < exact:
                parts: tuple[list[str], ...] = written[origin]
                texts = [refolded(text) for text in result.texts[origin]]
                result.exact[row] = origin
            else:
                share = rng.uniform(*edits)
                parts = tuple(writer.edited(rng, part, share) for part in written[origin])
                texts = [writer.joined(rng, part) for part in parts]
                result.near[row] = origin
            if rng.random() < 0.5:
                texts = [texts[0], texts[2], texts[1]]
        else:
            lengths = np.exp(rng.uniform(*np.log(words), 3)).astype(int)
            parts = tuple(writer.text(rng, int(length)) for length in lengths)
            texts = [writer.joined(rng, part) for part in parts]
            clean.append(row)
        written.append(parts)
        result.texts.append((texts[0], texts[1], texts[2]))
    return result
