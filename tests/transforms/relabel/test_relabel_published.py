"""The published origin: rows of each shape are read, matched and accounted for."""

from __future__ import annotations

import random
from typing import Any

import pyarrow as pa
import pytest

from schemas.flight import PREPARED_SCHEMA
from schemas.label import LABEL_SCHEMA
from transforms.beamkit.errors import BuildError
from transforms.relabel.published.labels import PublishedMatch, match_published
from transforms.relabel.published.misses import MISS_SCHEMA
from transforms.relabel.published.pairs import MEDIA_SCHEMA
from transforms.relabel.published.rows import read_rows
from transforms.relabel.published.settings import PublishedSettings

TURN = pa.struct([("from", pa.string()), ("value", pa.string())])
SCHEMA = pa.schema(
    [
        ("conversations", pa.list_(TURN)),
        ("chosen", TURN),
        ("rejected", TURN),
        ("images", pa.list_(pa.string())),
    ]
)
CRITERION = "The response should name its sources."
NO_MEDIA = MEDIA_SCHEMA.empty_table()


def published(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=SCHEMA)


def row(
    prompt: str,
    chosen: str,
    rejected: str,
    *images: str,
    criterion: str | None = CRITERION,
) -> dict[str, Any]:
    system = [] if criterion is None else [{"from": "system", "value": criterion}]
    return {
        "conversations": [*system, {"from": "human", "value": prompt}],
        "chosen": {"from": "gpt", "value": chosen},
        "rejected": {"from": "gpt", "value": rejected},
        "images": list(images),
    }


def ref(slot: str, digest: str, phash: str | None = None, member: str = "image/0/1") -> Any:
    return {"slot": slot, "container": "x", "member": member,
            "info": {"digest": digest, "phash": phash}}  # fmt: skip


def pair(name: str, prompt: str, a: Any, b: Any, *shown: Any, preference: str = "a") -> Any:
    """A prepared pair; its answers are texts or media."""
    sides = {
        f"{side}_{what}": value
        for side, answer in (("a", a), ("b", b))
        for what, value in (
            ("text", answer if isinstance(answer, str) else None),
            ("media", [] if isinstance(answer, str) else [answer]),
        )
    }
    return {
        "pair_id": name,
        "row_id": name,
        "key": f"key-{name}",
        "prompt": [{"role": "user", "content": prompt}],
        "prompt_media": list(shown),
        "preference": preference,
        **sides,
    }


def prepared(*pairs: Any) -> pa.Table:
    return pa.Table.from_pylist(list(pairs), schema=PREPARED_SCHEMA)


def media(*entries: tuple[str, str, str | None]) -> pa.Table:
    rows = [dict(zip(MEDIA_SCHEMA.names, entry, strict=True)) for entry in entries]
    return pa.Table.from_pylist(rows, schema=MEDIA_SCHEMA)


def matched_text(table: pa.Table, pairs: pa.Table, **settings: Any) -> PublishedMatch:
    made = PublishedSettings(**settings)
    return match_published(table, pairs, NO_MEDIA, task="t2t", subset="S", settings=made)


def test_a_verdict_is_mapped_to_the_side_that_the_row_prefers() -> None:
    found = matched_text(
        published(row("Q1", "yes", "no"), row("Q2", "no", "yes")),
        prepared(pair("p1", "Q1", "yes", "no"), pair("p2", "Q2", "yes", "no")),
    )
    assert found.labels.schema == LABEL_SCHEMA
    assert found.labels.select(["pair_id", "verdict"]).to_pylist() == [
        {"pair_id": "p1", "verdict": "a"},
        {"pair_id": "p2", "verdict": "b"},
    ]
    assert found.summary.reversed_ == 1
    label = found.labels.to_pylist()[0]
    assert label["criterion"] == CRITERION
    assert label["producer"]["origin"] == "published"
    assert label["producer"]["parameters"] == '{"revision": null, "subset": "S"}'
    assert (label["cost_usd"], label["input_tokens"]) == (0.0, 0)


