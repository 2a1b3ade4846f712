"""What bytes are, whatever their name says."""

from __future__ import annotations

import io
import tarfile

import pytest
from PIL import Image

from transforms.beamkit.sniff import ADVICE, HEAD_BYTES, sniff


def _tar() -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a"))
    return sink.getvalue()[:HEAD_BYTES]


def _webp() -> bytes:
    sink = io.BytesIO()
    Image.new("RGB", (2, 2)).save(sink, "WEBP")
    return sink.getvalue()


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"", "empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "git-lfs pointer"),
        (b"PAR1\x15", "parquet"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"PK\x03\x04", "zip"),
        (b"PK\x05\x06", "zip"),
        (b"\xff\xd8\xff\xe0", "jpeg"),
        (b"\x89PNG\r\n\x1a\n", "png"),
        (b"GIF89a", "gif"),
        (b"BM6\x00", "bmp"),
        (b"%PDF-1.7", "pdf"),
        (b"BZh9", "bzip2"),
        (b"\xfd7zXZ\x00", "xz"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"ARROW1\0\0", "arrow"),
        (b"\x80\x04\x95\x10", "pickle"),
        (_tar(), "tar"),
        (_webp(), "webp"),
        (b"  \n<!DOCTYPE html>", "html page"),
        (b"<!-- cache --><HTML>", "html page"),
        (b"<?xml version='1.0'?><Error/>", "xml"),
        (b" [1, 2]", "json list"),
        (b'\xef\xbb\xbf\n{"a": 1}', "json object"),
        (b"name,age\n", "text"),
        (b"\x01\x00\x02", "binary"),
        (b"RIFF\x00\x00\x00\x00WAVE", "binary"),
    ],
)
def test_the_first_bytes_tell(head: bytes, name: str) -> None:
    assert sniff(head) == name


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b'{"prompt": "Write <html><body> for me"}\n', "json object"),
        (b'[{"prompt": "What does <html> mean?"}]', "json list"),
    ],
)
def test_records_about_html_are_not_a_web_page(head: bytes, name: str) -> None:
    assert sniff(head) == name


def test_there_is_advice_for_what_is_met_in_place_of_data() -> None:
    assert ADVICE.keys() == {"empty", "git-lfs pointer", "html page"}
