"""The sentence of a criterion: one of many for its attribute and direction, chosen by hash.

Criteria are worded as those of Omni-RewardBench (arXiv 2510.23451, appendix J): a full English
sentence about one dimension that a person can check, of 15 to 31 tokens. A token is a word (with
inner apostrophes and hyphens) or a mark of punctuation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

import numpy as np

from transforms.measures.tables import attributes_of
from transforms.relabel.measured.draws import draws
from transforms.relabel.measured.wording import Direction, frames, wording

TOKENS: Final = (15, 31)
_TOKEN: Final = re.compile(r"\w+(?:['’\-]\w+)*|[^\w\s]")


def tokens(sentence: str) -> int:
    """Tokens of a sentence."""
    return len(_TOKEN.findall(sentence))


@cache
def sentences(task: str, attribute: str, direction: Direction) -> tuple[str, ...]:
    """Every sentence that can state a criterion, always in the same order.

    Raises:
        KeyError: the task has no such attribute, or there is no wording for it.
        ValueError: no sentence has the right length.
    """
    domain = attributes_of(task)[attribute].domain
    said = wording(domain, attribute, direction)
    fitting = tuple(
        dict.fromkeys(
            sentence
            for sentence in _composed(task, said.demands, said.reasons)
            if TOKENS[0] <= tokens(sentence) <= TOKENS[1]
        )
    )
    if not fitting:
        raise ValueError(f"no sentence of {TOKENS} tokens about {attribute!r}, {direction}")
    return fitting


def _composed(task: str, demands: tuple[str, ...], reasons: tuple[str, ...]) -> Iterator[str]:
    known = frames()
    for frame in known.frames:
        for noun in known.nouns[task]:
            for demand in demands:
                for reason in reasons:
                    why = reason[0].upper() + reason[1:]
                    yield frame.format(noun=noun, do=demand, why=reason, Why=why)


def criterion_of(
    task: str, attribute: str, direction: Direction, pairs: np.ndarray, seed: int
) -> list[str]:
    """One sentence for each of `draws.pair_numbers`, by a hash of pair, attribute, direction."""
    known = sentences(task, attribute, direction)
    at = (draws(pairs, seed, "sentence", attribute, direction) * len(known)).astype(int)
    return [known[place] for place in at.tolist()]
