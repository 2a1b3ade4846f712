"""A DoFn that works on several elements at a time in threads of its own.

FnApiRunner runs a bundle's elements one after the other. Polars, pyarrow, zlib and Pillow release
the interpreter, so threads inside the DoFn use the other cores; Beam's own multi-threaded mode is
not safe with coders that do so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any, Final

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

#: Results of one element that are made ahead of those that are given out.
AHEAD: Final = 8

_Made = tuple[Iterator[Any], Future[list[Any]]]


class ThreadedDoFn(beam.DoFn):
    """Subclasses write `work`; results come out in the order of the elements.

    Only for bounded input in the global window. At most `threads` + 1 elements are in flight, each
    with at most `AHEAD` results made and as many given out, so memory is bounded even where `work`
    is a generator without end. No thread ever waits for results to be taken.
    """

    def __init__(self, threads: int = 2) -> None:
        self.threads = threads
        self._pool: ThreadPoolExecutor | None = None

    def work(self, element: Any, one: Any, two: Any) -> Iterable[Any]:
        """What one element becomes, with up to two side inputs; runs in a thread."""
        raise TypeError(f"{type(self).__name__} does not say what its work is")

    def setup(self) -> None:
        """Start the threads."""
        self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix=type(self).__name__)

    def teardown(self) -> None:
        """Stop the threads."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def start_bundle(self) -> None:
        """Nothing is in flight yet."""
        self._waiting: deque[_Made] = deque()

    def process(self, element: Any, one: Any = None, two: Any = None) -> Iterator[Any]:
        """Hand the element to a thread, and give out what is ready."""
        self.begin(element, one, two)
        while len(self._waiting) > self.threads:
            yield from self._oldest()

    def begin(self, element: Any, one: Any = None, two: Any = None) -> None:
        """Hand an element to a thread."""
        if self._pool is None:  # a runner that skips setup
            self.setup()
        results = self._results(element, one, two)
        self._waiting.append((results, self._go_on(results)))

    def finish_bundle(self) -> Iterator[Any]:
        """Wait for the rest."""
        while self._waiting:
            for result in self._oldest():
                yield _in_global_window(result)

    def _results(self, element: Any, one: Any, two: Any) -> Iterator[Any]:
        yield from self.work(element, one, two)

    def _go_on(self, results: Iterator[Any]) -> Future[list[Any]]:
        assert self._pool is not None
        return self._pool.submit(lambda: list(islice(results, AHEAD)))

    def _oldest(self) -> Iterator[Any]:
        """The results of the element that came first; the next are made while some are given."""
        results, made = self._waiting.popleft()
        while some := made.result():
            if len(some) == AHEAD:
                made = self._go_on(results)
            yield from some
            if len(some) < AHEAD:
                return


def _in_global_window(result: Any) -> Any:
    window = GlobalWindow()
    if isinstance(result, beam.pvalue.TaggedOutput):
        value = WindowedValue(result.value, window.max_timestamp(), [window])
        return beam.pvalue.TaggedOutput(result.tag, value)
    return WindowedValue(result, window.max_timestamp(), [window])
