"""What every adapter must do, checked over its sample corpus; a leaf names the corpus.

A leaf of `AdapterCase` is a class of three lines. It builds the sample corpus, with its planted
faults, through the whole pipeline, and reads it in other orders and pieces. A leaf of `DraftCase`
stops where media would be looked for.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from pipelines.inputs import find_files
from pipelines.recipe import Recipe, load_recipe
from pipelines.sample_corpora import CORPORA, Planted, write_corpora
from pipelines.sample_recipe import write_sample_recipe
from schemas.media import SLOT_MODALITY
from schemas.tasks import PROMPT_SLOTS, RESPONSE_SLOTS, TASKS
from tests.pipelines.sample_build import Built, build_with
from transforms.beamkit.errors import BuildError
from transforms.sources.adapter import RecordAdapter, SourceBatch
from transforms.sources.columns import Column
from transforms.sources.registry import ADAPTERS


@cache
def written(name: str, scale: float) -> tuple[Path, Planted, Path]:
    """A sample corpus: its folder, what was planted, its recipe."""
    folder = Path(mkdtemp(prefix=f"omnireward-{name}-"))
    planted = write_corpora(folder, scale, only=[name])
    return folder, planted[name], write_sample_recipe(folder, planted)


def wanting_all(recipe: Recipe) -> Recipe:
    """The recipe with every pair wanted, and instruction subsets taken for general ones."""
    subsets = {
        name: replace(subset, target=None, min_count=0, kind="general", criteria=None)
        for name, subset in recipe.subsets.items()
    }
    return replace(recipe, subsets=subsets, quality=replace(recipe.quality, max_dead_share=1.0))


@cache
def built(name: str, scale: float) -> tuple[Built, str]:
    """The dataset of a sample corpus, and which subset it is."""
    folder, _, recipe_file = written(name, scale)
    recipe = wanting_all(load_recipe(recipe_file))
    subset = next(iter(recipe.subsets))
    return build_with(recipe, folder, folder / "dataset", [subset]), subset


def assert_built_as_planted(corpus: str, scale: float) -> None:
    """Build a sample corpus and hold all counts against what was planted in it."""
    dataset, subset = built(corpus, scale)
    record, planted = dataset.record["subsets"][subset], written(corpus, scale)[1]
    counts: Counter[str] = Counter()
    for stage in record["counts"].values():
        for what, number in stage.items():
            if what.startswith(("dead:", "dropped:")):
                counts[what] += number
    expected = Counter({f"dead:{code}": number for code, number in planted.faults.items()})
    expected.update({f"dead:{code}": number for code, number in planted.pair_faults.items()})
    expected.update({f"dropped:{rule}": number for rule, number in planted.dropped.items()})
    assert counts == expected
    assert record["counts"]["sources"]["in"] == planted.records
    assert sum(shard["rows"] for shard in record["shards"].values()) == planted.rows


class ReadingCase:
    """Checks of reading; `corpus` is a name of `pipelines.sample_corpora.CORPORA`."""

    corpus: ClassVar[str]
    scale: ClassVar[float] = 0.0005

    @property
    def folder(self) -> Path:
        """Where the sample corpus lies."""
        return written(self.corpus, self.scale)[0] / self.corpus

    @property
    def planted(self) -> Planted:
        """What was planted in it."""
        return written(self.corpus, self.scale)[1]

    def adapter(self) -> RecordAdapter:
        """The adapter, set up by the recipe of the sample corpus."""
        recipe = load_recipe(written(self.corpus, self.scale)[2])
        name = CORPORA[self.corpus].recipe_name
        kind: Any = ADAPTERS[recipe.corpora[name].adapter]
        adapter: RecordAdapter = kind(recipe.corpora[name], name, "Subset")
        return adapter

    def batches(self, root: Path | None = None, *, backwards: bool = False) -> list[SourceBatch]:
        """All that the adapter reads."""
        adapter = self.adapter()
        units = adapter.units(find_files(adapter.name, adapter.corpus, str(root or self.folder)))
        return [b for unit in (units[::-1] if backwards else units) for b in adapter.read(unit)]

    def drafts(self, root: Path | None = None, *, backwards: bool = False) -> pa.Table:
        """All drafts, in order of key; `where` is left out."""
        batches = self.batches(root, backwards=backwards)
        table = pa.concat_tables([batch.drafts for batch in batches]).drop_columns(["where"])
        return table.take(pc.sort_indices(table["key"]))

    def test_keys_are_unique(self) -> None:
        keys = self.drafts()["key"].to_pylist()
        assert len(set(keys)) == len(keys) > 0

    def test_drafts_do_not_depend_on_the_order_of_files(self) -> None:
        assert self.drafts(backwards=True).equals(self.drafts())

    def test_drafts_fit_the_task(self) -> None:
        recipe = load_recipe(written(self.corpus, self.scale)[2])
        task = TASKS[next(iter(recipe.subsets.values())).task]
        in_prompt = {slot for modality in task.prompt for slot in PROMPT_SLOTS[modality]}
        in_response = set(RESPONSE_SLOTS[task.response]) & set(SLOT_MODALITY)
        for draft in self.drafts().to_pylist():
            assert draft["prompt"]
            assert {ref["slot"] for ref in draft["prompt_media"]} <= in_prompt
            assert bool(draft["prompt_media"]) == bool(in_prompt)
            for side in ("first", "second"):
                slots = {ref["slot"] for ref in draft[f"{side}_media"]}
                assert slots <= in_response
                assert bool(slots) == bool(in_response)
                assert (draft[f"{side}_text"] is not None) == (task.response == "text")

    def test_a_missing_column_is_named(self, tmp_path: Path) -> None:
        required = [column for column in self.adapter().COLUMNS if column.required]
        assert required, "an adapter says which columns it can't do without"
        for number, column in enumerate(required):
            root = tmp_path / str(number)
            _copy_without(self.folder, root, column, self.adapter())
            with pytest.raises(BuildError, match=column.names[0]):
                self.drafts(root)


class AdapterCase(ReadingCase):
    """Checks of a corpus through the whole pipeline."""

    def test_every_fault_is_met_for_its_reason_and_every_good_record_is_written(self) -> None:
        assert_built_as_planted(self.corpus, self.scale)


class DraftCase(ReadingCase):
    """Checks of a corpus up to its drafts, in place of a build."""

    #: Faults that show only where media are read and responses are compared.
    later: ClassVar[frozenset[str]] = frozenset(
        {
            "media_missing",
            "image_undecodable",
            "video_undecodable",
            "audio_undecodable",
            "mesh_undecodable",
            "identical_responses",
        }
    )

    def test_every_fault_of_a_record_is_met_for_its_reason(self) -> None:
        planted = self.planted
        dead: Counter[str] = Counter()
        dropped: Counter[str] = Counter()
        records = pairs = 0
        for batch in self.batches():
            dead.update(batch.dead["reason"].to_pylist())
            dropped.update(batch.dropped)
            records += batch.records
            pairs += batch.drafts.num_rows
        faults = {code: n for code, n in planted.faults.items() if code not in self.later}
        assert (dead, dropped, records) == (faults, planted.dropped, planted.records)
        later = sum(n for code, n in planted.faults.items() if code in self.later)
        assert pairs == planted.rows + later + sum(planted.pair_faults.values())


def _copy_without(source: Path, target: Path, column: Column, adapter: RecordAdapter) -> None:
    """A copy of a corpus whose record files lack one column."""
    for file in sorted(path for path in source.rglob("*") if path.is_file()):
        copy = target / file.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if not adapter.holds_records(str(file.relative_to(source))):
            copy.symlink_to(file)
        elif file.suffix == ".parquet":
            table = pq.read_table(file)
            pq.write_table(
                table.drop_columns([n for n in column.names if n in table.column_names]), copy
            )
        elif file.suffix == ".jsonl":
            lines = file.read_text(encoding="utf-8").split("\n")
            first = json.loads(lines[0])
            lines[0] = json.dumps({k: v for k, v in first.items() if k not in column.names})
            copy.write_text("\n".join(lines), encoding="utf-8")
        else:
            records = json.loads(file.read_text(encoding="utf-8"))
            first = next(iter(records)) if isinstance(records, dict) else 0
            records[first] = {k: v for k, v in records[first].items() if k not in column.names}
            copy.write_text(json.dumps(records), encoding="utf-8")
