"""The viewer: what it finds, how it pages, what it serves, and what it refuses."""

from __future__ import annotations

import json
import os
import re
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from html_audit import audit, ids_are_unique
from planted_dataset import hex_id, png, row, write_dataset
from viewer_client import Client, viewing

from pipelines.gallery.reading import open_built
from pipelines.gallery.viewer.facts_table import FactsTable
from pipelines.gallery.viewer.finding import Finder, Found
from pipelines.gallery.viewer.query import Query, match_expression, phrases, read_query
from pipelines.gallery.viewer.scanning import Scanned, scan
from pipelines.gallery.viewer.words import WordIndex, build_words

_SOUND = b"RIFF\x00\x00\x00\x00WAVE" + bytes([30]) * 1000


def numbers(html: str) -> list[int]:
    """Which rows are on a page."""
    return [int(found, 16) for found in re.findall(r'id="row-([0-9a-f]{32})"', html)]


def test_first_page_shows_the_first_rows(viewer: Client) -> None:
    page = viewer.ask("/").text
    assert numbers(page) == list(range(10))
    assert "1–10 of 57" in audit(page).text


def test_last_page_and_beyond(viewer: Client) -> None:
    assert numbers(viewer.ask("/?page=6").text) == list(range(50, 57))
    beyond = viewer.ask("/?page=99")
    assert (beyond.status, beyond.headers["Location"]) == (303, "/?page=6")


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("subset=Sounds&page=3", list(range(50, 57))),
        ("task=t2a&subset=Texts", []),
        ("flipped=yes", [1, 5, 9, 13, 17, 21, 25, 29]),
        ("flipped=no&page=1", [3, 7, 11, 15, 19, 23, 27]),
        ("agreement=all", [5, 11, 17, 23, 29]),
        ("agreement=most", [1, 7, 13, 19, 25]),
        ("agreement=low", [3, 9, 15, 21, 27]),
        ("preference=b&subset=Texts&origin=llm&page=2", [21, 23, 25, 27, 29]),
        ("licence=cc-by-nc-4.0&page=3", list(range(50, 57))),
        ("nc=yes&page=3", list(range(50, 57))),
        ("q=crystal", [0, 3, 6, 9, 12, 15, 18, 21, 24, 27]),
        ("q=%22crystal+dragon%22+6", [6]),
        ("q=%22dragon+crystal%22", []),
        ("q=cryst*+27", [27]),
        ("q=cryst", []),
        ("q=CRYSTAL+brief&flipped=yes", [9, 21]),
        ("q=%E6%B0%B4%E6%99%B6%E9%BE%99", [31]),  # three characters in a row without spaces
        ("q=%E6%99%B6%E6%B0%B4", []),
        ("q=NOT+OR+NEAR(", []),
        ("q=%22%22+*", []),
        ("subset=%27+OR+1%3D1+--", []),
        ("flipped=maybe&subset=Sounds&page=3", list(range(50, 57))),
    ],
)
def test_filters_and_search(viewer: Client, query: str, wanted: list[int]) -> None:
    reply = viewer.ask(f"/?{query}")
    assert reply.status == 200
    assert numbers(reply.text) == wanted


def test_links_keep_the_filters(viewer: Client) -> None:
    page = audit(viewer.ask("/?task=t2a&q=river&page=2").text)
    links = {a["rel"]: a["href"] for tag, a in page.tags if tag == "a" and "rel" in a}
    assert links == {"prev": "/?task=t2a&q=river", "next": "/?task=t2a&q=river&page=3"}
    assert ("option", {"value": "t2a", "selected": ""}) in page.tags


def test_a_row_by_its_id(viewer: Client) -> None:
    assert viewer.ask(f"/go?id=+{hex_id(12).upper()}+").headers["Location"] == f"/row/{hex_id(12)}"
    page = viewer.ask(f"/row/{hex_id(12)}").text
    assert numbers(page) == [12]
    neighbours = {a["rel"]: a["href"] for tag, a in audit(page).tags if tag == "a" and "rel" in a}
    assert neighbours == {"prev": f"/row/{hex_id(11)}", "next": f"/row/{hex_id(13)}"}
    assert numbers(viewer.ask(f"/row/{hex_id(1012)}").text) == [12]  # the id of its pair


def test_ids_that_are_none(viewer: Client) -> None:
    assert viewer.ask("/row/ffff").status == 404
    assert viewer.ask("/go?id=nothing").status == 404
    assert viewer.ask("/row/" + "0" * 20).text.count('class="pair"') == 10


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1", "127.0.0.1:1", "localhost.evil:80", ""]
)
def test_other_names_are_refused(viewer: Client, host: str) -> None:
    for path in ("/", "/media/30/response_a_audio/0", "/state", "/gallery.css"):
        reply = viewer.ask(path, Host=host)
        assert reply.status == 403
        assert b"dragon" not in reply.body


