"""Guessing a mapping from some records: a start that a person reads and mends, never a verdict."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Final

from transforms.sources.mapped.options import OPTION_NAMES
from transforms.sources.mapped.profile import Profile, profiles
from transforms.sources.mapped.unpaired import why_unpaired

#: English first, then Spanish, French, German, Chinese, Japanese.
_CHOSEN: Final = ("chosen", "preferred", "winner", "win", "better", "positive", "accepted", "good",
                  "elegida", "elegido", "choisie", "choisi", "gewählt", "bevorzugt", "选择",
                  "选中", "採用")  # fmt: skip
_REJECTED: Final = ("rejected", "dispreferred", "loser", "lose", "worse", "negative", "bad",
                    "rechazada", "rechazado", "rejetée", "rejeté", "abgelehnt", "拒绝", "拒絶",
                    "却下")  # fmt: skip
_PROMPT: Final = ("prompt", "instruction", "question", "query", "conversations", "messages",
                  "user", "request", "caption", "input", "text")  # fmt: skip
_LABEL: Final = ("label", "preference", "preferred", "winner", "vote", "choice", "better",
                 "verdict", "annotator", "human", "judge")  # fmt: skip
_RESPONSE: Final = ("response", "answer", "output", "completion", "generation", "reply", "image",
                    "video", "audio", "path", "candidate")  # fmt: skip
_SCORE: Final = ("score", "rating", "reward")
_RANK: Final = ("rank", "ranks", "ranking")
_KEY: Final = ("id", "idx", "key", "uid", "uuid", "index", "编号", "序号", "番号")
_SIDES: Final = (("1", "2"), ("0", "1"), ("a", "b"), ("left", "right"), ("first", "second"))
_FIRST: Final = ("1", "a", "first", "left", "leftvote", "model_a", "response1", "response_1", "a>b")
_SECOND: Final = ("2", "b", "second", "right", "rightvote", "model_b", "response2", "response_2",
                  "b>a")  # fmt: skip
_TIE: Final = ("tie", "same", "equal", "both", "neither", "draw", "none", "0", "3", "c", "a=b")

_SLOTS: Final = {"image": "image", "video": "video", "audio": "audio", "mesh": "mesh"}
_PROMPT_SLOTS: Final = {
    "image": "prompt_images",
    "video": "prompt_videos",
    "audio": "prompt_audios",
    "mesh": "prompt_meshes",
}


@dataclass
class Guess:
    """Options as a recipe would have them, and what could not be decided."""

    options: dict[str, Any] = field(default_factory=dict)
    undecided: list[str] = field(default_factory=list)
    #: Why the file holds no pairs at all.
    refused: str | None = None


def guess_mapping(records: Sequence[Mapping[str, Any]]) -> Guess:
    """A mapping for records like these. What the names and values leave open is said."""
    if not records:
        return Guess(refused="the file has no records")
    refused = why_unpaired(records[0])
    if refused is not None:
        return Guess(refused=refused)
    return _Guesser(profiles(records)).guess()


class _Guesser:
    """Takes columns away from those that are left, as their meaning is found."""

    def __init__(self, columns: Sequence[Profile]) -> None:
        self.left = {column.name: column for column in columns}
        self.found = Guess()

    def guess(self) -> Guess:
        self._key()
        if not self._chosen_and_rejected() and not self._responses():
            self.found.refused = (
                "no two responses were recognised; name them yourself: chosen and rejected, or "
                "responses with label, votes, scores or ranks. Columns: " + ", ".join(self.left)
            )
            return self.found
        if "responses" in self.found.options:
            self._verdict()
        self._models()
        self._prompt()
        self._prompt_media()
        given = self.found.options
        self.found.options = {name: given[name] for name in OPTION_NAMES if name in given}
        return self.found

    def _take(self, *names: str) -> None:
        for name in names:
            self.left.pop(name, None)

    def _key(self) -> None:
        for name, column in self.left.items():
            if column.is_unique and _words(name) & set(_KEY):
                self.found.options["key"] = name
                self._take(name)
                return
        self.found.undecided.append("key: no unique id was seen; records are known by content")

    def _chosen_and_rejected(self) -> bool:
        for first, second in combinations(self.left, 2):
            for better, worse in ((first, second), (second, first)):
                kinds = {self.left[better].kind, self.left[worse].kind}
                if (
                    _has(better, _CHOSEN)
                    and _has(worse, _REJECTED)
                    and _stem(better, _CHOSEN) == _stem(worse, _REJECTED)
                    and len(kinds) == 1
                    and kinds <= {"text", "path", "turns", "transcript", "texts", "cell"}
                ):
                    self._sides(better, worse, {"chosen": better, "rejected": worse})
                    return True
        return False

    def _responses(self) -> bool:
        two = [
            pair
            for pair in self._siblings()
            if self.left[pair[0]].kind == self.left[pair[1]].kind
            and self.left[pair[0]].kind in ("text", "path", "turns", "cell")
            and not _has(pair[0], (*_SCORE, *_RANK, "model"))
        ]
        if two:
            pair = max(two, key=lambda p: (_has(p[0], _RESPONSE), self.left[p[0]].length))
            self._sides(*pair, {"responses": list(pair)})
            return True
        lists = [c for c in self.left.values() if c.kind in ("texts", "paths", "answers")]
        lists = [c for c in lists if c.items != 1 and not _has(c.name, ("model",))]
        if not lists:
            return False
        column = max(lists, key=lambda c: (_has(c.name, _RESPONSE), c.length))
        self._sides(column.name, column.name, {"responses": column.name})
        if column.kind == "answers":
            self.found.undecided.append(
                f"text: the items of {column.name!r} are mappings; say where their text is"
            )
        return True

    def _sides(self, first: str, second: str, options: dict[str, Any]) -> None:
        column = self.left[first]
        self.found.options |= options
        if column.kind == "transcript":
            self.found.options["transcript"] = {
                "user": "\n\nHuman:",
                "assistant": "\n\nAssistant:",
            }
        if column.modality is not None:
            slot = _SLOTS[column.modality]
            place: dict[str, Any] = {} if column.kind == "cell" else {"root": ""}
            self.found.options["media"] = {slot: place}
            if column.kind != "cell":
                self._root_unknown(slot)
        self._take(first, second)

    def _root_unknown(self, slot: str) -> None:
        self.found.undecided.append(
            f"media.{slot}.root: the folder or archive below the corpus's path that the paths of "
            'the records are relative to ("" is the path itself)'
        )

    def _siblings(self) -> list[tuple[str, str]]:
        """Pairs of columns whose names differ by a side only: response1, response2."""
        found = []
        for first, second in combinations(self.left, 2):
            if any(_differ_by(first, second, *sides) for sides in _SIDES):
                found.append((first, second))
        return found

    def _verdict(self) -> None:
        numbers = [
            pair
            for pair in self._siblings()
            if {self.left[name].kind for name in pair} <= {"number", "category"}
            and _has(pair[0], (*_SCORE, *_RANK))
        ]
        if numbers:
            numbers.sort(key=lambda pair: "overall" not in pair[0].lower())
            self._by_number(list(numbers[0]))
            if len(numbers) > 1:
                others = " or ".join(" and ".join(map(repr, pair)) for pair in numbers[1:])
                self.found.undecided.append(
                    f"scores: {numbers[0][0]!r} and {numbers[0][1]!r} were taken; "
                    f"it could be {others}"
                )
            return
        lists = [c for c in self.left.values() if c.kind == "numbers"]
        if lists:
            lists.sort(key=lambda c: not _has(c.name, (*_SCORE, *_RANK)))
            self._by_number(lists[0].name)
            return
        categories = [c for c in self.left.values() if c.kind == "category" and len(c.values) <= 5]
        groups: dict[str, list[Profile]] = {}
        for column in categories:
            groups.setdefault(re.sub(r"(?<!\d)\d+$", "", column.name), []).append(column)
        panel = max(groups.values(), key=len, default=[])
        if len(panel) > 1 and len({column.name for column in panel}) > 1:
            voters = [column.name for column in panel]
            self.found.options["votes"] = voters
            self._values([value for column in panel for value in column.values])
            self._take(*voters)
            return
        told = [c for c in categories if _means_a_side(c)] or categories
        told.sort(key=lambda c: (not _has(c.name, _LABEL), not _means_a_side(c)))
        if told and (_has(told[0].name, _LABEL) or _means_a_side(told[0])):
            self.found.options["label"] = told[0].name
            self._values(told[0].values)
            self._take(told[0].name)
            if len([c for c in told if _means_a_side(c)]) > 1:
                rivals = [c.name for c in told[1:] if _means_a_side(c)]
                self.found.undecided.append(
                    f"label: {told[0].name!r} was taken; it could be {' or '.join(rivals)}"
                )
            return
        self.found.undecided.append(
            "label: nothing that says which response is better was recognised; name label, votes, "
            "scores or ranks"
        )

    def _by_number(self, names: str | list[str]) -> None:
        first = names if isinstance(names, str) else names[0]
        is_rank = _has(first, _RANK)
        self.found.options["ranks" if is_rank else "scores"] = names
        if not is_rank and not _has(first, _SCORE):
            self.found.undecided.append(
                f"scores: is a higher {first!r} better? If lower is, call it ranks"
            )
        self._take(*([names] if isinstance(names, str) else names))

    def _values(self, seen: Sequence[Any]) -> None:
        values: dict[str, list[Any]] = {"first": [], "second": []}
        unknown = []
        distinct = list({str(value): value for value in seen}.values())
        zero_based = {str(value) for value in distinct} == {"0", "1"}
        for value in sorted(distinct, key=str):
            said = str(value).strip().lower()
            if zero_based:
                values["first" if said == "0" else "second"].append(value)
            elif said in _FIRST:
                values["first"].append(value)
            elif said in _SECOND:
                values["second"].append(value)
            elif said in _TIE or any(said.startswith(word) for word in _TIE if len(word) > 3):
                values.setdefault("tie", []).append(value)
            else:
                unknown.append(value)
        self.found.options["values"] = values
        if zero_based:
            self.found.undecided.append(
                "values: 0 was taken for the first response, 1 for the second"
            )
        if unknown:
            shown = ", ".join(map(repr, unknown))
            self.found.undecided.append(f"values: what do {shown} mean? first, second or tie")
        if not values["first"] or not values["second"]:
            self.found.undecided.append("values: no value was seen for first, or for second")

    def _models(self) -> None:
        for pair in self._siblings():
            if _has(pair[0], ("model",)) and self.left[pair[0]].kind in ("text", "category"):
                self.found.options["models"] = list(pair)
                self._take(*pair)
                return

    def _prompt(self) -> None:
        if "chosen" in self.found.options and not any(
            c.kind in ("text", "turns") for c in self.left.values()
        ):
            return
        texts = [c for c in self.left.values() if c.kind in ("text", "turns", "transcript")]
        named = sorted(
            (c for c in texts if _has(c.name, _PROMPT)),
            key=lambda c: next(at for at, word in enumerate(_PROMPT) if _has(c.name, (word,))),
        )
        chosen_first = named or sorted(texts, key=lambda c: (c.has_gaps, -c.length))
        if not chosen_first:
            self.found.undecided.append("prompt: no column of text is left; name it")
            return
        prompt = chosen_first[0].name
        both = {"instruction", "input"} <= {name.lower() for name in self.left}
        if both:
            names = {name.lower(): name for name in self.left}
            self.found.options["prompt"] = [names["instruction"], names["input"]]
        elif self._dialogues() and not named:
            return  # the prompt is inside the turns of both sides
        else:
            self.found.options["prompt"] = prompt
            if not named:
                self.found.undecided.append(
                    f"prompt: {prompt!r} was taken as the longest text left"
                )
        self._take(prompt)

    def _dialogues(self) -> bool:
        return "transcript" in self.found.options

    def _prompt_media(self) -> None:
        for column in list(self.left.values()):
            if column.modality is None or column.kind not in ("path", "paths", "cell"):
                continue
            slot = _PROMPT_SLOTS[column.modality]
            media = self.found.options.setdefault("media", {})
            if slot in media:
                self.found.undecided.append(f"media: is {column.name!r} part of the prompt?")
                continue
            media[slot] = {"column": column.name}
            if column.kind != "cell":
                media[slot]["root"] = ""
                self._root_unknown(slot)


def _words(name: str) -> set[str]:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return set(re.split(r"[\W_]+", spaced.lower()))


def _has(name: str, words: Sequence[str]) -> bool:
    """Whether a name holds one of the words; short ones stand alone, where words are spaced."""
    parts = _words(name)
    return any(
        word in parts if len(word) < 5 and word.isascii() else any(word in part for part in parts)
        for word in words
    )


def _stem(name: str, words: Sequence[str]) -> str:
    """A name without its side: ``chosen_text`` and ``rejected_text`` share one."""
    lowered = name.lower()
    for word in words:
        if word in lowered:
            return lowered.replace(word, "", 1)
    return lowered


def _differ_by(first: str, second: str, one: str, other: str) -> bool:
    """Whether two names are equal but for a side: the word, or a last or lone letter or digit."""
    low, high = first.lower(), second.lower()
    for found in re.finditer(re.escape(one), low):
        before, after = low[: found.start()], low[found.end() :]
        if len(one) == 1 and one.isalpha() and (_letter(before[-1:]) or _letter(after[:1])):
            continue
        if before + other + after == high:
            return True
    return False


def _letter(character: str) -> bool:
    return character.isascii() and character.isalpha()


def _means_a_side(column: Profile) -> bool:
    said = {str(value).strip().lower() for value in column.values}
    return (bool(said & set(_FIRST)) and bool(said & set(_SECOND))) or said == {"0", "1"}
