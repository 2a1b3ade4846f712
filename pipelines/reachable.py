"""What workers of other machines can't reach, refused before a run begins."""

from __future__ import annotations

from collections.abc import Iterable

from pipelines.layout import Layout
from pipelines.recipe import Recipe
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError

_DATAFLOW = "dataflow"
_FLINK = "flink"


def is_remote(runner: str, layout: Layout) -> bool:
    """Whether workers are other machines: always on Dataflow, on Flink by where they write."""
    return runner == _DATAFLOW or (runner == _FLINK and not files.is_local(layout.output))


def check_reachable(recipe: Recipe, names: Iterable[str], runner: str, layout: Layout) -> None:
    """Refuse folders of this machine that workers of other machines would read or write.

    Mirrors on Flink may be mounted everywhere: nobody knows but who runs it.

    Args:
        names: the subsets that are built.

    Raises:
        BuildError: there is such a folder; says which, and what to do.
    """
    if not is_remote(runner, layout):
        return
    for option, place in (("--output", layout.output), ("--store", layout.store)):
        if files.is_local(place):
            raise BuildError(
                f"{option} {place}: a folder of this machine, which workers of the runner {runner} "
                f"don't reach; name one that they do, as {option} gs://BUCKET/FOLDER"
            )
    published = recipe.relabel.published.path
    for name in names:
        if recipe.criteria_of(name) == "published" and published and files.is_local(published):
            raise BuildError(
                f"relabel.published.path: {published} is a folder of this machine, which workers "
                f"of the runner {runner} don't reach; copy it to gs://BUCKET/FOLDER and name that, "
                "or leave it out, so that the set is read from the Hub"
            )
        corpus = recipe.subset(name).corpus
        mirror = recipe.corpora[corpus].path
        if runner == _DATAFLOW and mirror and files.is_local(mirror):
            raise BuildError(
                f"corpora.{corpus}.path: {mirror} is a folder of this machine, which workers of "
                f"the runner {runner} don't reach; copy it to gs://BUCKET/FOLDER and name that, or "
                "leave it out, so that the corpus is read from the Hub"
            )
