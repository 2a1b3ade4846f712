"""Dollars: the cap holds over restarts and lanes, tokens are bounded, prices are what they are."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transforms.relabel.asking import ENVIRONMENT, model, question, session
from tests.transforms.relabel.llm_server import Kind, Script, running
from tests.transforms.relabel.llm_server.behaviour import LASTING, PASSING
from transforms.beamkit.errors import BuildError
from transforms.relabel.llm.budget import Budget, allot
from transforms.relabel.llm.calling import Lane
from transforms.relabel.llm.outcome import Answer, NoAnswer
from transforms.relabel.llm.session import LlmSession, SessionSettings, lane_limit, total_spent
from transforms.relabel.llm.tokens import input_bound
from transforms.relabel.settings_models import ImageTokens, Prices, TokenRules

#: Of one answer of the scripted server: 100 tokens in at 1, 10 out at 2 dollars a million.
PAID = 120e-6


def test_the_cap_holds_and_what_was_bought_is_kept(tmp_path: Path) -> None:
    questions = [question(number) for number in range(100)]
    with running(Script()) as server:
        settings = model(server.base_url)
        worst = settings.prices.dollars(input_bound(questions[0], settings), 100)  # type: ignore[union-attr]
        limit = 20 * PAID + worst
        with session(tmp_path, settings, limit) as asked:
            outcomes = asked.ask(questions)
            assert asked.budget.spent == pytest.approx(sum(r.cost for r in asked.ledger()))
        answers = [o for o in outcomes if isinstance(o, Answer)]
        rest = {o.reason for o in outcomes if isinstance(o, NoAnswer)}
        bought = sum(server.billed().values())
        assert bought * PAID <= limit
        assert len(answers) == bought >= 20
        assert rest == {"over_budget"}
        # The next run starts where this one stopped: the same limit buys nothing more.
        with session(tmp_path, settings, limit) as asked:
            again = asked.ask(questions)
        assert sum(server.billed().values()) == bought
        assert sum(isinstance(o, Answer) for o in again) == len(answers)
        with session(tmp_path, settings, 1.0) as asked:
            assert all(isinstance(o, Answer) for o in asked.ask(questions))
        assert sum(server.billed().values()) == 100


def test_calls_without_a_known_end_cost_their_worst_price(tmp_path: Path) -> None:
    calls = {"x": [Kind.HANG, Kind.ANSWER]}
    with running(Script(calls=calls)) as server:
        settings = model(server.base_url, timeout_s=1.0)
        with session(tmp_path, settings, 1.0) as asked:
            asked.ask([question("x")])
            rows = asked.ledger()
            spent = asked.budget.spent
    worst = Prices(1.0, 2.0).dollars(input_bound(question("x"), settings), 100)
    assert {row.status: row.cost for row in rows} == pytest.approx(
        {"unknown": worst, "answer": PAID}
    )
    assert spent == pytest.approx(worst + PAID)
    assert total_spent(str(tmp_path)) == pytest.approx(spent)


#: Texts that cost as many tokens as they can, and a tag each.
HOSTILE = (
    "7" * 400,
    "\U0001f9ea" * 60,
    "\u79d1\u5b66" * 80,
    "a" + "\u0300\u0316" * 90,
    " \t" * 150,
)


@pytest.mark.parametrize("limit", [0.002, 0.01, 1.0])
def test_a_provider_that_counts_the_worst_it_can_is_never_paid_more_than_the_budget(
    tmp_path: Path, limit: float
) -> None:
    script = Script(worst_usage=True, fault_share=0.3, faults=(*PASSING, *LASTING))
    asked_for = [question(number, HOSTILE[number % len(HOSTILE)]) for number in range(60)]
    with running(script) as server:
        settings = model(server.base_url, timeout_s=1.0)
        assert settings.prices is not None
        with session(tmp_path, settings, limit) as asked:
            outcomes = asked.ask(asked_for)
            spent = asked.budget.spent
        paid = server.cost(settings.prices)
    assert len(outcomes) == len(asked_for)
    assert 0 < paid <= spent + 1e-9 <= limit + 2e-9
    closed = [o for o in outcomes if isinstance(o, NoAnswer) and o.reason == "over_budget"]
    assert bool(closed) == (limit < 1)


def test_a_template_that_adds_more_than_the_recipe_says_is_reserved_for_from_then_on(
    tmp_path: Path,
) -> None:
    """Only calls that were reserved before the first reply can pass the cap."""
    with running(Script(worst_usage=True, latency=0.01)) as server:
        settings = model(
            server.base_url, concurrency=1, tokens=TokenRules(per_request=0, per_message=0)
        )
        assert settings.prices is not None
        bound = input_bound(question("x"), settings)
        with session(tmp_path, settings, 0.01) as asked:
            asked.ask([question(number) for number in range(300)])
            spent = asked.budget.spent
        beyond = settings.prices.dollars(server.log[0].tokens[0] - bound, 0)
        calls = len(server.log)
        assert server.cost(settings.prices) == pytest.approx(spent)
    reserved = 2 * settings.concurrency + 64
    assert calls < 100
    assert spent <= 0.01 + reserved * beyond


def test_lanes_share_what_is_left(tmp_path: Path) -> None:
    with running(Script()) as server:
        settings = model(server.base_url)
        with session(tmp_path, settings) as asked:
            asked.ask([question(number) for number in range(10)])
        assert lane_limit(1.0, str(tmp_path), 4) == pytest.approx((1 - 10 * PAID) / 4)
        lanes = [Lane("later", lane, 2) for lane in range(2)]
        opened = [
            LlmSession(
                {"m": settings}, SessionSettings(str(tmp_path), 1.0, lane), None, None, ENVIRONMENT
            )
            for lane in lanes
        ]
        for lane, one in enumerate(opened):
            one.ask([question(f"lane-{lane}")])
            assert one.budget.spent == pytest.approx(PAID)  # of this run and lane alone
            # What any lane has bought serves all.
            assert isinstance(one.ask([question(3)])[0], Answer)
        for one in opened:
            one.close()
        assert sum(server.billed().values()) == 12
    assert allot(10, 12, 3) == 0


def test_a_lane_belongs_to_one_process(tmp_path: Path) -> None:
    settings = model("http://127.0.0.1:9/v1")
    with (
        session(tmp_path, settings),
        pytest.raises(BuildError, match="lane 0 is in use by another run"),
    ):
        session(tmp_path, settings)


def test_prices_and_keys_are_asked_for_by_the_name_of_their_field(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"^relabel\.models\.m\.prices: missing"):
        session(tmp_path, model("http://127.0.0.1:9/v1", prices=None), 5.0)
    with pytest.raises(BuildError, match=r"^relabel\.models\.m\.key_env: NO_SUCH_KEY is not set"):
        session(tmp_path, model("http://127.0.0.1:9/v1", key_env="NO_SUCH_KEY"))


@given(
    st.lists(st.tuples(st.integers(1, 50), st.floats(0, 1)), min_size=1, max_size=40),
    st.integers(0, 300),
)
def test_never_more_than_the_limit_is_spent_and_nobody_waits_for_ever(
    calls: list[tuple[int, float]], limit: int
) -> None:
    async def run() -> tuple[float, list[bool]]:
        budget = Budget(float(limit))

        async def call(worst: int, share: float) -> bool:
            if not await budget.reserve(worst):
                return False
            assert budget.spent + budget.reserved <= limit + 1e-6
            await asyncio.sleep(0)
            budget.settle(worst, worst * share)
            return True

        async with asyncio.timeout(10):
            return budget.spent, await asyncio.gather(*(call(*one) for one in calls))

    spent, sent = asyncio.run(run())
    assert spent <= limit + 1e-6
    if sum(worst for worst, _ in calls) <= limit:
        assert all(sent)


def test_tokens_of_pictures_follow_the_tile_rule() -> None:
    rule = ImageTokens()
    # 1024 x 1024 is fitted to 768 x 768: four tiles of 512; 4096 x 8192 to 1024 x 2048, then
    # 768 x 1536: two by three.
    assert rule.of(1024, 1024) == 85 + 4 * 170
    assert rule.of(4096, 8192) == 85 + 6 * 170
    patches = ImageTokens(base=0, per_tile=1, tile=32, max_side=None, short_side=None, most=1536)
    assert patches.of(640, 320) == 200
    assert patches.of(10_000, 10_000) == 1536
