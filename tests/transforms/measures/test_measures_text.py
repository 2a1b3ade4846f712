"""Attributes of texts against counts made by hand."""

from __future__ import annotations

import math

import pyarrow as pa
import pytest
from measures_made import no_fetch, prepared

from transforms.measures.attribute import strengths
from transforms.measures.tables import attributes_of
from transforms.measures.values import as_arrays, attribute_values

LIST = "Do this:\n\n1. Boil water.\n2. Add 250 g of rice.\n3. Wait (about 12 minutes).\n\nEnjoy!"
CODE = "Use `len` here:\n\n```python\na = 1\n\nprint(a)  # why?\n```\nDone."
RICH = (
    "# Title\n\n**Bold** and **more bold**: see https://example.org/x?y=1!\n\n"
    '| a | b |\n| - | - |\n| 1 | 2 |\n\n- "Quoted words", he said.\n- NASA and ESA 😀🎉'
)
CHATTY = "Sure! I'm glad you asked, and I'd say it's fine. Don't you think so?"
FORMAL = (
    "However, the results may perhaps depend on the method. Therefore the authors could possibly "
    "be wrong, because for example such as this one it is not always clear. In such a case the "
    "reader must never trust the figures."
)


def _values(text: str | None) -> dict[str, float]:
    values = attribute_values(prepared([(text, "x")]), "t2t", no_fetch)
    return {name: column[0] for name, column in as_arrays(values, "t2t", "a").items()}


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        (LIST, {"list_items": 3, "numbered_items": 3, "numbers": 2, "paragraphs": 3,
                "parentheses": 1, "exclamation_marks": 1, "sentences": 5, "words": 17,
                "questions": 0, "opening_words": 2}),
        (CODE, {"code_lines": 3, "inline_code": 1, "questions": 0, "sentences": 2, "headings": 0}),
        (RICH, {"headings": 1, "bold_phrases": 2, "links": 1, "table_rows": 3, "quotations": 1,
                "list_items": 2, "numbered_items": 0, "capitals": 2, "emoji": 2}),
        (CHATTY, {"contractions": 4, "first_person": 2, "second_person": 2, "courtesies": 1,
                  "pleasant_opening": 1, "ends_with_question": 1, "questions": 1, "sentences": 3,
                  "exclamation_marks": 1}),
        (FORMAL, {"hedges": 4, "connectives": 3, "examples": 2, "absolutes": 3,
                  "contractions": 0, "first_person": 0, "pleasant_opening": 0, "sentences": 3}),
        ("As an AI language model, I can't. A language model is no person.", {"ai_mentions": 1}),
        ("Wait... what?! See Dr. Smith, e.g. today.", {"sentences": 3, "questions": 1}),
        ("Sì, è così — perché no?", {"words": 5, "latin": 1, "ends_with_question": 1}),
    ],
)  # fmt: skip
def test_counts_are_those_of_a_reader(text, counts):
    values = _values(text)
    assert {name: values[name] for name in counts} == counts


@pytest.mark.parametrize(
    "text",
    [
        "As an AI, I cannot feel.",
        "As an AI developed by OpenAI, my view is none.",
        "I can't say. As a large language model, it is hard to know.",
        "I'm just an AI, so no.",
        "I am a helpful AI assistant.",
        "I am your AI assistant and glad to help.",
        "I, as an AI language model, have none.",
        "Being a language model, I have no body.",
        "That lies beyond my training data.",
        "My knowledge cut-off is in 2021.",
        "I was trained by OpenAI.",
        "I am ChatGPT.",
        "Language models like me are often wrong.",
        "I'm sorry, but as an AI language model, I can't do that.",
        "However, as an AI language model, I don't have feelings.",
        "Please note that as an AI, my view is none.",
        "Unfortunately, as a language model I can't.",
        "As a large language model (LLM), I have none.",
        "As your AI assistant, I can help.",
        "I'm an open-source language model.",
        "This answer was written by an AI.",
    ],
)
def test_a_text_says_that_an_ai_wrote_it(text):
    assert _values(text)["ai_mentions"] == 1


@pytest.mark.parametrize(
    "text",
    [
        "An AI model learns from data, and a large language model from text.",
        "AI assistants help as an AI chatbot would.",
        "I am an AI researcher. As an AI engineer, I build models.",
        "I'm not an AI.",
        "As an AI language model, ChatGPT writes text.",
        "ChatGPT, being a language model, has no body.",
        'The robot said: "I am an AI."',
        "I am an expert in AI.",
    ],
)
def test_a_text_about_ai_does_not_say_that_an_ai_wrote_it(text):
    assert _values(text)["ai_mentions"] == 0


