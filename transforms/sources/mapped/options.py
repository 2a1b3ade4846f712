"""What a recipe says about a corpus's columns, checked as far as it can be without the corpus."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from schemas.media import SLOT_MODALITY
from schemas.tasks import RESPONSE_SLOTS
from transforms.sources.mapped.text_columns import TextColumns

Names = str | tuple[str, ...]

_RESPONSE_MEDIA = sorted({slot for slots in RESPONSE_SLOTS.values() for slot in slots} - {"text"})
_PROMPT_MEDIA = sorted(slot for slot in SLOT_MODALITY if slot.startswith("prompt_"))


@dataclass(frozen=True)
class MediaPlace:
    """Where the media of one slot are.

    `column` holds a path or a list of paths below `root`, which is a folder ("" is the corpus's
    own) or an archive; without `root` the column's Parquet cells hold the bytes.
    """

    column: str | None = None
    root: str | None = None
    #: Leading part of the paths that the root does not have.
    strip: str = ""


@dataclass(frozen=True)
class MappedOptions:
    """The corpus's names for what a preference pair needs.

    A name may be a path into nested values (``meta.question``, ``answers.0.text``); one with
    braces is a template over columns (``{idx}_left.jpg``). The responses are either `chosen` and
    `rejected`, or `responses` with one of `label`, `votes`, `scores` and `ranks`.
    """

    #: Text, a list of turns, or several columns that are joined by a blank line. Without it the
    #: prompt is what the turns of `chosen` and `rejected` share.
    prompt: Names | None = None
    system: str | None = None
    chosen: str | None = None
    rejected: str | None = None
    #: Two columns, or one that holds a list of responses.
    responses: Names | None = None
    #: Where the text (or path) is, when a response is a mapping: ``content``, ``output.text``.
    text: str | None = None
    #: The column that says which of two responses is better, in words that `values` explains.
    label: str | None = None
    #: Several such columns, or one that holds a list: the majority decides.
    votes: Names | None = None
    #: What the corpus writes for each verdict: {first: [1], second: [2], tie: [0]}.
    values: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    #: Two columns, or one that holds a list; higher is better. `ranks`: lower is better.
    scores: Names | None = None
    ranks: Names | None = None
    models: Names | None = None
    key: str | None = None
    #: What a transcript's turns begin with: {user: "\\n\\nHuman:", assistant: "\\n\\nAssistant:"}.
    transcript: Mapping[str, str] = field(default_factory=dict)
    #: Media by slot: of the prompt (prompt_images ...), or of the responses (image, video ...),
    #: whose columns then hold paths, or bytes in cells.
    media: Mapping[str, MediaPlace] = field(default_factory=dict)
    #: Records that are wanted: column -> values. Others are counted and left out.
    only: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check(self)

    @staticmethod
    def of(raw: Mapping[str, Any]) -> MappedOptions:
        """From the plain values of a recipe.

        Raises:
            ValueError: they don't fit together.
        """
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in raw.items()
        }
        for name in ("values", "only"):
            values[name] = {k: many(v) for k, v in (raw.get(name) or {}).items()}
        values["media"] = {
            slot: place if isinstance(place, MediaPlace) else MediaPlace(**place)
            for slot, place in (raw.get("media") or {}).items()
        }
        return MappedOptions(**values)

    @property
    def response_slot(self) -> str | None:
        """The slot that responses fill; None where they are text."""
        return next((slot for slot in self.media if slot in _RESPONSE_MEDIA), None)

    @property
    def verdict(self) -> Literal["label", "votes", "scores", "ranks"] | None:
        """Which column says what is better; None for `chosen` and `rejected`."""
        given: Any = next((name for name in _VERDICTS if getattr(self, name) is not None), None)
        return given

    @property
    def text_columns(self) -> TextColumns | None:
        """The columns, where they are no more than a prompt, two texts and perhaps a key."""
        named = (self.prompt, self.chosen, self.rejected)
        others = (self.system, self.text, self.models, self.transcript, self.media, self.only)
        if any(others) or not all(isinstance(n, str) and _is_column(n) for n in named):
            return None
        if self.key is not None and not _is_column(self.key):
            return None
        return TextColumns(*named, self.key)  # type: ignore[arg-type]

    def needed(self) -> tuple[tuple[str, ...], ...]:
        """The columns that every record must have; of each the names that it may go by."""
        found: list[tuple[str, ...]] = []
        for option in ("prompt", "system", "chosen", "rejected", "responses", *_VERDICTS, "key"):
            for name in many(getattr(self, option)):
                found += columns_of(name)
        return tuple(dict.fromkeys(found))

    def cells(self) -> frozenset[str]:
        """The columns whose Parquet cells hold media."""
        found = {place.column for place in self.media.values() if place.root is None}
        slot = self.response_slot
        if slot is not None and self.media[slot].root is None:
            found |= {*many(self.chosen), *many(self.rejected), *many(self.responses)}
        return frozenset(name for name in found if name is not None)

    def columns(self) -> tuple[str, ...]:
        """All columns that are read, under every name that they may go by; cells left out."""
        places = [place.column for place in self.media.values()]
        others = (*self.only, *many(self.models), *filter(None, places))
        named = [*self.needed(), *(column for name in others for column in columns_of(name))]
        names = dict.fromkeys(name for column in named for name in column)
        return tuple(name for name in names if name not in self.cells())


_VERDICTS = ("label", "votes", "scores", "ranks")


def many(value: Any) -> tuple[Any, ...]:
    """One or several as a tuple; None is none."""
    if value is None:
        return ()
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _is_column(name: str) -> bool:
    """Whether a name is that of a column: no path, no template."""
    return not set(name) & {".", "{"}


def columns_of(name: str) -> list[tuple[str, ...]]:
    """The columns behind a name: of a template its fields; a path's first part, or all of it."""
    if "{" in name:
        fields_of = [part for _, part, _, _ in string.Formatter().parse(name) if part]
        return [column for part in fields_of for column in columns_of(part)]
    return [tuple(dict.fromkeys((name, name.split(".", maxsplit=1)[0])))]


