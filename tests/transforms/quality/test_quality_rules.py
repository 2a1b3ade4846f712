"""Row rules: each refuses what it names and nothing near it, by its own name."""

from __future__ import annotations

from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from schemas.flight import PREPARED_SCHEMA, ROSTER_SCHEMA
from schemas.tasks import TASKS, Kind
from transforms.quality.check_rows import split_roster
from transforms.quality.rules.frame import rule_frame
from transforms.quality.rules.judge import RULES, judge
from transforms.quality.rules.rule import Subject
from transforms.quality.settings import RuleSettings

DEFAULT = RuleSettings()

CRITERION = "The answer should name its sources and stay short."


def medium(slot: str, digest: str) -> dict[str, Any]:
    return {"slot": slot, "container": "c", "member": "m", "info": {"digest": digest}}


def turns(*contents: str, role: str = "user") -> list[dict[str, str]]:
    return [{"role": role, "content": content} for content in contents]


SOUND: dict[str, dict[str, Any]] = {
    "t2t": {"a_text": "One.", "b_text": "Two."},
    "ti2t": {
        "a_text": "One.",
        "b_text": "Two.",
        "prompt_media": [medium("prompt_images", "p")],
    },
    "t2i": {"a_media": [medium("image", "a")], "b_media": [medium("image", "b")]},
    "t23d": {"a_media": [medium("views", "a")], "b_media": [medium("mesh", "b")]},
}


def verdicts(
    task: str,
    kind: Kind,
    rows: list[dict[str, Any]],
    settings: RuleSettings = DEFAULT,
    said: dict[str, Any] | None = None,
) -> pl.DataFrame:
    """What becomes of rows that are sound but for what is given; `said` is in the roster."""
    prepared, roster = [], []
    for at, row in enumerate(rows):
        own = {name: row[name] for name in row if name in ROSTER_SCHEMA.names}
        own = {name: own[name] for name in ("criterion", "agreement") if name in own}
        base = {
            "row_id": f"base{at}", "key": f"k{at}", "prompt": turns("Why?"), "prompt_media": [],
            "a_media": [], "b_media": [], "preference": "a", **SOUND[task],
        }  # fmt: skip
        prepared.append({**base, **{name: row[name] for name in row if name not in own}})
        criterion = CRITERION if kind == "instruction" else None
        names = {"row_id": f"row{at}", "base_id": f"base{at}", "key": f"k{at}"}
        roster.append({**names, "criterion": criterion, **(said or {}), **own})
    frame = rule_frame(
        pa.Table.from_pylist(prepared, schema=PREPARED_SCHEMA),
        pa.Table.from_pylist(roster[::-1], schema=ROSTER_SCHEMA),
    )
    assert frame.height == len(rows)
    return judge(frame, settings, Subject("S", "c", task, kind))


def reasons(*arguments: Any, **more: Any) -> dict[str, str]:
    found = verdicts(*arguments, **more)
    return dict(zip(found["row_id"], found["reason"], strict=True))


IMAGE = medium("image", "a")

