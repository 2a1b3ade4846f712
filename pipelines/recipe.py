"""The recipe: beam_config.yaml as frozen dataclasses, checked as a whole.

Stages own their settings (``transforms/<stage>/settings.py``); this module composes them and
checks what no stage can see alone: names that refer to each other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from pipelines.publishing.settings import PublicationSettings
from pipelines.recipe_binding import Node, RecipeError, bind, nearest, read_yaml
from schemas.licence import is_non_commercial
from schemas.tasks import Kind, TaskName
from transforms.dedup.settings import DedupSettings
from transforms.dedup.settings_benchmarks import DecontaminationSettings
from transforms.media.settings import MediaPolicy
from transforms.quality.settings import GateSettings, RuleSettings
from transforms.quality.settings_audits import AuditSettings
from transforms.relabel.settings import RelabelSettings
from transforms.sampling.settings import SamplingSettings
from transforms.sources.registry import ADAPTERS
from transforms.sources.settings import Corpus
from transforms.writing.settings import WritingSettings

RECIPE_VERSION = 1

#: Where criteria come from: an origin, or the corpus itself, whose records bear them.
CriteriaSource = Literal["llm", "published", "measured", "corpus"]


@dataclass(frozen=True)
class Subset:
    """One subset of the dataset: which corpus it draws on, and how many pairs it holds."""

    corpus: str
    task: TaskName
    kind: Kind
    #: Pairs wanted; null takes all that survive.
    target: int | None
    #: Fewer pairs than this and the gate refuses the subset.
    min_count: int = 0
    #: Where criteria come from; null for what `relabel.origin` says, corpus for the corpus's own.
    #: General rows have none.
    criteria: CriteriaSource | None = None

    def __post_init__(self) -> None:
        if self.target is not None and self.target < 1:
            raise ValueError("target must be at least 1, or null for all")
        if self.target is not None and self.min_count > self.target:
            raise ValueError(f"min_count {self.min_count} is above target {self.target}")
        if self.kind == "general" and self.criteria is not None:
            raise ValueError("criteria belong to subsets of kind instruction")


@dataclass(frozen=True)
class QualitySettings:
    """Which rows are refused, when a run fails, and what the gate expects."""

    #: A subset fails when a larger share of the records that went on became dead letters.
    max_dead_share: float = 0.05
    rules: RuleSettings = RuleSettings()
    gate: GateSettings = GateSettings()
    audits: AuditSettings = AuditSettings()


@dataclass(frozen=True)
class RunnerSettings:
    """Where the graph runs when the command line does not say."""

    name: str = "local"
    workers: int = 2


@dataclass(frozen=True)
class Recipe:
    """The whole recipe."""

    version: int
    name: str
    seed: int
    corpora: Mapping[str, Corpus]
    subsets: Mapping[str, Subset]
    sampling: SamplingSettings = SamplingSettings()
    media: MediaPolicy = MediaPolicy()
    dedup: DedupSettings = DedupSettings()
    decontamination: DecontaminationSettings = DecontaminationSettings()
    relabel: RelabelSettings = RelabelSettings()
    quality: QualitySettings = QualitySettings()
    writing: WritingSettings = WritingSettings()
    publication: PublicationSettings = PublicationSettings()
    runner: RunnerSettings = RunnerSettings()

    def digest(self) -> str:
        """SHA-256 over the values of the recipe, defaults included: comments don't count."""
        return digest_of(asdict(self))

    def limited(self, limit: int | None, names: Collection[str] = ()) -> Recipe:
        """The recipe with targets of at most `limit`, for a quick look at a build.

        With `names` those of other subsets stay as they are.
        """
        if limit is None:
            return self
        subsets = {
            name: replace(
                subset,
                target=min(limit, subset.target or limit),
                min_count=min(limit, subset.min_count),
            )
            if not names or name in names
            else subset
            for name, subset in self.subsets.items()
        }
        return replace(self, subsets=subsets)

    def cut_by(self, limit: int | None, names: Collection[str] = ()) -> dict[str, int]:
        """The limit of every subset that `limited` gives a lower target, by its name."""
        return {
            name: limit
            for name, subset in self.subsets.items()
            if limit is not None
            and (not names or name in names)
            and (subset.target is None or limit < subset.target)
        }

    def subset(self, name: str) -> Subset:
        """A subset by name.

        Raises:
            RecipeError: there is none of that name; says the nearest.
        """
        if name not in self.subsets:
            raise RecipeError(f"no subset {name!r} in the recipe; {nearest(name, self.subsets)}")
        return self.subsets[name]

    def corpus_of(self, subset: str) -> Corpus:
        """The corpus that a subset draws on, as it is read for that subset."""
        return self.corpora[self.subset(subset).corpus].read_for(self.criteria_of(subset))

    def criteria_of(self, subset: str) -> CriteriaSource | None:
        """Where a subset's criteria come from; None for general preferences."""
        chosen = self.subset(subset)
        if chosen.kind == "general":
            return None
        return chosen.criteria or self.relabel.origin

    def dedup_of(self, subset: str) -> DedupSettings:
        """What counts as a copy in a subset.

        What is said of one pair is not said of a near-equal one, with which it would be lost; and
        published labels don't hang on what the corpus prefers.
        """
        criteria = self.criteria_of(subset)
        if criteria == "published":
            return replace(self.dedup, copies="keep", contradictions="first")
        return replace(self.dedup, copies="keep") if criteria == "corpus" else self.dedup