def _check(options: MappedOptions) -> None:
    by_choice = options.chosen is not None or options.rejected is not None
    if by_choice == (options.responses is not None):
        raise ValueError("name either chosen and rejected, or responses")
    if by_choice and (options.chosen is None or options.rejected is None):
        raise ValueError("chosen and rejected go together")
    if options.responses is not None and options.prompt is None:
        raise ValueError("responses need a prompt")
    if len(many(options.responses)) > 2:
        raise ValueError("responses are two columns, or one that holds a list")
    _check_verdict(options, by_choice=by_choice)
    _check_media(options)
    unknown = set(options.transcript) - {"user", "assistant", "system"}
    if unknown or (options.transcript and not {"user", "assistant"} <= set(options.transcript)):
        raise ValueError("transcript says how turns of `user` and `assistant` begin")


def _check_verdict(options: MappedOptions, *, by_choice: bool) -> None:
    verdicts = [name for name in _VERDICTS if getattr(options, name) is not None]
    if by_choice and verdicts:
        raise ValueError(f"with chosen and rejected there is no {verdicts[0]}")
    if not by_choice and len(verdicts) != 1:
        raise ValueError(f"responses need exactly one of {', '.join(_VERDICTS)}")
    if verdicts and verdicts[0] in ("label", "votes"):
        _check_values(options.values)
    elif options.values:
        raise ValueError("values explain a label or votes, and there are none")


def _check_media(options: MappedOptions) -> None:
    for slot, place in options.media.items():
        if slot not in _RESPONSE_MEDIA and slot not in _PROMPT_MEDIA:
            raise ValueError(
                f"unknown media slot {slot!r}; of a prompt: {', '.join(_PROMPT_MEDIA)}; "
                f"of responses: {', '.join(_RESPONSE_MEDIA)}"
            )
        if slot in _PROMPT_MEDIA and place.column is None:
            raise ValueError(f"media.{slot} needs a column")
        if slot in _RESPONSE_MEDIA and place.column is not None:
            raise ValueError(f"media.{slot}: the columns of responses are said above, not here")
    if sum(slot in _RESPONSE_MEDIA for slot in options.media) > 1:
        raise ValueError("responses fill one media slot")


def _check_values(values: Mapping[str, tuple[Any, ...]]) -> None:
    if not {"first", "second"} <= set(values) <= {"first", "second", "tie"}:
        raise ValueError("values says what is written for `first`, `second` and, if any, `tie`")
    listed = [repr(value) for name in values for value in many(values[name])]
    twice = next((value for value in listed if listed.count(value) > 1), None)
    if twice is not None:
        raise ValueError(f"values gives {twice} two meanings")


#: The options by name, for whoever writes them out.
OPTION_NAMES = tuple(entry.name for entry in fields(MappedOptions))
