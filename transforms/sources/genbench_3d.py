"""3DGen-Bench: two generated 3D assets of one prompt, compared by people in five dimensions.

Native layout, from the authors' loader (3DTopia/3DGen-Bench, ``trainer/datasetss/dataset.py``):
``preference_annotation/{train,valid,test}.json``, an object of name -> ``{task, offline_idx,
models: [two], geometry, geo_detail, texture, geo_texture, alignment}``, where each dimension has
``label_0`` and ``label_1``; the prompts as a list in ``gallery/prompts_510.json``; the surrounding
views of an asset, put together in one picture, as
``surrounding_views/<task>/<model>/<idx>_rgb.png`` and ``_normal.png``. Records of the task
``image2shape`` show a picture as the prompt: none of the nine tasks, so they are left out by rule.

There is no overall label. The loader hands all five dimensions to its model; here the mean over
`dimensions` decides, and the recipe's margin says what is a tie. Inferred: that labels are shares
of one (1 and 0, 0.5 each for a tie), and that two zeros mean no label, as in the trainer that the
authors started from. Confirmed by nobody: how the published repository packs these files, and
where the meshes are that its README announces; so both are options.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

from schemas.media import MediaRef
from transforms.beamkit.errors import BuildError
from transforms.sources.adapter import Place, SourceFile, need, text_of
from transforms.sources.batch import SourceBatch
from transforms.sources.columns import Column
from transforms.sources.draft import Draft, Dropped, Reject, Response, Turn
from transforms.sources.keyed import KeyedAdapter, load_json
from transforms.sources.pairing import mean_rating, pair_of_two
from transforms.sources.settings import Corpus
from transforms.sources.work_unit import WorkUnit

DIMENSIONS: Final = ("geometry", "geo_detail", "texture", "geo_texture", "alignment")
TASK: Final = "text2shape"
OTHER_TASK: Final = "image2shape"

_PLACES: Final = ("{task}", "{model}", "{idx}")


@dataclass(frozen=True)
class GenBench3dOptions:
    """Where the parts of the corpus lie, and which labels decide.

    Raises:
        ValueError: an unknown dimension or none; a template without task, model or idx; neither
            views nor meshes.
    """

    #: The list of prompts that `offline_idx` counts in.
    prompts: str = "gallery/prompts_510.json"
    #: Which dimensions are averaged; one alone gives the preference in that dimension.
    dimensions: tuple[str, ...] = DIMENSIONS
    #: Folder or archive of the pictures of views, and their names in it.
    views_root: str = "surrounding_views"
    views: tuple[str, ...] = ("{task}/{model}/{idx}_rgb.png",)
    #: Folder or archive of the meshes; null: responses are views alone.
    mesh_root: str | None = None
    mesh: str = "{task}/{model}/{idx}.glb"

    def __post_init__(self) -> None:
        wrong = sorted(set(self.dimensions) - set(DIMENSIONS))
        if wrong or not self.dimensions:
            named = f"no dimension {wrong[0]!r}; " if wrong else "no dimension is named; "
            raise ValueError(f"{named}there are {', '.join(DIMENSIONS)}")
        if not self.views and self.mesh_root is None:
            raise ValueError("responses need views or a mesh_root")
        for template in (*self.views, self.mesh):
            if not set(_PLACES) <= set(re.findall(r"\{\w+\}", template)):
                raise ValueError(f"{template!r} must name {', '.join(_PLACES)}")


class GenBench3d(KeyedAdapter):
    """One record of the task text2shape is one pair."""

    Options: ClassVar[type] = GenBench3dOptions

    def __init__(self, corpus: Corpus, name: str, subset: str) -> None:
        super().__init__(corpus, name, subset)
        # A recipe gives lists.
        given: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in corpus.options.items()
        }
        self.options = GenBench3dOptions(**given)
        self.COLUMNS = (  # type: ignore[misc]
            Column.of("task", "text"),
            Column.of("offline_idx", "any"),
            Column.of("models", "list"),
            *(Column.of(dimension, "struct") for dimension in self.options.dimensions),
        )
        self._prompts: list[Any] | None = None

    def holds_records(self, name: str) -> bool:
        """Whether a file holds annotations; the prompts are read along with them."""
        return name.endswith(".json") and name != self.options.prompts

    def units(self, files: Sequence[SourceFile]) -> list[WorkUnit]:
        """One unit a file of annotations, each with the prompts as its part.

        Raises:
            BuildError: the prompts are not among the files.
        """
        found = super().units(files)
        prompts = next((file for file in files if file.name == self.options.prompts), None)
        if prompts is None:
            raise BuildError(
                f"{self.options.prompts} is not among the files of the recipe, but records name "
                "their prompts by their place in it; see options.prompts"
            )
        part = WorkUnit(prompts.path, prompts.name, "json", 0, prompts.size, prompts.size)
        return [replace(unit, parts=(part,)) for unit in found]

    def read(self, unit: WorkUnit) -> Iterator[SourceBatch]:
        """Read the prompts, then the records.

        Raises:
            BuildError: the prompts are not a list.
        """
        (part,) = unit.parts
        prompts = load_json(part.path)
        if not isinstance(prompts, list):
            raise BuildError(f"{part.path}: expected a list of prompts")
        self._prompts = prompts
        yield from super().read(unit)

    def pairs(self, record: Mapping[str, Any], place: Place) -> Iterable[Draft]:
        """The pair of a record."""
        task = text_of(record, "task")
        if task == OTHER_TASK:
            raise Dropped(OTHER_TASK)
        need(task == TASK, "unknown_task", f"task is {task!r:.80}, expected {TASK}")
        index = _index(record.get("offline_idx"))
        models = record.get("models")
        if not (isinstance(models, list) and len(models) == 2 and all(map(_is_name, models))):
            raise Reject("malformed_models", f"models is {models!r:.200}, expected two names")
        prompt = self._prompt(index)
        scores = self._scores(record)
        preferred, margin = pair_of_two(scores, self.corpus.pairs)
        first, second = (
            Response(media=self._media(task, model, index), model=model, score=score)
            for model, score in zip(models, scores, strict=True)
        )
        yield Draft(
            key=self.key(record),
            prompt=(Turn("user", prompt),),
            first=first,
            second=second,
            preferred=preferred,
            margin=margin,
            where=str(place),
        )

    def _prompt(self, index: int) -> str:
        assert self._prompts is not None, "read gives them"
        need(
            index < len(self._prompts),
            "index_out_of_range",
            f"offline_idx is {index}, {self.options.prompts} has {len(self._prompts)} prompts",
        )
        prompt = self._prompts[index]
        if not isinstance(prompt, str):
            raise Reject("not_text", f"prompt {index} is {type(prompt).__name__}, expected text")
        need(bool(prompt.strip()), "empty_prompt", f"prompt {index} is empty")
        return prompt

    def _scores(self, record: Mapping[str, Any]) -> list[float]:
        """The mean share of each asset over the dimensions that have a label.

        Raises:
            Reject: `label_unknown`; `no_votes` where no dimension is labelled.
        """
        shares: list[tuple[float, float]] = []
        for dimension in self.options.dimensions:
            label = record.get(dimension)
            values = [
                mean_rating([label.get(f"label_{at}")]) if isinstance(label, Mapping) else None
                for at in (0, 1)
            ]
            one, two = values
            if one is None or two is None or min(one, two) < 0:
                raise Reject("label_unknown", f"{dimension} is {label!r:.100}, expected two labels")
            if one + two > 0:
                shares.append((one / (one + two), two / (one + two)))
        need(bool(shares), "no_votes", "no dimension has a label")
        return [sum(share[at] for share in shares) / len(shares) for at in (0, 1)]

    def _media(self, task: str, model: str, index: int) -> tuple[MediaRef, ...]:
        options = self.options

        def named(template: str) -> str:
            for place, value in zip(_PLACES, (task, model, str(index)), strict=True):
                template = template.replace(place, value)
            return template

        views = tuple(MediaRef("views", options.views_root, named(view)) for view in options.views)
        if options.mesh_root is None:
            return views
        return (MediaRef("mesh", options.mesh_root, named(options.mesh)), *views)


def _index(value: object) -> int:
    """`offline_idx`, which is written as a number or as text."""
    need(value is not None, "missing_field", "offline_idx is missing or null")
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Reject("malformed_index", f"offline_idx is {value!r:.80}, expected a place in a list")
    return int(text)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value not in ("", "..") and "/" not in value
