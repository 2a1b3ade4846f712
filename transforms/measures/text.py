"""Attributes of texts, as polars expressions over whole columns.

Rules of counting, chosen so that a reader who counts by hand agrees within the margin:

- A word is a run of letters and digits, joined by apostrophes or hyphens. Texts of scripts without
  spaces have no words in this sense, so attributes that count words need mostly Latin letters.
- Prose is the text without fenced code, addresses, list markers and the stops of common
  abbreviations.
- A sentence ends at ``.``, ``!``, ``?`` or an ellipsis before white space, or at the end of a line.
- Syllables: groups of the letters a, e, i, o, u, y; a final e that follows a consonant other than
  l, and an earlier vowel, counts for none. A word has at least one.
- Reading ease is Flesch's (1948): 206.835 - 1.015 words a sentence - 84.6 syllables a word.

Attributes that look for English words need a text whose function words are English.

About 1 ms of one core for a text of 1,500 characters.
"""

from __future__ import annotations

from typing import Final

import polars as pl
import pyarrow as pa

from transforms.measures import text_words as words
from transforms.measures.attribute import Attribute, Margin, Need

WORD: Final = r"[\p{L}\p{N}]+(?:['’\-][\p{L}\p{N}]+)*"

_FENCED: Final = r"(?s)```.*?(?:```|\z)"
_LINK: Final = r"(?:https?://|www\.)[^\s)>\]]+"
_MARKER: Final = r"(?m)^[ \t>]*(?:[-*•+–]|\d{1,3}[.)])[ \t]+"
_ITEM: Final = _MARKER + r"\S"
_NUMBERED: Final = r"(?m)^[ \t>]*\d{1,3}[.)][ \t]+\S"
_HEADING: Final = r"(?m)^(?:#{1,6}[ \t]+\S.*|[ \t]*\*\*[^*\n]+\*\*:?[ \t]*)$"
_ABBREVIATION: Final = r"\b(e\.g|i\.e|Dr|Mr|Mrs|Ms|vs|etc|St|No|approx|cf|al)\."
_CLOSING: Final = r"""["'”’)\]*_]*"""
_SENTENCE: Final = rf"[.!?…。！？]+{_CLOSING}(?:\s+|\z)|[^\s.!?…。！？]{_CLOSING}[ \t]*(?:\n\s*|\z)"
_FIRST_SENTENCE: Final = r"(?s)\A\s*(.*?(?:[.!?…](?:\s|\z)|\n|\z))"
_QUOTED: Final = (
    r'"[^"\n]{2,200}"|“[^”\n]{2,200}”|„[^“”\n]{2,200}[“”]|«[^»\n]{2,200}»|»[^«\n]{2,200}«|'
    r"「[^」\n]{1,200}」|『[^』\n]{1,200}』"
)
#: A semicolon after Greek words asks; the Armenian mark stands within the word that is asked about.
_QUESTION: Final = r"[?？؟፧\u{37E}]+|\p{Greek}{2,};|՞"
_AT_END: Final = (
    r"(?:\s*[:;=]-?[)(DPp])*"
    r"[\"'”’»」』)）\s*_\p{Extended_Pictographic}\p{Regional_Indicator}\p{Emoji_Modifier}"
    r"\u{FE0F}\u{200D}]*\z"
)
_LAST_QUESTION: Final = rf"(?:[?？؟፧\u{{37E}}][!！]*|\p{{Greek}}{{2,}};|՞[^\n.!?։]*։?){_AT_END}"
#: Brackets that hold no remark: targets of links, formulas, code.
_NO_REMARK: Final = r"\]\([^()\n]*\)|\\\([^\n]*?\\\)|(?s:\$\$.*?\$\$)|`[^`\n]+`"
_REMARK: Final = r"\([^()\n]*\p{L}{2}[^()\n]*\)|（[^（）\n]*\p{L}{2}[^（）\n]*）"
_ONE_EMOJI: Final = (
    r"[\p{Extended_Pictographic}--[\u{A9}\u{AE}\u{2122}\u{2190}-\u{21FF}]]"
    r"[\u{FE0F}\p{Emoji_Modifier}]*"
)
#: Those that are joined are one, as are two letters of a flag, or a digit on a key.
_EMOJI: Final = (
    rf"{_ONE_EMOJI}(?:\u{{200D}}{_ONE_EMOJI})*|\p{{Regional_Indicator}}{{2}}|"
    r"[0-9#*]\u{FE0F}?\u{20E3}"
)
_SILENT_E: Final = r"(?i)[aeiouy][a-z]*[b-df-hjkm-np-tv-xz]e\b"