def test_several_criteria_of_a_pair_stay_and_a_repeated_one_is_counted_once() -> None:
    other = "The response should be brief."
    rows = [row("Q", "yes", "no"), row("Q", "no", "yes", criterion=other), row("Q", "yes", "no")]
    found = matched_text(published(*rows), prepared(pair("p", "Q", "yes", "no")))
    assert sorted(found.labels["criterion"].to_pylist()) == [other, CRITERION]
    assert (found.summary.labels, found.summary.repeated) == (2, 1)
    assert found.summary.criteria_per_pair == {2: 1}


def test_rows_that_contradict_each_other_under_one_criterion_are_misses() -> None:
    rows = [row("Q", "yes", "no"), row("Q", "no", "yes")]
    found = matched_text(published(*rows), prepared(pair("p", "Q", "yes", "no")))
    assert found.labels.num_rows == 0
    assert found.misses["reason"].to_pylist() == ["contradictory"] * 2
    assert found.misses["nearest_key"].to_pylist() == ["key-p"] * 2


@pytest.mark.parametrize(
    ("said", "by"),
    [
        ("Le café\nis open", "canonical/none"),
        ("Le cafe\u0301\r\nis open", "canonical/none"),
        ("<image>\nLe café\nis open", "canonical/none"),
        ("  Le café  is open ", "folded/none"),
        ("LE CAFÉ\u00a0IS OPEN", "folded/none"),
    ],
)
def test_what_other_tools_do_to_text_does_not_matter(said: str, by: str) -> None:
    source = prepared(pair("p", "Le café\nis open", "“yes”", "no"))
    found = matched_text(published(row(said, "“yes”", "no")), source)
    assert found.summary.by == {by: 1}


def test_an_exact_text_wins_over_a_folded_one() -> None:
    source = prepared(pair("p1", "q", "Yes", "No"), pair("p2", "q", "yes", "no"))
    found = matched_text(published(row("q", "yes", "no"), row("q", "YES", "NO")), source)
    rows = found.matches.rows(named=True)
    assert [(r["pair_id"], r["text_by"], r["ambiguous"]) for r in rows] == [
        ("p2", "canonical", False),
        ("p1", "folded", True),
    ]


def test_turns_are_compared_one_by_one_and_system_turns_left_out() -> None:
    talk = row("first", "yes", "no")
    talk["conversations"] += [{"from": "gpt", "value": "hm"}, {"from": "human", "value": "second"}]
    source = pair("p", "first", "yes", "no")
    source["prompt"] = [
        {"role": role, "content": content}
        for role, content in (
            ("system", "Be kind."), ("user", "first"), ("assistant", "hm"), ("user", "second")
        )
    ]  # fmt: skip
    assert matched_text(published(talk), prepared(source)).summary.labels == 1
    joined = pair("p", "first hm second", "yes", "no")
    assert matched_text(published(talk), prepared(joined)).summary.labels == 0


H = "00000000000000ff"


@pytest.mark.parametrize(
    ("known", "by"),
    [
        ([("rlaifv/7.jpg", "d7", H)], "canonical/digest"),
        ([("rlaifv/7.jpg", "other", "00000000000000fe")], "canonical/phash"),
        ([], "canonical/name"),
        ([("rlaifv/7.jpg", "other", "ffffffffffffffff")], None),
        ([("rlaifv/7.jpg", "other", None)], "canonical/name"),
    ],
)
def test_a_picture_is_known_by_bytes_then_look_then_name(known: Any, by: str | None) -> None:
    shown = ref("prompt_images", "d7", H, "images/7.jpg")
    source = prepared(pair("p", "Q", "yes", "no", shown))
    table = published(row("<image>Q", "yes", "no", "rlaifv/7.jpg"))
    found = match_published(table, source, media(*known), task="ti2t", subset="S")
    assert found.summary.by == ({by: 1} if by else {})
    if by is None:
        (miss,) = found.misses.to_pylist()
        assert (miss["part"], miss["nearest_key"], miss["seen"]) == (
            "prompt_media",
            "key-p",
            "7.jpg",
        )


