"""Builds from the Hub: what a mirror gives, byte for byte, and only the bytes that it takes."""

from __future__ import annotations

import io
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sample_build import Built, Sample, build_with
from served import Served, serve, use

from pipelines.layout import Layout
from pipelines.lock import read_lock
from pipelines.planning import PREPARE
from pipelines.recipe import Recipe, load_recipe
from pipelines.sample_corpora import write_corpora
from pipelines.sample_recipe import write_sample_recipe
from tests.hub_server import FaultKind, FaultPlan, HubServer
from transforms.beamkit.column_chunks import column_chunks
from transforms.beamkit.manifest import read_manifest
from transforms.media.locate import MEDIA_COLUMNS
from transforms.sources.registry import ADAPTERS
from transforms.writing.prepared import read_fields

TOKEN = "hf_" + "s3cret" * 5

#: One subset of each kind of container: cells, tar, split zip, zips of frames, files. (A tar.gz is
#: read below, with faults and with a scope.)
SUBSETS = (
    "RLAIF-V",
    "OmniAlign-V-DPO",
    "EvalMuse",
    "VideoDPO",
    "VisionRewardDB-Video",
)
CORPORA = ("rlaif_v", "omnialign_v", "evalmuse", "videodpo", "visionreward")
_MEDIA = ("prompt_media", "a_media", "b_media")


@dataclass(frozen=True)
class Twice:
    """The same subsets built from mirrors and from the Hub."""

    served: Served
    recipe: Recipe
    mirror: Built
    hub: Built


@pytest.fixture(scope="module")
def patched() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def twice(patched: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twice]:
    folder = tmp_path_factory.mktemp("served")
    recipe = load_recipe(write_sample_recipe(folder, write_corpora(folder, 0.006, only=CORPORA)))
    with HubServer() as server:
        served = serve(server, folder, recipe)
        server.tokens.add(TOKEN, role="read")
        use(server, patched, tmp_path_factory.mktemp("home"))
        patched.setenv("HF_TOKEN", TOKEN)
        base = tmp_path_factory.mktemp("base")
        served.lock(recipe, base)
        outputs = [tmp_path_factory.mktemp(name) for name in ("mirror", "hub")]
        mirror = build_with(served.mirrored(recipe), base, outputs[0], SUBSETS)
        hub = build_with(served.recipe(recipe), base, outputs[1], SUBSETS)
        yield Twice(served, recipe, mirror, hub)


def test_a_build_from_the_hub_is_that_of_the_mirror(twice: Twice) -> None:
    assert twice.hub.digests() == twice.mirror.digests()
    assert len(twice.hub.digests()) >= 2 * len(SUBSETS)


def test_rows_name_the_commit(twice: Twice) -> None:
    for subset in SUBSETS:
        corpus = twice.recipe.subset(subset).corpus
        for file in sorted((twice.hub.output / "data" / subset).glob("*.parquet")):
            sources = pq.read_table(file, columns=["source"])["source"].to_pylist()
            assert {source["revision"] for source in sources} == {twice.served.commits[corpus]}


def test_little_more_moves_than_is_needed(twice: Twice) -> None:
    needed = {subset: _needed(twice, subset) for subset in SUBSETS}
    sent = twice.served.server.log.bytes_sent()
    assert sum(needed.values()) > 5_000_000
    assert sent <= 1.2 * sum(needed.values())


def test_the_token_goes_to_the_hub_only(twice: Twice) -> None:
    log = twice.served.server.log
    assert set(log.authorizations("hub")) == {f"Bearer {TOKEN}"}
    assert len(log.entries("cdn")) > 50
    assert log.authorizations("cdn") == []
    for file in twice.hub.output.rglob("*"):
        assert not file.is_file() or TOKEN.encode() not in file.read_bytes()