#: Words of which the variety of a vocabulary is taken: equal for both texts, whatever their length.
_VARIETY_WORDS: Final = 100


def _count(pattern: str, column: str = "prose") -> pl.Expr:
    return pl.col(column).str.count_matches(pattern).cast(pl.Float64)


def _any_of(listed: str) -> str:
    return rf"(?i)\b(?:{listed})\b"


def text_frame(texts: pa.ChunkedArray | pa.Array) -> pl.DataFrame:
    """The columns that attributes of texts are expressions over: the text, its prose, its words."""
    frame = pl.DataFrame({"text": pl.Series(pl.from_arrow(texts)).cast(pl.String)})
    return (
        frame.with_columns(plain=pl.col("text").str.replace_all(_FENCED, "\n"))
        .with_columns(
            prose=pl.col("plain")
            .str.replace_all(_LINK, "link")
            .str.replace_all(_MARKER, "")
            .str.replace_all(_ABBREVIATION, "$1")
            .str.strip_chars()
        )
        .with_columns(
            n_words=_count(WORD, "text"),
            prose_words=_count(WORD),
            n_sentences=_count(_SENTENCE),
            letters=pl.col("text").str.replace_all(r"\P{L}+", "").str.len_chars(),
            foreign=pl.col("text").str.replace_all(r"[\p{Latin}\P{L}]+", "").str.len_chars(),
        )
    )


