"""OmniAlign-V-DPO: requests about one picture, two answers as text, pictures in one tar archive.

Native layout: six JSON-lines files, one a topic, and ``images.tar``. A record has the strings
``image`` (a path), ``prompt``, ``chosen`` and ``rejected``; an older release says ``answer`` for
``chosen`` (the project's own training code read both). Whether there is an ``id`` is unconfirmed.

The placeholder ``<image>`` stands in some prompts only; the training code takes it out and puts it
in front of every prompt, so its place says nothing. Here it is taken out: the one picture of a
prompt lies in ``prompt_images``, as with every other corpus of questions about a picture, and both
spellings are one pair.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from schemas.media import MediaRef
from transforms.sources.adapter import Place, RecordAdapter, need, response_text, text_of
from transforms.sources.columns import Column
from transforms.sources.draft import Draft, Response, Turn
from transforms.sources.media_refs import whole_name

TOKEN: Final = "<image>"  # noqa: S105 - a placeholder in a prompt

#: The placeholder with what parts it from the text: line breaks, or blanks on its own line. White
#: space beyond that (an indented first line) is content and stays.
_FIRST: Final = re.compile(rf"\A\s*{TOKEN}(?:[ \t]*[\r\n]+|[ \t]+)?")
_BETWEEN: Final = re.compile(rf"{TOKEN}(?:(?<=\s{TOKEN})(?:[ \t]*[\r\n]+|[ \t]+))?")


@dataclass(frozen=True)
class OmniAlignVOptions:
    """Which archive holds the pictures, and how its members' names come from the records' paths.

    `strip` is taken off the front of every path, which must begin with it; then `add` is put in
    front. What results is the whole name of a member: no other name is ever tried.
    """

    archive: str = "images.tar"
    strip: str = ""
    add: str = ""


class OmniAlignV(RecordAdapter):
    """One record is one pair; `chosen` is preferred."""

    Options: ClassVar[type] = OmniAlignVOptions
    RECORD_SUFFIXES: ClassVar = (".jsonl",)
    COLUMNS: ClassVar = (
        Column.of("image", "text"),
        Column.of("prompt", "text"),
        Column(("chosen", "answer"), "text"),
        Column.of("rejected", "text"),
        Column.of("id", "any", required=False),
    )

    def key(self, record: Mapping[str, Any]) -> str:
        """`id` where there is one, and the content: nobody says that an `id` is unique."""
        content, own = super().key(record), record.get("id")
        is_id = isinstance(own, str | int) and not isinstance(own, bool)
        return f"{own}/{content}" if is_id else content

    def pairs(self, record: Mapping[str, Any], place: Place) -> Iterable[Draft]:
        """The pair of a record, its prompt without the placeholder."""
        better = "answer" if record.get("chosen") is None and "answer" in record else "chosen"
        options = OmniAlignVOptions(**self.corpus.options)
        yield Draft(
            key=self.key(record),
            prompt=(Turn("user", without_token(text_of(record, "prompt"))),),
            prompt_media=(MediaRef("prompt_images", options.archive, _member(record, options)),),
            first=Response(text=response_text(record, better)),
            second=Response(text=response_text(record, "rejected")),
            preferred="first",
            where=str(place),
        )


def without_token(prompt: str) -> str:
    """The prompt without its placeholder.

    Raises:
        Reject: `too_many_image_tokens` for several of them, since a record has one picture;
            `empty_prompt` when nothing else is left.
    """
    number = prompt.count(TOKEN)
    need(number <= 1, "too_many_image_tokens", f"{number} times {TOKEN} for one picture")
    before, token, after = prompt.partition(TOKEN)
    if token and not before.strip():
        prompt = _FIRST.sub("", prompt)
    elif token and not after.strip():
        # Cut off by hand: a pattern would begin anew at every blank of a run.
        prompt = before.rstrip(" \t").rstrip("\r\n")
    elif token:
        prompt = _BETWEEN.sub("", prompt)
    need(bool(prompt.strip()), "empty_prompt", "the prompt is empty")
    return prompt


def _member(record: Mapping[str, Any], options: OmniAlignVOptions) -> str:
    path = text_of(record, "image").removeprefix("./")
    need(bool(path.strip()), "malformed_image", "image is empty")
    need(
        path.startswith(options.strip),
        "malformed_image",
        f"the path {path!r} does not begin with {options.strip!r}, which options.strip takes off",
    )
    return whole_name(options.archive, options.add + path.removeprefix(options.strip))
