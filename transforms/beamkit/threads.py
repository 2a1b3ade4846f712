"""A DoFn that works on several elements at a time in threads of its own.

FnApiRunner runs a bundle's elements one after the other. Polars, pyarrow, zlib and Pillow release
the interpreter, so threads inside the DoFn use the other cores; Beam's own multi-threaded mode is
not safe with coders that do so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue


class ThreadedDoFn(beam.DoFn):
    """Subclasses write `work`; results come out in the order of the elements.

    Only for bounded input in the global window. At most `threads` + 1 elements are in flight, so
    memory is bounded by that many elements and their results.
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
        self._waiting: deque[Future[list[Any]]] = deque()

    def process(self, element: Any, one: Any = None, two: Any = None) -> Iterator[Any]:
        """Hand the element to a thread, and give out what is ready."""
        if self._pool is None:  # a runner that skips setup
            self.setup()
        assert self._pool is not None
        self._waiting.append(self._pool.submit(lambda: list(self.work(element, one, two))))
        while len(self._waiting) > self.threads:
            yield from self._waiting.popleft().result()

    def finish_bundle(self) -> Iterator[Any]:
        """Wait for the rest."""
        while self._waiting:
            for result in self._waiting.popleft().result():
                yield _in_global_window(result)


def _in_global_window(result: Any) -> Any:
    window = GlobalWindow()
    if isinstance(result, beam.pvalue.TaggedOutput):
        value = WindowedValue(result.value, window.max_timestamp(), [window])
        return beam.pvalue.TaggedOutput(result.tag, value)
    return WindowedValue(result, window.max_timestamp(), [window])
