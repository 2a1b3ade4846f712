"""What a build would do: for each subset its state, inputs, units of work and their digests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from pathlib import Path

import pyarrow as pa

from pipelines.layout import Layout
from pipelines.opening import Corpora
from pipelines.origins import origin_of
from pipelines.recipe import Recipe, Subset, digest_of
from pipelines.settings_of import corpus_content, media_content
from pipelines.version import CODE_VERSION
from schemas.pair import SCHEMA_VERSION
from schemas.tasks import TASKS
from transforms.beamkit import files
from transforms.beamkit.manifest import Manifest, finished, read_manifest
from transforms.beamkit.unit import UnitTarget
from transforms.dedup.benchmarks.known import known_fingerprints, used
from transforms.dedup.select import INDEX_ROLE, EarlierIndex, Rules, SelectTarget
from transforms.media.known import KnownMedia
from transforms.quality.rules.rule import Subject
from transforms.relabel.origin import Origin
from transforms.sampling.rank import cut_at
from transforms.sampling.settings import SamplingSettings
from transforms.sources.adapter import Adapter, SourceFile
from transforms.sources.registry import ADAPTERS
from transforms.sources.settings import Corpus
from transforms.sources.work_unit import WorkUnit
from transforms.writing.cells import ClipFiles
from transforms.writing.roster import ROSTER_ROLE
from transforms.writing.rows import SubsetFacts
from transforms.writing.write_subset import SubsetTarget

#: Roles of files that decide what is published.
_DECIDES = ("roster", "labels", "duplicates", "contamination", "dead")

PREPARE = "prepare"
SELECT = "select"
RELABEL = "relabel"
QUALITY = "quality"
WRITE = "write"

#: Units of work, in the order of the graph.
UNITS = (PREPARE, SELECT, RELABEL, QUALITY, WRITE)


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
    #: Shard counts by split: those that the lock beside the recipe fixes, those of the last build.
    shards_pinned: Mapping[str, int]
    shards_built: Mapping[str, int]
    #: ``kind:hex`` of each file, by its name.
    input_digests: tuple[tuple[str, str], ...]
    #: What rows say that they come from: a commit, or the recipe's revision of a mirror.
    revision: str
    #: What counts as a copy: of a pair, and of an item of a benchmark.
    rules: Rules
    #: Records of the corpus, where the lock or the recipe knows.
    rows: int | None = None
    #: The folder of the recipe: its paths are relative to it.
    base: Path = Path()
    #: The commit of the published set, where criteria are read from it on the Hub.
    published_commit: str | None = None
    #: Set where dead letters are tried again: the subset is made anew, these media are taken over.
    known: KnownMedia | None = None
    #: Nothing that is finished is taken over.
    fresh: bool = False

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
    def drawn(self) -> int | None:
        """The target by which drafts are drawn; None: all go on."""
        return None if self.origin and self.origin.reserve is None else self.subset.target

    @property
    def sampling(self) -> SamplingSettings:
        """How many more are drawn: many where only a part of the pairs gets a criterion."""
        reserve = self.origin.reserve if self.origin else self.recipe.sampling.reserve
        return SamplingSettings(reserve or 0.0)

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

    @property
    def clips(self) -> ClipFiles | None:
        """How long clips become files beside the shards; None: they don't."""
        publication = self.recipe.publication
        if publication.video_files_from is None or publication.repo is None or not self.has_media:
            return None
        return ClipFiles(self.layout.clips, publication.repo, publication.video_files_from)

    @cached_property
    def prepare_inputs(self) -> str:
        """Digest of all that the unit `prepare` depends on."""
        recipe = self.recipe
        return digest_of(
            {
                "code": CODE_VERSION,
                "schema": SCHEMA_VERSION,
                "subset": [self.name, self.subset.task, self.subset.kind, self.subset.target],
                "corpus": [self.subset.corpus, corpus_content(recipe, self.name)],
                "files": self.input_digests,
                "seed": recipe.seed,
                "sampling": [self.drawn, asdict(self.sampling)],
                "admitted": self.origin.admits_by if self.origin else None,
                "media": media_content(recipe.media),
                "store": self.layout.store_identity if self.has_media else None,
                "beside": self.clips.least_bytes if self.clips else None,
            }
        )

    @property
    def earlier(self) -> list[EarlierIndex]:
        """The subsets that come before, as they stand in this dataset now."""
        found = []
        for name, subset in self.recipe.subsets.items():
            if name == self.name:
                break
            selected = read_manifest(self.layout.manifest(name, SELECT))
            checked = read_manifest(self.layout.manifest(name, QUALITY))
            if selected is None or checked is None:
                continue
            (index,), (roster,) = selected.of_role(INDEX_ROLE), checked.of_role(ROSTER_ROLE)
            if not all(files.exists(part.path) for part in (index, roster)):
                continue  # not finished any more
            published = partial(_first_rows, target=subset.target)
            found.append(EarlierIndex(name, index, roster, published, self._is_rival(name)))
        return found

    def _is_rival(self, name: str) -> bool:
        """Whether a pair of this subset may be a copy of one of another.

        General pairs may. Under criteria a pair is another row (DESIGN: never a duplicate), unless
        both subsets get theirs from the pair itself, in the same way.
        """
        mine, other = (self.recipe.criteria_of(one) for one in (self.name, name))
        return mine == other and mine in (None, "llm", "measured")

    @property
    def select_inputs(self) -> str:
        """Digest of all that the unit `select` depends on."""
        earlier = [[one.inputs, self.recipe.subset(one.subset).target] for one in self.earlier]
        rules = self.rules
        against = used(rules.decontamination, rules.fingerprints)["fingerprints"]
        known = {name: entry["digest"] for name, entry in against.items()}
        compared = {**asdict(rules.decontamination), "waived": None, "benchmarks": known}
        return digest_of([self.prepare_inputs, asdict(rules.dedup), compared, earlier])

    @cached_property
    def origin(self) -> Origin | None:
        """Where criteria come from; None if of general preferences, or if the corpus has them."""
        return origin_of(self.recipe, self.name, self.base, self.layout, self.published_commit)

    def relabel_inputs(self, selected: Manifest) -> str:
        """Digest of all that the unit `relabel` depends on, from the unit before it."""
        assert self.origin is not None
        roster = [part.digest for part in selected.of_role(ROSTER_ROLE)]
        wanted = self.subset.target
        return digest_of([self.prepare_inputs, roster, wanted, self.origin.inputs])

    def quality_inputs(self, before: Manifest) -> str:
        """Digest of all that the unit `quality` depends on, from the unit before it."""
        roster = [part.digest for part in before.of_role(ROSTER_ROLE)]
        rules = asdict(self.recipe.quality.rules)
        return digest_of([self.prepare_inputs, roster, asdict(self.subject), rules])

    @property
    def subject(self) -> Subject:
        """Whose rows the row rules judge."""
        return Subject(self.name, self.subset.corpus, self.subset.task, self.subset.kind)

    def write_inputs(self, units: Sequence[Manifest]) -> str:
        """Digest of all that the unit `write` depends on; for subsets before it, through their
        effect on what its own units wrote.

        Where the dataset lies is not among it: a folder that was moved keeps its finished work.

        Args:
            units: the manifests of its own units before it.
        """
        made = [
            (part.role, part.digest)
            for unit in units
            for part in unit.parts
            if part.role in _DECIDES
        ]
        return digest_of(
            [
                self.prepare_inputs,
                sorted(made),
                asdict(self.recipe.writing),
                asdict(self.facts),
                dict(self.shards_pinned),
                [self.clips.repo, self.clips.least_bytes] if self.clips else None,
            ]
        )

    @property
    def units(self) -> list[Manifest] | None:
        """The finished units before `write`; None if one is not finished."""
        found = [self.prepared, self.selected, *([self.relabelled] if self.origin else [])]
        found.append(self.checked)
        return [unit for unit in found if unit] if all(found) else None

    @property
    def prepared(self) -> Manifest | None:
        """The finished unit `prepare`, if there is one for these inputs."""
        return self._finished(PREPARE, self.prepare_inputs)

    @property
    def selected(self) -> Manifest | None:
        """The finished unit `select`, if there is one for these inputs."""
        return self._finished(SELECT, self.select_inputs)

    @property
    def relabelled(self) -> Manifest | None:
        """The finished unit `relabel`, if there is one for these inputs."""
        selected = self.selected
        if selected is None:
            return None
        return self._finished(RELABEL, self.relabel_inputs(selected))

    @property
    def checked(self) -> Manifest | None:
        """The finished unit `quality`, if there is one for these inputs."""
        before = self.relabelled if self.origin else self.selected
        if before is None:
            return None
        return self._finished(QUALITY, self.quality_inputs(before))

    @property
    def written(self) -> Manifest | None:
        """The finished unit `write`, its files not yet in place."""
        return self._made_from(self.layout.manifest(self.name, WRITE))

    @property
    def published(self) -> Manifest | None:
        """The subset as it is in place, if it is up to date."""
        return self._made_from(self.layout.published(self.name))

    def _finished(self, unit: str, inputs: str) -> Manifest | None:
        return None if self.fresh else finished(self.layout.manifest(self.name, unit), inputs)

    def _made_from(self, place: str) -> Manifest | None:
        units = self.units
        return None if units is None else finished(place, self.write_inputs(units))

    @property
    def selection(self) -> SelectTarget:
        """Where the unit `select` writes."""
        return SelectTarget(
            f"{self.name}/{SELECT}",
            self.select_inputs,
            self.layout.parts(self.name, SELECT),
            self.layout.manifest(self.name, SELECT),
        )

    @property
    def relabelling(self) -> UnitTarget:
        """Where the unit `relabel` writes."""
        return UnitTarget(
            f"{self.name}/{RELABEL}",
            self.relabel_inputs,
            self.layout.parts(self.name, RELABEL),
            self.layout.manifest(self.name, RELABEL),
        )

    @property
    def checking(self) -> UnitTarget:
        """Where the unit `quality` writes."""
        return UnitTarget(
            f"{self.name}/{QUALITY}",
            self.quality_inputs,
            self.layout.parts(self.name, QUALITY),
            self.layout.manifest(self.name, QUALITY),
        )

    @property
    def target(self) -> SubsetTarget:
        """Where the unit `write` writes."""
        return SubsetTarget(
            f"{self.name}/{WRITE}",
            f"{self.name}/{QUALITY}",
            self.write_inputs,
            self.layout.parts(self.name, WRITE),
            self.layout.manifest(self.name, WRITE),
            {**self.shards_built, **self.shards_pinned},
        )


