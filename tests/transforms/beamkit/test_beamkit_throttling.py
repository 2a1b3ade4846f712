"""Throttled seconds reach the counter that Dataflow reads."""

from __future__ import annotations

import apache_beam as beam
from apache_beam.metrics import MetricsFilter
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from transforms.beamkit.throttling import COUNTER, tell_throttled


def _told(seconds: float) -> float:
    tell_throttled(seconds)
    return seconds


def test_parts_of_seconds_are_kept_until_they_are_whole() -> None:
    pipeline = beam.Pipeline(runner=FnApiRunner())
    _ = (
        pipeline
        | beam.Create([[0.5, 0.75, 1.25, 0.5]])
        | beam.FlatMap(lambda all_: map(_told, all_))
    )
    result = pipeline.run()
    result.wait_until_finish()
    (counter,) = result.metrics().query(MetricsFilter().with_name(COUNTER))["counters"]
    assert counter.committed == 3
    assert COUNTER == "cumulativeThrottlingSeconds"


def test_outside_of_a_pipeline_nothing_is_counted_and_nothing_raised() -> None:
    assert tell_throttled(2.5) is None  # type: ignore[func-returns-value]
