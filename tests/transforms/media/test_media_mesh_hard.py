"""Odd and broken models by other people, and ordinary ones, as `EXPECTED.jsonl` wants them.

The files lie beside the checkout on machines that have them (`../shared/realdata`); elsewhere
these tests are skipped.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
import trimesh

from transforms.media import mesh
from transforms.media.errors import MediaError
from transforms.media.settings import MeshPolicy

REAL = Path(__file__).parents[4] / "shared" / "realdata"
POLICY = MeshPolicy()

pytestmark = pytest.mark.skipif(
    not REAL.is_dir(), reason=f"the real files are not there: no folder {REAL}"
)

#: What is refused, and why; also of the files that are left to the policy.
REFUSED = {
    "empty.stl": "mesh_empty",
    "empty.ply": "mesh_empty",
    "ply_empty_header.ply": "mesh_empty",
    "obj_wireframe.obj": "mesh_empty",
    "headless.ctm": "mesh_format",
    "gltfval_glb_empty_file.glb": "mesh_undecodable",
    "gltfval_glb_truncated_chunk_data.glb": "mesh_undecodable",
    "gltfval_glb_chunk_too_big.glb": "mesh_undecodable",
    "gltfval_glb_only_header.glb": "mesh_undecodable",
    "gltfval_json_invalid_syntax.gltf": "mesh_undecodable",
    "gltfval_buffer_not_found.gltf": "mesh_file_missing",
    "gltfval_mesh_accessor_unequal_count.gltf": "mesh_undecodable",
}
#: Vertices that are split on purpose: faces of `comments.off` have colours of their own, one of
#: the two materials of `fuze` is a picture with seams.
SPLIT = {"comments.off": 24}


def cases() -> list[dict[str, Any]]:
    if not REAL.is_dir():
        return []
    lines = (REAL / "EXPECTED.jsonl").read_text().splitlines()
    return [case for line in lines if (case := json.loads(line))["modality"] == "3d"]


@pytest.mark.parametrize("case", cases(), ids=lambda case: Path(case["file"]).name)
def test_hard_files(case: dict[str, Any]) -> None:
    path = REAL / case["file"]
    data = path.read_bytes()
    if path.name in REFUSED:
        assert case["expected"] in ("reject", "policy")
        with pytest.raises(MediaError) as error:
            mesh.validate(data, POLICY)
        assert error.value.reason == REFUSED[path.name]
        return
    assert case["expected"] != "reject"
    decoded = mesh.validate(data, POLICY)
    product = mesh.normalise(decoded, POLICY)
    assert (product.facts["format"], product.facts["faces"]) == ("glb", case["observed"]["faces"])
    expected = SPLIT.get(path.name, case["observed"]["verts"])
    assert product.facts["vertices"] == expected
    out = product.data if product.data is not None else data
    assert mesh.normalise(mesh.validate(out, POLICY), POLICY).data is None
    theirs = trimesh.load_scene(io.BytesIO(out), file_type="glb")
    assert (
        sum(len(getattr(g, "faces", ())) for g in theirs.geometry.values())
        == (case["observed"]["faces"])
    )
    low, high = theirs.bounds
    assert mesh.describe_shape(decoded)["extents"] == pytest.approx(high - low, rel=1e-4)


def ordinary() -> list[Path]:
    folder = REAL / "media" / "3d"
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return [path for path in found if path.suffix not in (".jpg", ".mtl")]


@pytest.mark.parametrize("path", ordinary(), ids=lambda path: path.name)
def test_ordinary_files(path: Path) -> None:
    beside = {
        other.name: other.read_bytes()
        for other in path.parent.iterdir()
        if other.suffix in (".jpg", ".mtl")
    }
    decoded = mesh.validate(path.read_bytes(), POLICY, beside)
    product = mesh.normalise(decoded, POLICY)
    assert product.changes == (() if path.suffix == ".glb" else product.changes)
    if path.stem.startswith("fuze"):
        assert decoded.missing == []
        assert mesh.describe_shape(decoded)["textured"] is True
        assert product.data is not None
        assert beside["fuze uv.jpg"] in product.data, "the picture keeps its bytes"
