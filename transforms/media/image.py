"""Pictures: one decode of the whole bitstream shows that they are what they seem."""

from __future__ import annotations

import io
import warnings
from typing import Any, Final

from PIL import Image, ImageFile

from transforms.media.errors import MediaError, found_instead
from transforms.media.settings import ImagePolicy

#: A cut file must fail, never be filled up with grey.
ImageFile.LOAD_TRUNCATED_IMAGES = False

#: Pillow decoders that may run at all; the policy chooses among them.
_DECODERS: Final = {
    "jpeg": "JPEG",
    "png": "PNG",
    "webp": "WEBP",
    "gif": "GIF",
    "bmp": "BMP",
    "tiff": "TIFF",
    "avif": "AVIF",
}


def inspect_image(data: bytes, policy: ImagePolicy) -> dict[str, Any]:
    """Facts about a picture (fields of `schemas.media.INFO_STRUCT`, sizes in pixels and bytes).

    Raises:
        MediaError: `image_too_large` before anything is allocated, `image_undecodable` for
            bytes that don't decode to the end, `image_format` for a format outside the policy.
    """
    if len(data) > policy.max_bytes:
        raise MediaError(
            "image_too_large", f"{len(data):,} bytes, the limit is {policy.max_bytes:,}"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd EXIF and near-limit sizes; the limit is ours
            with Image.open(io.BytesIO(data), formats=list(_DECODERS.values())) as picture:
                name = (picture.format or "").lower()
                name = "jpeg" if name == "mpo" else name  # a JPEG with further ones behind it
                width, height = picture.size
                if name not in policy.formats:
                    raise MediaError("image_format", f"{name} is not among {policy.formats}")
                if width * height > policy.max_pixels:
                    raise MediaError(
                        "image_too_large",
                        f"{width} x {height} pixels, the limit is {policy.max_pixels:,}",
                    )
                picture.load()
                frames = int(getattr(picture, "n_frames", 1))
    except MediaError:
        raise
    except Image.DecompressionBombError as error:
        raise MediaError("image_too_large", str(error)) from None
    except Exception as error:
        raise MediaError("image_undecodable", _complaint(data, error)) from None
    return {
        "format": name,
        "bytes": len(data),
        "width": width,
        "height": height,
        "frames": frames,
    }


def _complaint(data: bytes, error: Exception) -> str:
    found = found_instead(data)
    if found is not None:
        return f"not a picture but {found}"
    text = str(error)
    return f"{type(error).__name__}: {text}" if "BytesIO" not in text else "not a known picture"
