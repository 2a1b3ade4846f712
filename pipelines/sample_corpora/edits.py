"""Near copies of text: one to five words in a hundred replaced, left out or put in."""

from __future__ import annotations

import re
from typing import Final

import numpy as np

#: Shares of words that are edited, by turns.
SHARES: Final = (0.01, 0.03, 0.05)
#: A text with fewer words has one edited, whatever its share.
FEW: Final = 20

_WORDS: Final = (
    "quietly", "therefore", "seven", "northern", "usually", "paper", "rather", "window",
    "slowly", "another", "copper", "evening", "perhaps", "garden", "notably", "orange",
)  # fmt: skip
_SPACE: Final = re.compile(r"(\s+)")


def reworded(text: str, rng: np.random.Generator, share: float) -> str:
    """`text` with `share` of its words edited, at least one; white space stays as it is.

    An edit replaces a word, leaves it out or puts one in before it, by turns; the first and the
    last word stay, so a text does not begin or end otherwise. Texts of two words or fewer get a
    word at their end.
    """
    pieces = _SPACE.split(text)
    inner = [at for at in range(1, len(pieces) - 1) if pieces[at].strip()]
    if not inner:
        return f"{text} {_WORDS[rng.integers(len(_WORDS))]}"
    words = len(inner) + 2
    number = 1 if words < FEW else max(1, min(round(share * words), int(0.05 * words)))
    for nth, at in enumerate(rng.choice(inner, min(number, len(inner)), replace=False).tolist()):
        word = _other(pieces[at], rng)
        if nth % 3 == 0:
            pieces[at] = word
        elif nth % 3 == 1:
            pieces[at] = pieces[at - 1] = ""
        else:
            pieces[at] = f"{word} {pieces[at]}"
    return "".join(pieces)


def _other(word: str, rng: np.random.Generator) -> str:
    """A word of the list that is not `word`."""
    found = _WORDS[rng.integers(len(_WORDS))]
    return found if found != word else f"{found}er"