def test_the_pair_is_the_one_that_shows_the_picture() -> None:
    source = prepared(*(
        pair(f"p{n}", "Q", "yes", "no", ref("prompt_images", f"d{n}", f"{n * 0x1111:016x}"))
        for n in (1, 2, 3)
    ))  # fmt: skip
    table = published(row("<image>Q", "no", "yes", "2.jpg"))
    found = match_published(
        table, source, media(("2.jpg", "new", f"{0x2222:016x}")), task="ti2t", subset="S",
        settings=PublishedSettings(radius=1),
    )  # fmt: skip
    assert found.labels.select(["pair_id", "verdict"]).to_pylist() == [
        {"pair_id": "p2", "verdict": "b"}
    ]


def test_pictures_as_answers_are_chosen_and_rejected_in_that_order() -> None:
    source = prepared(
        pair("p1", "a cat", ref("image", "d1", H), ref("image", "d2", "ffff000000000000")),
        pair("p2", "a cat", ref("image", "d1", H), ref("image", "d3", "0f0f0f0f0f0f0f0f")),
    )
    known = media(("omni/1.jpg", "d1", H), ("omni/2.jpg", "d2", "ffff000000000000"),
                  ("omni/3.jpg", "new", "0f0f0f0f0f0f0f0e"))  # fmt: skip
    table = published(
        row("<image>", "a cat", "a cat", "omni/2.jpg", "omni/1.jpg"),
        row("<image>", "a cat", "a cat", "omni/1.jpg", "omni/3.jpg"),
    )
    found = match_published(table, source, known, task="t2i", subset="S")
    assert found.labels.select(["pair_id", "verdict"]).to_pylist() == [
        {"pair_id": "p1", "verdict": "b"},
        {"pair_id": "p2", "verdict": "a"},
    ]
    assert found.summary.by == {"canonical/digest": 1, "canonical/phash": 1}


def test_equal_bytes_are_found_among_more_pairs_than_are_looked_at() -> None:
    source = prepared(*(
        pair(f"p{n:03}", "Q", ref("image", f"a{n}"), ref("image", f"b{n}")) for n in range(50)
    ))  # fmt: skip
    known = media(("a.jpg", "a41", None), ("b.jpg", "b41", None))
    table = published(row("<image>", "Q", "Q", "b.jpg", "a.jpg"))
    found = match_published(
        table, source, known, task="t2i", subset="S", settings=PublishedSettings(same_text=2)
    )
    assert found.labels["pair_id"].to_pylist() == ["p041"]


# ---- The side that is chosen, where both ways round fit.


@pytest.mark.parametrize(
    ("sides", "said", "verdict"),
    [
        (("Yes", "yes"), ("yes", "Yes"), "b"),
        (("Yes", "yes"), ("Yes", "yes"), "a"),
        (("“x”", '"x"'), ('"x"', "“x”"), "b"),
        (("x  y", "x y"), ("x y", "x  y"), "b"),
        (("Yes", "yes"), ("YES", "yes"), "a"),  # the one rejected is b to the letter
        (("Yes", "yes"), ("YES", "yEs"), None),
        (("x\n", "x\r\n"), ("x\r\n", "x\n"), None),
    ],
)
def test_answers_alike_but_for_their_form_tell_a_side_by_their_letters(
    sides: tuple[str, str], said: tuple[str, str], verdict: str | None
) -> None:
    found = matched_text(
        published(row("A  question", *said)), prepared(pair("p", "a question", *sides))
    )
    assert found.labels["verdict"].to_pylist() == ([verdict] if verdict else [])
    assert found.summary.ambiguous_side == (verdict is None)
    assert found.summary.unmatched == 0
    if verdict is None:
        (miss,) = found.misses.to_pylist()
        assert (miss["reason"], miss["nearest_pair_id"], miss["nearest_key"]) == (
            "ambiguous_side",
            "p",
            "key-p",
        )
        assert found.matches.is_empty()


def test_answers_to_the_letter_decide_on_the_pair_where_the_prompt_was_folded() -> None:
    source = prepared(pair("p1", "a question", "Yes", "No"), pair("p2", "a question", "yes", "no"))
    found = matched_text(published(row("A  question", "yes", "no")), source)
    assert found.matches.rows(named=True)[0]["pair_id"] == "p2"
    assert found.summary.ambiguous == 0


OTHER = "000000000000ffff"  # eight bits from H


