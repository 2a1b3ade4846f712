"""The published OmniRewardData as a corpus: pairs with their criteria, pictures as files.

Native layout: ``<Subset>/train-*.parquet`` with ``conversations`` (list of ``{from, value}``),
``chosen``, ``rejected`` (``{from, value}``) and ``images`` (paths). What stands where depends on
the task, as in the authors' trainer:

- text answers: the prompt is `conversations`; with a picture, exactly one in `images`, and a
  placeholder for it in the prompt, which is taken out here as with every other corpus;
- pictures: the prompt is ``chosen.value``, `images` are chosen and rejected;
- clips: the prompt is ``chosen.value``, `images` are frames, those of chosen in the first half.

In a subset of instructions the first turn from ``system`` is the criterion. What the pair's own
corpus preferred is not published, so whether a criterion reverses it is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from schemas.media import MediaRef
from schemas.tasks import Role
from transforms.sources.adapter import Place, RecordAdapter, need
from transforms.sources.columns import Column
from transforms.sources.draft import Draft, Reject, Response, Turn
from transforms.sources.omnialign_v import TOKEN, without_token

#: Tasks of which the published set has rows, and the slot of a response's pictures.
SLOTS: Final[dict[str, str | None]] = {"t2t": None, "ti2t": None, "t2i": "image", "t2v": "frames"}

_ROLES: Final[dict[str, Role]] = {"system": "system", "human": "user", "gpt": "assistant"}


@dataclass(frozen=True)
class MediaLocation:
    """Where the pictures of one first folder of the paths are: `add` + the rest of a path is the
    name of a member of `container`."""

    container: str
    add: str = ""


@dataclass(frozen=True)
class OmniRewardDataOptions:
    """What a row does not say of itself."""

    #: One of `SLOTS`.
    task: str
    #: Whether the first turn from ``system`` is a criterion; else it belongs to the prompt.
    criteria: bool
    #: The folder in which whole paths are looked for.
    media: str = "media"
    #: First folder of a path -> where what follows it is found instead.
    locations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.task not in SLOTS:
            raise ValueError(f"task: {self.task!r} is none of {', '.join(SLOTS)}")

    def located(self, path: str) -> tuple[str, str]:
        """Container and member of a path of `images`."""
        first, slash, rest = path.partition("/")
        if not slash or first not in self.locations:
            return self.media, path
        location = MediaLocation(**self.locations[first])
        return location.container, location.add + rest


class OmniRewardData(RecordAdapter):
    """One record is one pair under one criterion, or under none; `chosen` is preferred."""

    Options: ClassVar[type] = OmniRewardDataOptions
    RECORD_SUFFIXES: ClassVar = (".parquet",)
    COLUMNS: ClassVar = (
        Column.of("conversations", "list"),
        Column.of("chosen", "struct"),
        Column.of("rejected", "struct"),
        Column.of("images", "list"),
    )
    PROJECTION: ClassVar = ("conversations", "chosen", "rejected", "images")

    def pairs(self, record: Mapping[str, Any], place: Place) -> Iterable[Draft]:
        """The pair of a record.

        Raises:
            Reject: `no_prompt`, `no_response`, `no_criterion`, `unknown_role`, `not_text`,
                `images_unfit` (not as many as the task has), `too_many_image_tokens`.
        """
        options = OmniRewardDataOptions(**self.corpus.options)
        turns = _turns(record)
        criterion = None
        if options.criteria:
            criterion, turns = _criterion(turns)
        chosen, rejected = _answer(record, "chosen"), _answer(record, "rejected")
        images = _images(record, options.task)
        slot = SLOTS[options.task]
        if slot is not None:
            prompt: tuple[Turn, ...] = (Turn("user", chosen),)
            half = len(images) // 2
            first = Response(media=_refs(options, slot, images[:half]))
            second = Response(media=_refs(options, slot, images[half:]))
        else:
            need(any(turn.role == "user" for turn in turns), "no_prompt", "nobody asks anything")
            prompt = _asked(turns) if images else turns
            first, second = Response(text=chosen), Response(text=rejected)
        yield Draft(
            key=self.key(record),
            prompt=prompt,
            prompt_media=() if slot else _refs(options, "prompt_images", images),
            first=first,
            second=second,
            preferred="first",
            criterion=criterion,
            criterion_origin=None if criterion is None else "published",
            where=str(place),
        )


def _turns(record: Mapping[str, Any]) -> tuple[Turn, ...]:
    """The turns of `conversations`, a criterion among them."""
    turns = []
    for number, turn in enumerate(record.get("conversations") or ()):
        said = turn if isinstance(turn, Mapping) else {}
        role, value = said.get("from"), said.get("value")
        need(role in _ROLES, "unknown_role", f"turn {number} of conversations is from {role!r}")
        need(isinstance(value, str), "not_text", f"turn {number} of conversations is not text")
        turns.append(Turn(_ROLES[str(role)], str(value)))
    need(bool(turns), "no_prompt", "conversations is empty")
    return tuple(turns)


def _criterion(turns: tuple[Turn, ...]) -> tuple[str, tuple[Turn, ...]]:
    """The criterion, and the turns without it."""
    at = next((at for at, turn in enumerate(turns) if turn.role == "system"), None)
    if at is None or not turns[at].content.strip():
        raise Reject("no_criterion", "no turn from system with a text")
    return turns[at].content, (*turns[:at], *turns[at + 1 :])


def _answer(record: Mapping[str, Any], name: str) -> str:
    answer = record.get(name)
    value = answer.get("value") if isinstance(answer, Mapping) else None
    if not isinstance(value, str) or not value.strip():
        raise Reject("no_response", f"{name} has no text")
    return value


def _images(record: Mapping[str, Any], task: str) -> list[str]:
    images = record.get("images") or []
    need(all(isinstance(one, str) and one for one in images), "not_text", "images hold no paths")
    number = len(images)
    fits = {"t2t": number == 0, "ti2t": number == 1, "t2i": number == 2}
    expected = {"t2t": "none", "ti2t": "one", "t2i": "two"}.get(task, "two halves")
    need(
        fits.get(task, number > 0 and number % 2 == 0),
        "images_unfit",
        f"{number} images, expected {expected}",
    )
    return list(images)


def _refs(options: OmniRewardDataOptions, slot: str, paths: Sequence[str]) -> tuple[MediaRef, ...]:
    return tuple(MediaRef(slot, *options.located(path)) for path in paths)


def _asked(turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """The turns of a prompt about one picture, without its placeholder."""
    number = sum(turn.content.count(TOKEN) for turn in turns)
    need(number <= 1, "too_many_image_tokens", f"{number} times {TOKEN} for one picture")
    return tuple(
        Turn(turn.role, without_token(turn.content)) if TOKEN in turn.content else turn
        for turn in turns
    )
