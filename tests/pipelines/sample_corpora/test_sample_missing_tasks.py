"""Samples for the tasks that the paper's data lacks: every variant of a fault, and their media."""

from __future__ import annotations

import io
import json
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile
from PIL import Image

from pipelines.inputs import find_files
from pipelines.recipe import load_recipe
from pipelines.sample_corpora import (
    CORPORA,
    Planted,
    align_anything,
    audio_alpaca,
    edit_reward,
    genbench_3d,
    rapidata,
    rewarddb_3d,
    sharegpt_video,
    write_corpora,
)
from pipelines.sample_corpora.shapes import VIEWS, mesh, views
from pipelines.sample_corpora.sounds import RATE, Form, sound
from pipelines.sample_corpora.thumbnails import edited, thumbnail, tiles
from pipelines.sample_recipe import write_sample_recipe
from transforms.sources.adapter import SourceBatch
from transforms.sources.registry import ADAPTERS

LAYOUTS: dict[str, ModuleType] = {
    "sharegpt_video": sharegpt_video,
    "align_anything_ta2t": align_anything,
    "align_anything_t2a": align_anything,
    "audio_alpaca": audio_alpaca,
    "rewarddb_3d": rewarddb_3d,
    "genbench_3d": genbench_3d,
    "genbench_3d_views": genbench_3d,
    "edit_reward": edit_reward,
    "rapidata_images": rapidata,
    "rapidata_video": rapidata,
}
#: What is planted in media; an adapter lists the frames of clips, so it finds missing ones.
MEDIA = {
    "media_missing",
    "identical_responses",
    *(f"{modality}_undecodable" for modality in ("image", "video", "audio", "mesh")),
}
THINGS = 120
EACH = 4


