"""align-anything: two of its parts with sound, each a question or description and two responses.

Native layouts, from the dataset card and the authors' templates (PKU-Alignment/align-anything,
``AA_TA2T`` and ``AA_T2A``), both Parquet:

- ``text-audio-to-text/train_30k.parquet``: ``prompt``, ``audio_path`` (an Audio cell in spite of
  its name), ``response_1`` and ``response_2`` (text), ``overall_response``;
- ``text-to-audio/train_12k.parquet``: ``prompt``, ``response_1`` and ``response_2`` (Audio cells),
  ``overall_audio``.

The label is 1 or 2, and the templates put it through ``int``, so it may be text. They drop every
other value; whether one of those means a tie is not known, so it is a dead letter until `answers`
says so. Rates by dimension and rationales stand beside it and are not read. An older text-audio
part (JSON and a tar of sounds) can be read with the adapter `mapped`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal, get_args

from schemas.media import MediaRef
from transforms.sources.adapter import Place, RecordAdapter, need, response_text, text_of
from transforms.sources.columns import Column
from transforms.sources.draft import Draft, Reject, Response, Turn
from transforms.sources.media_refs import cell
from transforms.sources.pairing import Verdict, settled
from transforms.sources.settings import Corpus

RESPONSES: Final = ("response_1", "response_2")
SOUND: Final = "audio_path"

#: Part -> the column with its label.
LABELS: Final = {"text-audio-to-text": "overall_response", "text-to-audio": "overall_audio"}


@dataclass(frozen=True)
class AlignAnythingOptions:
    """Which part of the corpus it is, and what its label means.

    Raises:
        ValueError: an unknown part, or an answer that means none of first, second, tie.
    """

    part: Literal["text-audio-to-text", "text-to-audio"] = "text-audio-to-text"
    #: Spelling of the label -> verdict. Any other is a dead letter.
    answers: Mapping[str, Literal["first", "second", "tie"]] = field(
        default_factory=lambda: {"1": "first", "2": "second"}
    )

    def __post_init__(self) -> None:
        if self.part not in LABELS:
            raise ValueError(f"part is one of {', '.join(LABELS)}, not {self.part!r}")
        wrong = sorted(set(self.answers.values()) - set(get_args(Verdict)))
        if wrong:
            raise ValueError(f"answers mean {', '.join(get_args(Verdict))}, not {wrong[0]}")


class AlignAnything(RecordAdapter):
    """One record is one pair; the label names the better response. Sounds stay in their cells."""

    Options: ClassVar[type] = AlignAnythingOptions
    RECORD_SUFFIXES: ClassVar = (".parquet",)

    def __init__(self, corpus: Corpus, name: str, subset: str) -> None:
        super().__init__(corpus, name, subset)
        self.options = AlignAnythingOptions(**corpus.options)
        self._answers = {str(said): means for said, means in self.options.answers.items()}
        self._label = LABELS[self.options.part]
        self._sound_asked = self.options.part == "text-audio-to-text"
        sounds = (SOUND,) if self._sound_asked else RESPONSES
        self.COLUMNS = (  # type: ignore[misc]
            Column.of("prompt", "text"),
            *(Column.of(name, "text" if self._sound_asked else "struct") for name in RESPONSES),
            *((Column.of(SOUND, "struct"),) if self._sound_asked else ()),
            Column.of(self._label, "any"),
        )
        # The sounds' names are read without their bytes.
        texts = ("prompt", *(RESPONSES if self._sound_asked else ()))
        self.PROJECTION = (*texts, *(f"{sound}.path" for sound in sounds), self._label)  # type: ignore[misc]

    def pairs(self, record: Mapping[str, Any], place: Place) -> Iterable[Draft]:
        """The pair of a record."""
        prompt = text_of(record, "prompt")
        need(bool(prompt.strip()), "empty_prompt", "prompt is empty")
        preferred = settled(self._verdict(record), self.corpus.pairs)
        heard: tuple[MediaRef, ...] = ()
        if self._sound_asked:
            heard = (MediaRef("prompt_audios", place.file, cell(SOUND, place)),)
            first, second = (Response(text=response_text(record, name)) for name in RESPONSES)
        else:
            first, second = (
                Response(media=(MediaRef("audio", place.file, cell(name, place)),))
                for name in RESPONSES
            )
        yield Draft(
            key=self.key(record),
            prompt=(Turn("user", prompt),),
            prompt_media=heard,
            first=first,
            second=second,
            preferred=preferred,
            where=str(place),
        )

    def _verdict(self, record: Mapping[str, Any]) -> Verdict:
        said = record.get(self._label)
        need(said is not None, "missing_field", f"{self._label} is missing or null")
        spelt = str(int(said)) if isinstance(said, float) and said.is_integer() else str(said)
        means = self._answers.get(spelt.strip())
        if means is None:
            raise Reject(
                "label_unknown",
                f"{self._label} is {said!r:.80}, known are {', '.join(self._answers)}",
            )
        return means
