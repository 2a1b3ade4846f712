"""What bytes really are, whatever their name says."""

from __future__ import annotations

from typing import Final

HEAD_BYTES: Final = 512

_MAGIC: Final[tuple[tuple[bytes, str], ...]] = (
    (b"PAR1", "parquet"),
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF8", "gif"),
    (b"BM", "bmp"),
    (b"%PDF", "pdf"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"ARROW1", "arrow"),
    (b"\x80\x04\x95", "pickle"),
)


def sniff(head: bytes) -> str:
    """Name what the first `HEAD_BYTES` of a file are.

    Returns one of: ``empty``, ``git-lfs pointer``, ``html page``, ``xml``, a format by its magic
    number (``parquet``, ``gzip``, ``zip``, ``tar``, ``jpeg`` ...), ``json list``, ``json object``,
    ``text`` or ``binary``.
    """
    if not head:
        return "empty"
    if head.startswith(b"version https://git-lfs.github.com/spec/"):
        return "git-lfs pointer"
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[257:262] == b"ustar":
        return "tar"
    return _sniff_text(head)


def _sniff_text(head: bytes) -> str:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    lowered = start[:200].lower()
    if start.startswith(b"["):
        return "json list"
    if start.startswith(b"{"):
        return "json object"
    if lowered.startswith(b"<") and (b"<html" in lowered or b"<!doctype html" in lowered):
        return "html page"
    if lowered.startswith(b"<?xml"):
        return "xml"
    return "binary" if b"\0" in head else "text"


#: What to do about a file that is not what its name says.
ADVICE: Final[dict[str, str]] = {
    "empty": "it has no bytes; download it again",
    "git-lfs pointer": "the real file was not fetched; run `git lfs pull`, or download it again",
    "html page": "a web page was saved in its place (an error or a log-in page); "
    "download it again with a token that has access",
}