@pytest.mark.full
def test_what_is_in_the_cache_is_not_fetched_again(twice: Twice, tmp_path: Path) -> None:
    log = twice.served.server.log
    log.clear()
    base = tmp_path / "base"
    base.mkdir()
    twice.served.lock(twice.recipe, base)
    # With those before it that it is compared with: groups reach over subsets.
    subsets = ("RLAIF-V", "OmniAlign-V-DPO", "EvalMuse")
    log.clear()
    again = build_with(twice.served.recipe(twice.recipe), base, tmp_path / "out", subsets)
    assert {k: v for k, v in twice.hub.digests().items() if k.split("/")[0] in subsets} == (
        again.digests()
    )
    # The tar's pass was not kept, but its index was: only the wanted members move.
    assert log.bytes_sent(repo="sample/rlaif_v") == 0
    assert log.bytes_sent(repo="sample/evalmuse") == 0
    members = _media_bytes(twice, "OmniAlign-V-DPO")
    assert log.bytes_sent(path="images.tar") <= 1.2 * members + 65_536


def _needed(twice: Twice, subset: str) -> int:
    """Bytes of a corpus that no reader could do without, from the layout of its files alone."""
    name = twice.recipe.subset(subset).corpus
    corpus, folder = twice.recipe.corpora[name], twice.served.folder / name
    members = _members(twice, subset)
    adapter = ADAPTERS[corpus.adapter]
    assert adapter is not None
    total = 0
    files = sorted({file for pattern in corpus.files for file in folder.glob(pattern)})
    whole = {folder / "images.zip": [file for file in files if ".zip.part-" in file.name]}
    for file in files:
        if file.suffix == ".parquet":
            total += _table_bytes(file, adapter.PROJECTION)  # type: ignore[attr-defined]
        elif file.suffix == ".zip":
            total += _zip_bytes(file.read_bytes(), members[file.name])
        elif file.suffix == ".mp4":
            total += file.stat().st_size if file.name in members["videos"] else 0
        elif ".zip.part-" not in file.name:
            total += file.stat().st_size  # records are read whole, and so are tars once
    if whole[folder / "images.zip"]:
        data = b"".join(part.read_bytes() for part in whole[folder / "images.zip"])
        total += _zip_bytes(data, members["images.zip"])
    return total


def _members(twice: Twice, subset: str) -> dict[str, set[str]]:
    """The media that were drawn, by container."""
    manifest = read_manifest(Layout.of(str(twice.hub.output)).manifest(subset, PREPARE))
    assert manifest is not None
    found: dict[str, set[str]] = defaultdict(set)
    for table in read_fields(manifest, _MEDIA):
        for column in _MEDIA:
            for ref in table[column].combine_chunks().flatten().to_pylist():
                found[ref["container"]].add(ref["member"].rsplit("/", 1)[-1])
    return found


def _media_bytes(twice: Twice, subset: str) -> int:
    manifest = read_manifest(Layout.of(str(twice.hub.output)).manifest(subset, PREPARE))
    assert manifest is not None
    seen: dict[str, int] = {}
    for table in read_fields(manifest, _MEDIA):
        for column in _MEDIA:
            for ref in table[column].combine_chunks().flatten().to_pylist():
                seen[ref["member"]] = ref["info"]["bytes"]
    return sum(seen.values())


def _table_bytes(file: Path, projection: tuple[str, ...] | None) -> int:
    meta = pq.read_metadata(file)
    groups = range(meta.num_row_groups)
    columns = list(projection or ())
    if "image" in meta.schema.to_arrow_schema().names:
        columns.append("image")  # nearly all rows are drawn: each group's cells are read
    chunks = column_chunks(meta, groups, columns)
    return sum(stop - start for start, stop in chunks) + meta.serialized_size


def _zip_bytes(data: bytes, members: set[str]) -> int:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        directory = len(data) - archive.start_dir
        return directory + sum(
            entry.compress_size + 30 + len(entry.filename.encode())
            for entry in archive.infolist()
            if entry.filename.rsplit("/", 1)[-1] in members
        )


