"""What exports make of single texts, turns and media, without a dataset."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from transforms.writing.exports.clips import even_places, video_frames
from transforms.writing.exports.format import Options, UnfitError
from transforms.writing.exports.json_list import JsonList
from transforms.writing.exports.llamafactory_names import NAMES, names_of
from transforms.writing.exports.media_files import MediaFiles, ending_of
from transforms.writing.exports.placeholders import (
    IMAGE,
    VIDEO,
    cut,
    escaped,
    folded,
    own_of_frames,
    placed,
    without_own,
)
from transforms.writing.exports.row import sides, with_system_folded


@pytest.mark.parametrize(
    ("count", "wanted", "places"),
    [
        (8, 3, [0, 4, 7]), (8, 8, list(range(8))), (3, 8, [0, 1, 2]), (1, 4, [0]), (0, 4, []),
        (9, 2, [0, 8]), (5, 1, [0]), (10, 4, [0, 3, 6, 9]),
    ],
)  # fmt: skip
def test_places_are_even_and_hold_both_ends(count: int, wanted: int, places: list[int]) -> None:
    assert even_places(count, wanted) == places


@pytest.mark.parametrize("count", range(1, 40))
def test_places_never_meet(count: int) -> None:
    for wanted in range(1, 12):
        places = even_places(count, wanted)
        assert len(set(places)) == len(places) == min(count, wanted)
        assert places == sorted(places)


def test_a_text_that_mentions_a_placeholder_is_escaped_and_noted_once() -> None:
    notes: list[str] = []
    assert escaped("<image> and <video>, <audio>", notes) == "< image > and < video >, < audio >"
    assert escaped("<img> <image/> <Image>", notes) == "<img> <image/> <Image>"
    assert escaped("<ima<image>ge>", notes) == "<ima< image >ge>"
    assert notes == ["placeholder_escaped"]


def _placed(turns: list[tuple[str, str]], number: int, notes: list[str]) -> list[tuple[str, str]]:
    return placed(cut(turns, [(IMAGE, number)]), IMAGE, number, notes)


def test_placeholders_go_before_the_first_user_turn() -> None:
    turns = [("user", "One?"), ("assistant", "1"), ("user", "Two?")]
    assert _placed(turns, 2, []) == [("user", "<image><image>\nOne?"), *turns[1:]]


def test_placeholders_that_stand_already_stay() -> None:
    turns = [("user", "One?"), ("assistant", "1"), ("user", "In <image> and <image>?")]
    assert _placed(turns, 2, []) == turns


@pytest.mark.parametrize(
    "turns",
    [
        [("user", "In <image>?")],  # one where two are wanted
        [("user", "<image> <video>")],  # another kind
        [
            ("user", "<image>"),
            ("assistant", "<image>"),
            ("user", "?"),
        ],  # one of them not the user's
        [("user", "?"), ("assistant", "<image><image>"), ("user", "?")],  # not the user's
    ],
)
def test_other_placeholders_are_escaped(turns: list[tuple[str, str]]) -> None:
    notes: list[str] = []
    made = _placed(turns, 2, notes)
    assert sum(content.count("<image>") for _, content in made) == 2
    assert made[0][1].startswith("<image><image>\n")
    assert notes == ["placeholder_escaped"]


def test_own_placeholders_in_two_turns_are_put_together() -> None:
    turns = [("user", "<image>\nThis"), ("assistant", "Hm"), ("user", "or <image>?")]
    notes: list[str] = []
    assert _placed(turns, 2, notes) == [
        ("user", "<image><image>\nThis"), ("assistant", "Hm"), ("user", "or ?"),
    ]  # fmt: skip
    assert notes == []


def test_as_many_as_there_are_media_are_the_own_ones_and_the_rest_is_text() -> None:
    notes: list[str] = []
    turns = [("user", "<image> and <image>, as the tag <image> says")]
    assert _placed(turns, 2, notes) == [("user", "<image> and <image>, as the tag < image > says")]
    assert notes == ["placeholder_escaped"]


@pytest.mark.parametrize(
    ("text", "made", "noted"),
    [
        ("<video>\nWhat?", "<image><image>\nWhat?", []),
        ("<image><image><image>\nWhat?", "<image><image>\nWhat?", []),
        ("<image><image>\nWhat?", "<image><image>\n< image >< image >\nWhat?",
         ["placeholder_escaped"]),
    ],
)  # fmt: skip
def test_frames_stand_where_their_clip_does(text: str, made: str, noted: list[str]) -> None:
    """Two of three frames are taken."""
    notes: list[str] = []
    turns = cut([("user", text)], own_of_frames([1, 2, 3]))
    assert placed(turns, IMAGE, 2, notes) == [("user", made)]
    assert notes == noted


def test_own_placeholders_are_taken_out_with_the_line_end_after_them() -> None:
    ((_, pieces),) = cut([("user", "<image>\nWhat <image> is <image> \nit <image>?")], [(IMAGE, 3)])
    assert without_own(pieces) == "What  is it <image>?"


def test_a_text_that_closes_over_a_placeholder_is_escaped() -> None:
    notes: list[str] = []
    turns = cut([("user", "<ima<video>ge>")], [(VIDEO, 1)])
    assert escaped(without_own(turns[0][1]), notes) == "< image >"


def test_words_of_the_system_turn_are_never_the_own_ones() -> None:
    turns = [("system", "Say <image>."), ("user", "<image>\nHi")]
    made, was = folded(cut(turns, [(IMAGE, 1)]))
    assert was
    assert placed(made, IMAGE, 1, []) == [("user", "Say < image >.\n\n<image>\nHi")]


def test_a_system_turn_is_folded_into_the_first_user_turn() -> None:
    turns = [("system", "Be brief."), ("user", "Hi"), ("assistant", "Ho"), ("user", "Hm")]
    made, folded = with_system_folded(turns)
    assert made == [("user", "Be brief.\n\nHi"), ("assistant", "Ho"), ("user", "Hm")]
    assert folded
    assert with_system_folded(turns[1:]) == (turns[1:], False)


@pytest.mark.parametrize(
    "roles",
    [
        ["user", "assistant"], ["assistant", "user"], ["user", "user"], ["system"],
        ["user", "system", "user"], ["system", "system", "user"], ["user", "tool", "user"],
    ],
)  # fmt: skip
def test_turns_that_do_not_alternate_have_no_form(roles: list[str]) -> None:
    with pytest.raises(UnfitError, match="turns_do_not_alternate"):
        with_system_folded([(role, "x") for role in roles])


def test_ties_and_missing_labels_have_no_winner() -> None:
    assert sides({"preference": "b"}).chosen == "b"
    for value, reason in (("tie", "tie"), (None, "no_preference"), ("A", "no_preference")):
        with pytest.raises(UnfitError, match=reason):
            sides({"preference": value})


def test_media_are_named_by_their_own_digest_whatever_the_row_calls_them(tmp_path: Path) -> None:
    out = MediaFiles(str(tmp_path), "rlaifv")
    paths = {
        out.put({"bytes": b"x", "path": name})
        for name in ("../../etc/passwd.png", "/a/b.PNG", "c.png")
    }
    digest = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    assert paths == {f"rlaifv/2d/{digest}.png"}
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [f"{digest}.png"]
    for top in ("../x", "a/../../b", "/tmp", ""):
        with pytest.raises(ValueError, match="no name for a folder"):
            MediaFiles(str(tmp_path), top)


@pytest.mark.parametrize("name", ["x.sh", "x", None, "x.png/../y", "x.p\nng", "x.html"])
def test_endings_that_are_not_known_become_bin(name: str | None) -> None:
    assert ending_of(name) == "bin"


def test_a_json_list_is_in_place_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with JsonList(str(path)) as out:
        out.add({"text": "ü\u2028\n"})
        out.add([1])
    assert json.loads(path.read_text()) == [{"text": "ü\u2028\n"}, [1]]
    with pytest.raises(TypeError), JsonList(str(path)) as out:
        out.add(b"no JSON")
    assert json.loads(path.read_text()) == [{"text": "ü\u2028\n"}, [1]]
    assert [one.name for one in tmp_path.iterdir()] == ["a.json"]
    with JsonList(str(path)):
        pass
    assert not list(tmp_path.iterdir())  # nothing to write: the file of an earlier export goes too


def test_what_is_no_video_has_no_frames() -> None:
    with pytest.raises(UnfitError, match="unreadable_video"):
        video_frames({"bytes": b"\0" * 100, "path": "x.mp4"}, 4)


def test_keys_are_those_of_the_training_scripts_and_none_is_given_twice() -> None:
    assert names_of("Omni-HPDv2").key == "omni_t2i_hpd"
    assert names_of("Rapidata-Images").key == "rapidata_images"
    assert names_of("../é").key == "subset"
    assert len({names.key for names in NAMES.values()}) == len(NAMES) == 13


def test_frames_must_be_positive() -> None:
    with pytest.raises(ValueError, match="positive"):
        Options(frames=0)
