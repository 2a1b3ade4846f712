"""Whether the models that a build would ask can be asked: told before the first call.

Each problem names its line of the recipe. Endpoints are asked for their lists of models, which
costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from pipelines.doctor.hidden import masked, secrets_of
from pipelines.doctor.models import Relabeler, by_place, check_place, relabelers_of
from pipelines.doctor.probe import SECONDS
from pipelines.planning import SubsetPlan
from pipelines.recipe import Recipe
from pipelines.recipe_binding import RecipeError, nearest
from pipelines.recipe_lines import Key, told_at
from schemas.tasks import TASKS, Modality
from transforms.relabel.llm.secret import read_key
from transforms.relabel.settings import RelabelSettings
from transforms.relabel.settings_models import ModelSettings

#: What a model must accept to be shown a medium; one of these is enough. A clip is shown as frames,
#: a mesh as pictures of it, a sound as a picture of its spectrum where it can't be heard.
_ENOUGH: Final[dict[Modality, tuple[str, ...]]] = {
    "text": ("text",),
    "image": ("image",),
    "video": ("image", "video"),
    "audio": ("audio", "image"),
    "mesh": ("image",),
}


def check_models(
    recipe: Recipe,
    names: Sequence[str],
    file: Path | None,
    environment: Mapping[str, str],
    seconds: float = SECONDS,
) -> None:
    """Whether the models can be asked about these subsets, whose criteria come from models.

    Raises:
        RecipeError: they can't; a line for each problem, with its place in `file`.
    """
    found = problems(recipe, names, file, environment, seconds)
    if found:
        raise RecipeError("\n".join(found))


def asked_models(settings: RelabelSettings) -> list[str]:
    """The models that are asked, by their names in the recipe, the generator first."""
    return list(dict.fromkeys((settings.propose.model, *settings.judge.models)))


def to_ask(plans: Iterable[SubsetPlan]) -> list[str]:
    """Subsets about which a build will ask models."""
    return [
        plan.name
        for plan in plans
        if plan.recipe.criteria_of(plan.name) == "llm" and (plan.known or not plan.relabelled)
    ]


def problems(
    recipe: Recipe,
    names: Sequence[str],
    file: Path | None,
    environment: Mapping[str, str],
    seconds: float = SECONDS,
) -> list[str]:
    """What stands in the way of the first call, each problem once."""
    settings = recipe.relabel
    asked = asked_models(settings) if names else []
    tasks = [recipe.subset(name).task for name in names]
    found = [told_at(file, path, said) for path, said in _without_block(settings)] if asked else []
    found += [told_at(file, path, said) for path, said in _of_one_name(settings)] if asked else []
    usable = []
    for name in asked:
        if name not in settings.models:
            continue
        model = settings.models[name]
        wrong = [*_settings(model, settings.budget), *_blind(model, tasks)]
        unset = list(_key(model, environment))
        found += [
            told_at(file, ("relabel", "models", name, field), said)
            for field, said in (*wrong, *unset)
        ]
        if not unset:
            usable.append(name)
    found += [
        told_at(file, path, said) for path, said in _reached(settings, usable, environment, seconds)
    ]
    return list(dict.fromkeys(found))


def _without_block(settings: RelabelSettings) -> Iterator[tuple[tuple[Key, ...], str]]:
    places: list[tuple[tuple[Key, ...], str]] = [
        (("relabel", "propose", "model"), settings.propose.model)
    ]
    places += [
        (("relabel", "judge", "models", at), name) for at, name in enumerate(settings.judge.models)
    ]
    for path, name in places:
        if name not in settings.models:
            hint = nearest(name, settings.models)
            yield path, f"relabel.models has no block for {name!r}; {hint}"


def _of_one_name(settings: RelabelSettings) -> Iterator[tuple[tuple[Key, ...], str]]:
    """Judges that answers and labels could not tell apart: both are kept by the served name.

    A generator may share a judge's name: they are never asked the same.
    """
    first: dict[str, str] = {}
    for name in settings.judge.models:
        if name not in settings.models:
            continue
        served = settings.models[name].served_as or name
        other = first.setdefault(served, name)
        if other != name:
            yield (
                ("relabel", "models", name, "served_as"),
                f"the judge {other!r} is served as {served!r} too, and answers are kept by that "
                "name: one would take the other's answers for its own votes. Serve them under "
                "names of their own and write those as served_as, or name one of the two in "
                "relabel.judge.models",
            )


def _settings(model: ModelSettings, budget: float | None) -> Iterator[tuple[str, str]]:
    if budget is not None and model.prices is None:
        yield (
            "prices",
            "missing, and a budget is set; write the dollars a million tokens: "
            "{input: …, output: …}",
        )


def _blind(model: ModelSettings, tasks: Sequence[str]) -> Iterator[tuple[str, str]]:
    for task in dict.fromkeys(tasks):
        for shown in dict.fromkeys((*TASKS[task].prompt, TASKS[task].response)):
            if not set(_ENOUGH[shown]) & set(model.modalities):
                yield (
                    "modalities",
                    f"pairs of {task} are shown with {shown}, and the model accepts "
                    f"{', '.join(model.modalities)}; ask another model, or add "
                    f"{_ENOUGH[shown][0]} if it does",
                )


def _key(model: ModelSettings, environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    try:
        key = read_key(model.key_env, environment)
    except ValueError as error:
        yield "key_env", str(error)
        return
    if model.key_env is not None and key is None:
        yield (
            "key_env",
            f"{model.key_env} is not set; export {model.key_env}=…, or write key_env: null for a "
            "server that asks for none",
        )


def _reached(
    settings: RelabelSettings,
    names: Sequence[str],
    environment: Mapping[str, str],
    seconds: float,
) -> Iterator[tuple[tuple[Key, ...], str]]:
    """What endpoints say of themselves, of keys and of models."""
    blocks = {f"relabel.models.{name}.base_url": name for name in names}
    relabelers = relabelers_of(settings, environment, always=True)
    places = by_place([one for one in relabelers if one.base_variable in blocks])
    if not places:
        return

    def look(mine: list[Relabeler]) -> list[tuple[tuple[Key, ...], str]]:
        findings = masked(
            check_place(mine, environment, offline=False, seconds=seconds), secrets_of(environment)
        )
        fields = [mine[0].base_variable, mine[0].key_field, *(one.name_field for one in mine)]
        told: list[tuple[tuple[Key, ...], str]] = []
        for field, finding in zip(fields, findings, strict=False):
            if finding.state == "fail":
                name, _, last = field.removeprefix("relabel.models.").rpartition(".")
                remedy = f". {finding.remedy}" if finding.remedy else ""
                told.append((("relabel", "models", name, last), f"{finding.detail}{remedy}"))
        return told

    with ThreadPoolExecutor(len(places)) as pool:
        for found in pool.map(look, places):
            yield from found
