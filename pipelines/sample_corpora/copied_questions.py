"""Copies of pairs of answers to a question on a picture, and leaks of benchmarks of such."""

from __future__ import annotations

from typing import Final, NamedTuple

from pipelines.sample_corpora.benchmarks import OMNI, VL, item
from pipelines.sample_corpora.copies import BOILERPLATE, Copies, Job, Made
from pipelines.sample_corpora.edits import reworded
from pipelines.sample_corpora.pictures import picture
from pipelines.sample_corpora.reencode import PICTURE_WAYS, picture_as
from pipelines.sample_corpora.text import length, texts

_LOSSLESS: Final = PICTURE_WAYS[:3]

#: `responses`: both answers are reworded under the same picture; the other near ones show it in
#: another form. `same_question`: picture and question of the original, answers of its own.
#: `same_picture`: its picture alone. Leaks: ``exact`` and ``near`` (reworded) are all of an item,
#: forms of its picture come with its question and other answers, `picture_alone` with nothing.
VISUAL_WAYS: Final = {
    "exact": ("as_is",),
    "near": ("responses", *_LOSSLESS),
    "perceptual": _LOSSLESS,
    "contradiction": ("swapped",),
    "same_prompt": ("same_question", "same_picture"),
    "boilerplate": ("one_boilerplate", "both_short"),
    "leak": ("exact", "near", *PICTURE_WAYS, "picture_alone"),
}
_BENCHMARKS: Final = ((VL, "test"), (OMNI, "text_image_to_text"))


class VisualPair(NamedTuple):
    """Two answers to a question on a picture."""

    picture: bytes
    question: str
    chosen: str
    rejected: str


def copied_question(pair: VisualPair, number: int, copies: Copies) -> Made[VisualPair]:
    """What follows record `number`, which holds `pair`."""
    job = copies.jobs[number]
    if job.kind == "leak":
        return _leak(job, copies)
    return Made(job, _copy(pair, job, copies))


def _copy(pair: VisualPair, job: Job, copies: Copies) -> VisualPair:
    rng, pool = copies.rng(job), texts(copies.seed)
    shown, question, chosen, rejected = pair
    match job.kind:
        case "near" | "perceptual":
            if job.way in _LOSSLESS:
                shown = picture_as(shown, job.way)
            if job.kind == "near":
                chosen = reworded(chosen, rng, job.share)
                rejected = reworded(rejected, rng, job.share)
            return VisualPair(shown, question, chosen, rejected)
        case "contradiction":
            return VisualPair(shown, question, rejected, chosen)
        case "same_prompt":
            if job.way == "same_picture":
                question = f"{pool.visual_questions.one(rng)} {pool.visual_questions.one(rng)}"
            first, second = (pool.description(rng, length(rng, 400)) for _ in range(2))
            return VisualPair(shown, question, first, second)
        case "boilerplate":
            asked = pool.visual_questions.one(rng)
            if job.way == "both_short":
                return VisualPair(picture(rng), asked, "Yes.", "No.")
            return VisualPair(picture(rng), asked, pool.description(rng, 400), BOILERPLATE)
    return pair


def _leak(job: Job, copies: Copies) -> Made[VisualPair]:
    rng, pool = copies.rng(job), texts(copies.seed)
    one = item(*_BENCHMARKS[job.nth % 2], job.nth, copies.seed)  # seven ways: all meet both
    assert isinstance(one.medium, bytes)
    shown, first, second = one.medium, str(one.first), str(one.second)
    own = [pool.description(rng, length(rng, 400)) for _ in range(2)]
    match job.way:
        case "exact":
            pair = VisualPair(shown, one.prompt, first, second)
            return Made(job, pair, one, ("prompt", "prompt_media", "responses"))
        case "near":
            answers = (reworded(text, rng, job.share) for text in (first, second))
            pair = VisualPair(shown, reworded(one.prompt, rng, job.share), *answers)
            return Made(job, pair, one, ("prompt", "prompt_media", "responses"))
        case "picture_alone":
            asked = f"{pool.visual_questions.one(rng)} {pool.visual_questions.one(rng)}"
            return Made(job, VisualPair(shown, asked, *own), one, ("prompt_media",))
    pair = VisualPair(picture_as(shown, job.way), one.prompt, *own)
    return Made(job, pair, one, ("prompt", "prompt_media"))
