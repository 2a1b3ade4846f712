"""Pairs of texts, and the origin `llm` over them: the protocol without a pipeline around it."""

from __future__ import annotations

import functools
import random
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import polars as pl
import pyarrow as pa

from schemas.flight import PREPARED_SCHEMA
from tests.transforms.relabel.asking import QUICK
from tests.transforms.relabel.llm_server import Kind, LlmServer
from transforms.relabel.llm.session import SessionSettings, open_store
from transforms.relabel.origin import Labelled, shared
from transforms.relabel.protocol.origin import LlmOrigin
from transforms.relabel.settings import Calibration, Judge, Propose, RelabelSettings
from transforms.relabel.settings_models import ModelSettings, Prices

JUDGES = ("one", "two", "three")
PRICES = Prices(1.0, 2.0)
_WORDS = ("river", "stone", "because", "many", "light", "answers", "quiet", "under", "three")


def pairs(number: int, edit: Callable[[int, str], str] = lambda _, text: text) -> pa.Table:
    """Prepared pairs whose responses differ clearly in length; `edit` changes each B."""
    rows = []
    for at in range(number):
        draw = random.Random(at)
        words = lambda many: " ".join(draw.choices(_WORDS, k=many)) + "."  # noqa: B023, E731
        lengths = [draw.randint(8, 12), draw.randint(60, 80)]
        draw.shuffle(lengths)
        rows.append(
            {
                "row_id": f"{at:032x}", "pair_id": f"{at:032x}", "key": f"key-{at}", "rank": at,
                "prompt": [{"role": "user", "content": f"Question {at}: {words(6)}"}],
                "prompt_media": [], "a_text": words(lengths[0]), "a_media": [],
                "b_text": edit(at, words(lengths[1])), "b_media": [],
                "preference": draw.choice("ab"),
            }
        )  # fmt: skip
    names = {name for row in rows for name in row}
    schema = pa.schema([field for field in PREPARED_SCHEMA if field.name in names])
    return pa.Table.from_pylist(rows, schema=schema)


def origin(
    base_url: str, cache: Path, block: dict[str, Any] | None = None, **more: Any
) -> LlmOrigin:
    """The origin over models that a simulated or scripted server has."""
    plain: dict[str, Any] = {"prices": PRICES, "retries": QUICK, "timeout_s": 5.0, "concurrency": 8}
    model = ModelSettings(base_url, **(plain | (block or {})))
    judges = more.pop("judges", JUDGES)
    defaults: dict[str, Any] = {
        "origin": "llm", "judge": Judge(models=judges),
        "propose": Propose(model="writer", criteria=2, reversed=1),
        "calibration": Calibration(gold_share=0.0), "first_wave": 8,
        "models": dict.fromkeys(("writer", *judges), model),
    }  # fmt: skip
    settings = RelabelSettings(**(defaults | more))
    measure = None
    if settings.calibration.gold_share:
        from transforms.measures.values import attribute_values

        measure = functools.partial(attribute_values, task="t2t", fetch=_nothing)
    return LlmOrigin("Sub", "corpus", "t2t", settings, str(cache), _nothing, measure)


def _nothing(*_: object) -> NoReturn:
    raise LookupError("texts have no media")


def label(asked: LlmOrigin, table: pa.Table, wanted: int | None = None) -> list[Labelled]:
    """What each lane makes of its share of the pairs."""
    looked = asked.look(table)
    survivors = pa.table({"base_id": table["row_id"], "key": table["key"]})
    found = []
    for labeller in asked.labellers(looked, wanted):
        at, of = labeller.share
        mine = pa.array(range(at, table.num_rows, of), pa.int64())
        part = None if wanted is None else shared(wanted, (at, of))
        found.append(labeller.label(survivors.take(mine), looked.take(mine), part))
    return found


def rows_of(found: Sequence[Labelled]) -> pl.DataFrame:
    """The labelled rows of all lanes."""
    return pl.concat([one.rows for one in found])


def counted(found: Sequence[Labelled]) -> dict[str, int]:
    """The counts of all lanes, summed."""
    sums: dict[str, int] = {}
    for one in found:
        for _, name, number in one.counts:
            sums[name] = sums.get(name, 0) + number
    return sums


#: Faults after which a client can't know whether it was charged.
_UNKNOWN = (Kind.HANG, Kind.HALF_BODY, Kind.DRIP, Kind.HTML, Kind.RESET)


def check_sales(server: LlmServer, cache: str) -> Counter[str]:
    """Each question has one paid answer, after which nobody asks; how often each was handed out.

    On a busy machine an answer may come after its call has timed out. It is then handed out a
    second time, and stands in the ledger as one whose end is unknown.
    """
    handed = Counter(line.tag for line in server.log if line.kind == Kind.ANSWER.value)
    store = open_store(SessionSettings(cache))
    try:
        rows = store.ledger()
    finally:
        store.close()
    paid = Counter(row.key for row in rows if row.status == "answer")
    assert set(paid.values()) == {1}
    assert len(paid) == len(handed)
    unknown = sum(row.status == "unknown" for row in rows)
    kinds = server.kinds()
    late = unknown - sum(kinds[kind.value] for kind in _UNKNOWN)
    assert sum(handed.values()) - len(handed) <= late
    last = {line.tag: line.kind for line in server.log}
    assert all(last[tag] == Kind.ANSWER.value for tag in handed)
    return handed
