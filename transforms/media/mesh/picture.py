"""Pictures of textures: decoded within limits, for a check, for drawing, or to be made PNG."""

from __future__ import annotations

import io
from typing import Any, Final

from transforms.beamkit.sniff import HEAD_BYTES, sniff
from transforms.media.mesh.errors import refuse, within
from transforms.media.settings import MeshPolicy

#: What glTF allows as it is, WebP by an extension; other pictures are made PNG.
MEDIA_TYPES: Final = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
_READ: Final = (*MEDIA_TYPES, "BMP", "TGA", "TIFF", "GIF")
_KTX: Final = b"\xabKTX "


def media_type(data: bytes) -> str | None:
    """The media type of a picture that a GLB may hold; None for others."""
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return None


def check_pictures(pictures: list[bytes | None], policy: MeshPolicy) -> None:
    """Decode every picture once.

    Raises:
        MediaError: `mesh_texture` for one that can't be decoded, `mesh_too_large` for limits.
    """
    total = 0
    for data in pictures:
        if data is not None:
            width, height = decode_picture(data, policy).size
            total += width * height
            within(total, policy.max_textures_pixels, "pixels of textures")


def decode_picture(data: bytes, policy: MeshPolicy) -> Any:
    """A Pillow picture, RGB or RGBA.

    Raises:
        MediaError: as `check_pictures`.
    """
    from PIL import Image

    if data.startswith(_KTX):
        refuse("texture", "a texture is KTX (GPU texture), which isn't read")
    try:
        with Image.open(io.BytesIO(data), formats=_READ) as picture:
            width, height = picture.size
            if width * height > policy.max_texture_pixels:
                limit = f"the limit is {policy.max_texture_pixels:,}"
                refuse("too_large", f"a texture of {width} x {height} pixels, {limit}")
            picture.load()
            return _plain(picture)
    except Image.DecompressionBombError as error:
        refuse("too_large", f"a texture: {error}")
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, KeyError) as error:
        refuse("texture", f"a texture can't be decoded: {_complaint(data, error)}"[:300])


def _complaint(data: bytes, error: Exception) -> str:
    """What is wrong with a picture, without the address that Pillow's words may hold."""
    if "BytesIO" in str(error):
        return f"no known picture but {sniff(data[:HEAD_BYTES])}"
    return f"{type(error).__name__}: {error}"


def _plain(picture: Any) -> Any:
    if picture.mode.startswith("I"):  # 16 bits a pixel
        picture = picture.point(lambda value: value * (1 / 256)).convert("L")
    clear = picture.mode in ("RGBA", "LA", "PA", "RGBa") or "transparency" in picture.info
    return picture.convert("RGBA" if clear else "RGB")


def as_allowed(data: bytes, policy: MeshPolicy) -> tuple[bytes, str]:
    """Bytes and media type of a picture as a GLB may hold it: as they are, or made PNG."""
    kind = media_type(data)
    if kind is not None:
        return data, kind
    sink = io.BytesIO()
    picture = decode_picture(data, policy)
    picture.info.clear()
    picture.save(sink, "PNG", compress_level=6)
    return sink.getvalue(), "image/png"
