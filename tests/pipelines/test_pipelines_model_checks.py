"""Models that can't be asked are told before the first call, each problem by its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from sample_build import Sample, build_with

from pipelines.model_checks import check_models, problems
from pipelines.recipe import load_recipe
from pipelines.recipe_binding import RecipeError
from pipelines.recipe_lines import located, told_at
from tests.transforms.relabel.llm_server import Script, running
from tests.transforms.relabel.simulated import generator, simulated

_RECIPE = """\
version: 1
name: checks
seed: 1
corpora:
  texts: {adapter: skywork, repo: local/texts, licence: unknown, annotator: model, files: [x]}
  pictures: {adapter: rlaif_v, repo: local/p, licence: unknown, annotator: model, files: [x]}
subsets:
  Texts: {corpus: texts, task: t2t, kind: instruction, target: 5, criteria: llm}
  Pictures: {corpus: pictures, task: ti2t, kind: instruction, target: 5, criteria: llm}
relabel:
  budget: BUDGET
  propose:
    model: writer
  judge:
    models: [judge.1, JUDGE]
  models:
    writer:
      base_url: URL
      served_as: scripted
      key_env: CHECKED_KEY
      prices: {input: 1.0, output: 2.0}
      modalities: [text, image]
    judge.1:
      base_url: URL
      served_as: SERVED
"""
KEY = "sk-planted-7a91c5d2e4f0"


#: What the scripted server has, under the names that the recipe gives.
SCRIPT = Script(models=("scripted", "other"))


def _check(
    folder: Path, names: tuple[str, ...] = ("Texts",), key: str | None = KEY, **values: str
) -> list[str]:
    text = _RECIPE
    defaults = {"BUDGET": "null", "JUDGE": "writer", "SERVED": "other"}
    for name, value in (defaults | values).items():
        text = text.replace(name, value)
    file = folder / "recipe.yaml"
    file.write_text(text)
    environment = {} if key is None else {"CHECKED_KEY": key}
    found = problems(load_recipe(file), names, file, environment, seconds=0.5)
    assert KEY not in repr(found)
    return [one.removeprefix(f"{folder}/") for one in found]


def test_models_that_can_be_asked(tmp_path: Path) -> None:
    with running(SCRIPT) as server:
        assert _check(tmp_path, URL=server.base_url) == []
        assert not server.log
    assert _check(tmp_path, (), URL="http://127.0.0.1:9/v1") == []


def test_a_key_that_is_not_set(tmp_path: Path) -> None:
    with running(SCRIPT) as server:
        (found,) = _check(tmp_path, key=None, URL=server.base_url)
    assert found == (
        "recipe.yaml:20: relabel.models.writer.key_env: CHECKED_KEY is not set; export "
        "CHECKED_KEY=…, or write key_env: null for a server that asks for none"
    )


def test_an_address_where_nobody_answers_and_one_without_its_path(tmp_path: Path) -> None:
    with running(SCRIPT) as server:
        url = server.base_url.removesuffix("/v1")
        without = _check(tmp_path, URL=url)
        assert not server.log
    assert without[0] == (
        f"recipe.yaml:18: relabel.models.writer.base_url: {url} takes no calls (404 for "
        f"{url}/chat/completions). Most addresses end in /v1: write "
        "relabel.models.writer.base_url: https://…/v1"
    )
    nobody = _check(tmp_path, URL=url)
    assert nobody[0].startswith(f"recipe.yaml:18: relabel.models.writer.base_url: {url}: refuses")
    assert nobody[1].startswith("recipe.yaml:24: relabel.models.judge.1.base_url: ")


def test_an_endpoint_without_a_list_is_asked_and_one_that_takes_calls_is_let_be(
    tmp_path: Path,
) -> None:
    with running(Script(models=None)) as server:
        assert _check(tmp_path, URL=server.base_url) == []
        assert not any(line.billed for line in server.log)


def test_a_model_that_is_not_served_there(tmp_path: Path) -> None:
    with running(SCRIPT) as server:
        (found,) = _check(tmp_path, URL=server.base_url, SERVED="othr")
    assert found.startswith(
        "recipe.yaml:25: relabel.models.judge.1.served_as: othr is not listed there. "
    )
    assert found.endswith("Did you mean other?")


def test_a_judge_without_a_block_a_blind_one_and_one_without_prices(tmp_path: Path) -> None:
    with running(SCRIPT) as server:
        found = _check(
            tmp_path, ("Texts", "Pictures"), URL=server.base_url, JUDGE="writr", BUDGET="5.0"
        )
    assert [one.split(": ")[:2] for one in found] == [
        ["recipe.yaml:15", "relabel.judge.models[1]"],
        ["recipe.yaml:24", "relabel.models.judge.1"],
        ["recipe.yaml:24", "relabel.models.judge.1"],
    ]
    assert "did you mean 'writer'?" in found[0]
    assert "prices: missing, and a budget is set" in found[1]
    assert "modalities: pairs of ti2t are shown with image, and the model accepts text" in found[2]


def test_judges_that_are_served_under_one_name_are_refused(tmp_path: Path) -> None:
    """Their answers are kept by that name, so the second would vote with the first one's."""
    with running(SCRIPT) as server:
        (found,) = _check(tmp_path, URL=server.base_url, SERVED="scripted")
        assert not server.log
    assert found == (
        "recipe.yaml:19: relabel.models.writer.served_as: the judge 'judge.1' is served as "
        "'scripted' too, and answers are kept by that name: one would take the other's answers "
        "for its own votes. Serve them under names of their own and write those as served_as, or "
        "name one of the two in relabel.judge.models"
    )


def test_a_generator_may_be_a_judge_and_may_share_a_judges_name(tmp_path: Path) -> None:
    """They are asked different things: no key and no vote of one is the other's."""
    with running(SCRIPT) as server:
        assert _check(tmp_path, URL=server.base_url) == []
        judge = {"[judge.1, writer]": "[judge.1]"}
        found = _check(tmp_path, URL=server.base_url, SERVED="scripted", **judge)
    assert found == []


def test_places_of_fields_in_a_recipe(tmp_path: Path) -> None:
    file = tmp_path / "recipe.yaml"
    file.write_text(_RECIPE)
    assert (
        told_at(None, ("relabel", "models", "m", "prices"), "no") == "relabel.models.m.prices: no"
    )
    said = "relabel.models.judge.1: 404: model_not_found"
    assert located(file, said) == f"{file}:24: {said}"
    assert located(file, "relabel.models: no block") == f"{file}:17: relabel.models: no block"
    assert located(file, "Texts: a file is missing") == "Texts: a file is missing"
    assert located(None, said) == said


def test_a_build_asks_nothing_when_a_model_is_not_there(sample: Sample, tmp_path: Path) -> None:
    from test_pipelines_relabel import SUBSET, recipe_with

    with simulated({"writer": generator}) as server:
        recipe = recipe_with(sample, server.base_url)
        with pytest.raises(
            RecipeError, match=r"relabel\.models\.one\.served_as: one is not listed"
        ):
            build_with(recipe, sample.folder, tmp_path, (SUBSET,))
        assert server.calls == {}
        with pytest.raises(RecipeError, match=r"relabel\.models\.writer\.modalities: .* ti2t"):
            check_models(recipe, ("Omni-RLAIF-V",), None, {})
