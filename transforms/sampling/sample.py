"""The composites of the stage: take the first drafts by rank, and trim what survived to N."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.beamkit.outcome import StageOutput, emit, staged
from transforms.sampling.rank import reserved, smallest, threshold, with_ranks
from transforms.sampling.settings import SamplingSettings

STAGE = "sampling"


class SampleByRank(beam.PTransform):
    """Ranks drafts by a seeded hash of their source key; the first N x (1 + reserve) go on.

    With a target of None all go on, and nothing waits for the last draft to be read.
    """

    def __init__(
        self, corpus: str, seed: int, target: int | None, settings: SamplingSettings
    ) -> None:
        super().__init__()
        self.corpus, self.seed, self.target, self.settings = corpus, seed, target, settings

    def expand(self, drafts: beam.PCollection[pa.Table]) -> StageOutput:
        """Rank; find the rank at which the reserve ends; drop what lies beyond."""
        ranked = drafts | "Rank" >> beam.Map(with_ranks, self.seed, self.corpus).with_output_types(
            pa.Table
        )
        if self.target is None:
            kept = ranked | "KeepAll" >> staged(beam.ParDo(_KeepTo(), None))
        else:
            number = reserved(self.target, self.settings.reserve)
            last = (
                ranked
                | "Ranks" >> beam.Map(lambda table: table["rank"].to_numpy())
                | "FirstRanks" >> beam.CombineGlobally(_FirstRanks(number))
            )
            kept = ranked | "KeepFirst" >> staged(
                beam.ParDo(_KeepTo(), beam.pvalue.AsSingleton(last))
            )
        return StageOutput.of(kept)


class _FirstRanks(beam.CombineFn):
    """The rank of the `number`-th draft, from at most that many ranks on any worker."""

    def __init__(self, number: int) -> None:
        self.number = number

    def create_accumulator(self) -> np.ndarray:
        return np.empty(0, np.uint64)

    def add_input(self, mutable_accumulator: np.ndarray, element: np.ndarray) -> np.ndarray:
        return smallest([mutable_accumulator, element], self.number)

    def merge_accumulators(self, accumulators: Iterable[np.ndarray]) -> np.ndarray:
        return smallest(accumulators, self.number)

    def extract_output(self, accumulator: np.ndarray) -> int:
        return threshold(accumulator, self.number)


class _KeepTo(beam.DoFn):
    def process(self, element: pa.Table, last: int | None) -> Iterator[object]:
        came = element.num_rows
        if last is not None:
            element = element.filter(pc.less_equal(element["rank"], pa.scalar(last, pa.uint64())))
        counts = {
            "in": came,
            "out": element.num_rows,
            "dropped:beyond_reserve": came - element.num_rows,
        }
        yield from emit(STAGE, element, None, counts)
