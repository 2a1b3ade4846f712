"""The protocol over real HTTP: faults, money, lanes, gold questions, texts that speak to judges."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from tests.transforms.relabel.labelling import (
    JUDGES,
    PRICES,
    check_sales,
    counted,
    label,
    origin,
    pairs,
    rows_of,
)
from tests.transforms.relabel.llm_server import Kind, LlmServer, Script, running
from tests.transforms.relabel.llm_server.behaviour import LASTING, PASSING
from tests.transforms.relabel.simulated import (
    INJECTION,
    Mind,
    Shown,
    SimulatedJudge,
    generator,
    obeys_injections,
    obeys_the_first,
)
from transforms.beamkit.errors import BuildError
from transforms.relabel.calibration import wilson
from transforms.relabel.llm.session import total_spent
from transforms.relabel.protocol.propose import why_not
from transforms.relabel.settings import Calibration, Propose

SOUND: dict[str, Mind] = {
    "writer": generator,
    **{name: SimulatedJudge(seed=at) for at, name in enumerate(JUDGES)},
}


def _assert_none_is_lost(cache: Path, number: int, server: LlmServer) -> None:
    """Every pair ends in a row or a letter, and no answer is bought twice."""
    table = pairs(number)
    asked = origin(server.base_url, cache, {"timeout_s": 1.5}, budget=50.0)
    found = label(asked, table)
    rows, counts = rows_of(found), counted(found)
    letters = pl.concat([pl.from_arrow(one.dead) for one in found])  # type: ignore[list-item]
    assert counts["in"] == number == rows["key"].n_unique() + letters["key"].n_unique()
    assert not set(rows["key"]) & set(letters["key"])
    reasons = Counter(letters["reason"].to_list())
    assert sum(reasons.values()) == letters.height == number - counts["out"]
    assert counts["out"] > number / 4
    assert set(reasons) <= {
        *(f"propose_{one}" for one in ("refused", "truncated", "empty", "invalid", "failed")),
        "no_consensus",
        "no_votes",
    }
    sold = check_sales(server, str(cache))
    if number > 100:
        assert len(reasons) > 3
        assert {Kind(kind) for kind in server.kinds()} == {Kind.ANSWER, *PASSING, *LASTING}
    assert server.cost(PRICES) <= total_spent(str(cache)) + 1e-9
    # Again: what was answered is not asked for again, and says the same.
    before = len(server.log)
    again = rows_of(label(asked, table))
    assert not {line.tag for line in server.log[before:]} & set(sold)
    assert set(rows["key"]) <= set(again["key"])


def test_with_three_faults_in_ten_every_pair_ends_in_a_row_or_a_letter(tmp_path: Path) -> None:
    script = Script(fault_share=0.3, faults=(*PASSING, *LASTING))
    with running(script, minds=SOUND) as server:
        _assert_none_is_lost(tmp_path, 10, server)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(3))
def test_with_three_faults_in_ten_and_many_pairs(tmp_path: Path, seed: int) -> None:
    script = Script(fault_share=0.3, faults=(*PASSING, *LASTING), seed=seed)
    with running(script, minds=SOUND) as server:
        _assert_none_is_lost(tmp_path, 120, server)


def test_faults_that_pass_cost_no_row(tmp_path: Path) -> None:
    with running(Script(), minds=SOUND) as server:
        calm = rows_of(label(origin(server.base_url, tmp_path / "calm"), pairs(6)))
    script = Script(fault_share=0.3, faults=(Kind.LIMITED, Kind.ERROR_500, Kind.RESET, Kind.HTML))
    with running(script, minds=SOUND) as server:
        rough = rows_of(label(origin(server.base_url, tmp_path / "rough"), pairs(6)))
    assert calm.height == 6
    assert rough.equals(calm)


def test_a_text_that_gives_orders_to_judges_does_not_pass(tmp_path: Path) -> None:
    """Half of the Bs tell whoever judges to choose the first: in both orders, that is no vote."""
    minds: dict[str, Mind] = {"writer": generator, **dict.fromkeys(JUDGES, obeys_injections)}
    injected = lambda at, text: f"{text} {INJECTION}" if at % 2 else text  # noqa: E731
    with running(Script(), minds=minds) as server:
        found = label(origin(server.base_url, tmp_path), pairs(8, injected))
    kept = {int(key.removeprefix("key-")) for key in rows_of(found)["key"]}
    assert kept == set(range(0, 8, 2))
    letters = pl.concat([pl.from_arrow(one.dead) for one in found])  # type: ignore[list-item]
    assert set(letters["reason"]) == {"no_votes"}


def test_judges_that_obey_what_they_read_first_confirm_nothing(tmp_path: Path) -> None:
    minds: dict[str, Mind] = {"writer": generator, **dict.fromkeys(JUDGES, obeys_the_first)}
    with running(Script(), minds=minds) as server:
        found = label(origin(server.base_url, tmp_path), pairs(6))
    assert rows_of(found).height == 0
    (letters,) = [pl.from_arrow(one.dead) for one in found]
    assert isinstance(letters, pl.DataFrame)
    assert set(letters["reason"]) == {"no_votes"}
    assert letters["seen"].str.contains("one unsure, three unsure, two unsure").all()


def test_a_budget_ends_a_run_and_a_larger_one_goes_on(tmp_path: Path) -> None:
    table = pairs(14)
    with running(Script(worst_usage=True), minds=SOUND) as server:
        asked = origin(server.base_url, tmp_path, budget=0.1)
        with pytest.raises(BuildError, match=r"Sub: the budget is used up after \d+ rows of 12"):
            label(asked, table, 12)
        paid = server.cost(PRICES)
        assert total_spent(str(tmp_path)) == pytest.approx(paid)
        assert 0.05 < paid <= 0.1
        with pytest.raises(BuildError, match="the budget is used up"):  # nothing is left of it
            label(asked, table, 12)
        assert server.cost(PRICES) == pytest.approx(paid)
        more = origin(server.base_url, tmp_path, budget=20.0)
        assert rows_of(label(more, table, 12)).height >= 12
        assert set(Counter(line.tag for line in server.log).values()) == {1}


def test_what_earlier_runs_spent_counts_once(tmp_path: Path) -> None:
    """A budget that leaves enough for what is still to be bought ends nothing."""
    table = pairs(8)
    with running(Script(), minds=SOUND) as server:
        label(origin(server.base_url, tmp_path, budget=5.0), table.slice(0, 4))
        spent = total_spent(str(tmp_path))
        worst = 0.01  # of one call, and more
        again = origin(server.base_url, tmp_path, budget=2 * spent + worst)
        assert rows_of(label(again, table)).height == 8


def test_lanes_share_pairs_and_budget(tmp_path: Path) -> None:
    table, lanes = pairs(16), 3
    with running(Script(), minds=SOUND) as server:
        asked = origin(server.base_url, tmp_path, budget=6.0, lanes=lanes)
        limits = [one.limit for one in asked.labellers(table, 5)]
        assert limits == pytest.approx([6.0 / lanes] * lanes)
        found = label(asked, table, 5)
        calls = len(server.log)
        assert rows_of(label(asked, table, 5)).equals(rows_of(found))
        assert len(server.log) == calls
    rows = rows_of(found)
    assert rows["key"].n_unique() == rows.height
    assert all(one.rows.height >= least for one, least in zip(found, (2, 2, 1), strict=True))
    counts = counted(found)
    assert counts["in"] == 16 == counts["out"] + counts["dropped:not_needed"]


def _backwards(shown: Shown) -> dict[str, str]:
    verdict = SimulatedJudge()(shown)["verdict"]
    return {"verdict": "second" if verdict == "first" else "first"}


def test_a_judge_that_fails_gold_questions_loses_its_vote(tmp_path: Path) -> None:
    """Simulated judges know lengths alone, so gold questions are held to those."""
    minds = {**SOUND, "three": _backwards}
    gold = Calibration(gold_share=0.5, least_questions=20)
    from transforms.measures.tables import attributes_of
    from transforms.relabel.measured.settings import MeasuredSettings

    others = tuple(name for name in attributes_of("t2t") if name != "words")
    only = MeasuredSettings(leave_out=others, gold_strength=1.0)
    with running(Script(), minds=_knowing(minds)) as server:
        asked = origin(server.base_url, tmp_path, calibration=gold, measured=only)
        found = label(asked, pairs(24), 3)
        blind = origin(server.base_url, tmp_path / "blind")
        without = label(blind, pairs(3))
    rows = rows_of(found)
    assert rows.height >= 3
    assert set(rows["n_votes"]) == {2}
    assert set(rows["agreement"]) == {1.0}
    assert rows_of(without).height == 0
    labels = pl.concat([pl.from_arrow(one.labels) for one in found])  # type: ignore[list-item]
    paid = labels.filter(step="judge")["producer"].struct.field("model")
    assert set(paid) == {"one", "two"}  # who has no vote is not asked
    told = labels.filter(pl.col("step") == "gold")
    truths = told.filter(pl.col("producer").struct.field("origin") == "measured")
    assert 20 <= truths.height == (told.height - truths.height) / (3 * 2)
    assert 0.3 < (truths["verdict"] == "a").mean() < 0.7  # type: ignore[operator]


def test_without_a_judge_that_can_be_trusted_nothing_is_bought(tmp_path: Path) -> None:
    from transforms.measures.tables import attributes_of
    from transforms.relabel.measured.settings import MeasuredSettings

    minds = SOUND | dict.fromkeys(("one", "two", "three"), _backwards)
    gold = Calibration(gold_share=0.5, least_questions=20)
    others = tuple(name for name in attributes_of("t2t") if name != "words")
    only = MeasuredSettings(leave_out=others, gold_strength=1.0)
    with running(Script(), minds=_knowing(minds)) as server:
        asked = origin(server.base_url, tmp_path, calibration=gold, measured=only)
        with pytest.raises(BuildError, match=r"all judges fail .*one 0\.00, three 0\.00, two"):
            label(asked, pairs(24), 3)
        assert len(server.log) == 20 * 3 * 2  # gold questions alone


#: How measured criteria, and those of the simulated generator, ask for more words.
_LONGER = ("greater length", "be long", "at length", "extensive text", "long and detailed")


def _knowing(minds: dict[str, Mind]) -> dict[str, Mind]:
    """Judges that understand measured criteria about words: more of them is longer."""

    def of(mind: Mind) -> Mind:
        def judge(shown: Shown) -> dict[str, object]:
            longer = any(cue in shown.criterion.lower() for cue in _LONGER)
            plain = "greater length" if longer else "brief"
            return mind(Shown(shown.text, shown.first, shown.second, plain, shown.number))

        return judge

    return {name: mind if name == "writer" else of(mind) for name, mind in minds.items()}


_ENDING = " when it explains each of the steps in plain words."


@pytest.mark.parametrize(
    "named",
    [
        "Assistant 2 should be preferred by readers", "Candidate A should be rated higher by them",
        "Output 1 is warmer and friendlier in its tone", "Response #1 should be the one that wins",
        "The image on the left shows more of the scene", "The response should beat the other one",
    ],
)  # fmt: skip
def test_no_judge_is_paid_for_a_criterion_that_names_a_side(named: str) -> None:
    assert why_not(named + _ENDING, Propose()) == "names_a_response"


@pytest.mark.parametrize(
    "unnamed",
    [
        "The response should give the answer a clear structure",
        "The response should answer two questions of the user",
        "The image a viewer sees should be bright and readable",
    ],
)
def test_a_noun_before_an_article_or_a_number_names_no_side(unnamed: str) -> None:
    assert why_not(unnamed + _ENDING, Propose()) is None


def test_gold_questions_are_spread_over_attributes() -> None:
    from transforms.relabel.measured.settings import MeasuredSettings
    from transforms.relabel.protocol.gold import gold_of

    share = Calibration(gold_share=0.1)
    asked = origin("http://127.0.0.1:9/v1", Path("unused"), calibration=share)
    endings = (
        "?",
        "! Wow! Great! Super!",
        " 12 45 99 7 3 8 17 25 36 48 59 60 71 82",
        " It was." * 12,
    )
    looked = asked.look(pairs(200, lambda at, text: text + endings[at % 4]))
    few = gold_of(looked, "value:", "t2t", 12, MeasuredSettings())
    more = gold_of(looked, "value:", "t2t", 60, MeasuredSettings())
    by_attribute = Counter(few.truth["attribute"].to_list())
    assert len(by_attribute) >= 4
    assert max(by_attribute.values()) - min(by_attribute.values()) <= 2
    assert list(more.names[:12]) == list(few.names)  # asking for more keeps the former
    assert wilson(more.truth.filter(truth="a").height, 60)[0] < 0.5
    assert [one["verdict"] for one in few.labels] == few.truth["truth"].to_list()
