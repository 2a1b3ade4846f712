"""Gathering a collection on one worker."""

from __future__ import annotations

import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that, equal_to

from transforms.beamkit.gather import Gather


@pytest.mark.parametrize("elements", [[], [1], [3, 1, 2]])
def test_everything_comes_as_one_list(elements: list[int]) -> None:
    with beam.Pipeline("FnApiRunner") as pipeline:
        gathered = pipeline | beam.Create(elements) | Gather() | beam.Map(sorted)
        assert_that(gathered, equal_to([sorted(elements)]))
