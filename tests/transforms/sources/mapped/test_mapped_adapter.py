"""Any corpus by recipe: each shape of prompt, responses, verdict and media, one record each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from schemas.media import MediaRef
from transforms.beamkit.errors import BuildError
from transforms.sources.draft import Draft, Dropped, Reject, Response, Turn
from transforms.sources.mapped.adapter import MappedAdapter
from transforms.sources.mapped.media import member_of
from transforms.sources.records import Place
from transforms.sources.settings import Corpus, PairRule

PLACE = Place("f.parquet", 5, 2)
TWO = {
    "prompt": "q",
    "responses": ["a", "b"],
    "label": "l",
    "values": {"first": [1], "second": [2]},
}
RECORD = {"q": "Q", "a": "A", "b": "B", "l": 1}
#: Two responses as turns of one conversation each.
CHAT = {
    "chosen": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}],
    "rejected": [{"from": "human", "value": "Q"}, {"from": "gpt", "value": "B"}],
}


def adapter(options: Mapping[str, Any], rule: PairRule | None = None) -> MappedAdapter:
    corpus = Corpus(
        "mapped", "o/n", "mit", ("*",), "human", pairs=rule or PairRule(), options=options
    )
    return MappedAdapter(corpus, "corpus", "Subset")


def pairs(
    options: Mapping[str, Any], record: Mapping[str, Any], rule: PairRule | None = None
) -> list[Draft]:
    return list(adapter(options, rule).pairs(record, PLACE))


def one(options: Mapping[str, Any], record: Mapping[str, Any]) -> Draft:
    (draft,) = pairs(options, record)
    return draft


def texts(drafts: list[Draft]) -> list[tuple[str | None, str | None]]:
    return [(draft.first.text, draft.second.text) for draft in drafts]


def test_two_columns_and_a_label_are_one_pair() -> None:
    draft = one(
        {**TWO, "key": "id", "models": ["ma", "mb"]}, {**RECORD, "id": 7, "ma": "m", "mb": 4}
    )
    assert draft == Draft(
        key="7",
        prompt=(Turn("user", "Q"),),
        first=Response(text="A", model="m"),
        second=Response(text="B", model="4"),
        preferred="first",
        where="f.parquet group 2 row 5",
    )


@pytest.mark.parametrize(
    ("value", "listed", "preferred"),
    [
        (2, {"first": [1], "second": [2]}, "second"),
        ("2", {"first": [1], "second": [2]}, "second"),  # a csv has text for numbers
        (1.0, {"first": [1], "second": [2]}, "first"),
        ("left", {"first": ["left", "LEFT"], "second": ["right"]}, "first"),
        (True, {"first": [True], "second": [False]}, "first"),
        (False, {"first": [True], "second": [False]}, "second"),
    ],
)
def test_a_label_means_what_the_recipe_says(
    value: Any, listed: dict[str, list[Any]], preferred: str
) -> None:
    assert one({**TWO, "values": listed}, {**RECORD, "l": value}).preferred == preferred


def test_true_is_not_one() -> None:
    with pytest.raises(Reject, match="True"):
        pairs(TWO, {**RECORD, "l": True})


@pytest.mark.parametrize(
    ("votes", "preferred"),
    [([1, 1, 2], "first"), ([2, 0, 2], "second"), ([1, 2, 0], "tie"), ([1, None, None], "first"),
     ([0, 0, 1], "tie"), ([1, 1, 2, 2], "tie")],
)  # fmt: skip
def test_the_majority_of_votes_decides(votes: list[int | None], preferred: str) -> None:
    values = {"first": [1], "second": [2], "tie": [0]}
    options = {"prompt": "q", "responses": ["a", "b"], "votes": "v", "values": values}
    keep = PairRule(ties="keep")
    (draft,) = pairs(options, {**RECORD, "v": votes}, keep)
    assert draft.preferred == preferred
    columns = {f"v{number}": vote for number, vote in enumerate(votes)}
    (same,) = pairs({**options, "votes": list(columns)}, {**RECORD, **columns}, keep)
    assert same.preferred == preferred


def test_a_tie_is_left_out_by_rule() -> None:
    with pytest.raises(Dropped, match="tie"):
        pairs({**TWO, "values": {"first": [1], "second": [2], "tie": [0]}}, {**RECORD, "l": 0})


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (PairRule(), [("y", "z", 3.0)]),
        (PairRule(rule="adjacent"), [("y", "w", 0.5), ("w", "x", 1.5), ("x", "z", 1.0)]),
        (PairRule(rule="adjacent", min_margin=1), [("w", "x", 1.5), ("x", "z", 1.0)]),
        (PairRule(rule="all", min_margin=2), [("y", "x", 2.0), ("y", "z", 3.0), ("w", "z", 2.5)]),
    ],
)
def test_scored_responses_are_paired_by_rule(
    rule: PairRule, expected: list[tuple[str, str, float]]
) -> None:
    options = {"prompt": "q", "responses": "r", "scores": "s"}
    record = {"q": "Q", "r": ["x", "y", "z", "w"], "s": [2, "4.0", [1, 1], 3.5]}
    drafts = pairs(options, record, rule)
    assert [(d.first.text, d.second.text, d.margin) for d in drafts] == expected
    assert len({draft.key for draft in drafts}) == len(drafts)
    given = {"x": 2.0, "y": 4.0, "z": 1.0, "w": 3.5}
    assert {(d.first.text, d.first.score) for d in drafts} <= set(given.items())


def test_a_lower_rank_is_better_and_is_no_score() -> None:
    options = {"prompt": "q", "responses": "r", "ranks": "k"}
    (draft,) = pairs(options, {"q": "Q", "r": ["x", "y", "z"], "k": [2, 1, 3]})
    assert (draft.first.text, draft.second.text) == ("y", "z")
    assert (draft.first.score, draft.margin) == (None, 2.0)


def test_lists_of_chosen_and_rejected_go_place_by_place_or_all_with_all() -> None:
    options = {"prompt": "q", "chosen": "c", "rejected": "r"}
    record = {"q": "Q", "c": ["a", "b"], "r": ["x", "y"]}
    assert texts(pairs(options, record)) == [("a", "x"), ("b", "y")]
    every = pairs(options, record, PairRule(rule="all"))
    assert texts(every) == [("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")]
    assert len({draft.key for draft in every}) == 4
    with pytest.raises(Reject, match="2 chosen and 1 rejected"):
        pairs(options, {**record, "r": ["x"]})


def test_the_prompt_is_what_both_conversations_share() -> None:
    draft = one({"chosen": "chosen", "rejected": "rejected"}, CHAT)
    assert draft.prompt == (Turn("user", "Q"),)
    assert (draft.first.text, draft.second.text) == ("A", "B")


def test_a_response_may_be_a_turn_or_a_conversation_beside_a_prompt() -> None:
    record = {"p": [{"from": "human", "value": "Q"}], "chosen": {"from": "gpt", "value": "A"},
              "rejected": CHAT["rejected"]}  # fmt: skip
    draft = one({"prompt": "p", "chosen": "chosen", "rejected": "rejected"}, record)
    assert draft.prompt == (Turn("user", "Q"),)
    assert (draft.first.text, draft.second.text) == ("A", "B")


def test_typed_parts_are_joined_and_other_parts_refused() -> None:
    parts = [{"type": "text", "value": "a"}, {"type": "text", "text": "b"}]
    chosen = [{"role": "user", "content": parts}, {"role": "assistant", "content": parts}]
    other = [chosen[0], {"role": "assistant", "content": [{"type": "text", "text": "c"}]}]
    draft = one({"chosen": "chosen", "rejected": "r"}, {"chosen": chosen, "r": other})
    assert (draft.prompt[0].content, draft.first.text, draft.second.text) == ("ab", "ab", "c")
    picture = {"role": "assistant", "content": [{"type": "image_url", "image_url": "x"}]}
    with pytest.raises(Reject, match="image_url"):
        one({"chosen": "chosen", "rejected": "r"}, {"chosen": chosen, "r": [chosen[0], picture]})


def test_transcripts_are_split_at_whole_marks_only() -> None:
    options = {"chosen": "c", "rejected": "r",
               "transcript": {"user": "\n\nHuman:", "assistant": "\n\nAssistant:"}}  # fmt: skip
    shared = "\n\nHuman: One\nHuman: still one\n\nAssistant: Two\n\nHuman: Three"
    draft = one(options, {"c": shared + "\n\nAssistant: yes ", "r": shared + "\n\nAssistant: no"})
    assert draft.prompt == (
        Turn("user", "One\nHuman: still one"), Turn("assistant", "Two"), Turn("user", "Three"),
    )  # fmt: skip
    assert (draft.first.text, draft.second.text) == ("yes", "no")
    assert one(options, {"c": "Human: Q\n\nAssistant: A", "r": "Human: Q\n\nAssistant: B"}).prompt
    for bad, reason in (("Q\n\nAssistant: A", "not_a_transcript"), ("", "not_a_transcript")):
        with pytest.raises(Reject) as error:
            pairs(options, {"c": bad, "r": shared})
        assert error.value.reason == reason


def test_columns_of_a_prompt_are_joined_and_a_system_turn_goes_first() -> None:
    options = {**TWO, "prompt": ["q", "more"], "system": "s"}
    record = {**RECORD, "more": "M", "s": "Be brief."}
    assert one(options, record).prompt == (Turn("system", "Be brief."), Turn("user", "Q\n\nM"))
    for blank in ("", "  ", None):
        assert one(options, {**record, "more": blank, "s": None}).prompt == (Turn("user", "Q"),)


def test_names_may_be_paths_and_templates() -> None:
    options = {"prompt": "meta.q", "responses": "out", "text": "inner.t", "scores": "s",
               "key": "meta.ids.1"}  # fmt: skip
    out = [{"inner": {"t": "A"}}, {"inner": {"t": "B"}}]
    draft = one(options, {"meta": {"q": "Q", "ids": [1, "two"]}, "out": out, "s": [0, 1]})
    assert (draft.key, draft.first.text, draft.second.text) == ("two", "B", "A")
    assert one({**TWO, "prompt": "a.b"}, {**RECORD, "a.b": "dotted"}).prompt[0].content == "dotted"


def test_a_template_reads_columns_and_nothing_else() -> None:
    options = {"prompt": "q", "responses": ["{id}_a.jpg", "{id.__class__}_b.jpg"], "label": "l",
               "values": TWO["values"], "media": {"image": {"root": "p"}}}  # fmt: skip
    with pytest.raises(Reject) as error:
        pairs(options, {"q": "Q", "id": "7", "l": 1})
    assert error.value.reason == "missing_field"


def test_media_are_paths_below_a_root_or_cells() -> None:
    options = {
        "prompt": "q", "responses": ["a", "b"], "label": "l",
        "values": {"first": [1], "second": [2]},
        "media": {"image": {"root": "x.zip", "strip": "data/"},
                  "prompt_images": {"column": "shown"}},
    }  # fmt: skip
    draft = one(options, {"q": "Q", "a": "./data/1.png", "b": "https://h/d/my%20b.png?x=1", "l": 2})
    assert draft.first == Response(media=(MediaRef("image", "x.zip", "1.png"),))
    assert draft.second == Response(media=(MediaRef("image", "x.zip", "my b.png"),))
    assert draft.prompt_media == (MediaRef("prompt_images", "f.parquet", "shown/2/5"),)
    assert "shown" not in (adapter(options).PROJECTION or ())


@pytest.mark.parametrize("path", ["http://[x/a.jpg", "https://a\u2100b/a.jpg"])
def test_what_begins_as_a_url_and_is_none_is_refused(path: str) -> None:
    options = {"prompt": "q", "chosen": "a", "rejected": "b", "media": {"image": {"root": ""}}}
    with pytest.raises(Reject) as error:
        pairs(options, {"q": "Q", "a": path, "b": "b.png"})
    assert error.value.reason == "malformed_media"
    assert path in error.value.message


def test_however_many_dots_lead_a_path_they_go() -> None:
    assert member_of("./" * 200_000 + "../a.jpg", "") == "../a.jpg"


def test_frames_of_one_response_are_a_list_of_paths() -> None:
    options = {"prompt": "q", "chosen": "c", "rejected": "r", "media": {"frames": {"root": ""}}}
    draft = one(options, {"q": "Q", "c": ["1.jpg", "2.jpg"], "r": ["3.jpg"]})
    assert [ref.member for ref in draft.first.media] == ["1.jpg", "2.jpg"]
    assert [(ref.slot, ref.member) for ref in draft.second.media] == [("frames", "3.jpg")]


def test_cells_are_read_from_parquet_alone() -> None:
    options = {"prompt": "q", "chosen": "c", "rejected": "r", "media": {"image": {}}}
    draft = one(options, {"q": "Q"})
    assert draft.first.media == (MediaRef("image", "f.parquet", "c/2/5"),)
    with pytest.raises(BuildError, match="root"):
        list(adapter(options).pairs({"q": "Q"}, Place("f.jsonl", 5)))


def test_records_that_are_not_wanted_are_counted_and_left_out() -> None:
    options = {**TWO, "only": {"lang": ["en"], "n": [1, 2]}}
    assert one(options, {**RECORD, "lang": "en", "n": 2})
    with pytest.raises(Dropped, match="only:lang"):
        pairs(options, {**RECORD, "lang": "fr", "n": 2})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"a": None}, "missing_field"),
        ({"a": " \n"}, "empty_response"),
        ({"a": 5}, "not_text"),
        ({"q": 5}, "not_text"),
        ({"q": ["Q"]}, "not_text"),
        ({"l": 3}, "label_unknown"),
        ({"l": None}, "missing_field"),
        ({"q": [{"role": "tool", "content": "x"}]}, "unknown_role"),
    ],
)
def test_a_bad_record_is_refused_for_its_reason(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(Reject) as error:
        pairs(TWO, {**RECORD, **change})
    assert error.value.reason == reason


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"r": "x", "s": [1, 2]}, "malformed_responses"),
        ({"r": ["x"], "s": [1]}, "malformed_responses"),
        ({"r": ["x", "y"], "s": [1]}, "malformed_scores"),
        ({"r": ["x", "y"], "s": "1, 2"}, "malformed_scores"),
        ({"r": ["x", "y"], "s": [1, "N/A"]}, "too_few_responses"),
        ({"r": ["x", " "], "s": [1, 2]}, "empty_response"),
    ],
)
def test_bad_lists_are_refused_for_their_reason(record: dict[str, Any], reason: str) -> None:
    with pytest.raises(Reject) as error:
        pairs({"prompt": "q", "responses": "r", "scores": "s"}, {"q": "Q", **record})
    assert error.value.reason == reason


def test_a_record_without_a_key_is_known_by_what_is_mapped() -> None:
    first, other = (one(TWO, {**RECORD, "note": note}).key for note in ("x", "y"))
    assert first == other != one(TWO, {**RECORD, "q": "R"}).key