@pytest.mark.parametrize(
    "text",
    [
        "I don't have emotions as an AI.",
        "I use ChatGPT as an AI assistant.",
        "I am a computer program, so no.",
        "I'm Claude, made by Anthropic.",
        "Like any AI, I err.",
        "I doubt that, as an AI model, it is right.",
    ],
)
def test_of_what_may_be_said_of_another_ai_nothing_is_said(text):
    assert math.isnan(_values(text)["ai_mentions"])


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("I told us that my dog and I'd go. Us too? WE do.", 6),
        ("Is this book of mine? Me, I'm ours. (I think.)", 5),
        ("It costs 5 US dollars in the US. THE US AND ME/CFS.", 0),
        ("World War I, Part I and Phase I; Henry I and Pope John Paul I ruled.", 0),
        ("A type I error, class I drugs, I/O, the I-95, items I, II and III, I. Intro", 0),
        ("The coal mine is a mine, and I = V/R.", 0),
        ("In the class I took, the part I liked", 2),
        ("Yesterday I read a book I love", 2),
    ],
)
def test_first_person_words_are_no_countries_and_no_numerals(text, number):
    assert _values(text)["first_person"] == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("It may rain. May I go? Perhaps it might.", 4),
        ("On May 5, in May, and May to June. May was warm.", 0),
        ("12 MAY 2020 showed the might of Rome and its might.", 0),
        ("They might. He said that the rest may.", 2),
    ],
)
def test_hedges_are_no_months_and_no_strength(text, number):
    assert _values(text)["hedges"] == number


@pytest.mark.parametrize(
    "text",
    [
        "Sure, here it is.", "Sure! Here.", "Sure. Here.", "Certainly! Here.",
        "**Of course!** Yes.",
        "Sure thing! Here.", "Sure here is the list.", "Sure — here it is.", "Hi there! How?",
        "Hello, how are you?", "Hey John, it is done.", "Hello everyone! It is done.",
        "Thank you for asking.", "Thanks! It is done.", "Thanks for your question.",
        "I'd be happy to help.", "I’m happy to help.", "I'm glad you asked.", "Glad you asked!",
        "Great question! It is this.", "No problem, it is done.", "Good morning! It is.",
        "Absolutely! It is.", "Happy to help!", "I would be happy to do it.", "Definitely. It is.",
    ],
)  # fmt: skip
def test_an_opening_is_pleasant(text):
    assert _values(text)["pleasant_opening"] == 1


@pytest.mark.parametrize(
    "text",
    [
        "Hi-tech firms grew fast.", "Hello World is printed.", "Hello, World! is printed.",
        "Definitely Maybe is the first album.", "Absolutely not.", "Of course not.",
        "Certainly, not all of it is.", "Absolutely, no.", "Thanks to the rain it is green.",
        "No problem is too hard.", "Sure enough, it is so.", "Surely, it is.", "Heyday of it.",
        "Thank you letters are short.", "The answer is: sure!", "Hello Kitty is a cat.",
    ],
)  # fmt: skip
def test_an_opening_is_plain(text):
    assert _values(text)["pleasant_opening"] == 0


@pytest.mark.parametrize(
    "text",
    [
        "Dear Sir, I am writing to apply.", "Okay, it is done.", "Yes, it is.", '"Sure!" he said.',
        "Great! It is four.", "Great idea! Try it.", "Good question: it is so.", "Congratulations!",
        "I'd love to help!", "I can help with that!", "Let me help you.", "Of course you can.",
        "I'm sorry, but no.", "Sorry to hear that.", "I apologize for it.", "That's great!",
    ],
)  # fmt: skip
def test_of_an_opening_that_readers_may_take_either_way_nothing_is_said(text):
    assert math.isnan(_values(text)["pleasant_opening"])


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (CODE, 2),
        ("```\na\n\nb\n\nc\n```", 1),
        ("One.\n\n```\na\n\nb\n```\n\nTwo.", 3),
        ("One.\n \n\nTwo.\n\n```\na\n\nb", 3),
        ("", 0),
    ],
)
def test_a_block_of_code_is_part_of_one_paragraph(text, number):
    assert _values(text)["paragraphs"] == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("See [this page](https://x.org/a) and ![a dog](dog.png) or [b](https://x.org/c_(d)).", 0),
        (r"Let \(x + yy\) be, or $$f(abc)$$, as `print(name)` says.", 0),
        ("Rice (boiled) and [tea](https://x.org) (hot, not cold).", 2),
        ("米（白い米）と茶。", 1),
    ],
)
def test_remarks_in_brackets_are_no_links_no_formulas_and_no_calls(text, number):
    assert _values(text)["parentheses"] == number


