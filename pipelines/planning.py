"""What a build would do: for each subset its state, inputs, units of work and their digests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from pipelines import inputs
from pipelines.layout import Layout
from pipelines.recipe import Recipe, Subset, digest_of
from pipelines.version import CODE_VERSION
from schemas.pair import SCHEMA_VERSION
from schemas.tasks import TASKS
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.beamkit.manifest import Manifest, finished
from transforms.sources.adapter import Adapter, SourceFile
from transforms.sources.registry import ADAPTERS
from transforms.sources.settings import Corpus
from transforms.sources.work_unit import WorkUnit
from transforms.writing.rows import SubsetFacts
from transforms.writing.write_subset import SubsetTarget

PREPARE = "prepare"
WRITE = "write"


@dataclass(frozen=True)
class SubsetPlan:
    """All that is needed to build one subset; made where the recipe is, used on workers."""

    name: str
    subset: Subset
    corpus: Corpus
    recipe: Recipe
    root: str
    sources: tuple[SourceFile, ...]
    layout: Layout
    shards_in_force: int | None
    input_digests: tuple[tuple[str, str], ...]

    @cached_property
    def adapter(self) -> Adapter:
        """The corpus's adapter, set up for this subset."""
        adapter_type = ADAPTERS[self.corpus.adapter]
        assert adapter_type is not None
        return adapter_type(self.corpus, self.subset.corpus, self.name)

    @cached_property
    def work_units(self) -> list[WorkUnit]:
        """The pieces in which the corpus is read; every file is looked at."""
        return self.adapter.units(self.sources)

    @property
    def has_media(self) -> bool:
        """Whether rows of this task refer to media."""
        task = TASKS[self.subset.task]
        return bool(task.prompt) or task.response != "text"

    @property
    def facts(self) -> SubsetFacts:
        """What all rows have in common."""
        corpus = self.corpus
        return SubsetFacts(
            self.name,
            self.subset.task,
            self.subset.kind,
            self.subset.corpus,
            corpus.revision,
            corpus.licence,
            corpus.nc,
            corpus.annotator,
        )

    @cached_property
    def prepare_inputs(self) -> str:
        """Digest of all that the unit `prepare` depends on."""
        recipe = self.recipe
        corpus = {key: value for key, value in asdict(self.corpus).items() if key != "path"}
        return digest_of(
            {
                "code": CODE_VERSION,
                "schema": SCHEMA_VERSION,
                "subset": [self.name, self.subset.task, self.subset.kind, self.subset.target],
                "corpus": [self.subset.corpus, corpus],
                "files": self.input_digests,
                "seed": recipe.seed,
                "sampling": asdict(recipe.sampling),
                "media": {k: v for k, v in asdict(recipe.media).items() if k != "threads"},
                "store": self.layout.store,
            }
        )

    @cached_property
    def write_inputs(self) -> str:
        """Digest of all that the unit `write` depends on."""
        return digest_of(
            [
                self.prepare_inputs,
                asdict(self.recipe.writing),
                asdict(self.facts),
                self.shards_in_force,
            ]
        )

    @property
    def prepared(self) -> Manifest | None:
        """The finished unit `prepare`, if there is one for these inputs."""
        return finished(self.layout.manifest(self.name, PREPARE), self.prepare_inputs)

    @property
    def written(self) -> Manifest | None:
        """The finished unit `write`, its files not yet in place."""
        return finished(self.layout.manifest(self.name, WRITE), self.write_inputs)

    @property
    def published(self) -> Manifest | None:
        """The subset as it is in place, if it is up to date."""
        return finished(self.layout.published(self.name), self.write_inputs)

    @property
    def target(self) -> SubsetTarget:
        """Where the unit `write` writes."""
        return SubsetTarget(
            f"{self.name}/{WRITE}",
            self.write_inputs,
            self.layout.parts(self.name, WRITE),
            self.layout.manifest(self.name, WRITE),
            self.shards_in_force,
        )


def why_not(recipe: Recipe, name: str) -> str | None:
    """Why a subset can't be built by this release on this machine; None if it can."""
    subset, corpus = recipe.subset(name), recipe.corpus_of(name)
    if subset.kind == "instruction":
        return "needs criteria: the relabel stage is not part of this release yet"
    if ADAPTERS[corpus.adapter] is None:
        return "needs an adapter: this release can't read its corpus yet"
    if corpus.path is None:
        return "needs a mirror: set `path` of its corpus to a folder with its files"
    return None


def choose(recipe: Recipe, names: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The subsets to build, in the recipe's order, and those left out with the reason.

    Raises:
        BuildError: a subset asked for by name can't be built, or none can.
    """
    for name in names:
        reason = why_not(recipe, name)
        if reason:
            raise BuildError(f"{name} can't be built: {reason}")
    wanted = [name for name in recipe.subsets if not names or name in names]
    left_out = {name: reason for name in wanted if (reason := why_not(recipe, name))}
    ready = [name for name in wanted if name not in left_out]
    if not ready:
        reasons = "; ".join(dict.fromkeys(left_out.values()))
        raise BuildError(
            f"no subset of this recipe can be built yet ({reasons}). "
            "To try the pipeline: omnireward sample-corpora DIR"
        )
    return ready, left_out


def plan_subset(recipe: Recipe, name: str, base: Path, layout: Layout) -> SubsetPlan:
    """Plan one subset: find its files, read what is in force, hash the inputs.

    Raises:
        BuildError: a file is missing or is not what its name says.
    """
    subset, corpus = recipe.subset(name), recipe.corpus_of(name)
    root = inputs.mirror_of(corpus, base)
    assert root is not None
    found = inputs.find_files(subset.corpus, corpus, root)
    known = inputs.digests(found, layout.digests)
    return SubsetPlan(
        name,
        subset,
        corpus,
        recipe,
        root,
        tuple(found),
        layout,
        shards_in_force(layout, base).get(name),
        tuple((source.name, known[source.path]) for source in found),
    )


def shards_in_force(layout: Layout, base: Path) -> dict[str, int]:
    """Shard counts from the recipe's own lock, or else from the dataset that is already there."""
    for path in (str(base / "beam_config.lock"), layout.lock):
        if files.exists(path):
            try:
                return {k: int(v) for k, v in json.loads(files.read_bytes(path))["shards"].items()}
            except (ValueError, KeyError, AttributeError, TypeError) as error:
                raise BuildError(f"{path}: not a lock file ({error}); delete it") from None
    return {}
