"""Whether a criterion names one of the two responses: it would tell which side it prefers.

Most of the nouns are verbs too, and numbers count things: "answer two questions", "output 1 line".
So a number names a side only where no counted thing follows it.
"""

from __future__ import annotations

import re
from typing import Final

import polars as pl

#: Nouns that are verbs too, or have a length: a number after them may belong to what follows.
_LOOSE: Final = (
    "answer|output|picture|image|clip|video|audio|sound|recording|3D\\s+(?:model|object)"
)
#: Nouns that stand for one of several: a number after them is a name.
_STRICT: Final = "response|completion|candidate|option|assistant"
_NOUN: Final = f"{_STRICT}|{_LOOSE}"
#: "The first sound" and "the first 3D model" are things of which criteria speak.
_ORDERED: Final = (
    f"{_STRICT}|answer|output|picture|image|(?:video|audio|sound)(?:\\s+clip)|video|clip|audio|"
    "recording"
)

_MARK: Final = r"""\s+["'“‘(\[]?(?:#\s*|(?i:no\.|number)\s*)?"""
#: The end of a phrase; opens a group that the forms below close.
_END: Final = r"""(?:\s*\z|\s*[,;:!?)\]"”’']|\s*\.(?:\D|\z)"""
_VERBS: Final = "is|was|has|had|does|did|seems|sounds|looks|feels|reads|should|must|wins"
_AFTER: Final = f"{_VERBS}|over|than|rather|instead|because|since|but|not|better|worse"
_BEFORE: Final = "prefers?|favou?rs?|choose|chooses|picks?|selects?|like|than|over|in|of|with|from"
_JUDGED: Final = "(?:the )?(?:better|best|winner)|worse|preferred|preferable|superior|inferior"

#: "A 3D model 2 metres tall", "the sound A minor": neither is a name.
_COUNTED: Final = (
    rf"(?i)\b(?:{_NOUN})\s+(?:(?:1|2|one|two)\s+(?:(?:more|full|short|long|single)\s+)?(?:words?|"
    r"sentences?|lines?|paragraphs?|pages?|points?|seconds?|minutes?|hours?|times|questions?|examples?|items?|met(?:re|er)s?|"
    r"octaves?|tones?|people|things?)|[AB]\s+(?:major|minor|flat|sharp))\b"
)

_FORMS: Final = (
    # "Response A". An "a" in small letters is an article, and "video B-roll" no name.
    rf"\b(?i:{_NOUN})(?i:s)?{_MARK}(?:A|B)(?:[^\w/-]|\z)",
    # "Response 1", "Assistant #2"; "image 2" where no counted thing follows.
    rf"\b(?i:{_STRICT})(?i:s)?{_MARK}[12](?:[^\w.%]|\.(?:\D|\z)|\z)",
    rf"\b(?i:{_LOOSE})(?i:s)?{_MARK}[12]{_END}|\s+(?i:{_AFTER})\b)",
    rf"\b(?i:{_LOOSE})(?i:s)?\s+(?:#\s*|(?i:no\.|number)\s*)[12]\b",
    # "Like answer two.", "Response one is warmer": a noun, and no thing of which there are two.
    rf"(?i)\b(?:{_BEFORE})\s+(?:{_NOUN})\s+(?:number\s+)?(?:one|two){_END}|\s+(?:{_AFTER})\b)",
    rf"(?i)(?:\A|[.!?:;,]\s+|\bthat\s+)(?:{_NOUN})\s+(?:one|two)\s+(?:{_VERBS}|better|worse)\b",
    # "The first answer", "the latter response", "the first one is better".
    rf"(?i)\bthe\s+(?:first|second|1st|2nd|former|latter)\s+(?:{_ORDERED})\b",
    r"(?i)\bthe\s+(?:first|second)\s+of\s+(?:the|these)\s+(?:two\s+)?"
    r"(?:responses|answers|images|pictures|videos|clips)\b",
    # "The left image", "the image on the right is sharper": shown side by side. The right answer
    # is the correct one.
    r"(?i)\bthe\s+(?:left(?:-hand)?|right-hand)\s+(?:image|picture|video|clip)\b",
    rf"(?i)\bthe\s+right\s+(?:image|picture|video|clip)\s+(?:{_VERBS}|shows?)\b",
    rf"(?i)\bthe\s+(?:{_ORDERED})\s+(?:on|to)\s+the\s+(?:left|right)"
    rf"{_END}|\s+(?:{_VERBS}|shows?)\b)",
    rf"(?i)\bthe\s+(?:first|second|former|latter)(?:\s+(?:one|sound|3D\s+model|3D\s+object))?"
    rf"\s+(?:{_VERBS})\s+(?:be\s+)?(?:(?:much|far|clearly|slightly)\s+)?(?:{_JUDGED})\b",
    rf"(?i)\b(?:prefer|favou?r|choose|pick|select)\s+the\s+(?:first|second|former|latter)"
    rf"(?:\s+(?:one|sound|3D\s+model|3D\s+object))?{_END}|\s+(?:{_AFTER}|for)\b)",
)


def names_side(criterion: pl.Expr) -> pl.Expr:
    """Whether a text names the first or the second of two responses; null for null."""
    plain = criterion.str.replace_all(_COUNTED, " ")
    return plain.str.contains("|".join(f"(?:{form})" for form in _FORMS))


#: Every form has one of these: a look that spares most criteria the long one.
_NAMED_BY: Final = re.compile(
    r"(?i:first|second|1st|2nd|former|latter|left|right|\bone\b|\btwo\b)|[12AB]"
)


def does_name_side(criterion: str) -> bool:
    """The same of one text."""
    return bool(_NAMED_BY.search(criterion)) and bool(
        pl.select(names_side(pl.lit(criterion))).item()
    )
