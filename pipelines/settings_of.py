"""Which settings a subset was made by: what of a recipe, and which code, decide about its rows.

A dataset may be built in several runs, of some subsets each, and the recipe may change in between:
the run record holds the last one. So every subset has the settings of its own beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from pipelines.recipe import Recipe, digest_of
from pipelines.version import CODE_VERSION
from transforms.media.settings import MediaPolicy

#: Settings of a corpus that change nothing of its rows.
_NOT_OF_CONTENT: Final = ("path", "rows", "needs_mirror")
#: Settings of relabeling that change no answer, or are those of another origin.
_NOT_OF_LABELS: Final = ("published", "measured", "budget")


def settings_of(recipe: Recipe, subset: str, code: str = CODE_VERSION) -> dict[str, str]:
    """Digests of all settings that decide about a subset's rows, by the part of the recipe.

    Files of the corpus and earlier subsets decide too; they are not settings.
    """
    parts = {
        "code": code,
        "seed": recipe.seed,
        "subsets": asdict(recipe.subset(subset)),
        "corpora": corpus_content(recipe, subset),
        "sampling": asdict(recipe.sampling),
        "media": media_content(recipe.media),
        "dedup": asdict(recipe.dedup_of(subset)),
        "decontamination": {**asdict(recipe.decontamination), "waived": None, "benchmarks": None},
        "relabel": _labels(recipe, subset),
        "quality.rules": asdict(recipe.quality.rules),
        "writing": asdict(recipe.writing),
        "publication": _beside(recipe),
    }
    return {name: digest_of(value)[:16] for name, value in parts.items()}


def media_content(policy: MediaPolicy) -> dict[str, Any]:
    """What of a media policy decides about what is published."""
    return {key: value for key, value in asdict(policy).items() if key != "threads"}


def corpus_content(recipe: Recipe, subset: str) -> dict[str, Any]:
    """What of a subset's corpus decides about its rows."""
    corpus = asdict(recipe.corpus_of(subset))
    return {key: value for key, value in corpus.items() if key not in _NOT_OF_CONTENT}


def out_of_date(record: Mapping[str, Any], recipe: Recipe, subset: str) -> list[str] | None:
    """Parts of the recorded recipe, or its code, that are others than those a subset was made by.

    Args:
        record: of the last run.
        recipe: the one in there.
        subset: one that was built.

    Returns:
        The parts' names; None where a subset's settings were not written down.
    """
    made_by = record["subsets"][subset].get("settings")
    if not isinstance(made_by, Mapping) or subset not in recipe.subsets:
        return None
    now = settings_of(recipe, subset, record["code"])
    return [part for part, digest in now.items() if made_by.get(part) != digest]


def _beside(recipe: Recipe) -> object:
    """Which clips are not in the rows, and what these say then."""
    settings = recipe.publication
    return settings.video_files_from and [settings.video_files_from, settings.repo]


def _labels(recipe: Recipe, subset: str) -> object:
    """Of `relabel`, what the origin of the subset's criteria goes by."""
    origin, relabel = recipe.criteria_of(subset), asdict(recipe.relabel)
    if origin in ("published", "measured"):
        return [origin, relabel[origin]]
    if origin == "llm":
        return [{key: value for key, value in relabel.items() if key not in _NOT_OF_LABELS}]
    return origin