@pytest.mark.parametrize(
    ("a", "b", "chosen", "rejected", "verdict"),
    [
        # One look: nothing tells them apart, or the bytes of one do.
        (("da", H), ("db", H), ("x", H), ("y", H), None),
        (("da", H), ("db", H), ("x", H), ("da", H), "b"),
        (("da", H), ("db", H), ("da", H), ("y", H), "a"),
        (("d", H), ("d", H), ("d", H), ("d", H), None),
        # The bytes of one are worth more than a smaller distance of the other way round.
        (("da", H), ("db", "00000000000000fe"), ("da", H), ("y", H), "a"),
        # Looks that are near each other tell a side only where they differ by more than noise.
        (("da", H), ("db", "00000000000000fe"), ("x", H), ("y", "00000000000000fe"), None),
        (("da", H), ("db", "00000000000001fe"), ("x", H), ("y", "00000000000001fe"), None),
        (("da", H), ("db", "0000000000000ff0"), ("x", H), ("y", "0000000000000ff0"), "a"),
        (("da", H), ("db", OTHER), ("x", OTHER), ("y", H), "b"),
    ],
)
def test_pictures_alike_tell_a_side_by_their_bytes(
    a: Any, b: Any, chosen: Any, rejected: Any, verdict: str | None
) -> None:
    source = prepared(pair("p", "Q", ref("image", *a), ref("image", *b)))
    known = media(("c.jpg", *chosen), ("r.jpg", *rejected))
    table = published(row("<image>", "Q", "Q", "c.jpg", "r.jpg"))
    settings = PublishedSettings(radius=8 if "0000000000000ff0" in b else 6)
    found = match_published(table, source, known, task="t2i", subset="S", settings=settings)
    assert found.labels["verdict"].to_pylist() == ([verdict] if verdict else [])
    reasons = [] if verdict else ["ambiguous_side"]
    assert found.misses["reason"].to_pylist() == reasons


@pytest.mark.parametrize(
    ("members", "paths", "verdict"),
    [
        (("x/a/1.jpg", "x/b/1.jpg"), ("omni/b/1.jpg", "omni/a/1.jpg"), "b"),
        (("x/a/1.jpg", "x/b/1.jpg"), ("omni/a/1.jpg", "omni/b/1.jpg"), "a"),
        (("x/a/s/1.jpg", "x/b/s/1.jpg"), ("b/s/1.jpg", "c/s/1.jpg"), "b"),
        (("x/a/1.jpg", "x/b/1.jpg"), ("c/1.jpg", "d/1.jpg"), None),
        (("x/1.jpg", "x/2.jpg"), ("d/2.jpg", "c/1.jpg"), "b"),
    ],
)
def test_pictures_of_one_name_tell_a_side_by_their_folders(
    members: Any, paths: Any, verdict: str | None
) -> None:
    answers = [ref("image", f"d{n}", None, member) for n, member in enumerate(members)]
    table = published(row("<image>", "Q", "Q", *paths))
    found = match_published(table, prepared(pair("p", "Q", *answers)), NO_MEDIA, task="t2i",
                            subset="S")  # fmt: skip
    assert found.labels["verdict"].to_pylist() == ([verdict] if verdict else [])
    assert found.summary.ambiguous_side == (verdict is None)


def test_frames_of_clips_are_halves() -> None:
    table = published(row("<image><image>", "a dog runs", "a dog runs", *"abcd", criterion=None))
    read = read_rows(table, "t2v").rows
    assert read["chosen_media"].to_list() == [["a", "b"]]
    assert read["rejected_media"].to_list() == [["c", "d"]]
    assert read["prompt"].to_list() == ["a dog runs"]
    assert read["criterion"].to_list() == [None]