def digest_of(value: object) -> str:
    """SHA-256 of a value's canonical JSON, hex."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def load_recipe(file: Path) -> Recipe:
    """Read and check a recipe.

    Raises:
        RecipeError: with file, line, and what to write instead.
    """
    root = read_yaml(file)
    recipe = bind(root, Recipe)
    if recipe.version != RECIPE_VERSION:
        raise root.items()["version"].error(
            f"recipe version {recipe.version} is not known; this release reads {RECIPE_VERSION}"
        )
    _check_corpora(root.items()["corpora"], recipe)
    _check_subsets(root.items()["subsets"], recipe)
    return recipe


def _check_corpora(node: Node, recipe: Recipe) -> None:
    for name, child in node.items().items():
        keys = child.items()
        adapter = recipe.corpora[name].adapter
        if adapter not in ADAPTERS:
            raise keys["adapter"].error(f"no adapter {adapter!r}; {nearest(adapter, ADAPTERS)}")
        adapter_type = ADAPTERS[adapter]
        if adapter_type is not None:
            _check_options(child, adapter_type.Options)
        corpus = recipe.corpora[name]
        if is_non_commercial(corpus.licence) and not corpus.nc:
            raise keys.get("nc", keys["licence"]).error(
                f"{corpus.licence!r} forbids commercial use, and the rows of the corpus have to "
                "say so: write nc: true"
            )


def _check_options(corpus: Node, options: type) -> None:
    """The adapter's own options; with none given, whether it can do without."""
    keys = corpus.items()
    given = keys.get("options")
    if given is not None:
        bind(given, options)
    else:
        try:
            options()
        except (TypeError, ValueError) as error:
            raise corpus.error(f"options are missing: {error}") from None
    other = keys["published"].items().get("options") if _is_mapping(keys, "published") else None
    if other is not None:
        bind(given.overlaid(other) if given is not None else other, options)


def _is_mapping(keys: Mapping[str, Node], name: str) -> bool:
    return name in keys and isinstance(keys[name].scalar(), dict)


def _check_subsets(node: Node, recipe: Recipe) -> None:
    for name, child in node.items().items():
        corpus = recipe.subsets[name].corpus
        if corpus not in recipe.corpora:
            raise child.items()["corpus"].error(
                f"no corpus {corpus!r} in the recipe; {nearest(corpus, recipe.corpora)}"
            )
        if "/" in name or name.startswith("."):
            raise child.error("a subset's name becomes a folder: no '/', no leading '.'")
