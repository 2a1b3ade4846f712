"""From bytes to a product: functions in order, facts merged and checked, faults named."""

from __future__ import annotations

import io
import struct
from typing import Any

import pytest

from transforms.media.errors import MediaError
from transforms.media.guess import modality_of
from transforms.media.produce import clean_facts, produce
from transforms.media.settings import MediaPolicy

MODULES = {"crash": "sandbox_crashes"}
POLICY = MediaPolicy()


class Number:
    """As numbers of arrays are."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def item(self) -> Any:
        return self.value


def test_facts_are_those_of_what_is_published() -> None:
    kept = produce("crash", b"hello", POLICY, MODULES)
    assert (kept.facts, kept.data) == ({"format": "crash", "bytes": 5, "frames": 5}, None)
    made = produce("crash", b"upper ab", POLICY, MODULES)
    assert made.facts == {"format": "crash", "bytes": 2, "width": 3}  # the source's frames are gone


def test_facts_are_plain_values_in_the_schemas_order() -> None:
    facts = clean_facts({"rate_hz": 24, "width": Number(3), "format": "png", "phash": None})
    assert list(facts.items()) == [("format", "png"), ("width", 3), ("rate_hz", 24.0)]
    assert type(facts["rate_hz"]) is float


@pytest.mark.parametrize(
    "facts",
    [
        {"colour": 1},
        {"width": "3"},
        {"width": 3.0},
        {"format": 3},
        {"duration_s": float("nan")},
        {"rate_hz": float("inf")},
        {"channels": True},
    ],
)
def test_facts_of_another_kind_are_a_fault(facts: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"is no|does not have"):
        clean_facts(facts)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"refuse this", "crash_format"),
        (b"fault", "crash_fault"),
        (b"strange", "crash_fault"),
        (b"unfit", "crash_product"),
        (b"eat", "crash_memory"),
        (b"swallow", "crash_memory"),  # raised as damage, but because of memory
    ],
)
def test_nothing_but_media_errors_comes_out(data: bytes, reason: str) -> None:
    with pytest.raises(MediaError) as error:
        produce("crash", data, POLICY, MODULES)
    assert error.value.reason == reason


def boxed(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + kind + body


def iso(brand: bytes, *tracks: bytes) -> bytes:
    handlers = b"".join(boxed(b"hdlr", bytes(8) + track + bytes(13)) for track in tracks)
    return boxed(b"ftyp", brand + bytes(4)) + boxed(b"mdat", b"x" * 99) + boxed(b"moov", handlers)


def stl(faces: int, more: int = 0) -> bytes:
    return b"solid, or not".ljust(80) + struct.pack("<I", faces) + bytes(50 * faces + more)


def picture(kind: str) -> bytes:
    from PIL import Image

    sink = io.BytesIO()
    frames = [Image.new("P", (9, 9), number) for number in range(3)]
    frames[0].save(sink, kind, save_all=kind == "GIF", append_images=frames[1:])
    return sink.getvalue()


@pytest.mark.parametrize(
    ("data", "name", "modality"),
    [
        (picture("GIF"), "moves.mp4", "image"),
        (picture("PNG"), "sound.mp3", "image"),
        (iso(b"isom", b"vide", b"soun"), "x", "video"),
        (iso(b"isom", b"soun"), "x.mp4", "audio"),
        (iso(b"M4A ", b"soun"), "x", "audio"),
        (iso(b"avif"), "x", "image"),
        (iso(b"isom"), "x.m4a", "audio"),
        (iso(b"isom"), "x.jpg", "video"),
        (b"RIFF\0\0\0\0WAVEfmt ", "x.jpg", "audio"),
        (b"RIFF\0\0\0\0AVI LIST", "x", "video"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "x", "image"),
        (b"12345678WAVE and so on", "x", None),
        (b"OggS\0\2" + bytes(22) + b"\x01vorbis", "x", "audio"),
        (b"OggS\0\2" + bytes(22) + b"\x80theora", "x", "video"),
        (b"\x1aE\xdf\xa3" + b"\x86\x86A_OPUS", "x.webm", "audio"),
        (b"\x1aE\xdf\xa3" + b"\x86\x86A_OPUS\x86\x85V_VP9", "x", "video"),
        (b"\x47" + bytes(187) + b"\x47" + bytes(187) + b"\x47" + bytes(187), "x", "video"),
        (b"\xff\xfb\x90\x64" + bytes(400), "x", "audio"),
        (b"\xff\xf1\x50\x80" + bytes(400), "x", "audio"),
        (b"\xff\xfeh\0e\0l\0l\0o\0", "x.txt", None),
        (b"glTF\2\0\0\0", "x", "mesh"),
        (stl(3), "x", "mesh"),
        (stl(3, 1), "x", None),
        (b"solid a\nfacet normal 0 0 1\n", "x", "mesh"),
        (b"OFF\n3 1 0\n", "x", "mesh"),
        (b"OFF3 1 0\n", "x", "mesh"),
        (b"OFFER of the day\n", "x", None),
        (b"# made by hand\nv 0 0 1\nv 1 0 0\nf 1 2 3\n", "x", "mesh"),
        (b'{"asset": {"version": "2.0"}}', "x", "mesh"),
        (b'{"version": 1}', "x.json", None),
        (b"v for victory\nis no model\n", "x.txt", None),
        (b"a text", "notes.txt", None),
        (b"a text", "picture.JPG", "image"),
        (b"<html><body>404</body></html>", "clip.mp4", "video"),
        (b"", "clip.webm", "video"),
        (b"", "", None),
        (b"PK\x03\x04", "x.zip", None),
        (b"BZh9", "rock.obj.bz2", "mesh"),
        (b"\x1f\x8b\x08", "ROCK.PLY.GZ", "mesh"),
        (b"BZh9", "notes.txt.bz2", None),
        (b"\x1f\x8b\x08", "records.jsonl.gz", None),
    ],
)
def test_content_tells_the_modality_before_the_name_does(
    data: bytes, name: str, modality: str | None
) -> None:
    assert modality_of(data, name) == modality