def _share(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    return pl.when(whole > 0).then(part / whole)


def _syllables() -> pl.Expr:
    groups = _count(r"(?i)[aeiouy]+") - _count(_SILENT_E)
    return pl.max_horizontal(groups, pl.col("prose_words"))


def _reading_ease() -> pl.Expr:
    a_sentence = _share(pl.col("prose_words"), pl.col("n_sentences"))
    a_word = _share(_syllables(), pl.col("prose_words"))
    return 206.835 - 1.015 * a_sentence - 84.6 * a_word


def _variety() -> pl.Expr:
    first = (
        pl.col("prose")
        .str.slice(0, 2_000)  # more than enough for that many words
        .str.to_lowercase()
        .str.extract_all(r"\p{L}+(?:['’]\p{L}+)*")
        .list.head(_VARIETY_WORDS)
    )
    return pl.when(first.list.len() == _VARIETY_WORDS).then(first.list.n_unique() / _VARIETY_WORDS)


def _code_lines() -> pl.Expr:
    blocks = pl.col("text").str.count_matches(_FENCED)
    left = pl.col("plain").str.count_matches("\n").cast(pl.Int64) - blocks
    lost = pl.col("text").str.count_matches("\n").cast(pl.Int64) - left
    return (lost - blocks).clip(0).cast(pl.Float64)


def _paragraphs() -> pl.Expr:
    stripped = pl.col("text").str.replace_all(_FENCED, "code").str.strip_chars()
    return stripped.str.count_matches(r"\n[ \t]*\n\s*") + (stripped != "").cast(pl.UInt32)


def _first_person() -> pl.Expr:
    plain = pl.col("prose").str.replace_all(words.NUMERAL, "first")
    return plain.str.count_matches(words.FIRST_PERSON).cast(pl.Float64)


def _pleasant_opening() -> pl.Expr:
    """1 or 0; null where readers may differ."""
    text = pl.col("text")
    friendly = text.str.contains(words.PLEASANT_OPENING)
    plain = text.str.contains(words.UNPLEASANT_OPENING)
    doubtful = text.str.contains(words.DOUBTFUL_OPENING)
    return pl.when(~(doubtful & ~friendly)).then((friendly & ~plain).cast(pl.Float64))


def _ai_mentions() -> pl.Expr:
    """Null where more may be meant than what is counted."""
    unquoted = pl.col("prose").str.replace_all(_QUOTED, "quoted")
    rest = unquoted.str.replace_all(words.AI_MENTIONS, "said")
    counted = unquoted.str.count_matches(words.AI_MENTIONS).cast(pl.Float64)
    return pl.when(~rest.str.contains(words.DOUBTFUL_AI)).then(counted)


def _remarks() -> pl.Expr:
    plain = pl.col("prose").str.replace_all(_NO_REMARK, "it")
    return plain.str.count_matches(_REMARK).cast(pl.Float64)


def _opening_words() -> pl.Expr:
    return pl.col("prose").str.extract(_FIRST_SENTENCE, 1).str.count_matches(WORD)


def _flag(pattern: str, column: str = "text") -> pl.Expr:
    return pl.col(column).str.contains(pattern).cast(pl.Float64)


#: About 0.05 divided by the share of pairs that differ in an attribute, from 0.25 to 3; of 3,700
#: pairs of public preference corpora. Those that aren't named have 1.
_WEIGHTS: Final = {
    "words": 0.25, "sentences": 0.25, "paragraphs": 0.35, "list_items": 0.4,
    "numbered_items": 0.5, "ends_with_question": 0.5, "opening_words": 0.6, "contractions": 0.7,
    "sentence_length": 0.8, "second_person": 0.8, "numbers": 0.8, "parentheses": 0.8,
    "bold_phrases": 0.8, "headings": 1.2, "long_words": 1.2, "questions": 1.2, "capitals": 1.2,
    "reading_ease": 1.3, "examples": 1.5, "code_lines": 2, "inline_code": 2,
    "exclamation_marks": 2, "links": 2, "absolutes": 2, "connectives": 2, "variety": 2,
    "courtesies": 2.5, "table_rows": 3, "ai_mentions": 3, "emoji": 3, "latin": 3,
}  # fmt: skip

_LATIN: Final = Need("latin", least=0.9)
_ENGLISH: Final = Need("english", least=0.12)


def _text(
    name: str,
    family: str,
    unit: str,
    words_for: tuple[str, str],
    margin: Margin,
    measure: pl.Expr,
    *needs: Need,
    per: str | None = None,
    flag: bool = False,
    askable: bool = True,
    gold: bool = True,
) -> Attribute:
    more, less = words_for
    return Attribute(
        name, "text", family, unit, more, less, margin, measure,
        needs=needs, per=per, flag=flag, weight=_WEIGHTS.get(name, 1.0), askable=askable, gold=gold,
    )  # fmt: skip


def _marker(
    name: str, family: str, listed: str | pl.Expr, least: float, ratio: float = 1.5
) -> Attribute:
    """An attribute that counts English words or phrases: alternatives of a pattern, or a count."""
    measure = _count(_any_of(listed)) if isinstance(listed, str) else listed
    return _text(
        name, family, "occurrences", (f"more {name}", f"fewer {name}"), Margin(least, ratio),
        measure, _ENGLISH, Need("words", least=20), per="words",
    )  # fmt: skip


def _countable(
    name: str, family: str, measure: pl.Expr, least: float, ratio: float = 1.5
) -> Attribute:
    """An attribute that counts things on the page, in any language."""
    label = name.replace("_", " ")
    return _text(
        name, family, "occurrences", (f"more {label}", f"fewer {label}"), Margin(least, ratio),
        measure,
    )  # fmt: skip


TEXT: Final[tuple[Attribute, ...]] = (
    # Shares that other attributes need; nobody is asked about them, but for the script.
    _text("latin", "script", "share of letters", ("more Latin", "less Latin"), Margin(0.3),
          _share(pl.col("letters") - pl.col("foreign"), pl.col("letters"))),
    _text("english", "language", "share of words", ("more English", "less English"), Margin(0.2),
          _share(_count(_any_of(words.FUNCTION_WORDS)), pl.col("prose_words")), askable=False),
    _text("characters", "length", "characters", ("longer", "shorter"), Margin(150, 1.5),
          pl.col("text").str.len_chars().cast(pl.Float64), askable=False),
    # Length and the shape of sentences.
    _text("words", "length", "words", ("longer", "shorter"), Margin(25, 1.5),
          pl.col("n_words"), _LATIN),
    _text("sentences", "length", "sentences", ("more sentences", "fewer sentences"),
          Margin(3, 1.6), pl.col("n_sentences"), _LATIN),
    _text("paragraphs", "length", "paragraphs", ("more paragraphs", "fewer paragraphs"),
          Margin(2, 1.5), _paragraphs().cast(pl.Float64)),
    _text("sentence_length", "sentences", "words a sentence",
          ("longer sentences", "shorter sentences"), Margin(6, 1.4),
          _share(pl.col("prose_words"), pl.col("n_sentences")),
          _LATIN, Need("sentences", least=2), Need("words", least=25)),
    _text("opening_words", "opening", "words", ("a longer first sentence",
          "a shorter first sentence"), Margin(10, 1.8),
          _opening_words().cast(pl.Float64), _LATIN, Need("sentences", least=2)),
    # Layout.
    _countable("list_items", "lists", _count(_ITEM, "plain"), 3),
    _countable("numbered_items", "lists", _count(_NUMBERED, "plain"), 3),
    _countable("headings", "layout", _count(_HEADING, "plain"), 2),
    _countable("code_lines", "code", _code_lines(), 4, 1.6),
    _countable("inline_code", "code", _count(r"`[^`\n]+`", "plain"), 2),
    _countable("table_rows", "layout", _count(r"(?m)^[ \t]*\|.*\|[ \t]*$", "plain"), 3),
    _countable("bold_phrases", "layout", _count(r"\*\*[^*\n]+\*\*|__[^_\n]+__", "plain"), 2),
    # Things in the text.
    _countable("numbers", "numbers", _count(r"\b\d+(?:[.,:]\d+)*\b"), 4, 1.7),
    _countable("questions", "questions", _count(_QUESTION), 2),
    _text("ends_with_question", "questions", "0 or 1", ("ends with a question",
          "does not end with a question"), Margin(1), _flag(_LAST_QUESTION), flag=True),
    _countable("exclamation_marks", "exclamations", _count(r"[!！]+(?:[^\[=]|\z)"), 2),
    _countable("links", "links", _count(_LINK, "text"), 1, 2),
    _countable("quotations", "quotations", _count(_QUOTED), 2, 1.7),
    _countable("parentheses", "parentheses", _remarks(), 2, 1.7),
    _countable("emoji", "emoji", _count(_EMOJI, "text"), 2),
    _countable("capitals", "capitals", _count(r"\b[A-Z]{2,}\b"), 3, 1.7),
    # Difficulty.
    _text("long_words", "difficulty", "share of words", ("more long words", "fewer long words"),
          Margin(0.08, 1.35), _share(_count(r"\b\p{L}{8,}\b"), pl.col("prose_words")),
          _LATIN, Need("words", least=40)),
    _text("reading_ease", "difficulty", "points", ("easier to read", "harder to read"),
          Margin(20), _reading_ease(), _ENGLISH, Need("words", least=40),
          Need("sentences", least=3), Need("code_lines", most=0), gold=False),
    _text("variety", "vocabulary", "share of 100 words", ("a more varied vocabulary",
          "a more repetitive vocabulary"), Margin(0.15), _variety(), _ENGLISH, gold=False),
    # Words and phrases.
    _marker("hedges", "certainty", _count(words.HEDGES) - _count(words.STRENGTH), 3),
    _marker("absolutes", "certainty", words.ABSOLUTES, 2),
    _text("contractions", "formality", "occurrences", ("more contractions", "fewer contractions"),
          Margin(2, 1.7), _count(words.CONTRACTIONS), _ENGLISH, Need("words", least=20),
          per="words"),
    _text("first_person", "person", "occurrences", ("more first person", "less first person"),
          Margin(3, 1.7), _first_person(), _ENGLISH, Need("words", least=20),
          per="words"),
    _marker("second_person", "person", words.SECOND_PERSON, 3, 1.7),
    _marker("courtesies", "courtesy", words.COURTESIES, 2),
    _text("pleasant_opening", "courtesy", "0 or 1", ("opens with a pleasantry",
          "opens with the answer"), Margin(1), _pleasant_opening(), _ENGLISH, flag=True),
    _marker("connectives", "argument", words.CONNECTIVES, 3, 1.7),
    _marker("examples", "argument", words.EXAMPLES, 2),
    _marker("ai_mentions", "self", _ai_mentions(), 1, 2),
)  # fmt: skip
