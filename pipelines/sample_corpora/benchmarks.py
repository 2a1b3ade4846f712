"""Items of sample benchmarks: pure functions of their number, so corpora can leak them.

`items` of a table whatever the scale: benchmarks are small. The layouts in which they are
written are in `benchmark_files`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from pipelines.sample_corpora.clips import frames
from pipelines.sample_corpora.pictures import picture
from pipelines.sample_corpora.scheduling import stream
from pipelines.sample_corpora.shapes import views
from pipelines.sample_corpora.sounds import sound
from pipelines.sample_corpora.text import Texts, length, texts

OMNI: Final = "omni-rewardbench"
VL: Final = "vl-rewardbench"
REWARDBENCH: Final = "rewardbench"

#: Tables of each benchmark. Those of Omni-RewardBench are its nine configurations.
CONFIGS: Final = {
    OMNI: (
        "text_to_text",
        "text_image_to_text",
        "text_video_to_text",
        "text_audio_to_text",
        "text_to_image",
        "text_to_video",
        "text_to_audio",
        "text_to_3D",
        "text_image_to_image",
    ),
    VL: ("test",),
    REWARDBENCH: ("filtered",),
}
#: Items of a table, and so the most leaks that a corpus has of it.
ITEMS: Final = 40
#: Tables that no corpus leaks have fewer.
FEW_ITEMS: Final = 8
NOT_LEAKED: Final = ("text_video_to_text", "text_audio_to_text", "text_image_to_image")
FRAMES: Final = 8
#: Seconds of a sound: long enough for an acoustic fingerprint.
SECONDS: Final = 2.0

Answer = str | bytes | list[bytes]


@dataclass(frozen=True)
class Item:
    """A pair of a benchmark. An answer is text, a picture or sound, or the frames of a clip.

    `medium` is what the prompt shows: a picture, a sound, or the frames of a clip.
    """

    benchmark: str
    config: str
    number: int
    prompt: str
    first: Answer
    second: Answer
    medium: bytes | list[bytes] | None = None

    @property
    def id(self) -> str:
        """Its id in the benchmark."""
        return f"{self.config}-{self.number:04d}"

    @property
    def name(self) -> str:
        """How the truth names it."""
        return f"{self.config}/{self.id}"


def items(config: str) -> int:
    """The number of items of a table."""
    return FEW_ITEMS if config in NOT_LEAKED else ITEMS


def item(benchmark: str, config: str, number: int, seed: int) -> Item:
    """Item `number` of a table, below `items` of it."""
    name, pool = f"{benchmark}/{config}", texts(seed)
    rng = stream(seed, name, "item", number)
    asked, _, answered = config.rpartition("_to_")
    if not asked:
        asked, answered = ("text_image" if benchmark == VL else "text"), "text"
    if answered != "text":
        prompt = f"{pool.scenes.one(rng)}, {pool.scenes.one(rng).lower()}"
    elif asked == "text":
        prompt = _prose(pool, rng, 250)
    else:
        prompt = f"{pool.visual_questions.one(rng)} {pool.visual_questions.one(rng)}"

    def answer(side: int) -> Answer:
        if answered == "text":
            return _prose(pool, rng, length(rng, 700, 0.2))
        return _medium(answered, seed, name, f"response {side}", number)

    shown = asked.removeprefix("text").removeprefix("_")
    medium = _medium(shown, seed, name, "prompt", number) if shown else None
    return Item(benchmark, config, number, prompt, answer(1), answer(2), medium)


def _medium(kind: str, seed: int, name: str, purpose: str, number: int) -> bytes | list[bytes]:
    rng = stream(seed, name, purpose, number)
    match kind:
        case "image":
            return picture(rng)
        case "audio":
            return sound(rng, "WAV", SECONDS, varied=True)
        case "3D":
            return views(rng)
        case _:
            return frames(rng, FRAMES)


def _prose(pool: Texts, rng: np.random.Generator, chars: int) -> str:
    """English of about `chars` characters, for rules that count words."""
    return " ".join(pool.english.about(rng, chars))
