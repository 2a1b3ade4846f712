"""What a visitor asks for: filters, words, a page; read from an address and written into one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Final
from urllib.parse import parse_qs, urlencode

PAGE_ROWS: Final = 10
_MOST_CHARACTERS: Final = 300
_MOST_WORDS: Final = 12
_MOST_PAGE: Final = 10_000_000

#: Lower bound and upper bound of agreement, by the word in the address.
AGREEMENT: Final[Mapping[str, tuple[float, float]]] = {
    "all": (0.9999995, 2.0),
    "most": (0.75, 0.9999995),
    "low": (-1.0, 0.75),
}

#: Filters whose values are the distinct values of a column.
LISTED: Final = ("subset", "task", "kind", "origin", "preference", "annotator", "licence")
FLAGS: Final = ("flipped", "nc")

_TOKEN: Final = re.compile(r'"([^"]*)"|(\S+)')
#: Scripts without spaces between words: each character is a word of its own.
CHARACTER_SCRIPTS: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_CHARACTER: Final = re.compile(f"([{CHARACTER_SCRIPTS}])")


@dataclass(frozen=True)
class Query:
    """Filters (empty: any), words to be found, and the page, from 1."""

    subset: str = ""
    task: str = ""
    kind: str = ""
    origin: str = ""
    preference: str = ""
    annotator: str = ""
    licence: str = ""
    flipped: str = ""
    nc: str = ""
    agreement: str = ""
    q: str = ""
    page: int = 1

    @property
    def is_plain(self) -> bool:
        """Whether all rows are asked for, in order."""
        return replace(self, page=1) == Query()

    @property
    def has_filters(self) -> bool:
        """Whether anything but words and a page is asked for."""
        return replace(self, page=1, q="") != Query()

    def address(self, page: int | None = None) -> str:
        """The query as the rest of an address, ``?…``; "" for the first page of all rows."""
        told = {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if field.name != "page" and getattr(self, field.name)
        }
        number = self.page if page is None else page
        if number > 1:
            told["page"] = str(number)
        return f"?{urlencode(told)}" if told else ""


def read_query(text: str) -> Query:
    """The query of an address; what is not understood counts as not said."""
    told = parse_qs(text[:4_000], max_num_fields=40)
    values = {
        field.name: told[field.name][0].strip()[:_MOST_CHARACTERS]
        for field in fields(Query)
        if field.name in told and field.name != "page"
    }
    number = told.get("page", ["1"])[0]
    page = int(number) if number.isascii() and number.isdigit() and len(number) < 9 else 1
    query = Query(**values, page=min(max(page, 1), _MOST_PAGE))
    known = {"agreement": tuple(AGREEMENT), "flipped": ("yes", "no"), "nc": ("yes", "no")}
    for name, allowed in known.items():
        if getattr(query, name) not in allowed:
            query = replace(query, **{name: ""})  # type: ignore[arg-type]
    return query


def split_characters(text: str) -> str:
    """A text whose characters of scripts without spaces are words of their own."""
    return text if text.isascii() else _CHARACTER.sub(r" \1 ", text)


@dataclass(frozen=True)
class Phrase:
    """Words that follow each other; the last one may be the beginning of a word."""

    text: str
    is_prefix: bool = False

    @property
    def pattern(self) -> str:
        """A regular expression that finds it in a text of `split_characters`, whatever its case."""
        words = _LETTERS.findall(self.text)
        end = "" if self.is_prefix else f"(?:{_BETWEEN}|$)"
        return f"(?i)(?:^|{_BETWEEN})" + f"{_BETWEEN}+".join(map(re.escape, words)) + end


#: Words as the full-text index cuts them: runs of letters and digits.
_LETTERS: Final = re.compile(r"[^\W_]+")
_BETWEEN: Final = r"[^\p{L}\p{N}]"


def phrases(text: str) -> list[Phrase]:
    """What is searched for: all words, "words in quotes" as they follow each other, ``begin*``."""
    found = []
    for quoted, word in _TOKEN.findall(text)[:_MOST_WORDS]:
        told = split_characters(quoted or word).replace('"', " ").replace("\0", " ").strip()
        is_prefix = bool(word) and word.endswith("*") and len(word) > 2
        told = told.rstrip("*") if word else told
        if _LETTERS.search(told):
            found.append(Phrase(told, is_prefix))
    return found


def match_expression(text: str) -> str | None:
    """A full-text expression for `phrases`; None where nothing can be searched for.

    Every word is quoted, so that nothing a visitor types is an operator.
    """
    parts = [f'"{one.text}"' + "*" * one.is_prefix for one in phrases(text)]
    return " ".join(parts) or None


def pages_of(total: int) -> int:
    """How many pages hold `total` rows."""
    return max(1, -(-total // PAGE_ROWS))
