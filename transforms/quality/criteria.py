"""What criteria say: their words, their skeletons, the aspects and attributes they are about."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any, Final

import polars as pl
import yaml

from schemas.tasks import TASKS
from transforms.measures.tables import attributes_of
from transforms.measures.text_words import FUNCTION_WORDS

#: Characters of a criterion that are looked at; a criterion is a sentence or two.
MOST_CHARACTERS: Final = 1_000

_TOKEN: Final = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")
#: Words that are no content, alternatives of a pattern.
_FUNCTION_WORDS: Final = (
    f"{FUNCTION_WORDS}|should|must|ought|need|needs|has|have|may|can|will|would|could|its|their|"
    "there|than|more|less|most|least|such|so|because|since|if|when|where|which|who|what|while|"
    "without|into|about|over|under|no|only|rather|like|i|me|my|we"
)
_KEPT: Final = frozenset(_FUNCTION_WORDS.split("|"))

#: Words that may turn a criterion around: what they stand by isn't asked for.
_TURNING: Final = re.compile(
    r"\b(?:not|never|no|avoid\w*|without|too|less|rather than|instead of|over-?\w*)\b"
)


def words_of(criterion: str) -> list[str]:
    """The words of a criterion, in lower case."""
    return _TOKEN.findall(criterion[:MOST_CHARACTERS].lower())


def skeleton_of(criterion: str) -> str:
    """What is left of a criterion when its content is masked.

    Function words stay, every run of other words and numbers is one ``_``: "The response should be
    concise." and "The image should be bright." have one skeleton, ``the _ should be _``.
    """
    masked: list[str] = []
    for word in words_of(criterion):
        kept = word if word in _KEPT else "_"
        if kept != "_" or not masked or masked[-1] != "_":
            masked.append(kept)
    return " ".join(masked)


def bigrams_of(words: list[str]) -> list[str]:
    """Neighbouring words, in order."""
    return [f"{first} {second}" for first, second in pairwise(words)]


@cache
def _read(name: str) -> Mapping[str, Any]:
    text = files(__package__).joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    loaded: Mapping[str, Any] = yaml.safe_load(text)
    return loaded


@cache
def aspects() -> dict[str, str]:
    """Aspect -> pattern of the words by which it is known."""
    return {name: rf"\b(?:{words})\b" for name, words in _read("aspects").items()}


def aspects_of(criteria: pl.Series) -> pl.DataFrame:
    """bool[n, aspects]: which aspects each criterion is about; several or none."""
    column = pl.col("criterion").str.slice(0, MOST_CHARACTERS).str.to_lowercase()
    return pl.DataFrame({"criterion": criteria}).select(
        column.str.contains(pattern).fill_null(value=False).alias(name)
        for name, pattern in aspects().items()
    )


@cache
def _wording(task: str) -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    known = attributes_of(task)
    return tuple(
        (attribute, direction, re.compile(rf"\b(?:{words})\b"))
        for attribute, sides in _read("wording").get(TASKS[task].response, {}).items()
        if attribute in known
        for direction, words in sides.items()
    )


def attribute_asked(criterion: str, task: str) -> tuple[str, str] | None:
    """The measured attribute that a criterion is worded about, and the direction; None if unclear.

    Only plain demands are matched: exactly one attribute and direction of ``wording.yaml`` fit,
    and no word of the criterion may turn it around.
    """
    lower = criterion[:MOST_CHARACTERS].lower()
    found = [(name, way) for name, way, pattern in _wording(task) if pattern.search(lower)]
    if len(found) != 1 or _TURNING.search(lower):
        return None
    return found[0]
