"""Real files in the sandbox: the same comes out as in this process, and each time.

The files lie beside the checkout on machines that have them (`../shared/realdata`).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from transforms.media.errors import MediaError
from transforms.media.guess import modality_of
from transforms.media.modality import Product
from transforms.media.sandbox.runner import Sandbox
from transforms.media.settings import MediaPolicy

REAL = Path(__file__).parents[4] / "shared" / "realdata"
FOLDERS = [REAL / kind / name for kind in ("hard", "media") for name in ("3d", "audio", "image")]
FOLDERS += [REAL / "hard" / "video", REAL / "media" / "video"]

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(not REAL.is_dir(), reason=f"the real files are not there: no folder {REAL}"),
]


def told(fate: Product | MediaError) -> object:
    return (fate.reason, fate.message) if isinstance(fate, MediaError) else fate


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_comes_out_hangs_on_the_bytes_alone(folder: Path) -> None:
    media = []
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        modality = modality_of(data, path.name)
        if modality is not None:
            media.append((path.name, modality, data))
    assert media
    policy = MediaPolicy(max_decode_seconds=300.0)
    with Sandbox(policy, 2) as sandbox, Sandbox(policy, 0) as here:
        first = {name: told(sandbox._fate(modality, data)) for name, modality, data in media}
        for name, modality, data in reversed(media):
            assert told(sandbox._fate(modality, data)) == first[name], name
            assert told(here._fate(modality, data)) == first[name], name
    faults = {name: fate for name, fate in first.items() if "_fault" in str(fate)}
    assert not faults