def _first_rows(roster: pa.Table, target: int | None) -> pa.Table:
    """The rows of a roster that are published."""
    return cut_at(roster, target).keep(roster)


def plan_subsets(
    recipe: Recipe, names: Iterable[str], corpora: Corpora, layout: Layout
) -> list[SubsetPlan]:
    """Plan subsets: find their files, read what is in force, gather what identifies the inputs.

    Raises:
        BuildError: a file is missing or is not what its name or the lock says, or the Hub can't be
            read.
    """
    settings = recipe.decontamination
    known = known_fingerprints(settings, fingerprints_folder(recipe, corpora.base))
    rules = Rules(recipe.dedup, settings, known)
    return [_plan(recipe, name, corpora, layout, rules) for name in names]


def fingerprints_folder(recipe: Recipe, base: Path) -> str:
    """Where the benchmarks' fingerprints lie; `base` is the folder of the recipe."""
    return files.below(str(base), recipe.decontamination.fingerprints)


def _plan(recipe: Recipe, name: str, corpora: Corpora, layout: Layout, rules: Rules) -> SubsetPlan:
    subset, corpus = recipe.subset(name), recipe.corpus_of(name)
    opened, criteria = corpora.open(subset.corpus, corpus), recipe.criteria_of(name)
    rules = replace(rules, dedup=recipe.dedup_of(name))
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
        rules,
        (opened.locked.rows if opened.locked else None) or corpus.rows,
        corpora.base,
        corpora.published(recipe.relabel.published) if criteria == "published" else None,
    )
