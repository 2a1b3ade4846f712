"""With real encoders: copies of media are found, strangers are not."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import pytest
import trimesh
from PIL import Image

from schemas.tasks import Modality
from tests.transforms.dedup import made_media as made
from tests.transforms.media import audio_made, video_cases
from transforms.dedup.perceptual import near, near_between
from transforms.media import audio, image, mesh, video
from transforms.media.settings import AudioPolicy, ImagePolicy, MeshPolicy, VideoPolicy
from transforms.media.variants import CROPS, picture_variants, variants


def phash(data: bytes, modality: Modality) -> str:
    if modality == "image":
        return str(image.describe(image.validate(data, ImagePolicy()), ImagePolicy())["phash"])
    if modality == "audio":
        return str(audio.describe(audio.validate(data, AudioPolicy()), AudioPolicy())["phash"])
    if modality == "video":
        return video.validate(data, VideoPolicy()).phash
    return str(mesh.describe(mesh.validate(data, MeshPolicy()), MeshPolicy())["phash"])


def strangers_found(hashes: Sequence[str], modality: Modality) -> int:
    return (len(near_between(hashes, hashes, modality)) - len(hashes)) // 2


@pytest.fixture(scope="module")
def pictures() -> list[Image.Image]:
    return [made.picture(seed) for seed in range(24)]


def test_copies_of_pictures_are_found(pictures: list[Image.Image]) -> None:
    found: dict[str, int] = {}
    for one in pictures:
        original = phash(made.file(one), "image")
        for kind, data in made.copies(one).items():
            found[kind] = found.get(kind, 0) + near(original, phash(data, "image"), "image")
    assert len(found) == 11
    assert min(found.values()) >= 0.95 * len(pictures), found


def test_strangers_and_pictures_of_one_prompt_are_not() -> None:
    strangers = [made.picture(seed, (160, 120)) for seed in range(90)]
    assert (
        strangers_found([phash(made.file(one, "BMP"), "image") for one in strangers], "image") == 0
    )
    for prompt in range(4):
        same = [made.sibling(prompt, seed, (128, 128)) for seed in range(16)]
        assert (
            strangers_found([phash(made.file(one, "BMP"), "image") for one in same], "image") == 0
        )


@pytest.mark.parametrize(
    "crop",
    [(0.05, 0, 0, 0), (0, 0, 0, 0.05), (0.05, 0, 0.05, 0), (0.025,) * 4, (0.05,) * 4, (0.1,) * 4,
     (0.04, 0.01, 0.03, 0.02)],
)  # fmt: skip
def test_crops_of_known_pictures_are_found(
    crop: tuple[float, float, float, float], pictures: list[Image.Image]
) -> None:
    known = [variants(made.file(one), "image") for one in pictures]
    copies = [made.file(made.cropped(one, *crop), "JPEG", quality=85) for one in pictures]
    hashes = [phash(data, "image") for data in copies]
    found = [
        len(near_between([a], all_of, "image")) for a, all_of in zip(hashes, known, strict=True)
    ]
    assert np.count_nonzero(found) >= 0.95 * len(pictures)
    others = [phash for all_of in known[1:] for phash in all_of]
    assert len(near_between(hashes[:1], others, "image")) == 0


def test_variants_of_a_picture_begin_with_its_own_hash(pictures: list[Image.Image]) -> None:
    data = made.file(pictures[0], "JPEG", quality=90)
    found = variants(data, "image")
    assert found[0] == phash(data, "image")
    assert 20 < len(found) <= len(CROPS) + 1
    assert len(set(found)) == len(found)
    assert picture_variants(Image.new("RGB", (64, 64), "white")) == ["8000000000000000"]
    with pytest.raises(ValueError, match="'text'"):
        variants(b"", "text")


def test_copies_of_sounds_are_found_and_strangers_are_not() -> None:
    sounds = [audio_made.music(2.0, 22_050, 1, seed=seed) for seed in range(30)]
    hashes = [phash(audio_made.sndfile(one, rate=22_050), "audio") for one in sounds]
    assert strangers_found(hashes, "audio") == 0
    forms = {
        "mp3": lambda one: audio_made.sndfile(one, "MP3", "MPEG_LAYER_III", 22_050),
        "ogg": lambda one: audio_made.sndfile(one, "OGG", "VORBIS", 22_050),
        "softer": lambda one: audio_made.sndfile(one * 0.2, rate=22_050),
        "half the rate": lambda one: audio_made.sndfile(_halved(one), rate=11_025),
    }
    for kind, form in forms.items():
        found = [
            near(phash(form(one), "audio"), original, "audio")
            for one, original in zip(sounds, hashes, strict=True)
        ]
        assert np.mean(found) >= 0.95, kind
    assert variants(audio_made.sndfile(audio_made.tone(1.0)), "audio") == []


def _halved(samples: np.ndarray) -> np.ndarray:
    import soxr

    return np.asarray(soxr.resample(samples, 22_050, 11_025))


SOURCES = ("testsrc2=s=160x120:r=12:d=2", "mandelbrot=s=160x120:r=12,trim=end=2")


def test_copies_of_clips_are_found_and_strangers_are_not() -> None:
    originals = [video_cases.pictures(*video_cases.X264, source=source) for source in SOURCES]
    hashes = [phash(data, "video") for data in originals]
    assert not near(*hashes, "video")
    ways = [
        (("-crf", "34", *video_cases.X264), "mp4"),
        (("-vf", "scale=80:60", *video_cases.X264), "mkv"),
        (("-c:v", "mpeg4", "-q:v", "6"), "avi"),
        (("-c:v", "libvpx", "-b:v", "400k", "-deadline", "realtime"), "webm"),
        (("-r", "24", *video_cases.X264), "mp4"),
    ]
    for data, original in zip(originals, hashes, strict=True):
        for arguments, end in ways:
            copy = video_cases.made("-i", "before", *arguments, end=end, before=data)
            assert near(phash(copy, "video"), original, "video"), arguments


def test_a_crop_of_a_known_clip_is_found() -> None:
    data = video_cases.pictures(*video_cases.X264, source=SOURCES[1])
    known = variants(data, "video")
    assert known[0] == phash(data, "video")
    assert len(known) > 20
    for size in ("152:120:8:0", "152:114:4:3", "144:108:8:6"):
        arguments = ("-vf", f"crop={size}", *video_cases.X264)
        cropped = video_cases.made("-i", "before", *arguments, before=data)
        assert len(near_between([phash(cropped, "video")], known, "video")) > 0, size


def body(seed: int) -> trimesh.Trimesh:
    """A model of a few bodies, bent."""
    rng = np.random.default_rng(seed)
    parts = []
    for _ in range(rng.integers(2, 6)):
        kind = rng.integers(3)
        part = (
            trimesh.creation.box(rng.uniform(0.2, 1.5, 3)).subdivide().subdivide()
            if kind == 0
            else trimesh.creation.torus(rng.uniform(0.4, 1), rng.uniform(0.05, 0.3))
            if kind == 1
            else trimesh.creation.cylinder(rng.uniform(0.1, 0.5), rng.uniform(0.3, 2))
        )
        bent = rng.uniform(2, 6, 3) * part.vertices + rng.uniform(0, 6, 3)
        part.vertices = part.vertices + 0.06 * np.sin(bent)[:, [1, 2, 0]]
        part.apply_transform(trimesh.transformations.random_rotation_matrix(rng.random(3)))
        part.apply_translation(rng.normal(0, rng.uniform(0.3, 0.9), 3))
        parts.append(part)
    return trimesh.util.concatenate(parts)


def exported(one: trimesh.Trimesh, form: str) -> bytes:
    data = one.export(file_type=form)
    return data.encode() if isinstance(data, str) else bytes(data)


def reordered(one: trimesh.Trimesh, seed: int) -> trimesh.Trimesh:
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(one.vertices))
    faces = np.argsort(order)[one.faces][rng.permutation(len(one.faces))]
    return trimesh.Trimesh(one.vertices[order], faces, process=False)


def moved(one: trimesh.Trimesh, seed: int) -> trimesh.Trimesh:
    """In other units, and with another axis up."""
    turn = trimesh.transformations.rotation_matrix(np.pi / 2, [1, 0, 0])
    copy = one.copy().apply_transform(turn).apply_scale(39.37)
    return copy.apply_translation([seed, 2.0, 3.0])


def test_copies_of_models_are_found_and_strangers_are_not() -> None:
    models = [body(seed) for seed in range(20)]
    hashes = [phash(exported(one, "ply"), "mesh") for one in models]
    assert strangers_found(hashes, "mesh") == 0
    found: dict[str, list[bool]] = {}
    for seed, (one, original) in enumerate(zip(models, hashes, strict=True)):
        copies = {
            "stl": exported(one, "stl"),
            "obj": exported(one, "obj"),
            "glb": exported(one, "glb"),
            "moved": exported(moved(one, seed), "off"),
            "reordered": exported(reordered(one, seed), "ply"),
            "subdivided": exported(one.subdivide(), "ply"),
        }
        for kind, data in copies.items():
            found.setdefault(kind, []).append(near(phash(data, "mesh"), original, "mesh"))
    assert min(np.mean(values) for values in found.values()) >= 0.95, found
    assert all(all(found[kind]) for kind in ("stl", "obj", "glb", "moved"))


def painted(one: trimesh.Trimesh, texture: Image.Image) -> bytes:
    sides = one.vertices[:, :2]
    uv = (sides - sides.min(axis=0)) / np.ptp(sides, axis=0)
    material = trimesh.visual.material.PBRMaterial(baseColorTexture=texture)
    shown = one.copy()
    shown.visual = trimesh.visual.TextureVisuals(uv=uv, material=material)
    return exported(shown, "glb")


def test_models_of_one_shape_are_told_apart_by_their_texture() -> None:
    one = body(1)
    first, second = made.picture(1), made.picture(2).convert("L").convert("RGB")
    red = Image.new("RGB", (64, 64), (200, 30, 30))
    again = Image.open(io.BytesIO(made.file(made.scaled(first, 0.5), "JPEG", quality=60)))
    hashes = [phash(painted(one, texture), "mesh") for texture in (first, second, red, again)]
    assert len({value[:64] for value in hashes}) == 1
    assert near(hashes[0], hashes[3], "mesh")
    for pair in ((0, 1), (0, 2), (1, 2)):
        assert not near(hashes[pair[0]], hashes[pair[1]], "mesh"), pair
    assert near(hashes[0], phash(exported(one, "stl"), "mesh"), "mesh")
