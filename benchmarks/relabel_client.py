"""Benchmark: the client of language models, with cache, budget and ledger, against a bare loop.

Both ask the same number of new questions of one scripted server in a process of its own, in turns,
within this run. The bare loop is the `openai` library under a semaphore: no cache, no budget, no
ledger, no retries. A third part decides pairs whose answers are all in the cache.

    python benchmarks/relabel_client.py            # both loads and the full cache
    python benchmarks/relabel_client.py --repeats 1 --scale 0.1
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from relabel_cached import cached_pairs

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.transforms.relabel.llm_server import Script  # noqa: E402
from transforms.relabel.llm.outcome import Answer  # noqa: E402
from transforms.relabel.llm.question import Keys, Message, Question, Text  # noqa: E402
from transforms.relabel.llm.session import LlmSession, SessionSettings  # noqa: E402
from transforms.relabel.llm.wire import request_body  # noqa: E402
from transforms.relabel.settings_models import ModelSettings, Prices  # noqa: E402

#: As long as a judge's question about two answers of a paragraph.
PROMPT = "Which of the two says more clearly what to do next, and why would you think so? " * 30
SCHEMA = {
    "type": "object",
    "properties": {"verdict": {"enum": ["a", "b"]}, "tag": {"type": "string"}},
    "required": ["verdict", "tag"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class Load:
    """Seconds that the server takes, requests in flight, questions of one run, least share."""

    latency: float
    in_flight: int
    questions: int
    bar: float


LOADS = (Load(1.0, 256, 2560, 0.95), Load(0.05, 64, 3000, 0.70))
#: Pairs a minute over a full cache.
PAIRS_BAR = 20_000


@contextmanager
def serving(script: Script) -> Iterator[str]:
    """The address of a scripted server in its own process."""
    command = [sys.executable, "-m", "tests.transforms.relabel.llm_server", script.to_json()]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        server.communicate()


def questions(run: str, number: int) -> list[Question]:
    """Questions that nobody has asked yet."""
    return [
        Question("m", (Message("user", (Text(f"[q:{run}-{at}] {PROMPT}"),)),), SCHEMA)
        for at in range(number)
    ]


@dataclass(frozen=True)
class Time:
    """Seconds by the clock, and of this process's processor time (the server is another one)."""

    wall: float
    cpu: float


@contextmanager
def timed(found: list[Time]) -> Iterator[None]:
    """Adds the time that its body takes."""
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    found.append(Time(time.perf_counter() - wall, time.process_time() - cpu))


def bare(asked: list[Question], settings: ModelSettings, found: list[Time]) -> None:
    """Time a loop that sends the same requests over as many kept connections, and parses."""
    import httpx2
    import openai

    keys = Keys("m", settings)
    bodies = [request_body(one, settings, keys, lambda _: b"") for one in asked]

    async def run() -> int:
        many = settings.concurrency
        limits = httpx2.Limits(max_connections=many, max_keepalive_connections=many)
        client = openai.AsyncOpenAI(
            base_url=settings.base_url,
            api_key="none",
            max_retries=0,
            http_client=httpx2.AsyncClient(limits=limits, timeout=settings.timeout_s),
        )
        slots = asyncio.Semaphore(settings.concurrency)

        async def one(body: dict[str, object]) -> str:
            async with slots:
                reply = await client.chat.completions.create(**body)  # type: ignore[call-overload]
            return str(json.loads(reply.choices[0].message.content)["verdict"])

        async with client:
            return len(await asyncio.gather(*map(one, bodies)))

    with timed(found):
        answered = asyncio.run(run())
    assert answered == len(asked)


def ours(asked: list[Question], settings: ModelSettings, found: list[Time]) -> None:
    """Time a session with cache, budget and ledger, from its opening to its end."""
    with (
        tempfile.TemporaryDirectory() as folder,
        timed(found),
        LlmSession({"m": settings}, SessionSettings(folder, limit=1e6)) as session,
    ):
        outcomes = session.ask(asked)
    assert all(isinstance(outcome, Answer) for outcome in outcomes)


def compare(load: Load, repeats: int, scale: float) -> float:
    """Our rate as a share of the bare loop's, by median seconds; they run in turns."""
    number = max(load.in_flight, round(load.questions * scale))
    found: dict[str, list[Time]] = {"bare": [], "ours": []}
    contenders = {"bare": bare, "ours": ours}
    with serving(Script(latency=load.latency)) as address:
        settings = ModelSettings(
            address, served_as="scripted", prices=Prices(1.0, 2.0), concurrency=load.in_flight
        )
        for turn in range(repeats):
            for name in sorted(contenders, reverse=bool(turn % 2)):
                contenders[name](questions(f"{name}-{turn}", number), settings, found[name])
    for name, times in found.items():
        walls = ", ".join(f"{one.wall:.2f}" for one in times)
        cpu = median(one.cpu for one in times) / number * 1e3
        print(f"  {name}: {walls} s for {number:,} questions, {cpu:.2f} ms of processor each")
    theirs, mine = (median(one.wall for one in found[name]) for name in ("bare", "ours"))
    return theirs / mine


def main() -> None:
    """Run the parts from the command line; exit code 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description="Measure the client of language models.")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of questions")
    parser.add_argument("--pairs", type=int, default=1000, help="decided over a full cache")
    options = parser.parse_args()
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    missed = False
    for load in LOADS:
        print(f"latency {load.latency:g} s, {load.in_flight} in flight")
        share = compare(load, options.repeats, options.scale)
        missed |= share < load.bar
        print(f"  ours has {share:.1%} of the bare loop's rate (bar {load.bar:.0%})")
    cached_pairs(10)  # loads modules
    rates = [cached_pairs(options.pairs) for _ in range(options.repeats)]
    told = ", ".join(f"{by_clock:,.0f}" for by_clock, _ in rates)
    middle = median(by_clock for by_clock, _ in rates)
    by_cpu = median(by_cpu for _, by_cpu in rates)
    print(f"full cache: {told} pairs a minute, median {middle:,.0f} (bar {PAIRS_BAR:,})")
    print(f"  median by processor time: {by_cpu:,.0f} pairs a minute")
    missed |= middle < PAIRS_BAR
    raise SystemExit(1 if missed else 0)


if __name__ == "__main__":
    main()
