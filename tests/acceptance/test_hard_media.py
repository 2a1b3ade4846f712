"""Odd and broken media by other people: each is kept, made anew or refused, as it is stated."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from transforms.media.errors import MediaError
from transforms.media.guess import modality_of
from transforms.media.modality import Product
from transforms.media.sandbox.runner import Sandbox
from transforms.media.settings import MediaPolicy

REAL = Path(__file__).resolve().parents[3] / "shared" / "realdata"
EXPECTED = REAL / "EXPECTED.jsonl"

pytestmark = pytest.mark.skipif(
    not EXPECTED.exists(), reason="the real files are not part of the checkout"
)

#: What "policy" cases come to, as the modules document it.
BY_POLICY = {
    "hard/video/fixture-null.webm": "accepted",  # sparse, but its last frame ends where it says
    "hard/audio/faulty_04_-_wrong_number_of_channels.flac": "audio_undecodable",
    "hard/3d/obj_wireframe.obj": "mesh_empty",
    "hard/3d/notenoughindices.obj": "accepted",  # short faces are dropped as degenerate
    "hard/3d/rock.obj.bz2": "accepted",
}


def _cases() -> list[dict[str, Any]]:
    if not EXPECTED.exists():
        return []
    return [json.loads(line) for line in EXPECTED.read_text().splitlines()]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(MediaPolicy(), 2) as one:
        yield one


@pytest.mark.parametrize("case", _cases(), ids=lambda case: case["file"])
def test_a_hard_file(case: dict[str, Any], sandbox: Sandbox) -> None:
    file = REAL / case["file"]
    data = file.read_bytes()
    modality = modality_of(data, file.name)
    outcome, product = _outcome(sandbox, modality, data)
    if case["expected"] == "policy":
        assert outcome == BY_POLICY[case["file"]]
    elif case["expected"] == "reject":
        assert outcome != "accepted"
        assert outcome.startswith(f"{modality}_") or modality is None
        assert not outcome.endswith(("_fault", "_product", "_crashed", "_timeout", "_memory"))
    else:
        assert outcome == "accepted"
        assert product is not None
        assert product.facts["bytes"] == len(product.data or data)
        _check_fixed_point(sandbox, str(modality), product)


def _outcome(sandbox: Sandbox, modality: str | None, data: bytes) -> tuple[str, Product | None]:
    if modality is None:
        return "no medium", None
    try:
        return "accepted", sandbox.run(modality, data)
    except MediaError as error:
        return error.reason, None


def _check_fixed_point(sandbox: Sandbox, modality: str, product: Product) -> None:
    """What was made is in normal form: made again, it is kept."""
    if product.data is not None:
        again = sandbox.run(modality, product.data)
        assert (again.data, again.changes) == (None, ())
