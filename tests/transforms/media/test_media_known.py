"""Media of an earlier build: taken over where nothing changed, told by content elsewhere."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from PIL import Image

from schemas.media import REF_STRUCT
from transforms.media import locate
from transforms.media.known import KnownMedia, write_known
from transforms.media.modality import Product
from transforms.media.sandbox.runner import Sandbox
from transforms.media.settings import MediaPolicy
from transforms.media.store import MediaStore


def picture(shade: int) -> bytes:
    file = io.BytesIO()
    Image.new("L", (4, 4), shade).save(file, "PNG")
    return file.getvalue()


class Case:
    """A folder of pictures, what an earlier build found there, and what is decoded from now on."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self.store = tmp_path / "corpus", MediaStore(str(tmp_path / "store"))
        self.written = str(tmp_path / "known.arrow")
        self.decoded = 0
        (self.root / "p").mkdir(parents=True)
        for number in range(4):
            (self.root / "p" / f"{number}.png").write_bytes(picture(number))
        self.first = self.index(None)
        refs = [
            {"slot": "image", "container": "p", "member": member, "info": info}
            for member, info in self.first.items()
        ]
        write_known(self.written, [pa.array(refs * 2, REF_STRUCT)])
        run = Sandbox.run

        def counting(sandbox: Sandbox, modality: str, data: bytes) -> Product:
            self.decoded += 1
            return run(sandbox, modality, data)

        monkeypatch.setattr(Sandbox, "run", counting)

    def known(self, *unchanged: str) -> KnownMedia:
        return KnownMedia(self.written, frozenset(unchanged))

    def index(self, known: KnownMedia | None, modality: str = "image") -> dict[str, Any]:
        reader = locate._Extract(
            locate.MediaPlace(str(self.root)), self.store, MediaPolicy(), known
        )
        reader.setup()
        members = [f"{number}.png" for number in range(4)]
        (table,) = reader.process((("p", "", modality), [members]))
        reader.teardown()
        return {row["member"]: row["info"] or row["reason"] for row in table.to_pylist()}


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    return Case(tmp_path, monkeypatch)


def test_known_bytes_are_not_decoded_again(case: Case) -> None:
    assert case.index(case.known()) == case.first
    assert case.decoded == 0
    (case.root / "p" / "2.png").write_bytes(picture(9))
    (case.root / "p" / "3.png").write_bytes(b"broken")
    changed = case.index(case.known())
    assert case.decoded == 2
    assert changed["0.png"] == case.first["0.png"]
    assert changed["2.png"]["digest"] != case.first["2.png"]["digest"]
    assert changed["3.png"] == "image_undecodable"


@pytest.mark.parametrize("unchanged", [("p",), ("p/0.png", "p/1.png", "p/2.png", "p/3.png")])
def test_what_did_not_change_is_not_even_read(case: Case, unchanged: tuple[str, ...]) -> None:
    for file in (case.root / "p").iterdir():
        file.unlink()
    assert case.index(case.known(*unchanged)) == case.first
    assert case.index(case.known(*unchanged[:1], "other"))["0.png"] == case.first["0.png"]
    missing = case.index(case.known("p/0.png"))
    assert [missing[f"{n}.png"] for n in (1, 2, 3)] == ["media_missing"] * 3


def test_what_the_store_has_lost_is_read_and_kept_again(case: Case) -> None:
    digest = case.first["1.png"]["digest"]
    Path(case.store.path(digest)).unlink()
    assert case.index(case.known("p")) == case.first
    assert case.decoded == 1
    assert case.store.has(digest)


def test_a_picture_is_not_taken_for_a_clip(case: Case) -> None:
    assert case.index(case.known("p"), "video")["0.png"] in ("video_format", "video_undecodable")
