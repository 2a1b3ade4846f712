"""What a build would do: for each subset its state, inputs, units of work and their digests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cached_property

from pipelines.layout import Layout
from pipelines.opening import Corpora
from pipelines.recipe import Recipe, Subset, digest_of
from pipelines.version import CODE_VERSION
from schemas.pair import SCHEMA_VERSION
from schemas.tasks import TASKS
from transforms.beamkit.manifest import Manifest, finished
from transforms.media.known import KnownMedia
from transforms.sources.adapter import Adapter, SourceFile
from transforms.sources.registry import ADAPTERS
from transforms.sources.settings import Corpus
from transforms.sources.work_unit import WorkUnit
from transforms.writing.rows import SubsetFacts
from transforms.writing.write_subset import SubsetTarget

#: Settings of a corpus that change nothing of what is read.
_NOT_OF_CONTENT = ("path", "rows", "needs_mirror")

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
    shards_pinned: int | None
    shards_built: int | None
    #: ``kind:hex`` of each file, by its name.
    input_digests: tuple[tuple[str, str], ...]
    #: What rows say that they come from: a commit, or the recipe's revision of a mirror.
    revision: str
    #: Records of the corpus, where the lock or the recipe knows.
    rows: int | None = None
    #: Set where dead letters are tried again: the subset is made anew, these media are taken over.
    known: KnownMedia | None = None

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
    def rank_scope(self) -> int | None:
        """The corpus's scope, where there are media that it could limit."""
        return self.corpus.rank_scope if self.has_media else None

    @property
    def facts(self) -> SubsetFacts:
        """What all rows have in common."""
        corpus = self.corpus
        return SubsetFacts(
            self.name,
            self.subset.task,
            self.subset.kind,
            self.subset.corpus,
            self.revision,
            corpus.licence,
            corpus.nc,
            corpus.annotator,
        )

    @cached_property
    def prepare_inputs(self) -> str:
        """Digest of all that the unit `prepare` depends on."""
        recipe = self.recipe
        corpus = {k: v for k, v in asdict(self.corpus).items() if k not in _NOT_OF_CONTENT}
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
                self.shards_pinned,
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
            self.shards_pinned or self.shards_built,
        )


def plan_subsets(
    recipe: Recipe, names: Iterable[str], corpora: Corpora, layout: Layout
) -> list[SubsetPlan]:
    """Plan subsets: find their files, read what is in force, gather what identifies the inputs.

    Raises:
        BuildError: a file is missing or is not what its name or the lock says, or the Hub can't be
            read.
    """
    return [_plan(recipe, name, corpora, layout) for name in names]


def _plan(recipe: Recipe, name: str, corpora: Corpora, layout: Layout) -> SubsetPlan:
    subset, corpus = recipe.subset(name), recipe.corpus_of(name)
    opened = corpora.open(subset.corpus, corpus)
    return SubsetPlan(
        name,
        subset,
        corpus,
        recipe,
        opened.root,
        tuple(opened.sources),
        layout,
        corpora.shards_pinned(name),
        corpora.shards_built(name),
        tuple((source.name, opened.digests[source.name]) for source in opened.sources),
        opened.revision,
        (opened.locked.rows if opened.locked else None) or corpus.rows,
    )
