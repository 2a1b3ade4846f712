"""Seconds in which a service's limits held a worker back, told to the runner.

Dataflow reads counters of this name: a worker that waits for a provider gains nothing by more
workers beside it, so none are added.
"""

from __future__ import annotations

import threading
from typing import Final

COUNTER: Final = "cumulativeThrottlingSeconds"
_NAMESPACE: Final = "relabel"
#: Parts of seconds that are not told yet, by thread: a counter takes whole ones.
_left = threading.local()


def tell_throttled(seconds: float) -> None:
    """Add to the counter; to be called in the thread in which a DoFn runs."""
    from apache_beam.metrics import Metrics

    whole, _left.part = divmod(getattr(_left, "part", 0.0) + seconds, 1.0)
    if whole:
        Metrics.counter(_NAMESPACE, COUNTER).inc(int(whole))
