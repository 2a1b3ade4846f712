"""Copies of pairs whose answers are media: pictures, sounds, frames of clips, views of models."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from pipelines.sample_corpora.benchmarks import OMNI, item
from pipelines.sample_corpora.copies import Copies, Job, Made
from pipelines.sample_corpora.edits import reworded
from pipelines.sample_corpora.reencode import PICTURE_WAYS, SOUND_WAYS, picture_as, sound_as
from pipelines.sample_corpora.text import texts

Medium = bytes | list[bytes]

#: What many people ask for in the same few words.
SHORT_PROMPT: Final = "A nice one, please."


def whole(medium: Medium) -> bytes:
    """A medium that is one file."""
    assert isinstance(medium, bytes)
    return medium


def several(medium: Medium) -> list[bytes]:
    """A medium that is several files: the frames of a clip."""
    assert isinstance(medium, list)
    return medium


@dataclass(frozen=True)
class Kind:
    """One kind of media: forms of it, new ones, and the benchmark that has such answers."""

    config: str
    remake: Callable[[Medium, str], Medium]
    fresh: Callable[[np.random.Generator], Medium]
    forms: Sequence[str]

    def ways(self, *exact: str) -> Mapping[str, Sequence[str]]:
        """Kinds of copies and their ways; `exact` are those that the corpus's layout allows.

        Leaks: ``exact`` is prompt and both answers, ``near`` the prompt reworded with answers of
        its own, the rest one answer in another form under a prompt of its own.
        """
        lossless = [form for form in self.forms if form != "cropped"]
        return {
            "exact": exact,
            "near": lossless,
            "perceptual": lossless,
            "contradiction": ("swapped",),
            "same_prompt": ("other_responses", "one_response"),
            "boilerplate": ("short_prompt",),
            "leak": ("exact", "near", *self.forms),
        }


def _pictures_as(medium: Medium, way: str) -> Medium:
    if isinstance(medium, list):
        return [picture_as(one, way) for one in medium]
    return picture_as(medium, way)


def _sound_as(medium: Medium, way: str) -> Medium:
    return sound_as(whole(medium), way)


def pictures(config: str, fresh: Callable[[np.random.Generator], Medium]) -> Kind:
    """Pictures, or clips as pictures."""
    return Kind(config, _pictures_as, fresh, PICTURE_WAYS)


def sounds(config: str, fresh: Callable[[np.random.Generator], Medium]) -> Kind:
    """Sounds."""
    return Kind(config, _sound_as, fresh, SOUND_WAYS)


class MediaPair(NamedTuple):
    """A pair whose answers are media."""

    prompt: str
    chosen: Medium
    rejected: Medium


def copied_media(pair: MediaPair, number: int, copies: Copies, kind: Kind) -> Made[MediaPair]:
    """What follows record `number`, which holds `pair`."""
    job = copies.jobs[number]
    rng = copies.rng(job)
    if job.kind == "leak":
        return _leak(job, copies, kind, rng)
    prompt, chosen, rejected = pair
    match job.kind:
        case "near" | "perceptual":
            if job.kind == "near":
                prompt = reworded(prompt, rng, job.share)
            made = MediaPair(prompt, kind.remake(chosen, job.way), kind.remake(rejected, job.way))
        case "contradiction":
            made = MediaPair(prompt, rejected, chosen)
        case "same_prompt":
            own = chosen if job.way == "one_response" else kind.fresh(rng)
            made = MediaPair(prompt, own, kind.fresh(rng))
        case "boilerplate":
            made = MediaPair(SHORT_PROMPT, kind.fresh(rng), kind.fresh(rng))
        case _:
            made = pair
    return Made(job, made)


def _leak(job: Job, copies: Copies, kind: Kind, rng: np.random.Generator) -> Made[MediaPair]:
    one = item(OMNI, kind.config, job.nth, copies.seed)
    first, second = one.first, one.second
    assert not isinstance(first, str)
    assert not isinstance(second, str)
    match job.way:
        case "exact":
            return Made(job, MediaPair(one.prompt, first, second), one, ("prompt", "responses"))
        case "near":
            prompt = reworded(one.prompt, rng, job.share)
            made = MediaPair(prompt, kind.fresh(rng), kind.fresh(rng))
            return Made(job, made, one, ("prompt",))
    pool = texts(copies.seed)
    prompt = f"{pool.scenes.one(rng)}, {pool.scenes.one(rng).lower()}"
    made = MediaPair(prompt, kind.remake(first, job.way), kind.fresh(rng))
    return Made(job, made, one, ("response",))