def test_faults_at_random_change_nothing(
    sample: Sample, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Drops, rate limits, errors, wrong lengths and stale answers: the dataset is the same."""
    recipe, base = sample.whole(), tmp_path / "base"
    base.mkdir()
    with HubServer() as server:
        served = serve(server, sample.folder, recipe)
        use(server, monkeypatch, tmp_path / "home")
        served.lock(recipe, base)
        subsets = ("RLAIF-V", "HPDv2")
        mirror = build_with(served.mirrored(recipe), base, tmp_path / "mirror", subsets)
        kinds = [kind for kind in FaultKind if kind is not FaultKind.CORRUPT]
        server.faults = FaultPlan(seed=11, rate=0.5, kinds=kinds)
        hub = build_with(served.recipe(recipe), base, tmp_path / "hub", subsets)
        faults = {line.fault for line in server.log.entries() if line.fault is not None}
    assert hub.digests() == mirror.digests()
    assert len(faults) >= 6


def test_a_scope_spares_the_rest_of_an_archive(
    sample: Sample, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    recipe, base = sample.whole(), tmp_path / "base"
    base.mkdir()
    archive = sample.folder / "hpdv2" / "train.tar.gz"
    scope = archive.stat().st_size // 3
    hpdv2 = replace(recipe.corpora["hpdv2"], rank_scope=scope)
    recipe = replace(recipe, corpora={**recipe.corpora, "hpdv2": hpdv2})
    with HubServer() as server:
        served = serve(server, sample.folder, recipe)
        use(server, monkeypatch, tmp_path / "home")
        served.lock(recipe, base)
        mirror = build_with(served.mirrored(recipe), base, tmp_path / "mirror", ["HPDv2"])
        server.log.clear()
        hub = build_with(served.recipe(recipe), base, tmp_path / "hub", ["HPDv2"])
        sent = server.log.bytes_sent(path="train.tar.gz")
    assert hub.digests() == mirror.digests()
    assert sent == scope  # listed and read: moved once
    counts = hub.record["subsets"]["HPDv2"]["counts"]
    assert counts["scope"]["out"] == counts["sampling"]["in"] > 0
    assert counts["scope"]["dropped:rank_scope"] > 0
    assert "dead:media_missing" not in counts["media"]
    assert hub.record["recipe"]["corpora"]["hpdv2"]["rank_scope"] == scope


def test_a_build_without_a_lock_stays_with_its_commit(
    sample: Sample, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The output's lock remembers the commit, until the corpus is locked anew."""
    recipe, base, output = sample.whole(), tmp_path / "base", tmp_path / "out"
    base.mkdir()
    subset = "Skywork-Reward-Preference"
    with HubServer() as server:
        served = serve(server, sample.folder, recipe)
        use(server, monkeypatch, tmp_path / "home")
        remote = served.recipe(recipe)
        first = build_with(remote, base, output, [subset])
        lock = read_lock(str(output / "beam_config.lock"))
        assert lock.corpora["skywork"].commit == served.commits["skywork"]
        table = pq.read_table(next((sample.folder / "skywork" / "data").glob("*.parquet")))
        half = tmp_path / "half.parquet"
        pq.write_table(table.slice(0, table.num_rows // 2), half)
        name = "data/train-00000-of-00001.parquet"
        newer = server.store.commit("sample/skywork", {name: half}, "fewer rows")
        again = build_with(remote, base, output, [subset])
        assert again.record["subsets"][subset]["resumed"] == "all"
        assert again.digests() == first.digests()
        served.lock(recipe, base)
        renewed = build_with(remote, base, output, [subset])
    entry = renewed.record["subsets"][subset]
    assert entry["revision"] == newer
    assert entry["rows"] < first.record["subsets"][subset]["rows"]


def test_media_columns_are_those_of_the_stage() -> None:
    assert len(_MEDIA) == len(MEDIA_COLUMNS)