#: Rule -> task, kind, what breaks it, and what comes near but is sound.
CASES: dict[str, tuple[str, Kind, list[dict[str, Any]], list[dict[str, Any]]]] = {
    "empty_prompt": (
        "t2t",
        "general",
        [{"prompt": turns(" \n\u200b")}, {"prompt": turns("Be brief.", role="system") + turns("")}],
        [{"prompt": turns("?")}, {"prompt": turns("Be.", role="system") + turns("Hi")}],
    ),
    "unknown_role": (
        "t2t",
        "general",
        [
            {"prompt": turns("x", role="tool") + turns("y")},
            {"prompt": [*turns("a"), *turns("b", role="assistant")]},
        ],
        [{"prompt": [*turns("a"), *turns("b", role="assistant"), *turns("c")]}],
    ),
    "missing_prompt_medium": ("ti2t", "general", [{"prompt_media": []}], [{}]),
    "missing_response": (
        "t23d",
        "general",
        [{"a_media": []}],
        [{"a_media": [medium("mesh", "m"), medium("views", "v")]}],
    ),
    "foreign_medium": (
        "t2i",
        "general",
        [
            {"a_media": [IMAGE, medium("video", "v")]},
            {"prompt_media": [medium("prompt_images", "p")]},
        ],
        [{}],
    ),
    "equal_responses": (
        "t2i",
        "general",
        [{"b_media": [IMAGE]}],
        [{"b_media": [medium("image", "c")]}],
    ),
    "placeholder_without_medium": (
        "ti2t",
        "general",
        [{"prompt": turns("<image><image> Which?")}],
        [{"prompt": turns("<image>?")}],
    ),
    "control_characters": (
        "t2t",
        "general",
        [{"a_text": "a\x08b"}, {"b_text": "\x1b[0m"}, {"prompt": turns("\x00x")}],
        [{"a_text": "a\tb\nc\x0b\x0c"}],
    ),
    "replacement_characters": (
        "t2t",
        "general",
        [{"a_text": "caf\ufffd"}],
        [{"a_text": "x" * 200 + "\ufffd"}],
    ),
    "prompt_too_long": (
        "t2t",
        "general",
        [{"prompt": turns("x" * 100_001)}],
        [{"prompt": turns("x" * 100_000)}],
    ),
    "response_too_long": (
        "t2t",
        "general",
        [{"b_text": "x" * 100_001}],
        [{"b_text": "x" * 100_000}],
    ),
    "unknown_preference": (
        "t2t",
        "general",
        [{"preference": "c"}, {"preference": None}],
        [{"preference": "tie"}],
    ),
    "number_not_finite": (
        "t2t",
        "general",
        [{"margin": float("nan")}, {"a_score": float("inf")}],
        [{"margin": 0.0}],
    ),
    "criterion_missing": ("t2t", "instruction", [{"criterion": None}, {"criterion": " "}], [{}]),
    "criterion_unwanted": ("t2t", "general", [{"criterion": CRITERION}], [{}]),
    "criterion_too_short": (
        "t2t",
        "instruction",
        [{"criterion": "Be brief."}],
        [{"criterion": "Be very brief."}, {"criterion": "更加简洁"}],
    ),
    "criterion_too_long": (
        "t2t",
        "instruction",
        [{"criterion": "so " * 151}],
        [{"criterion": "so " * 150}],
    ),
    "criterion_names_side": (
        "t2t",
        "instruction",
        [
            {"criterion": one}
            for one in (
                "Prefer Response A for its tone.",
                "It should be more like image 2, not plain.",
                "The first answer is the better one.",
                "Choose answer 'B' as the warmer.",
                "Option B is better in its tone.",
                "Prefer Response #1 for it.",
                "Response 2 contains more detail.",
                "Responses A and B differ.",
                "Response 1 uses examples well.",
                "The former response is warmer.",
                "Prefer the latter, as it is short.",
                "Assistant A was more polite.",
                "The first one is better.",
                "The second sound is better.",
                "Response two is better written.",
                "It should be like answer one.",
                "Picture 1 is brighter.",
                "The second video should win.",
                "Image number 2 shows it.",
                "The 2nd response is polite.",
                "The second of the two responses is polite.",
                "The image on the left shows more of it.",
                "Keep to the picture on the right.",
                "The left image is to be preferred.",
                "The right image is sharper than that.",
            )
        ],
        [
            {"criterion": one}
            for one in (
                "The response a user gets should be warm.",
                "It should answer both questions.",
                "Mention vitamin A where it matters.",
                "The image should show two cats.",
                "It should wait a little before the first sound is heard.",
                "It should answer two questions about the text.",
                "It should answer 2 questions about the text.",
                "Answer one question at a time.",
                "Answer one, then the other.",
                "Answer one but not the other.",
                "It should picture two people walking.",
                "It should output one line per item.",
                "It should output 1 line per item.",
                "It should output 1.5 times as much.",
                "It should sound one octave lower.",
                "The answer one would give to a child.",
                "The answer one is looking for.",
                "The response one has in mind.",
                "Keep the response 2 sentences long.",
                "The video 2 minutes long should be calm.",
                "The video B-roll should be calm.",
                "The sound A minor chord should end it.",
                "It should name the former president of it.",
                "Of cats and dogs it should treat the latter in depth.",
                "It should make the first one clear.",
                "The second of the two steps should be longer.",
                "The image on the left wall should be a portrait.",
                "The left half of the image should be dark.",
                "It should give the right answer at once.",
                "It should describe the right picture.",
            )
        ],
    ),
}


