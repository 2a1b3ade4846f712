"""Indices of a glTF that nothing drawn follows: loaders read them all the same."""

from __future__ import annotations

from typing import Any

import pytest

from tests.transforms.media import mesh_models as made
from transforms.media import mesh
from transforms.media.errors import MediaError
from transforms.media.settings import MeshPolicy

POLICY = MeshPolicy()


def refusal(document: dict[str, Any], binary: bytes) -> str:
    with pytest.raises(MediaError) as error:
        mesh.validate(made.glb(document, binary), POLICY)
    return f"{error.value.reason}: {error.value.message}"


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"scenes": [{"nodes": [0]}, {"nodes": [5]}]}, "scenes 1: nodes is 5, there are 1"),
        ({"skins": [{"joints": [0, 3]}]}, "skins 0: joints is 3"),
        ({"skins": [{"joints": [0], "inverseBindMatrices": 9}]}, "skins 0: inverseBindMatrices"),
        ({"textures": [{"source": 0}]}, "textures 0: source is 0, there are 0"),
        ({"materials": [{"normalTexture": {"index": -1}}]}, "materials 0: normalTexture.index"),
        ({"materials": [{"occlusionTexture": {"index": "1"}}]}, "is 1, no index"),
        (
            {"animations": [{"channels": [{"sampler": 0, "target": {"path": "scale"}}]}]},
            "animations 0: channels.sampler is 0, there are 0",
        ),
        (
            {"animations": [{"channels": [], "samplers": [{"input": 0, "output": 99}]}]},
            "animations 0: samplers.output is 99",
        ),
    ],
)
def test_an_index_of_what_is_not_there_is_refused(more: dict[str, Any], says: str) -> None:
    document, binary = made.gltf()
    assert says in refusal(document | more, binary)


def test_indices_of_what_is_there_are_no_matter() -> None:
    document, binary = made.gltf()
    sampler = {"input": 0, "output": 1.0}
    channel = {"sampler": 0, "target": {"node": 0, "path": "translation"}}
    more = {
        "cameras": [{"type": "perspective", "perspective": {"yfov": 1, "znear": 1}}],
        "animations": [{"samplers": [sampler], "channels": [channel, {"sampler": 0}]}],
        "skins": [{"joints": [0]}],
        "textures": [{}],
    }
    document["nodes"][0]["camera"] = 0
    data = made.glb(document | more, binary)
    assert mesh.normalise(mesh.validate(data, POLICY), POLICY).data is None


@pytest.mark.parametrize("index", [1, 9])
def test_what_morphs_a_mesh_must_be_there_and_of_its_length(index: int) -> None:
    document, binary = made.gltf()
    document["meshes"][0]["primitives"][0]["targets"] = [{"POSITION": index}]
    assert "accessor 9 of" in (said := refusal(document, binary)) or "attributes of" in said
