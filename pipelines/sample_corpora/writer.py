"""Write sample corpora into one folder, and beside them what was planted."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from pipelines.recipe_binding import nearest
from pipelines.sample_corpora.benchmark_files import write_benchmarks
from pipelines.sample_corpora.files import replacing
from pipelines.sample_corpora.planted import Corpus, Planted
from pipelines.sample_corpora.registry import CORPORA
from pipelines.spawned import spawned


def write_corpora(
    directory: Path,
    scale: float = 0.01,
    seed: int = 7,
    only: Sequence[str] | None = None,
    faults: bool = True,
    copies: bool = False,
    processes: int = 1,
) -> dict[str, Planted]:
    """Write `directory/<corpus>/...` in native layout, and `directory/planted.json`.

    The bytes depend on the arguments alone. `scale` is the share of the published number of
    records (a corpus keeps a floor of some tens, so that every fault fits); `seed` is not
    negative; `only` names corpora of the registry; without `faults` every record is good and only
    variants that the published corpus has by nature remain. With `copies`, corpora that can plant
    copies and leaks do, and the benchmarks that leak are written to `directory/benchmarks`. Several
    `processes` write corpora side by side.

    `planted.json` maps each corpus written by this call to the fields of its `Planted`.

    Raises:
        ValueError: an unknown corpus, a scale that is not a positive number, a negative seed.
    """
    if not (math.isfinite(scale) and scale > 0):
        raise ValueError(f"scale must be a positive number, not {scale}")
    if seed < 0:
        raise ValueError(f"seed must not be negative: {seed}")
    names = _chosen(only)
    jobs = [(name, directory / name, scale, seed, faults, copies) for name in names]
    with _several(min(processes, len(jobs))) as mapped:
        planted = dict(zip(names, mapped(_written, jobs), strict=True))
    if any(truth.leaks for truth in planted.values()):
        write_benchmarks(directory / "benchmarks", seed)
    text = json.dumps({name: asdict(truth) for name, truth in planted.items()}, indent=2)
    with replacing(directory / "planted.json") as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
    return planted


_Job = tuple[str, Path, float, int, bool, bool]
_Map = Callable[[Callable[[_Job], Planted], Sequence[_Job]], Iterable[Planted]]


@contextmanager
def _several(processes: int) -> Iterator[_Map]:
    """`map`, over so many processes."""
    if processes < 2:
        yield map
        return
    with spawned(processes) as pool:
        yield pool.map


def _written(job: _Job) -> Planted:
    name, folder, scale, seed, faults, copies = job
    corpus: Corpus = CORPORA[name]
    if copies and corpus.plants_copies:
        return corpus.write(folder, scale, seed, faults, copies=True)
    return corpus.write(folder, scale, seed, faults)


def _chosen(only: Sequence[str] | None) -> list[str]:
    """Names in the registry's order, so that the order of `only` changes nothing.

    Without `only`: all but other layouts of a corpus that is there already.
    """
    for name in only or ():
        if name not in CORPORA:
            raise ValueError(f"unknown corpus {name!r}: {nearest(name, CORPORA)}")
    return [
        name
        for name, corpus in CORPORA.items()
        if (corpus.of is None if only is None else name in only)
    ]
