"""The recipe that goes with sample corpora: the shipped one, cut to what was written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from pipelines.resources import shipped
from pipelines.sample_corpora import CORPORA, Planted

_HEADER = """\
# Written by `omnireward sample-corpora`: the shipped recipe, cut to the corpora beside this file.
# Targets are scaled to their size. Faults are planted on purpose, so many dead letters are allowed.
"""
_MAX_DEAD_SHARE = 0.5
#: Share of the good rows that are like no other by chance.
_UNLIKE = 0.9


def sample_recipe(planted: Mapping[str, Planted], benchmarks: Sequence[str] = ()) -> str:
    """The text of a recipe over the sample corpora; their paths are relative to the recipe.

    `benchmarks` are those of which there are fingerprints.
    """
    recipe: dict[str, Any] = yaml.safe_load(shipped("beam_config.yaml").read_text("utf-8"))
    written = {CORPORA[name].recipe_name: name for name in planted}
    recipe["corpora"] = {
        name: {
            **_of_adapter(corpus, CORPORA[written[name]].recipe),
            **CORPORA[written[name]].recipe,
            **({"rows": planted[written[name]].records} if "rows" in corpus else {}),
            "path": written[name],
        }
        for name, corpus in recipe["corpora"].items()
        if name in written
    }
    subsets = {}
    for name, subset in recipe["subsets"].items():
        if subset["corpus"] not in written:
            continue
        corpus = planted[written[subset["corpus"]]]
        share = corpus.records / CORPORA[corpus.corpus].full_scale
        wanted = subset["target"]  # null: all there is
        target = None if wanted is None else max(1, round(wanted * share))
        most = corpus.rows if target is None else min(target, corpus.rows)
        # Whatever is drawn, deduplication and decontamination take what was planted, and a little
        # that is alike by chance: made-up texts are made of few sentences.
        least = max(0, int(most * _UNLIKE) - corpus.removable)
        if subset["kind"] == "instruction":  # not every pair gets a criterion
            least = min(least, 1)
        subsets[name] = {**subset, "target": target, "min_count": least}
    recipe["subsets"] = subsets
    recipe["quality"]["max_dead_share"] = _MAX_DEAD_SHARE
    recipe["relabel"]["published"]["path"] = "published"
    recipe["decontamination"]["benchmarks"] = list(benchmarks)
    return _HEADER + yaml.safe_dump(recipe, sort_keys=False, allow_unicode=True)


def _of_adapter(corpus: Mapping[str, Any], layout: Mapping[str, Any]) -> Mapping[str, Any]:
    """A corpus's block without options that another layout's adapter does not know."""
    if "published" not in corpus or "adapter" not in layout:
        return corpus
    published = {key: value for key, value in corpus["published"].items() if key != "options"}
    return {**corpus, "published": published}


def write_sample_recipe(
    folder: Path, planted: Mapping[str, Planted], benchmarks: Sequence[str] = ()
) -> Path:
    """Write the recipe beside the corpora; returns its path."""
    path = folder / "beam_config.yaml"
    path.write_text(sample_recipe(planted, benchmarks), encoding="utf-8")
    return path