@pytest.fixture(params=LAYOUTS)
def layout(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A layout whose media are made in no time; adapters don't look at them."""
    module = LAYOUTS[request.param]
    for name in ("clip", "mesh", "views", "picture", "sound"):
        if hasattr(module, name):
            monkeypatch.setattr(module, name, lambda rng, *_: rng.bytes(64))
    if hasattr(module, "frames"):
        monkeypatch.setattr(
            module, "frames", lambda rng, number, _: [rng.bytes(8) for _ in range(number)]
        )
    return str(request.param)


def written(folder: Path, layout: str, *, faults: bool) -> tuple[Planted, list[SourceBatch]]:
    """A corpus of `THINGS`, and what its adapter makes of it."""
    share = THINGS / CORPORA[layout].full_scale
    planted = write_corpora(folder, share, only=[layout], faults=faults)
    recipe = load_recipe(write_sample_recipe(folder, planted))
    ((name, corpus),) = recipe.corpora.items()
    kind = ADAPTERS[corpus.adapter]
    assert kind is not None
    adapter = kind(corpus, name, "S")
    units = adapter.units(find_files(name, corpus, str(folder / layout)))
    return planted[layout], [batch for unit in units for batch in adapter.read(unit)]


def test_every_variant_of_a_fault_is_refused_for_it(
    layout: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    share = "_SHARE" if layout == "rewarddb_3d" else "FAULT_SHARE"
    monkeypatch.setattr(LAYOUTS[layout], share, EACH / THINGS)
    planted, batches = written(tmp_path, layout, faults=True)
    later = MEDIA - ({"media_missing"} if layout == "sharegpt_video" else set())
    found = Counter(row["reason"] for batch in batches for row in batch.dead.to_pylist())
    assert found == {code: n for code, n in planted.faults.items() if code not in later}
    assert set(found.values()) == {EACH}
    dropped: Counter[str] = sum((Counter(batch.dropped) for batch in batches), Counter())
    assert dropped == planted.dropped
    assert sum(batch.records for batch in batches) == planted.records
    lost = sum(n for code, n in planted.faults.items() if code in later)
    lost += sum(planted.pair_faults.values())
    assert sum(batch.drafts.num_rows for batch in batches) == planted.rows + lost


def test_without_faults_every_record_is_used(layout: str, tmp_path: Path) -> None:
    planted, batches = written(tmp_path, layout, faults=False)
    assert (planted.faults, planted.pair_faults) == ({}, {})
    # Records with a picture for a prompt are there by nature.
    assert set(planted.dropped) <= {"image2shape"}
    assert [batch.dead.num_rows for batch in batches] == [0] * len(batches)
    assert sum(batch.drafts.num_rows for batch in batches) == planted.rows


@pytest.mark.parametrize("form", ["WAV", "FLAC", "MP3"])
def test_sounds_decode_are_heard_and_differ(form: Form) -> None:
    made = [sound(np.random.default_rng(seed), form) for seed in range(12)]
    assert len(set(made)) == 12
    assert made[3] == sound(np.random.default_rng(3), form)
    for data in made:
        samples, rate = soundfile.read(io.BytesIO(data))
        assert rate == RATE
        assert len(samples) >= 0.2 * RATE
        assert 0.4 < np.abs(samples).max() <= 1.0
        assert soundfile.info(io.BytesIO(data)).format == ("MP3" if form == "MP3" else form)


def test_models_are_closed_coloured_and_differ() -> None:
    import trimesh

    made = [mesh(np.random.default_rng(seed)) for seed in range(12)]
    assert len(set(made)) == 12
    assert made[3] == mesh(np.random.default_rng(3))
    for seed, data in enumerate(made):
        loaded: Any = trimesh.load(io.BytesIO(data), file_type="glb", force="mesh")
        assert loaded.is_watertight
        assert loaded.volume > 0
        assert loaded.visual.kind == "vertex"
        text = mesh(np.random.default_rng(seed), "obj")
        same: Any = trimesh.load(io.BytesIO(text), file_type="obj", force="mesh")
        assert len(same.faces) == len(loaded.faces)
        assert same.volume == pytest.approx(loaded.volume, rel=1e-3)


def test_views_stand_beside_each_other() -> None:
    made = [views(np.random.default_rng(seed), 32) for seed in range(12)]
    assert len(set(made)) == 12
    with Image.open(io.BytesIO(made[0])) as picture:
        assert (picture.size, picture.mode, picture.format) == ((32 * VIEWS, 32), "RGB", "PNG")


def test_an_edit_leaves_most_of_a_picture_as_it_was() -> None:
    rng = np.random.default_rng(1)
    source = tiles(rng)
    edit = edited(source, rng)
    assert (source != edit).any(axis=2).sum() == 9
    with Image.open(io.BytesIO(thumbnail(edit))) as picture:
        assert picture.size == (48, 48)


def sounds_of(folder: Path, planted: Planted) -> Iterator[bytes | None]:
    for file in planted.files:
        for row in pq.read_table(folder / file).to_pylist():
            yield from (cell["bytes"] for cell in row.values() if isinstance(cell, dict))


def is_heard(data: bytes) -> bool:
    try:
        soundfile.read(io.BytesIO(data))
    except soundfile.LibsndfileError:
        return False
    return True


@pytest.mark.parametrize("name", ["align_anything_ta2t", "align_anything_t2a", "audio_alpaca"])
def test_sounds_that_are_missing_or_broken_are_as_many_as_planted(
    name: str, tmp_path: Path
) -> None:
    planted = write_corpora(tmp_path, 0.004, only=[name])[name]
    sounds = list(sounds_of(tmp_path / name, planted))
    assert sounds.count(None) == planted.faults["media_missing"]
    broken = sum(not is_heard(data) for data in sounds if data is not None)
    assert broken == planted.faults["audio_undecodable"]
    kinds = Counter(data[:4] for data in sounds if data is not None and is_heard(data))
    assert set(kinds) >= {b"RIFF", b"fLaC"}


def test_frames_lie_folder_by_folder_in_several_archives(tmp_path: Path) -> None:
    planted = sharegpt_video.write(tmp_path, 0.003, 7, True)
    clips: dict[str, set[str]] = {}
    broken = 0
    for name in sharegpt_video.ARCHIVE_FILES:
        with tarfile.open(tmp_path / name) as archive:
            for entry in archive:
                folder, _, frame = entry.name.rpartition("/")
                content = archive.extractfile(entry)
                assert content is not None
                data = content.read()
                if frame.endswith(".jpeg"):
                    clips.setdefault(folder, set()).add(name)
                    broken += not data.endswith(b"\xff\xd9")
    lines = (tmp_path / sharegpt_video.RECORDS_FILE).read_text("utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    assert len(records) == planted.records
    shared = sum(len(archives) > 1 for archives in clips.values())
    assert shared == planted.faults["clip_ambiguous"]
    assert broken == planted.faults["image_undecodable"]
    named = {record["video"] for record in records if record["video"]}
    unasked = [clip for clip in clips if "unasked" in clip]
    assert len(unasked) == planted.traps["extra_members"]
    lost = [name for name in named if f"train_300k/{name}" not in clips and "." not in name]
    assert len(lost) == planted.faults["media_missing"]


def test_an_asset_has_a_picture_and_a_pickle_that_nobody_lists(tmp_path: Path) -> None:
    planted = rewarddb_3d.write(tmp_path, 0.03, 7, True)
    pickles = [name for name in planted.files if name.endswith(".pkl")]
    pictures = [name for name in planted.files if name.endswith(".png")]
    assert len(pickles) == len(pictures) > 100
    recipe = load_recipe(write_sample_recipe(tmp_path, {"rewarddb_3d": planted}))
    corpus = recipe.corpora["rewarddb_3d"]
    assert not any(pattern.endswith(("*", ".pkl")) for pattern in corpus.files)
    assert recipe.subsets["3DRewardDB"].target is None
    # A tenth may be alike by chance, and go.
    assert recipe.subsets["3DRewardDB"].min_count == int(0.9 * planted.rows)


def test_meshes_lie_beside_views_in_the_second_layout_alone(tmp_path: Path) -> None:
    plain = genbench_3d.write(tmp_path / "a", 0.003, 7, True, meshes=False)
    meshed = genbench_3d.write(tmp_path / "b", 0.003, 7, True, meshes=True)
    assert not any(name.endswith(".glb") for name in plain.files)
    assert meshed.faults == plain.faults | {"mesh_undecodable": 1}
    bodies = [tmp_path / "b" / name for name in meshed.files if name.endswith(".glb")]
    whole = [path.read_bytes() for path in bodies]
    sizes = [int.from_bytes(data[8:12], "little") == len(data) for data in whole]
    assert sizes.count(False) == meshed.faults["mesh_undecodable"]