@pytest.mark.parametrize(
    ("text", "number", "ends"),
    [
        ("Is it? Yes; no.", 1, 0),
        ("هل هذا صحيح؟", 1, 1),
        ("Τι είναι αυτό; Δεν ξέρω.", 1, 0),
        ("Δεν ξέρω. Τι είναι αυτό;", 1, 1),
        ("Τι είναι αυτό\u037e", 1, 1),
        ("Take \u03b1; then stop;", 0, 0),
        ("Ո՞վ է նա։", 1, 1),
        ("Ո՞վ է նա։ Չգիտեմ։", 1, 0),
        ("他是谁？」", 1, 1),
        ("Is it so? 😊", 1, 1),
        ("Is it so?)**", 1, 1),
        ("Is it so?!", 1, 1),
        ("Is it so? :)", 1, 1),
        ("Is it so? 👍🏽🇫🇷", 1, 1),
        ("Is it so? :) Yes!", 1, 0),
    ],
)
def test_questions_of_many_scripts(text, number, ends):
    values = _values(text)
    assert (values["questions"], values["ends_with_question"]) == (number, ends)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("彼は「はい」と『いいえ』を言った。", 2),
        ("Er sagte „ja“ und „nein“.", 2),
        ("Er sagte »ja« und »nein«.", 2),
        ("Il dit «oui» et «non» ou “peut-être”.", 3),
    ],
)
def test_quotations_of_many_scripts(text, number):
    assert _values(text)["quotations"] == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("👨\u200d👩\u200d👧 and 👍🏽", 2),
        ("🇫🇷🇩🇪", 2),
        ("1\ufe0f\u20e3 Eat. 2\ufe0f\u20e3 Sleep.", 2),
        ("✔ ❤\ufe0f 🤷\u200d♀\ufe0f", 3),
        ("© 2020, 1 + 1 → 2, #3 *", 0),
    ],
)
def test_emoji_are_counted_as_they_are_seen(text, number):
    assert _values(text)["emoji"] == number


def test_shares_and_means():
    values = _values("The extraordinary elephants considered everything. It is in the box.")
    assert values["sentence_length"] == 5
    assert values["long_words"] == pytest.approx(0.4)
    assert values["english"] == pytest.approx(0.5)  # the, it, is, in, the


def test_reading_ease_is_flesch():
    values = _values("The cat sat on the mat. The dog made a big mess here.")
    # 13 words, 2 sentences, 13 syllables: "made" and "here" have one each.
    assert values["reading_ease"] == pytest.approx(206.835 - 1.015 * 6.5 - 84.6)


def test_harder_text_has_less_reading_ease():
    hard = _values("Considerable institutional heterogeneity complicates comparative evaluation.")
    easy = _values("We go to the sea and swim all day.")
    assert hard["reading_ease"] < 0
    assert easy["reading_ease"] > 80


def test_variety_is_taken_of_as_many_words_of_both():
    repeated, varied = (
        "one two three four five. " * 40,
        " ".join(f"word{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(200)),
    )
    assert _values(repeated)["variety"] == 0.05
    assert _values(varied)["variety"] == 1
    assert math.isnan(_values("too short a text")["variety"])


def test_other_scripts_have_no_words_to_compare():
    chinese = "春天的时候,图书馆需要再检查一次。" * 4
    values = attribute_values(prepared([(chinese, "One word. " * 60)]), "t2t", no_fetch)
    a, b = (as_arrays(values, "t2t", side) for side in "ab")
    assert (a["latin"][0], b["latin"][0]) == (0, 1)
    known = attributes_of("t2t")
    assert strengths(known["words"], a, b)[0] == 0  # no criterion about words
    assert strengths(known["latin"], a, b)[0] > 1


def test_a_count_that_its_rate_contradicts_is_no_criterion():
    long = "It may rain on the hill. " * 3 + "The road is wet and the sun is low in the sky. " * 40
    short = (
        "It might be so, or it could be that the sea is deep, perhaps, and the sky is not. "
        "Now we go."
    )
    values = attribute_values(
        prepared([(long, short), (long, long.replace("may", "will"))]), "t2t", no_fetch
    )
    a, b = (as_arrays(values, "t2t", side) for side in "ab")
    hedges = attributes_of("t2t")["hedges"]
    assert list(a["hedges"]) == [3, 3]
    assert list(b["hedges"]) == [3, 0]
    assert list(strengths(hedges, a, b)) == [0, 1]
    few = attribute_values(prepared([(long + "Maybe. " * 4, short)]), "t2t", no_fetch)
    a, b = (as_arrays(few, "t2t", side) for side in "ab")
    assert a["hedges"][0] - b["hedges"][0] == 4  # more, but a smaller part of the words
    assert strengths(hedges, a, b)[0] == 0


@pytest.mark.parametrize(
    "text", ["", " ", "\n" * 5_000, "\x00\x07", "```", "|" * 5_000, "😀" * 2_000, "a" * 100_000,
             "[" * 9_000, "*" * 9_999, "1. " * 3_000, "\u202eabc", "\ufeff?", "((((" * 2_000,
             "'’\"“" * 900]
)  # fmt: skip
def test_hostile_text_is_measured_or_null(text):
    values = _values(text)
    assert values["characters"] == len(text)
    assert all(math.isnan(value) or math.isfinite(value) for value in values.values())


def test_no_text_is_null_and_says_so():
    values = attribute_values(prepared([(None, "Two words.")]), "t2t", no_fetch)
    assert values["a_unmeasured"].to_pylist() == ["no text"]
    assert values["b_unmeasured"].to_pylist() == [None]
    for name in attributes_of("t2t"):
        assert values[f"a_{name}"].to_pylist() == [None], name
    assert values["b_words"].to_pylist() == [2]
    assert values["a_words"].type == pa.float64()
