"""Skywork-Reward-Preference-80K-v0.2: chat pairs in one Parquet file, the prompt in both lists.

Layout from the dataset card (Skywork/Skywork-Reward-Preference-80K-v0.2): `chosen` and `rejected`
are whole conversations, of which only the last turn differs; there is no prompt column.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from pipelines.sample_corpora.copied_text import TEXT_WAYS, TextPair, copied_text
from pipelines.sample_corpora.copies import Copies, plain_records
from pipelines.sample_corpora.files import write_parquet
from pipelines.sample_corpora.keys import record_key
from pipelines.sample_corpora.planted import Corpus, Planted
from pipelines.sample_corpora.scheduling import FAULT_SHARE, Mark, counts, scaled, spread, stream
from pipelines.sample_corpora.text import BLANKS, Texts, differing, length, texts

NAME: Final = "skywork"
FULL_SCALE: Final = 77_016
FILE: Final = "data/train-00000-of-00001.parquet"
GROUP_ROWS: Final = 5_000

_TURNS = pa.list_(pa.struct([("content", pa.string()), ("role", pa.string())]))
SCHEMA: Final = pa.schema([("chosen", _TURNS), ("rejected", _TURNS), ("source", pa.string())])

#: Sets that the card names as parts of the mixture; the exact strings are not documented.
SOURCES: Final = (
    "HelpSteer2",
    "OffsetBias",
    "WildGuard",
    "magpie_ultra",
    "magpie_pro_llama3.1",
    "magpie_pro",
    "magpie_air",
)

FAULTS: Final = dict.fromkeys(
    (
        "prompts_differ",
        "empty_response",
        "last_turn_not_assistant",
        "no_prompt",
        "identical_responses",
        "missing_field",
        "unknown_role",
    ),
    FAULT_SHARE,
)
NATIVE_TRAPS: Final = {"multi_turn": 0.12}
ODD_TRAPS: Final = {
    "system_turn": 0.01,
    "crlf": 0.005,
    "decomposed": 0.005,
    "leading_space": 0.01,
}

Turn = dict[str, str]
Row = dict[str, object]


def write(folder: Path, scale: float, seed: int, faults: bool, copies: bool = False) -> Planted:
    """Write the corpus below `folder`; a copy follows its original."""
    records = scaled(FULL_SCALE, scale, least=60)
    bad = counts(records, FAULTS) if faults else {}
    odd = counts(records, NATIVE_TRAPS | (ODD_TRAPS if faults else {}))
    marks = spread(records, bad | odd, stream(seed, NAME, "plan"))
    plain = plain_records(records, marks) if copies else []
    more = Copies.planned(NAME, plain, TEXT_WAYS, seed, copies)
    write_parquet(folder / FILE, SCHEMA, _rows(records, marks, more, seed), GROUP_ROWS)
    records += more.made
    good = records - sum(bad.values())
    return Planted(NAME, records, good, bad, odd, (FILE,), **more.truth())


CORPUS: Final = Corpus(NAME, FULL_SCALE, write, plants_copies=True)


def _rows(records: int, marks: dict[int, Mark], more: Copies, seed: int) -> Iterator[Row]:
    pool = texts(seed)
    for number in range(records):
        row = _row(pool, stream(seed, NAME, "row", number), marks.get(number))
        yield row
        if number in more.jobs:
            yield _copy(row, number, more)


def _copy(row: Row, number: int, more: Copies) -> Row:
    """The copy, lookalike or leak that follows a plain record: another source, so another key."""
    turns: Any = (row["chosen"], row["rejected"])
    pair = TextPair(*(turns[0][0]["content"], turns[0][1]["content"], turns[1][1]["content"]))
    made = copied_text(pair, number, more)
    copy: Row = {
        name: [_turn("user", made.pair.prompt), _turn("assistant", answer)]
        for name, answer in (("chosen", made.pair.chosen), ("rejected", made.pair.rejected))
    }
    own = SOURCES.index(str(row["source"]))
    copy["source"] = SOURCES[(own + 1) % len(SOURCES)]
    key = record_key(NAME)
    made.note(more, key(copy), key(row))
    return copy


def _row(pool: Texts, rng: np.random.Generator, mark: Mark | None) -> Row:
    code, nth = mark or Mark("", 0)
    prompt = [_turn("user", pool.prompt(rng, length(rng, 300)))]
    if code == "multi_turn":
        for _ in range(1 + nth % 2):
            prompt.append(_turn("assistant", pool.response(rng, length(rng, 700))))
            prompt.append(_turn("user", pool.prompt(rng, length(rng, 150))))
    elif code == "system_turn":
        prompt.insert(0, _turn("system", " ".join(pool.english.pick(rng, 2))))
    answer = {
        "crlf": pool.with_carriage_returns,
        "decomposed": pool.decomposed,
        "leading_space": pool.indented,
    }.get(code, pool.response)
    chosen = answer(rng, length(rng, 1_500))
    rejected = pool.response(rng, length(rng, 1_400))
    rejected = differing(chosen, rejected, more=pool.english.one(rng))
    source = SOURCES[rng.integers(len(SOURCES))]
    return {**_conversations(code, nth, prompt, chosen, rejected), "source": source}


def _turn(role: str, content: str) -> Turn:
    return {"content": content, "role": role}


def _conversations(code: str, nth: int, prompt: list[Turn], chosen: str, rejected: str) -> Row:
    """Both columns, as fault `code` (if it is one) leaves them; `nth` picks its variant."""
    first, second = _turn("assistant", chosen), _turn("assistant", rejected)
    shared, other = prompt, None
    match code:
        case "prompts_differ":
            briefly = prompt[-1]["content"] + " Please be brief."
            other = [*prompt[:-1], _turn("user", briefly)]
        case "empty_response":
            blank = _turn("assistant", BLANKS[nth // 2 % len(BLANKS)])
            first, second = (blank, second) if nth % 2 == 0 else (first, blank)
        case "last_turn_not_assistant":
            ends = (("user", "assistant"), ("assistant", "user"), ("user", "user"))[nth % 3]
            first, second = _turn(ends[0], chosen), _turn(ends[1], rejected)
        case "no_prompt":
            shared = []
        case "identical_responses":
            second = first
        case "unknown_role":
            shared = [*prompt, _turn("tool", '{"status": "ok", "rows": 3}')]
    return {
        "chosen": None if code == "missing_field" else [*shared, first],
        "rejected": [*(other or shared), second],
    }
