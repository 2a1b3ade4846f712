"""The suite of a subset: what schema, recipe and run record say, and the YAML of task and subset.

A subset's own expectations are in ``data_cards/subsets/<name>/expectations.yaml``, or in a folder
beside the recipe (`quality.gate.expectations`), which goes before. A new subset needs no code, and
without a file of its own it has the suite of its task.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import transforms.quality
from pipelines.recipe import Recipe
from pipelines.recipe_binding import RecipeError, bind, nearest, read_yaml
from pipelines.resources import shipped
from schemas.tasks import TASKS, Modality
from transforms.media.settings import MediaPolicy
from transforms.quality.expectation import Expectation, Named, Suite, suite_of
from transforms.quality.facts import facts_columns
from transforms.quality.schema_suite import schema_suite

_SUITES: Final = Path(transforms.quality.__file__).parent / "suites"


def subset_suite(
    recipe: Recipe, name: str, record: Mapping[str, Any], base: Path | None
) -> list[Named]:
    """All expectations of a subset.

    Args:
        recipe: the recipe that the dataset is held to.
        name: the subset.
        record: its entry in the run record.
        base: the folder of the recipe, where a folder of expectations may lie.

    Raises:
        RecipeError: a file of expectations is wrong; says file, line, and what to write instead.
    """
    subset = recipe.subset(name)
    own = [shipped("data_cards") / "subsets" / name / "expectations.yaml"]
    folder = recipe.quality.gate.expectations
    if folder is not None:
        if base is None or not (base / folder).is_dir():
            where = base / folder if base is not None else folder
            raise RecipeError(f"quality.gate.expectations: no folder {where}; give the --recipe")
        own.append(base / folder / f"{name}.yaml")
    return suite_of(
        schema_suite(name, subset.task, subset.kind),
        read_suite(_SUITES / "common.yaml"),
        _recipe_suite(recipe, name, record["rows"]),
        read_suite(_SUITES / f"{subset.kind}.yaml"),
        read_suite(_SUITES / "origins" / f"{recipe.criteria_of(name)}.yaml"),
        read_suite(_SUITES / "tasks" / f"{subset.task}.yaml"),
        *(read_suite(file) for file in own),
    )


@cache
def read_suite(file: Path) -> Suite:
    """The expectations of a YAML file by name; none where there is no such file.

    Raises:
        RecipeError: with file, line, and what to write instead.
    """
    if not file.exists():
        return {}
    root = read_yaml(file)
    columns = facts_columns()
    suite: Suite = {}
    for name, node in root.items().items():
        if node.node.tag == "tag:yaml.org,2002:null":
            suite[name] = None
            continue
        expectation = bind(node, Expectation)
        for column in filter(None, (*expectation.columns, expectation.equals)):
            if column not in columns:
                raise node.error(f"no column {column!r} of facts; {nearest(column, columns)}")
        suite[name] = expectation
    return suite


def _recipe_suite(recipe: Recipe, name: str, recorded: int) -> Suite:
    """How many rows there are, and what the recipe says of the corpus."""
    subset, corpus = recipe.subset(name), recipe.corpus_of(name)
    suite: Suite = {
        "count": Expectation(rows=True, min=subset.min_count, max=subset.target),
        "rows_as_recorded": Expectation(
            rows=True, min=recorded, max=recorded, why="the files are not those of the run record"
        ),
        "corpus_as_in_recipe": Expectation("corpus", values=(subset.corpus,)),
        "licence_as_in_recipe": Expectation("licence", values=(corpus.licence,)),
        "annotator_as_in_recipe": Expectation("annotator", values=(corpus.annotator,)),
        "nc_as_in_recipe": Expectation("nc", min=int(corpus.nc), max=int(corpus.nc)),
        **_formats(recipe.media, subset.task),
    }
    margin = corpus.pairs.min_margin
    if margin:
        least = margin * (1 - 1e-6)  # margins are published at six digits
        suite["margin_as_in_recipe"] = Expectation("margin", min=least)
    origin = recipe.criteria_of(name)
    if origin not in (None, "corpus"):
        suite["criterion_origin_as_in_recipe"] = Expectation("criterion_origin", values=(origin,))
        return suite
    contradictions = recipe.dedup_of(name).contradictions
    if contradictions in ("drop", "first"):
        suite["preference_as_in_source"] = Expectation("preference", equals="source_preference")
    if contradictions != "tie" and corpus.pairs.ties == "drop":
        suite["ties"] = Expectation("tie", max=0, why="the recipe drops ties of this corpus")
    return suite


def _formats(policy: MediaPolicy, task_name: str) -> Suite:
    """The forms that the media policy publishes."""
    by_modality: dict[Modality, Iterable[str]] = {
        "text": (),
        "image": {*policy.image.keep, "png"},
        "video": {"mp4", *policy.image.keep, "png"},  # or a clip as frames
        "audio": {*policy.audio.keep, "flac"},
        "mesh": {"glb", *policy.image.keep, "png"},  # or views
    }
    task = TASKS[task_name]
    wanted = {
        "prompt_formats": [one for modality in task.prompt for one in by_modality[modality]],
        "response_formats": list(by_modality[task.response]),
    }
    return {
        f"{column}_as_in_recipe": Expectation(column, matches=_any_of(sorted(formats)))
        for column, formats in wanted.items()
        if formats
    }


def _any_of(formats: Iterable[str]) -> str:
    one = f"(?:{'|'.join(formats)})"
    return f"^{one}(?:,{one})*$"
