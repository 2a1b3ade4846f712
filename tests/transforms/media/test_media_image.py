"""Pictures: real ones of every format are described, broken ones refused for the right reason."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from transforms.beamkit.errors import BuildError
from transforms.media.errors import MediaError
from transforms.media.image import inspect_image
from transforms.media.settings import ImagePolicy
from transforms.media.store import MediaStore

POLICY = ImagePolicy()


def encoded(name: str, size: tuple[int, int] = (40, 30)) -> bytes:
    sink = io.BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(sink, name)
    return sink.getvalue()


@pytest.mark.parametrize("name", POLICY.formats)
def test_every_format_is_described(name: str) -> None:
    data = encoded(name)
    facts = inspect_image(data, POLICY)
    expected = {"format": name, "bytes": len(data), "width": 40, "height": 30, "frames": 1}
    assert facts == expected


def test_a_jpeg_with_further_pictures_behind_it_is_a_jpeg() -> None:
    sink = io.BytesIO()
    one, two = (Image.new("RGB", (40, 30), colour) for colour in ("red", "blue"))
    one.save(sink, "MPO", save_all=True, append_images=[two])
    facts = inspect_image(sink.getvalue(), POLICY)
    assert (facts["format"], facts["width"]) == ("jpeg", 40)


@pytest.mark.parametrize(
    ("data", "policy", "reason", "says"),
    [
        (encoded("jpeg")[:-200], POLICY, "image_undecodable", "truncated"),
        (encoded("png")[:-40], POLICY, "image_undecodable", "Error"),
        (b"<html><body>no</body></html>", POLICY, "image_undecodable", "html page"),
        (b"version https://git-lfs.github.com/spec/v1\n", POLICY, "image_undecodable", "git-lfs"),
        (b"", POLICY, "image_undecodable", "empty"),
        (b"\xa7\xff\x00" * 99, POLICY, "image_undecodable", "not a known picture"),
        (encoded("png"), ImagePolicy(max_pixels=1_199), "image_too_large", "40 x 30 pixels"),
        (encoded("png"), ImagePolicy(max_bytes=99), "image_too_large", "the limit is 99"),
        (encoded("gif"), ImagePolicy(formats=("jpeg",)), "image_format", "gif is not among"),
    ],
)
def test_what_is_no_good_picture_is_refused(
    data: bytes, policy: ImagePolicy, reason: str, says: str
) -> None:
    with pytest.raises(MediaError, match=says) as error:
        inspect_image(data, policy)
    assert error.value.reason == reason


def test_the_store_gives_back_what_was_put_and_notices_damage(tmp_path: object) -> None:
    store = MediaStore(str(tmp_path))
    digest = store.put(b"picture")
    assert store.put(b"picture") == digest
    assert store.get(digest) == b"picture"
    with pytest.raises(BuildError, match="missing from the store"):
        store.get("0" * 64)
    with open(store.path(digest), "wb") as file:
        file.write(b"Picture")
    with pytest.raises(BuildError, match="is damaged"):
        store.get(digest)
