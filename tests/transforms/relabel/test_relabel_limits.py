"""Limits of a model: requests and tokens a minute, shared by lanes, on a clock of their own."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.relabel.llm.limits import Bucket, Limiter
from transforms.relabel.settings_models import ModelSettings


def _limiter(lanes: int = 1, **limits: int) -> tuple[Limiter, list[float]]:
    now = [0.0]
    settings = ModelSettings("http://127.0.0.1:9/v1", **limits)  # type: ignore[arg-type]
    return Limiter(settings, 1 / lanes, clock=lambda: now[0]), now


def _admitted(limiter: Limiter, now: list[float], tokens: int, until: float) -> int:
    """Calls that are let through one after the other until a time, when each is tried at once."""

    async def run() -> int:
        count = 0
        while now[0] < until:
            delay = limiter._delay(tokens)
            if delay > 0:
                now[0] += delay
                continue
            await limiter.admit(tokens)
            limiter.release(tokens, tokens)
            count += 1
        return count

    return asyncio.run(run())


@pytest.mark.parametrize(("lanes", "calls"), [(1, 600), (3, 200)])
def test_requests_a_minute_are_shared_by_lanes(lanes: int, calls: int) -> None:
    limiter, now = _limiter(lanes, rpm=600)
    assert _admitted(limiter, now, 10, 60.0) == pytest.approx(calls, abs=600 / 60 + 1)


@pytest.mark.parametrize(("lanes", "calls"), [(1, 120), (4, 30)])
def test_tokens_a_minute_are_shared_by_lanes(lanes: int, calls: int) -> None:
    limiter, now = _limiter(lanes, tpm=60_000)
    assert _admitted(limiter, now, 500, 60.0) == pytest.approx(calls, abs=3)


def test_tokens_that_were_not_used_are_given_back() -> None:
    limiter, now = _limiter(tpm=60_000)

    async def run() -> float:
        await limiter.admit(1000)
        assert limiter._delay(1000) == pytest.approx(1.0)
        limiter.release(1000, 100)
        return limiter._delay(900)

    assert asyncio.run(run()) == 0.0
    assert now == [0.0]


@given(st.lists(st.tuples(st.floats(0, 5), st.floats(0.1, 50)), max_size=60))
def test_no_minute_sees_much_more_than_its_limit(steps: list[tuple[float, float]]) -> None:
    """What is taken by any time is at most the rate, one second's worth, and the last amount."""
    bucket, now, taken = Bucket(600.0, 0.0), 0.0, 0.0
    for pause, amount in steps:
        now += pause
        now += bucket.delay(amount, now)
        assert bucket.delay(amount, now) < 1e-6
        bucket.take(amount)
        taken += amount
        assert taken <= 10.0 * now + 10.0 + amount + 1e-6
