"""Options of each runner: views are made once, and all of them are of the same options."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import FunctionType

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import (
    DirectOptions,
    GoogleCloudOptions,
    PipelineOptions,
    StandardOptions,
    WorkerOptions,
)
from apache_beam.transforms.core import CallableWrapperDoFn, get_function_arguments

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


def _told_anew(function: FunctionType) -> inspect.Signature:
    """The signature of a function that carries none."""
    bare = FunctionType(function.__code__, {}, function.__name__, function.__defaults__)
    bare.__kwdefaults__, bare.__annotations__ = function.__kwdefaults__, function.__annotations__
    return inspect.signature(bare)


def test_methods_of_beam_carry_the_signatures_that_they_have() -> None:
    members = [vars(kind).get("process") for kind in CallableWrapperDoFn.__mro__[:-1]]
    members += [*vars(beam.DoFn).values()]
    functions = [getattr(member, "__func__", member) for member in members]
    plain = [one for one in functions if inspect.isfunction(one) and not one.__closure__]
    assert len(plain) > 10
    for function in plain:
        assert vars(function)["__signature__"] == inspect.signature(function)
        if not hasattr(function, "__wrapped__"):
            assert inspect.signature(function) == _told_anew(function)


class _Own(beam.DoFn):
    def process(self, element: int, stamp: object = beam.DoFn.TimestampParam) -> Iterator[int]:
        assert stamp is not None
        yield element


def test_methods_of_our_own_are_seen_as_they_are() -> None:
    assert list(inspect.signature(_Own().process).parameters) == ["element", "stamp"]
    assert list(inspect.signature(_Own().finish_bundle).parameters) == []
    assert "stamp" in get_function_arguments(_Own(), "process")[0]


def _names(kind: type[PipelineOptions]) -> list[str]:
    return sorted(kind([])._visible_option_list())
