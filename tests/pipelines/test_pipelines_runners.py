"""Options of each runner: views are made once, and all of them are of the same options."""

from __future__ import annotations

import pytest
from apache_beam.options.pipeline_options import (
    DirectOptions,
    GoogleCloudOptions,
    PipelineOptions,
    StandardOptions,
    WorkerOptions,
)

from pipelines.runners import RUNNERS, options_of


@pytest.mark.parametrize("runner", sorted(RUNNERS))
def test_views_say_what_a_runner_of_beam_is_told(runner: str) -> None:
    ours = options_of(runner, 3, ["--project=p"])
    beams = PipelineOptions([*RUNNERS[runner](3), "--project=p"])
    for kind in (StandardOptions, DirectOptions, GoogleCloudOptions, WorkerOptions):
        told = {name: getattr(beams.view_as(kind), name) for name in _names(kind)}
        assert {name: getattr(ours.view_as(kind), name) for name in _names(kind)} == told
    assert ours.get_all_options(drop_default=True) == beams.get_all_options(drop_default=True)


def test_a_view_is_made_once_and_shares_its_values() -> None:
    options = options_of("local", 2)
    view = options.view_as(GoogleCloudOptions)
    assert options.view_as(GoogleCloudOptions) is view
    view.labels = ["a=b"]
    view.view_as(StandardOptions).streaming = True
    assert options.view_as(GoogleCloudOptions).labels == ["a=b"]
    assert options.view_as(StandardOptions).streaming is True
    assert options_of("local", 2).view_as(GoogleCloudOptions).labels is None


def _names(kind: type[PipelineOptions]) -> list[str]:
    return sorted(kind([])._visible_option_list())
