"""Copies of pairs of text: a prompt and two answers, and leaks of benchmarks of text."""

from __future__ import annotations

from typing import Final, NamedTuple

from pipelines.sample_corpora.benchmarks import OMNI, REWARDBENCH, item
from pipelines.sample_corpora.copies import BOILERPLATE, Copies, Job, Made
from pipelines.sample_corpora.edits import reworded
from pipelines.sample_corpora.text import length, texts

#: `one_boilerplate`: the rejected answer is boilerplate; `both_short`: both are a word or two.
#: Leaks: both answers with their prompt, as they are or reworded; the prompt alone; one answer.
TEXT_WAYS: Final = {
    "exact": ("as_is",),
    "near": ("prompt_and_responses", "responses"),
    "contradiction": ("swapped",),
    "same_prompt": ("other_responses", "one_response"),
    "boilerplate": ("one_boilerplate", "both_short"),
    "leak": ("exact", "near", "prompt", "response"),
}
_BENCHMARKS: Final = ((REWARDBENCH, "filtered"), (OMNI, "text_to_text"))


class TextPair(NamedTuple):
    """A pair whose answers are text."""

    prompt: str
    chosen: str
    rejected: str


def copied_text(pair: TextPair, number: int, copies: Copies) -> Made[TextPair]:
    """What follows record `number`, which holds `pair`."""
    job = copies.jobs[number]
    if job.kind == "leak":
        return _leak(job, copies)
    return Made(job, _copy(pair, job, copies))


def _copy(pair: TextPair, job: Job, copies: Copies) -> TextPair:
    rng, pool = copies.rng(job), texts(copies.seed)
    prompt, chosen, rejected = pair
    match job.kind, job.way:
        case "near", way:
            if way == "prompt_and_responses":
                prompt = reworded(prompt, rng, job.share)
            return TextPair(
                prompt, reworded(chosen, rng, job.share), reworded(rejected, rng, job.share)
            )
        case "contradiction", _:
            return TextPair(prompt, rejected, chosen)
        case "same_prompt", way:
            own = chosen if way == "one_response" else pool.response(rng, length(rng, 900))
            return TextPair(prompt, own, pool.response(rng, length(rng, 900)))
        case "boilerplate", "both_short":
            return TextPair(pool.prompt(rng, length(rng, 200)), "Yes.", "No.")
        case "boilerplate", _:
            return TextPair(
                pool.prompt(rng, length(rng, 200)), pool.response(rng, 900), BOILERPLATE
            )
    return pair


def _leak(job: Job, copies: Copies) -> Made[TextPair]:
    rng, pool = copies.rng(job), texts(copies.seed)
    # By turns, and the other way round in the next round of ways.
    turn = job.nth + job.nth // len(TEXT_WAYS["leak"])
    one = item(*_BENCHMARKS[turn % 2], job.nth, copies.seed)
    first, second = str(one.first), str(one.second)
    prompt = one.prompt
    match job.way:
        case "near":
            share = job.share
            first, second = reworded(first, rng, share), reworded(second, rng, share)
            prompt = reworded(prompt, rng, share)
        case "prompt":
            own = [pool.response(rng, length(rng, 900)) for _ in range(2)]
            return Made(job, TextPair(prompt, *own), one, ("prompt",))
        case "response":
            made = TextPair(pool.prompt(rng, 250), pool.response(rng, length(rng, 900)), first)
            return Made(job, made, one, ("response",))
    return Made(job, TextPair(prompt, first, second), one, ("prompt", "responses"))
