"""Criteria as the published set has them: one sentence, one dimension that a person can check."""

from __future__ import annotations

from typing import Final

import numpy as np

_DO: Final = {
    "text": (
        "explain every step in plain words before it draws a conclusion",
        "answer the question that was asked in its very first sentence",
        "name a concrete example for each of the claims that it makes",
        "keep to a calm and factual tone from its beginning to its end",
        "say openly where it is not sure or where facts are missing",
    ),
    "picture": (
        "place its main subject clearly apart from all that lies behind it",
        "show every object of the prompt in the number that it asks for",
        "use few colours that go well together over the whole frame",
        "keep straight edges straight and the outlines of all shapes clean",
        "light the scene from one side so that its depth can be seen",
    ),
}
_AVOID: Final = {
    "text": ("repeating what was said before", "lists where prose would do", "needless jargon",
             "advice that nobody asked for"),
    "picture": ("clutter along the edges", "shades that hide details", "visible noise",
                "objects that nobody asked for"),
}  # fmt: skip


def criteria(rng: np.random.Generator, number: int, *, of_text: bool) -> list[str]:
    """`number` different criteria (up to 20) about answers that are text, or pictures and clips."""
    kind = "text" if of_text else "picture"
    subject = "response" if of_text else "image"
    every = [(do, avoid) for do in _DO[kind] for avoid in _AVOID[kind]]
    drawn = rng.permutation(len(every))[:number].tolist()
    return [
        f"The {subject} should {every[at][0]}, and it should avoid {every[at][1]}." for at in drawn
    ]
