"""Materials of glTF, as far as they are drawn."""

from __future__ import annotations

from typing import Any, Final, cast

from transforms.media.mesh.errors import damaged
from transforms.media.mesh.gltf import Document, mapping, numbers, whole
from transforms.media.mesh.scene import Material, TextureUse

_WRAP: Final = {10497: "repeat", 33071: "clamp", 33648: "mirror"}
_NEAREST: Final = 9728
_DEFAULT: Final[dict[str, Any]] = {}


def read_materials(document: Document) -> list[Material]:
    """All materials, in order.

    Raises:
        MediaError: `mesh_undecodable` for what refers to textures that are not there.
    """
    return [_material(document, material) for material in document.items("materials")]


def _material(document: Document, material: dict[str, Any]) -> Material:
    extensions = mapping(material.get("extensions", _DEFAULT), "extensions")
    surface = mapping(material.get("pbrMetallicRoughness", _DEFAULT), "a material")
    factor, texture = surface.get("baseColorFactor"), surface.get("baseColorTexture")
    old = extensions.get("KHR_materials_pbrSpecularGlossiness")
    if old is not None:
        old = mapping(old, "a material")
        factor, texture = old.get("diffuseFactor"), old.get("diffuseTexture")
    colour = numbers(factor if factor is not None else [1, 1, 1, 1], 4, "a colour")
    alpha = {"OPAQUE": "opaque", "MASK": "mask", "BLEND": "blend"}.get(
        str(material.get("alphaMode", "OPAQUE")), "opaque"
    )
    clear = mapping(extensions.get("KHR_materials_transmission", _DEFAULT), "a material")
    (through,) = numbers([clear.get("transmissionFactor", 0)], 1, "transmission")
    if through > 0:  # glass: what is behind it is to be seen
        alpha = "blend"
        colour[3] *= 1 - 0.75 * min(through, 1.0)
    emission = numbers(material.get("emissiveFactor", [0, 0, 0]), 3, "an emission")
    strong = mapping(extensions.get("KHR_materials_emissive_strength", _DEFAULT), "a material")
    (strength,) = numbers([strong.get("emissiveStrength", 1)], 1, "an emission")
    (cutoff,) = numbers([material.get("alphaCutoff", 0.5)], 1, "alphaCutoff")
    return Material(
        name=str(material.get("name", "")),
        colour=(colour[0], colour[1], colour[2], colour[3]),
        texture=_use(document, texture),
        emission=(emission[0] * strength, emission[1] * strength, emission[2] * strength),
        emission_texture=_use(document, material.get("emissiveTexture")),
        alpha=cast(Any, alpha),
        cutoff=cutoff,
        double_sided=material.get("doubleSided") is True,
        unlit="KHR_materials_unlit" in extensions,
    )


def _use(document: Document, info: Any) -> TextureUse | None:
    if info is None:
        return None
    info = mapping(info, "a texture")
    texture = document.item("textures", info.get("index"), "texture")
    picture = picture_of(texture)
    if picture is None:
        return None
    if whole(picture, "an image") >= len(document.items("images")):
        damaged(f"image {picture} is not there")
    sampler: dict[str, Any] = {}
    if "sampler" in texture:
        sampler = document.item("samplers", texture["sampler"], "sampler")
    channel, transform = info.get("texCoord", 0), None
    moved = mapping(info.get("extensions", _DEFAULT), "extensions").get("KHR_texture_transform")
    if moved is not None:
        moved = mapping(moved, "KHR_texture_transform")
        channel = moved.get("texCoord", channel)
        transform = _moved(moved)
    return TextureUse(
        picture=whole(picture, "an image"),
        channel=whole(channel, "texCoord"),
        wrap=(_wrap(sampler, "wrapS"), _wrap(sampler, "wrapT")),
        nearest=sampler.get("magFilter") == _NEAREST,
        transform=transform,
    )


def picture_of(texture: dict[str, Any]) -> Any:
    """The image of a texture: a core one first, then WebP; None if it has neither."""
    if texture.get("source") is not None:
        return texture["source"]
    webp = mapping(texture.get("extensions", _DEFAULT), "extensions").get("EXT_texture_webp")
    return mapping(webp, "EXT_texture_webp").get("source") if webp is not None else None


def spare_pictures(document: Document) -> set[int]:
    """Images that only readers of KTX2 or DDS use, where a texture has one for the others too."""
    used, spare = set(), set()
    for texture in document.items("textures"):
        used.add(picture_of(texture))
        for name in ("KHR_texture_basisu", "MSFT_texture_dds"):
            told = mapping(texture.get("extensions", _DEFAULT), "extensions").get(name)
            if told is not None and picture_of(texture) is not None:
                spare.add(whole(mapping(told, name).get("source"), "an image"))
    return spare - used


def _wrap(sampler: dict[str, Any], name: str) -> str:
    mode = sampler.get(name)
    return _WRAP.get(mode, "repeat") if isinstance(mode, int) else "repeat"


def _moved(moved: dict[str, Any]) -> tuple[float, ...]:
    """The matrix translation * rotation * scale of KHR_texture_transform, two rows of three."""
    from math import cos, sin

    shift = numbers(moved.get("offset", [0, 0]), 2, "a texture offset")
    scale = numbers(moved.get("scale", [1, 1]), 2, "a texture scale")
    (angle,) = numbers([moved.get("rotation", 0)], 1, "a texture rotation")
    c, s = cos(angle), sin(angle)
    return (c * scale[0], s * scale[1], shift[0], -s * scale[0], c * scale[1], shift[1])