@pytest.mark.parametrize("rule", CASES)
def test_rule_refuses_what_it_names_and_nothing_near_it(rule: str) -> None:
    task, kind, broken, sound = CASES[rule]
    found = reasons(task, kind, [*broken, *sound])
    assert found == {f"row{at}": rule for at in range(len(broken))}
    # Without the rule another may refuse the row, or none: but not this one.
    assert rule not in reasons(task, kind, broken, RuleSettings(skip=(rule,))).values()


def test_every_rule_has_its_case() -> None:
    assert {*CASES, "agreement_too_low"} == set(RULES)


@pytest.mark.parametrize("task", ["t2t", "ti2t", "t2i", "t23d"])
def test_sound_rows_of_a_task_pass(task: str) -> None:
    assert task in TASKS
    assert reasons(task, "general", [{}]) == {}
    assert reasons(task, "instruction", [{}]) == {}


def test_text_responses_that_differ_in_blanks_only_are_equal() -> None:
    assert reasons("t2t", "general", [{"b_text": "One.\n"}]) == {"row0": "equal_responses"}
    assert reasons("t2t", "general", [{"b_text": " "}]) == {"row0": "missing_response"}


def test_agreement_is_bounded_where_the_recipe_says_so() -> None:
    rows = [{"agreement": 0.5}, {"agreement": 0.75}, {"agreement": None}]
    assert reasons("t2t", "instruction", rows) == {}
    settings = RuleSettings(min_agreement=0.6)
    assert reasons("t2t", "instruction", rows, settings) == {"row0": "agreement_too_low"}


def test_bounds_of_null_take_rules_away() -> None:
    settings = RuleSettings(max_prompt_chars=None, max_control_characters=2)
    rows = [{"prompt": turns("x" * 100_001)}, {"a_text": "\x01\x02"}, {"a_text": "\x01\x02\x03"}]
    assert reasons("t2t", "general", rows, settings) == {"row2": "control_characters"}


def test_the_rosters_preference_stands_before_the_corpus_own() -> None:
    assert reasons("t2t", "general", [{"preference": "c"}], said={"preference": "b"}) == {}


def test_a_letter_tells_what_was_seen() -> None:
    found = verdicts("t2t", "general", [{"a_text": "x" * 300 + "\x07" + "y" * 300}])
    assert found["seen"].to_list() == ["x" * 60 + "\x07" + "y" * 60]
    assert found["message"].to_list() == ["a text holds control characters"]
    long = verdicts("t2t", "general", [{"a_text": "same" * 400, "b_text": "same" * 400}])
    assert long["seen"].str.len_chars().to_list() == [501]


def test_roster_and_letters_add_up() -> None:
    ids = [{"row_id": f"row{at}", "base_id": f"b{at}", "key": f"k{at}"} for at in range(5)]
    roster = pa.Table.from_pylist(ids, schema=ROSTER_SCHEMA)
    told = [
        {"row_id": f"row{at}", "key": f"k{at}", "reason": "r", "message": "m", "seen": "s"}
        for at in (1, 3, 3)  # one row seen in two files is refused once
    ]
    tables = [pa.Table.from_pylist(told[:2]), pa.Table.from_pylist(told[2:])]
    refused, stays = split_roster(roster, tables)
    assert [one["key"] for one in refused] == ["k1", "k3"]
    assert stays["row_id"].to_pylist() == ["row0", "row2", "row4"]
    assert split_roster(roster, []) == ([], roster)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"skip": ("equal_response",)}, "no row rule 'equal_response'"),
        ({"max_prompt_chars": -1}, "max_prompt_chars must be a number from 0 on"),
        ({"min_criterion_words": 9, "max_criterion_words": 8}, "is above max_criterion_words"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RuleSettings(**settings)
