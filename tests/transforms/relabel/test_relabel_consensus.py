"""Consensus keeps what it should: simulated judges of known quality, and people who disagreed."""

from __future__ import annotations

import json
from collections import Counter
from math import prod
from pathlib import Path

import polars as pl
import pytest

from tests.transforms.relabel.judges import Simulated, answers, proposals, truths
from transforms.relabel.calibration import wilson
from transforms.relabel.consensus import Rule, consensus
from transforms.relabel.votes import votes_of

JUDGES = {
    "good": Simulated(0.96, 0.05),
    "fair": Simulated(0.85, 0.1),
    "biased": Simulated(0.9, 0.4),
}
NUMBER = 3000
#: Standard errors: of a hundred intervals, none misses.
_WIDE = 3.9
PANDALM = Path(__file__).parents[4] / "shared" / "realdata" / "corpora" / "pandalm"


@pytest.fixture(scope="module")
def cast() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Proposals of which seven in ten are right, and the votes on them."""
    truth = truths(NUMBER, 1)
    return proposals(truth, 2, 0.7), votes_of(answers(truth, JUDGES, 3))


def _kept(rule: str, cast: tuple[pl.DataFrame, pl.DataFrame], **more: object) -> pl.DataFrame:
    asked, votes = cast
    plain = asked.drop("sound")
    names = more.pop("judges", list(JUDGES))
    found = consensus(plain, votes, rule, judges=names, **more)  # type: ignore[arg-type]
    assert found.height == asked.height
    return asked.join(found, on="question")


def _share(kept: pl.DataFrame, sound: bool) -> tuple[float, float]:
    """The interval of the share of sound (or wrong) proposals that were kept."""
    chosen = kept.filter(pl.col("sound") == sound)
    return wilson(chosen["keep"].sum(), chosen.height, _WIDE)


def _most(judges: list[float]) -> float:
    """Probability that at least two of three say it."""
    a, b, c = judges
    return a * b * c + a * b * (1 - c) + a * (1 - b) * c + (1 - a) * b * c


def test_unanimous_and_majority_keep_the_shares_that_the_judges_imply(
    cast: tuple[pl.DataFrame, pl.DataFrame],
) -> None:
    right, wrong = ([getattr(j, of) for j in JUDGES.values()] for of in ("right", "wrong"))
    for rule, chance in (("unanimous", prod), ("majority", _most)):
        kept = _kept(rule, cast)
        for sound, shares in ((True, right), (False, wrong)):
            low, high = _share(kept, sound)
            assert low <= chance(shares) <= high, (rule, sound)
    assert _kept("unanimous", cast).filter("keep")["sound"].mean() > 0.995  # type: ignore[operator]


@pytest.mark.full  # the library takes ten seconds to load
def test_weights_recover_who_can_be_trusted(cast: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    """Where two of five say the opposite of what is true, a count misleads and weights don't."""
    pytest.importorskip("crowdkit")
    panel = {
        "good": Simulated(0.97), "fine": Simulated(0.92), "fair": Simulated(0.85),
        "contrary": Simulated(0.1), "sulky": Simulated(0.2),
    }  # fmt: skip
    truth = truths(1500, 5)
    asked, votes = proposals(truth, 6, 0.5), votes_of(answers(truth, panel, 7))
    by_count = _kept("majority", (asked, votes), judges=list(panel))
    weighted = _kept("weighted", (asked, votes), judges=list(panel), least_weight=0.9)
    recall = {name: _share(kept, True) for name, kept in (("m", by_count), ("w", weighted))}
    assert recall["w"][0] > recall["m"][1]
    right = weighted.filter("keep")
    low, _ = wilson(right["sound"].sum(), right.height, _WIDE)
    assert low > 0.97


def test_a_judge_without_a_vote_neither_confirms_nor_hinders(
    cast: tuple[pl.DataFrame, pl.DataFrame],
) -> None:
    with_all = _kept("unanimous", cast)
    without = _kept("unanimous", cast, without_vote={"t2t": ["biased"], "t2i": ["good"]})
    chance = JUDGES["good"].right * JUDGES["fair"].right
    low, high = _share(without, True)
    assert low <= chance <= high
    assert with_all.filter("keep").join(without.filter("keep"), on="question").height == (
        with_all["keep"].sum()
    )
    nobody = _kept("unanimous", cast, without_vote={"t2t": list(JUDGES)})
    assert not nobody["keep"].any()
    assert set(nobody["reason"]) == {"no_votes"}


def test_silence_and_ties_are_no_confirmation() -> None:
    asked = pl.DataFrame({"question": ["q"], "task": ["t2t"], "prefers": ["a"]})
    said = [("q", "one", "a"), ("q", "two", "a")]
    for third in ([], [("q", "three", "tie")], [("q", "three", "unsure")]):
        votes = pl.DataFrame([*said, *third], schema=["question", "judge", "vote"], orient="row")
        names = ["one", "two", "three"]
        (strict,) = consensus(asked, votes, "unanimous", judges=names).to_dicts()
        (most,) = consensus(asked, votes, "majority", judges=names).to_dicts()
        assert (strict["keep"], strict["reason"]) == (False, "no_consensus")
        assert most["keep"]
        assert most["agreement"] == pytest.approx(2 / 3)
        assert most["n_votes"] == (3 if third and third[0][2] == "tie" else 2)


class _Pandalm:
    """999 pairs by three annotators each, and what most of them say."""

    def __init__(self) -> None:
        if not PANDALM.is_dir():
            pytest.skip("the real corpora are not beside the checkout")
        read = json.loads((PANDALM / "testset-v1.json").read_text("utf-8"))
        sides = {0: "tie", 1: "a", 2: "b"}
        self.people = ["annotator1", "annotator2", "annotator3"]
        self.said = [[sides[one[name]] for name in self.people] for one in read]
        self.majority = [Counter(three).most_common(1)[0][0] for three in self.said]
        rows = [
            (f"q{at}", name, vote)
            for at, three in enumerate(self.said)
            for name, vote in zip(self.people, three, strict=True)
        ]
        self.votes = pl.DataFrame(rows, schema=["question", "judge", "vote"], orient="row")

    def kept(self, rule: Rule, sides: list[str]) -> list[bool]:
        """Whether the rule keeps a proposal of this side for each pair."""
        names = [f"q{at}" for at in range(len(sides))]
        asked = pl.DataFrame({"question": names, "prefers": sides}).with_columns(task=pl.lit("t2t"))
        found = consensus(asked, self.votes, rule, judges=self.people)
        order = asked.select("question").join(found, on="question", maintain_order="left")
        return order["keep"].to_list()


def test_three_people_of_pandalm() -> None:
    pandalm = _Pandalm()
    for side in ("a", "b"):
        every = [side] * len(pandalm.said)
        assert pandalm.kept("majority", every) == [one == side for one in pandalm.majority]
        assert pandalm.kept("unanimous", every) == [set(three) == {side} for three in pandalm.said]
    assert sum(len(set(three)) == 1 for three in pandalm.said) == 879


@pytest.mark.full  # the library takes ten seconds to load
def test_weights_agree_with_most_of_the_people_of_pandalm() -> None:
    pytest.importorskip("crowdkit")
    pandalm = _Pandalm()
    weighted = pandalm.kept("weighted", [one if one != "tie" else "a" for one in pandalm.majority])
    agrees = sum(
        keep == (one != "tie") for keep, one in zip(weighted, pandalm.majority, strict=True)
    )
    low, _ = wilson(agrees, len(pandalm.said))
    assert low > 0.95