def test_rows_that_cannot_be_read_say_why() -> None:
    nothing = row("Q", "yes", "no")
    nothing["conversations"] = None
    empty = row("Q", "", "no")
    table = published(nothing, empty, row("Q", "yes", "no", "a.jpg"), row("Q", "yes", "no"))
    assert read_rows(table, "t2t").unreadable == {
        0: "no_prompt",
        1: "no_response",
        2: "images_unfit",
    }
    assert read_rows(table, "ti2t").unreadable[3] == "images_unfit"
    found = matched_text(table, prepared(pair("p", "Q", "yes", "no")))
    assert found.misses["reason"].to_pylist() == ["no_prompt", "no_response", "images_unfit"]
    assert found.misses["seen"].to_pylist() == [
        "chosen: yes; rejected: no",
        "turns: Q; rejected: no",
        "turns: Q; chosen: yes; rejected: no; images: a.jpg",
    ]
    with pytest.raises(BuildError, match="no column images"):
        read_rows(table.drop_columns(["images"]), "t2t")
    with pytest.raises(ValueError, match="no rows of 't2a'"):
        read_rows(table, "t2a")


def words(rng: random.Random, number: int) -> str:
    return " ".join(rng.choice("abcdefghijklmnop") * rng.randint(1, 5) for _ in range(number))


def test_an_edited_row_is_a_miss_that_names_the_nearest_pair_and_the_part() -> None:
    rng = random.Random(3)
    texts = [(words(rng, 20), words(rng, 60), words(rng, 60)) for _ in range(300)]
    source = prepared(*(pair(f"p{at:03}", *text) for at, text in enumerate(texts)))
    prompt, first, second = texts[17]
    edited = second.replace(second.split()[30], "completely", 1)
    table = published(row(prompt, edited, first), row(words(rng, 20), words(rng, 60), "zz yy xx"))
    found = matched_text(table, source)
    assert found.misses.schema == MISS_SCHEMA
    one, other = found.misses.to_pylist()
    assert (one["nearest_key"], one["part"]) == ("key-p017", "chosen")
    assert 0.9 < one["similarity"] < 1
    assert one["nearest_seen"] == second[:160].lower()
    assert (other["nearest_key"], other["part"], other["similarity"]) == (None, None, None)


def test_no_more_misses_are_looked_at_than_the_settings_say() -> None:
    source = prepared(pair("p", "one two three four", "yes it is", "no it is not"))
    rows = [row("one two three five", "yes it is", "no it is not", criterion=f"C{n}")
            for n in range(4)]  # fmt: skip
    found = matched_text(published(*rows), source, most_misses=2)
    assert found.misses["nearest_key"].to_pylist() == ["key-p", "key-p", None, None]
    assert found.summary.unmatched == 4


def test_the_result_does_not_depend_on_the_order_of_pairs() -> None:
    rng = random.Random(5)
    pairs = [pair(f"p{n:02}", f"Q{n % 3}", f"yes {n % 7}", f"no {n % 5}") for n in range(60)]
    rows = [row(f"Q{n % 3}", f"no {n % 5}", f"yes {n % 7}") for n in range(0, 80, 3)]
    rows += [row("Q1 edited", "yes 1", "no 2", criterion=f"C{n}") for n in range(3)]
    first = matched_text(published(*rows), prepared(*pairs))
    rng.shuffle(pairs)
    second = matched_text(published(*rows), prepared(*pairs))
    assert first.labels.equals(second.labels)
    assert first.misses.equals(second.misses)
    assert first.summary == second.summary


def test_every_row_is_accounted_for() -> None:
    rows = [row("Q", "yes", "no"), row("Q", "yes", "no"), row("Q", "yes", "no", criterion=None)]
    rows += [row("other", "a", "b"), row("Q", "", "x"), row("Z", "m", "n"), row("Z", "n", "m")]
    rows += [row("Y", "Yes", "YES"), row("Y", "Yes", "YES", criterion=None)]
    source = prepared(
        pair("p", "Q", "yes", "no"), pair("z", "Z", "m", "n"), pair("y", "Y", "yes", "yeS")
    )
    told = matched_text(published(*rows), source).summary
    parts = (told.labels, told.repeated, told.general, told.contradictory, told.unmatched,
             told.ambiguous_side)  # fmt: skip
    assert parts == (1, 1, 1, 2, 1, 2)
    assert told.rows == sum(parts) + sum(told.unreadable.values())


@pytest.mark.parametrize(
    ("field", "value"),
    [("radius", 17), ("same_text", 0), ("candidates", 0), ("most_misses", -1),
     ("least_similarity", 1.5)],
)  # fmt: skip
def test_settings_without_meaning_are_refused(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=field):
        PublishedSettings(**{field: value})
