"""Guessing which columns of a benchmark are what, by their names and what they hold.

A benchmark needs less than a corpus: not which response is better, and any number of responses, or
none. What names and values leave open is left out, and said.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pipelines.benchmarks.layouts import Roles
from transforms.sources.mapped.profile import Profile, profiles

#: In the order of preference.
_PROMPTS: Final = (
    "prompt", "query", "question", "instruction", "instruct", "conversations", "conversation",
    "messages", "turns", "request", "input", "text", "caption", "problem",
)  # fmt: skip
_RESPONSES: Final = (
    "chosen", "rejected", "response", "responses", "answer", "answers", "output", "outputs",
    "completion", "completions", "candidate", "candidates", "generation", "generations", "reply",
    "win", "lose", "winner", "loser", "left", "right", "out",
)  # fmt: skip
#: Words of columns about the pair: never an item's content.
_ABOUT: Final = frozenset((
    "id", "uid", "uuid", "idx", "index", "model", "models", "judge", "rationale", "source",
    "subset", "category", "label", "vote", "votes", "human", "score", "scores", "ranking", "rank",
    "annotator", "criteria", "criterion", "preference", "reason", "explanation", "meta", "metadata",
    "error", "better", "correct", "fps", "num", "key", "type", "lang", "language",
))  # fmt: skip
_OF_PROMPTS: Final = frozenset(("source", "src", "original", "before", "input", "prompt", "query"))
_TEXTS: Final = ("text", "category", "turns", "transcript", "texts", "answers")
_MEDIA: Final = ("path", "paths", "cell")


def guess_roles(records: Sequence[Mapping[str, Any]]) -> tuple[Roles, list[str]]:
    """Roles for records like these, and the names of the columns of text that are left out."""
    prompts: list[str] = []
    responses: list[str] = []
    prompt_media: list[tuple[str, ...]] = []
    response_media: list[tuple[str, ...]] = []
    left: list[str] = []
    for column in (_cells(column, records) for column in profiles(records)):
        words = _words(column.name)
        if column.kind in _MEDIA:
            if words & {"id", "uid", "key"}:
                continue
            side = response_media if _is_of_response(column.name, words) else prompt_media
            side.append((column.name,))
        elif column.kind not in _TEXTS:
            continue
        elif words & set(_RESPONSES) and not words & (_ABOUT - {"source"}):
            # A few values over and over are verdicts, whatever the column is called.
            (left if column.kind == "category" else responses).append(column.name)
        elif words & set(_PROMPTS) and not words & _ABOUT:
            prompts.append(column.name)
        else:
            left.append(column.name)
    chosen = _chosen_prompts(prompts)
    left += [name for name in prompts if name not in chosen]
    roles = Roles(tuple(chosen), tuple(responses), tuple(prompt_media), tuple(response_media))
    return roles, left


def _cells(column: Profile, records: Sequence[Mapping[str, Any]]) -> Profile:
    """A column's profile; one of lists of cells counts as one of cells."""
    if column.kind != "answers":
        return column
    items = [item for record in records for item in (record.get(column.name) or ())]
    if all(isinstance(item, Mapping) and "bytes" in item for item in items):
        return Profile(column.name, "cell", modality="image")
    return column


def _is_of_response(name: str, words: set[str]) -> bool:
    """Whether media are those of responses: by a word, or by a side (``path1``, ``video_A``)."""
    if words & _OF_PROMPTS:
        return False
    sided = re.fullmatch(r"(?:path|image|img|video|audio|mesh)s?_?[012ab](?:_path)?", name.lower())
    return sided is not None or bool(words & set(_RESPONSES))


def _chosen_prompts(names: Sequence[str]) -> list[str]:
    """Instruction and input belong together; of others the first by the order of usual names."""
    lowered = {name.lower(): name for name in names}
    if {"instruction", "input"} <= lowered.keys():
        return [lowered["instruction"], lowered["input"]]

    def place(name: str) -> int:
        return min(_PROMPTS.index(word) for word in _words(name) & set(_PROMPTS))

    return sorted(names, key=place)[:1]


def _words(name: str) -> set[str]:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[0-9])(?=[A-Za-z])", "_", name)
    return set(re.split(r"[\W_]+", spaced.lower())) - {""}
