"""The plan: what it says will move is what moves, and nobody fetches much by mistake."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from sample_build import GENERAL, Sample, build_with
from served import Served, serve, use

from pipelines import prospect
from pipelines.layout import Layout
from pipelines.plan_view import plan_view
from pipelines.prospect import Prospect, look_ahead
from pipelines.recipe import Recipe, load_recipe
from pipelines.run import RunRequest
from pipelines.sample_corpora import write_corpora
from pipelines.sample_recipe import write_sample_recipe
from pipelines.traffic import Load, drawn_share, hours, of_corpus
from tests.hub_server import HubServer

#: The most that is read to make a plan: heads, footers and directories.
_LOOKED_AT = 65_536


@pytest.fixture(scope="module")
def patched() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def served(
    patched: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Served, Recipe]]:
    folder = tmp_path_factory.mktemp("served")
    only = ["rlaif_v", "hpdv2", "omnialign_v", "evalmuse"]
    recipe = load_recipe(
        write_sample_recipe(folder, write_corpora(folder, scale=0.004, only=only, faults=False))
    )
    with HubServer() as server:
        use(server, patched, tmp_path_factory.mktemp("home"))
        yield serve(server, folder, recipe), recipe


def _ahead(recipe: Recipe, base: Path, output: Path, names: tuple[str, ...]) -> Prospect:
    return look_ahead(RunRequest(recipe, base, Layout.of(str(output)), names))


def _printed(ahead: Prospect, megabits: float = 100.0) -> str:
    text = io.StringIO()
    console = Console(file=text, width=130)
    console.print(plan_view(ahead.plans, ahead.loads, ahead.free, megabits), highlight=False)
    return text.getvalue()


@pytest.mark.parametrize("subset", ["RLAIF-V", "HPDv2", "OmniAlign-V-DPO", "EvalMuse"])
def test_what_is_planned_is_what_moves(
    served: tuple[Served, Recipe], subset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNIREWARD_CACHE", str(tmp_path / "cache"))
    place, recipe = served
    log = place.server.log
    base = tmp_path / "base"
    base.mkdir()
    remote = place.recipe(recipe)
    repo = f"sample/{recipe.subset(subset).corpus}"
    log.clear()
    ahead = _ahead(remote, base, tmp_path / "out", (subset,))
    files = len(ahead.plans[0].sources)
    assert log.bytes_sent("cdn", repo=repo) <= files * 2 * _LOOKED_AT
    load = ahead.loads[subset]
    before = load.cached
    build_with(remote, base, tmp_path / "out", [subset])
    sent = log.bytes_sent(repo=repo)
    # Rather too high than too low; a share of an archive's members varies with their sizes.
    assert 0.9 * sent <= load.fetched + before
    # A JSON list does not say how long it is: then all media are counted, and the plan says so.
    assert load.at_most == (subset in ("HPDv2", "EvalMuse"))
    assert load.at_most or load.fetched + before <= 1.35 * sent
    assert not _ahead(remote, base, tmp_path / "out", (subset,)).loads
    again = _ahead(remote, base, tmp_path / "other", (subset,))
    assert again.loads[subset].cached > before


def test_the_plan_prints_bytes_hours_and_disk(
    served: tuple[Served, Recipe], tmp_path: Path
) -> None:
    place, recipe = served
    ahead = _ahead(place.recipe(recipe), tmp_path, tmp_path / "out", ("HPDv2", "RLAIF-V"))
    text = _printed(ahead, megabits=0.01)
    assert place.commits["hpdv2"][:8] in text
    fetched = sum(load.fetched for load in ahead.loads.values())
    assert f"{hours(fetched, 0.01):.1f} hours at 0.01 Mbit/s" in text
    assert "are free." in text
    assert ahead.warning is None


def test_a_scope_makes_the_plan_smaller(served: tuple[Served, Recipe], tmp_path: Path) -> None:
    place, recipe = served
    remote = place.recipe(recipe)
    whole = _ahead(remote, tmp_path, tmp_path / "out", ("HPDv2",)).loads["HPDv2"]
    corpora = {**remote.corpora, "hpdv2": replace(remote.corpora["hpdv2"], rank_scope=100_000)}
    ahead = _ahead(replace(remote, corpora=corpora), tmp_path, tmp_path / "out", ("HPDv2",))
    assert whole.media > 1_000_000
    assert ahead.loads["HPDv2"].media == ahead.loads["HPDv2"].kept == 100_000
    assert "sources, scope, sampling, media" in " ".join(_printed(ahead).split())


def test_much_is_not_fetched_without_asking(
    served: tuple[Served, Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from typer.testing import CliRunner

    from pipelines.cli import app

    place, _ = served
    recipe = (place.folder / "beam_config.yaml").read_text()
    for name in place.commits:
        recipe = recipe.replace(f"path: {name}\n", "path: null\n")
    for line in [line for line in recipe.splitlines() if line.startswith("    repo: ")]:
        recipe = recipe.replace(line, "    repo: sample/hpdv2")
    file = tmp_path / "beam_config.yaml"
    file.write_text(recipe)
    monkeypatch.setattr(prospect, "MUCH", 1_000_000)
    arguments = ["build", "--recipe", str(file), "-o", str(tmp_path / "out"), "-s", "HPDv2", "-q"]
    refused = CliRunner().invoke(app, arguments)
    assert refused.exit_code == 2
    assert not (tmp_path / "out" / "data").exists()
    assert CliRunner().invoke(app, [*arguments, "--yes"]).exit_code == 0
    assert (tmp_path / "out" / "data" / "HPDv2").is_dir()


def test_a_disk_that_is_too_small_is_said(served: tuple[Served, Recipe], tmp_path: Path) -> None:
    place, recipe = served
    ahead = _ahead(place.recipe(recipe), tmp_path, tmp_path / "out", ("HPDv2",))
    tight = replace(ahead, free=10)
    assert tight.warning is not None
    assert tight.warning.endswith("of disk are needed, 10 B are free.")


def test_the_share_that_is_drawn(sample: Sample, tmp_path: Path) -> None:
    request = RunRequest(sample.recipe, sample.folder, Layout.of(str(tmp_path)), ("HPDv2",))
    plan = look_ahead(request).plans[0]
    target = plan.subset.target
    assert target is not None
    assert drawn_share(replace(plan, rows=None)) == 1.0
    assert drawn_share(replace(plan, rows=target // 2)) == 1.0
    reserve = max(1, -(-target * 5 // 100))
    assert drawn_share(replace(plan, rows=target * 10)) == (target + reserve) / (target * 10)


def test_two_subsets_of_one_corpus_read_its_records_once() -> None:
    one = Load(text=100, media=50, kept=40, cached=10, on_hub=True)
    two = Load(text=100, media=70, kept=60, cached=10, on_hub=True)
    both = of_corpus([one, two], total=1_000)
    assert (both.text, both.media, both.kept, both.fetched) == (100, 120, 100, 210)
    assert of_corpus([one, two], total=110).media == 110
    assert Load(100, 50, 40, 10, on_hub=False).fetched == 0
    assert hours(45_000_000_000, 100) == 1.0


def test_a_finished_subset_may_be_compared_again(sample: Sample, tmp_path: Path) -> None:
    """Its rows are held against those of subsets before it, whatever those come out as."""
    whole = sample.whole()
    recipe = replace(whole, subsets={name: whole.subsets[name] for name in reversed(GENERAL)})
    first, _, last = recipe.subsets
    build_with(recipe, sample.folder, tmp_path, [last])

    def told(*wanted: str) -> str:
        printed = _printed(_ahead(recipe, sample.folder, tmp_path, wanted))
        return " ".join(next(line for line in printed.splitlines() if last in line).split())

    assert "none: up to date" in told(last)
    assert "unless" not in told(last)
    assert f"none: up to date, unless {first} changes" in told(first, last)
    assert f"none: up to date, unless {first} or others change" in told()
    build_with(recipe, sample.folder, tmp_path, [first])
    assert "dedup, quality" in told(last)
