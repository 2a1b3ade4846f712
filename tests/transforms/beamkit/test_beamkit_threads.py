"""Threads inside a DoFn: order kept, nothing lost, errors handed on."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that, equal_to

from transforms.beamkit.errors import BuildError, find_build_error
from transforms.beamkit.threads import AHEAD, ThreadedDoFn


class Uneven(ThreadedDoFn):
    """Later elements are ready sooner; each gives itself, a tagged double, or an error."""

    def work(self, element: int, one: Any, two: Any) -> Iterable[Any]:
        time.sleep(0.002 * (3 - element % 4))
        if element == one:
            raise BuildError(f"element {element} can't be done")
        return [element, beam.pvalue.TaggedOutput("doubled", 2 * element)]


def drive(dofn: ThreadedDoFn, elements: Iterable[int], *side: Any) -> list[Any]:
    """What a bundle gives, in order, as a runner would call it."""
    dofn.start_bundle()
    found = [result for element in elements for result in dofn.process(element, *side)]
    return found + [
        result.value if isinstance(result, beam.pvalue.TaggedOutput) else result
        for result in dofn.finish_bundle()
    ]


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("number", [0, 1, 2, 3, 40])
def test_results_come_in_the_order_of_the_elements(threads: int, number: int) -> None:
    dofn = Uneven(threads)
    dofn.setup()
    plain = []
    for result in drive(dofn, range(number)):
        value = getattr(result, "value", result)
        plain.append(getattr(value, "value", value))
    dofn.teardown()
    assert plain == [value for n in range(number) for value in (n, 2 * n)]


def test_through_a_runner_every_result_arrives_in_its_collection() -> None:
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        outputs = (
            pipeline
            | beam.Create(range(50))
            | beam.ParDo(Uneven()).with_outputs("doubled", main="same")
        )
        assert_that(outputs.same, equal_to(list(range(50))), label="same")
        assert_that(outputs.doubled, equal_to([2 * n for n in range(50)]), label="doubled")


@pytest.mark.parametrize("fatal", [0, 25, 49])
def test_an_error_in_a_thread_fails_the_run_and_its_message_is_found(fatal: int) -> None:
    pipeline = beam.Pipeline(runner="FnApiRunner")
    _ = pipeline | beam.Create(range(50)) | beam.ParDo(Uneven(), fatal)
    with pytest.raises(Exception, match=f"element {fatal} can't be done") as error:
        pipeline.run().wait_until_finish()
    assert find_build_error(error.value) == f"element {fatal} can't be done"


def test_a_failed_bundle_leaves_nothing_to_the_next() -> None:
    dofn = Uneven()
    with pytest.raises(BuildError):
        drive(dofn, range(10), 0)
    found = drive(dofn, range(2))
    dofn.teardown()
    assert len(found) == 4


def test_a_class_without_work_says_so() -> None:
    with pytest.raises(TypeError, match="ThreadedDoFn does not say what its work is"):
        drive(ThreadedDoFn(), range(9))


class Endless(ThreadedDoFn):
    """Gives `one` results an element, and knows how many were made."""

    def __init__(self) -> None:
        super().__init__()
        self.made = 0

    def work(self, element: int, one: Any, two: Any) -> Iterable[Any]:
        for number in range(one):
            self.made += 1
            yield element, number


@pytest.mark.parametrize("number", [0, 1, AHEAD - 1, AHEAD, AHEAD + 1, 5 * AHEAD])
def test_all_results_of_an_element_arrive_however_many(number: int) -> None:
    dofn = Endless()
    found = [getattr(result, "value", result) for result in drive(dofn, range(4), number)]
    dofn.teardown()
    assert found == [(element, at) for element in range(4) for at in range(number)]


def test_results_are_made_as_they_are_taken() -> None:
    dofn = Endless()
    dofn.start_bundle()
    for element in range(dofn.threads):
        assert list(dofn.process(element, 10**9)) == []
    given = dofn.process(dofn.threads, 10**9)
    assert [next(given) for _ in range(100)] == [(0, number) for number in range(100)]
    time.sleep(0.05)
    dofn.teardown()
    assert dofn.made <= 100 + 2 * AHEAD * (dofn.threads + 1)