def test_its_own_names_are_answered(viewer: Client) -> None:
    port = viewer.server.server_port
    assert viewer.server.server_address[0] == "127.0.0.1"
    assert viewer.ask("/", Host=f"localhost:{port}").status == 200
    assert viewer.ask("/", Host=f"127.0.0.1:{port}").status == 200


def test_pages_elsewhere_may_not_embed_media(viewer: Client) -> None:
    path = "/media/30/response_a_audio/0"
    assert viewer.ask(path, Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors").status == 403
    assert viewer.ask(path, Sec_Fetch_Site="same-origin").status == 200
    assert viewer.ask("/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate").status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_read_only(viewer: Client, method: str) -> None:
    assert viewer.ask("/", method).status == 501


def test_head_has_no_body(viewer: Client) -> None:
    reply = viewer.ask("/media/30/response_a_audio/0", "HEAD")
    assert (reply.status, reply.headers["Content-Length"], reply.body) == (200, "1012", b"")


@pytest.mark.parametrize(
    ("header", "status", "told", "data"),
    [
        ("bytes=0-3", 206, "bytes 0-3/1012", b"RIFF"),
        ("bytes=8-11", 206, "bytes 8-11/1012", b"WAVE"),
        ("bytes=1010-", 206, "bytes 1010-1011/1012", b"\x1e\x1e"),
        ("bytes=1010-9999", 206, "bytes 1010-1011/1012", b"\x1e\x1e"),
        ("bytes=-2", 206, "bytes 1010-1011/1012", b"\x1e\x1e"),
        ("bytes=1012-", 416, "bytes */1012", b""),
        ("bytes=-0", 416, "bytes */1012", b""),
        ("bytes=5-2", 200, None, _SOUND),
        ("bytes=0-1,4-5", 200, None, _SOUND),
        ("lines=0-1", 200, None, _SOUND),
        ("bytes=", 200, None, _SOUND),
    ],
)
def test_ranges(viewer: Client, header: str, status: int, told: str | None, data: bytes) -> None:
    reply = viewer.ask("/media/30/response_a_audio/0", Range=header)
    assert (reply.status, reply.headers.get("Content-Range"), reply.body) == (status, told, data)
    assert reply.headers["Accept-Ranges"] == "bytes"
    assert reply.headers["Content-Type"] == "audio/wav"


def test_impostors_are_never_served_as_pictures(viewer: Client) -> None:
    assert viewer.ask("/media/30/prompt_images/0").status == 415
    good = viewer.ask("/media/30/prompt_images/1")
    assert (good.headers["Content-Type"], good.body) == ("image/png", png())
    page = viewer.ask("/media/30/response_a_mesh/0")
    assert page.headers["Content-Type"] == "application/octet-stream"
    assert page.headers["Content-Disposition"] == "attachment"
    assert viewer.ask("/media/30/response_a_mesh/0/0.jpg").status == 415


@pytest.mark.parametrize(
    "path",
    [
        "/media/57/response_a_audio/0",
        "/media/0/response_a_audio/0",
        "/media/30/response_a_audio/1",
        "/media/30/response_a_text/0",
        "/media/30/../../run_record.json",
        "/run_record.json",
        "/..%2f..%2fetc/passwd",
        "/media/30/response_b_audio/0/7.jpg",
    ],
)
def test_what_is_not_there(viewer: Client, path: str) -> None:
    assert viewer.ask(path).status == 404


def test_headers_of_pages_and_files(viewer: Client) -> None:
    page, file = viewer.ask("/"), viewer.ask("/media/30/prompt_images/1")
    for reply in (page, file, viewer.ask("/", Host="evil"), viewer.ask("/none")):
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert reply.headers["Content-Security-Policy"].startswith("default-src 'none';")
        assert "unsafe" not in reply.headers["Content-Security-Policy"]
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert "sandbox" in file.headers["Content-Security-Policy"]


def test_hostile_text_stays_text(hostile_viewer: Client) -> None:
    for path in (
        "/",
        "/?q=hit",
        f"/row/{hex_id(1)}",
        "/?licence=%3Cscript%3E",
        "/go?id=%3Cscript%3E",
    ):
        found = audit(hostile_viewer.ask(path).text)
        assert [text for text in found.scripts + found.styles if text.strip()] == []
        assert ids_are_unique(found)
    assert "<img src=x onerror=window.hit=1>" in found.text or path.startswith("/go")


def test_an_unfinished_index_is_said(tmp_path: Path) -> None:
    output = write_dataset(tmp_path / "set", {"Plain": [row(k) for k in range(12)]})
    with viewing(output, indexed=False) as client:
        assert numbers(client.ask("/").text) == list(range(10))
        assert json.loads(client.ask("/state").body) == {"searchable": 0.0, "complete": False}
        assert numbers(client.ask("/?q=question").text) == list(range(10))
        assert numbers(client.ask("/?q=question&page=2").text) == [10, 11]
        client.server.site.finder.words.build()
        assert json.loads(client.ask("/state").body) == {"searchable": 1.0, "complete": True}
        assert numbers(client.ask("/?q=question").text) == list(range(10))


@pytest.mark.parametrize(
    "words",
    ["crystal", '"crystal dragon" 6', '"dragon crystal"', "cryst* 27", "cryst", "CRYSTAL brief",
     "水晶龙", "晶水", "river", "a.crystal", "dragon, 4", "(.*)", "b+ .", "question 1*", "no_such"],
)  # fmt: skip
def test_reading_rows_finds_what_the_index_finds(viewer: Client, words: str) -> None:
    site = viewer.server.site
    expression = match_expression(words)
    found = site.finder.words.all(expression).to_list() if expression else []
    if not expression:
        assert phrases(words) == []
        return
    assert list(scan(site.built, phrases(words), 0, 1_000, seconds=60).numbers) == found
    assert list(scan(site.built, phrases(words), 20, 1_000, seconds=60).numbers) == [
        number for number in found if number >= 20
    ]


def test_reading_rows_ends_in_time_and_when_there_are_enough(viewer: Client) -> None:
    built = viewer.server.site.built
    assert scan(built, phrases("dragon"), 3, 1_000, seconds=0) == Scanned((), 3)
    enough = scan(built, phrases("dragon"), 0, 4, seconds=60)
    assert enough == Scanned(tuple(range(8)), 8)  # its row group is read to the end


def test_the_background_makes_what_is_missing(tmp_path: Path) -> None:
    built = open_built(write_dataset(tmp_path / "set", {"Plain": [row(k) for k in range(12)]}))
    finder = Finder(built, FactsTable(built), WordIndex(built))
    finder.facts.start()
    finder.words.start()
    assert finder.facts.wait(30)
    assert finder.words._process is not None
    finder.words._process.join(60)
    assert finder.words.failure is None
    assert finder.find(Query(q="question", preference="b")) == Found((1, 3, 5, 7, 9, 11), 6)


def test_a_process_that_is_about_to_start_has_not_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = WordIndex(open_built(write_dataset(tmp_path / "set", {"Plain": [row(0)]})))
    spawned, told = get_context("spawn").Process, []

    def asked_meanwhile(process: BaseProcess) -> None:
        told.append(words.failure)
        BaseProcess.start(process)
        told.append(words.failure)

    monkeypatch.setattr(spawned, "start", asked_meanwhile)
    words.start()
    assert told == [None, None]
    assert words._process is not None
    words._process.join(60)
    assert words.failure is None
    assert words.is_complete


def test_an_index_is_kept_and_replaced_when_the_dataset_changes(tmp_path: Path) -> None:
    output = write_dataset(tmp_path / "set", {"Plain": [row(k) for k in range(3)]})
    WordIndex(open_built(output)).build()
    kept = WordIndex(open_built(output))
    assert kept.is_complete
    assert len(list(kept.folder.iterdir())) == 1
    (output / "data" / "Plain" / "train-00000-of-00001.parquet").touch()
    other = WordIndex(open_built(output))
    assert not other.is_complete
    other.build()
    assert len(list(other.folder.iterdir())) == 1


def test_a_build_that_is_not_wanted_any_more_leaves_nothing(tmp_path: Path) -> None:
    built = open_built(write_dataset(tmp_path / "set", {"Plain": [row(1)]}))
    build_words(built, tmp_path / "growing", tmp_path / "finished", lambda: False)
    assert not (tmp_path / "growing").exists()
    assert not (tmp_path / "finished").exists()


def test_where_nothing_can_be_written_the_index_lies_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = write_dataset(tmp_path / "set", {"Plain": [row(1)]})
    monkeypatch.setattr(os, "access", lambda path, _: not str(path).startswith(str(output)))
    index = WordIndex(open_built(output))
    index.build()
    assert not index.folder.is_relative_to(output)
    assert index.all("question").to_list() == [0]


def test_addresses_are_read_with_care() -> None:
    assert read_query("page=-1&agreement=x&q=+a+&unknown=1") == Query(q="a")
    assert read_query("page=" + "9" * 30).page == 1
    assert len(read_query("q=" + "x" * 2_000).q) == 300
    assert Query(task="t2i", q="a&b", page=3).address() == "?task=t2i&q=a%26b&page=3"


def test_words_are_never_operators() -> None:
    assert match_expression('a" OR "b') == '"a" "OR" "b"'
    assert match_expression("text:x ^y -z") == '"text:x" "^y" "-z"'
    assert match_expression("***") is None
