"""Deterministic text of realistic shape and length, made fast from pools of ready sentences."""

from __future__ import annotations

import functools
import string
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from pipelines.sample_corpora import words
from pipelines.sample_corpora.scheduling import stream

#: White space that is all a response may consist of and still count as empty.
BLANKS: Final = ("", "   ", "\n\n", " \t\r\n")

_POOL: Final = 6_000
_SMALL_POOL: Final = 600
_SENTENCES_IN_PARAGRAPH: Final = 5


class Pool:
    """Ready-made texts to pick from; `mean` is their mean length in characters."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self.mean = sum(map(len, texts)) / len(texts)

    def pick(self, rng: np.random.Generator, number: int) -> list[str]:
        """`number` texts, repetition allowed."""
        return [self.texts[at] for at in rng.integers(len(self.texts), size=number).tolist()]

    def one(self, rng: np.random.Generator) -> str:
        """One text."""
        return self.texts[int(rng.integers(len(self.texts)))]

    def about(self, rng: np.random.Generator, chars: int, least: int = 3) -> list[str]:
        """As many texts as give about `chars` characters, and at least `least`."""
        return self.pick(rng, max(least, round(chars / self.mean)))


class Texts:
    """The texts of one seed. Everything but `foreign` (and a share of `response`) is ASCII.

    No text begins or ends with white space, holds a carriage return, or is decomposed: those are
    traps, made by `indented`, `with_carriage_returns` and `decomposed` alone.
    """

    def __init__(self, seed: int) -> None:
        def pool(
            name: str, lists: Mapping[str, list[str]], forms: list[str], number: int = _POOL
        ) -> Pool:
            return Pool(_filled(forms, lists, number, stream(seed, "text", name)))

        self.english = pool("english", words.ENGLISH, words.ENGLISH_FORMS)
        self.instructions = pool("instructions", words.ENGLISH, words.INSTRUCTION_FORMS)
        self.visual = pool("visual", words.VISUAL, words.VISUAL_FORMS)
        self.visual_questions = pool("questions", words.VISUAL, words.VISUAL_QUESTION_FORMS)
        self.scenes = pool("scenes", words.SCENE, words.SCENE_FORMS)
        self.code = pool("code", words.CODE, words.CODE_FORMS, _SMALL_POOL)
        self.languages = [
            pool(name, lists, forms, _SMALL_POOL) for name, (lists, forms) in words.FOREIGN.items()
        ]

    def prompt(self, rng: np.random.Generator, chars: int) -> str:
        """An instruction with some background, of about `chars` characters."""
        asked = self.instructions.one(rng)
        background = self.english.about(rng, chars - len(asked), least=1)
        return " ".join((*background, asked) if rng.random() < 0.5 else (asked, *background))

    def response(self, rng: np.random.Generator, chars: int) -> str:
        """An answer of about `chars` characters: prose, list, code, poem or another language."""
        kind = rng.random()
        if kind < 0.08:
            return self.foreign(rng, chars // 2)
        sentences = self.english.about(rng, chars)
        if kind < 0.20:
            half = len(sentences) // 2
            before, after = _prose(sentences[:half]), _prose(sentences[half:])
            return f"{before}\n\n{self.code.one(rng)}\n\n{after}"
        if kind < 0.35:
            items = [f"{nth}. {item}" for nth, item in enumerate(sentences[1:], start=1)]
            return sentences[0] + "\n\n" + "\n".join(items)
        if kind < 0.40:
            return sentences[0] + "\n\n" + _poem(sentences[1:])
        return _prose(sentences)

    def foreign(self, rng: np.random.Generator, chars: int) -> str:
        """Chinese, Arabic, German, or English with emoji; never ASCII alone."""
        return _prose(self.languages[rng.integers(len(self.languages))].about(rng, chars, least=2))

    def description(self, rng: np.random.Generator, chars: int) -> str:
        """What a picture is said to show, in about `chars` characters."""
        return " ".join(self.visual.about(rng, chars))

    def indented(self, rng: np.random.Generator, chars: int) -> str:
        """An answer whose first line is indented: a poem, or code without a fence."""
        sentences = self.english.about(rng, chars)
        if rng.random() < 0.5:
            return "        " + _poem(sentences)
        lines = self.code.one(rng).splitlines()[1:-1]
        return "\n".join(f"    {line}" for line in lines) + "\n\n" + _prose(sentences)

    def with_carriage_returns(self, rng: np.random.Generator, chars: int) -> str:
        """An answer whose lines end as on DOS (``\\r\\n``) and, once, as on old Macs (``\\r``)."""
        first, second, *rest = self.english.about(rng, chars)
        return "\r\n\r\n".join((f"{first}\r{second}", *rest))

    def decomposed(self, rng: np.random.Generator, chars: int) -> str:
        """An answer whose accents are combining marks (NFD), as some keyboards write them."""
        accented = "Le café près de l'hôtel était fermé, déjà très âgé, où naïveté rime avec été."
        sentences = self.english.about(rng, chars)
        return " ".join((unicodedata.normalize("NFD", accented), *sentences))


@functools.lru_cache(maxsize=2)
def texts(seed: int) -> Texts:
    """The texts of `seed`, kept: its pools serve every corpus."""
    return Texts(seed)


def length(rng: np.random.Generator, median: float, spread: float = 0.55) -> int:
    """A length in characters: log-normal around `median`, as answers of people and models are."""
    return int(median * np.exp(spread * rng.standard_normal()))


def differing(first: str, second: str, more: str) -> str:
    """`second`, lengthened by `more` if chance made it equal to `first`."""
    return second if second != first else f"{second} {more}"


def _filled(
    forms: list[str], lists: Mapping[str, list[str]], number: int, rng: np.random.Generator
) -> list[str]:
    """`number` texts: random forms whose slots are filled from `lists`, first letter raised."""
    parsed = [
        [(literal, slot) for literal, slot, _, _ in string.Formatter().parse(form)]
        for form in forms
    ]
    chosen = [parsed[at] for at in rng.integers(len(parsed), size=number).tolist()]
    # One draw for all slots: a call for each would take seconds.
    draws = iter(rng.random(sum(len(form) for form in chosen)).tolist())
    filled = []
    for form in chosen:
        text = ""
        for literal, slot in form:
            text += literal
            if slot:
                text += lists[slot][int(next(draws) * len(lists[slot]))]
        filled.append(text[0].upper() + text[1:])
    return filled


def _prose(sentences: list[str]) -> str:
    return "\n\n".join(
        " ".join(sentences[at : at + _SENTENCES_IN_PARAGRAPH])
        for at in range(0, len(sentences), _SENTENCES_IN_PARAGRAPH)
    )


def _poem(sentences: list[str]) -> str:
    """One sentence a line, every second line set in."""
    return "\n".join("    " * (nth % 2) + line for nth, line in enumerate(sentences))
