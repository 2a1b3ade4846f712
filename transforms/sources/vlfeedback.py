"""VLFeedback: a question on a picture, four answers, each rated by GPT-4V in three aspects.

Two layouts, both from the card and the loading script of MMInstruction/VLFeedback:

- ``vlfeedback_80k.jsonl`` and ``merged_images.zip``: ``{id, prompt, models, completions}``, with
  or without ``img_path``. The loading script makes the path itself, ``merged_images/<id>.jpg``,
  and copies that were saved after loading keep it with the folders of another machine.
- Parquet with an ``image`` cell: option ``archive: null``.

`completions` is a list of objects, or one object of lists where `datasets` has read it. Ids
recur, by one count 29,073 of them, since parts of the corpus number their records anew; whether
records of one id show the same picture is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Final, Literal

from schemas.media import MediaRef
from transforms.beamkit.errors import BuildError
from transforms.sources.adapter import Place, RecordAdapter, SourceFile, need, text_of
from transforms.sources.columns import Column
from transforms.sources.completions import Completion, completions_of, rated_drafts
from transforms.sources.draft import Draft, Dropped, Turn
from transforms.sources.media_refs import cell
from transforms.sources.settings import Corpus
from transforms.sources.work_unit import WorkUnit

ASPECTS: Final = ("Helpfulness", "Ethical Considerations", "Visual Faithfulness")

#: The folder inside the archive.
_FOLDER: Final = "merged_images/"
#: What a tool of an answering model left behind: 【5†source】, 【12:1†source】.
_CITATION: Final = re.compile(r"【\d+(?::\d+)?†source】")


@dataclass(frozen=True)
class VlFeedbackOptions:
    """What the recipe can choose for this corpus."""

    #: The archive of the pictures, or a folder's name for an unpacked mirror; null where they are
    #: cells of the Parquet files.
    archive: str | None = "merged_images.zip"
    #: Pairs with a citation mark in a response: left out and counted (`citation_artefact`),
    #: stripped of the marks, or kept. The judge saw the marks, so a stripped response is not the
    #: one that was rated; kept ones may give away which model answered.
    citations: Literal["drop", "strip", "keep"] = "drop"
    #: Usable ratings, of three, without which a completion takes no part in a pair.
    min_ratings: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.min_ratings <= len(ASPECTS):
            raise ValueError(f"min_ratings must be from 1 to {len(ASPECTS)}")


class VlFeedback(RecordAdapter):
    """One record gives the pairs that the recipe's rule draws from its completions."""

    Options: ClassVar[type] = VlFeedbackOptions
    COLUMNS: ClassVar[tuple[Column, ...]] = (
        Column.of("id", "any"),
        Column.of("prompt", "text"),
        Column.of("completions", "any"),
    )
    PROJECTION: ClassVar = ("id", "prompt", "completions", "img_path")

    def __init__(self, corpus: Corpus, name: str, subset: str) -> None:
        super().__init__(corpus, name, subset)
        self.options = VlFeedbackOptions(**corpus.options)
        if self.options.archive is None:
            self.COLUMNS = (*self.COLUMNS, Column.of("image", "struct"))  # type: ignore[misc]

    def units(self, files: Sequence[SourceFile]) -> list[WorkUnit]:
        """The work units of the files that hold records.

        Raises:
            BuildError: pictures are to be cells, but a file is not Parquet.
        """
        found = super().units(files)
        for unit in found:
            if self.options.archive is None and unit.format != "parquet":
                raise BuildError(
                    f"{unit.path}: with `archive: null` pictures are cells of Parquet files, "
                    "but this file is not one; name the archive in the corpus's options"
                )
        return found

    def key(self, record: Mapping[str, Any]) -> str:
        """Ids recur, so the content is part of the key."""
        content, name = super().key(record), _id(record)
        return content if name is None else f"{name}/{content}"

    def pairs(self, record: Mapping[str, Any], place: Place) -> Iterable[Draft]:
        """The pairs of a record."""
        prompt = text_of(record, "prompt")
        completions = completions_of(record, ASPECTS, self.options.min_ratings)
        if self.options.citations == "strip":
            completions = [_stripped(completion) for completion in completions]
        make = partial(
            Draft,
            prompt=(Turn("user", prompt),),
            prompt_media=(self._picture(record, place),),
            where=str(place),
        )
        drafts = list(rated_drafts(self.key(record), completions, self.corpus.pairs, make))
        if self.options.citations == "drop":
            drafts = [draft for draft in drafts if not _cites(draft)]
            if not drafts:
                raise Dropped("citation_artefact")
        return drafts

    def _picture(self, record: Mapping[str, Any], place: Place) -> MediaRef:
        if self.options.archive is None:
            return MediaRef("prompt_images", place.file, cell("image", place))
        path = record.get("img_path")
        if path is None:
            name = _id(record)
            need(name is not None, "missing_field", "neither img_path nor an id names the picture")
            path = f"{name}.jpg"
        need(
            isinstance(path, str) and bool(path.strip()),
            "malformed_images",
            f"img_path is {path!r:.80}, expected the name of a file",
        )
        return MediaRef("prompt_images", self.options.archive, _member(str(path)))


def _id(record: Mapping[str, Any]) -> str | None:
    value = record.get("id")
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    return str(value).strip() or None


def _member(path: str) -> str:
    """A picture's name within the archive's folder, whatever folders lie around it."""
    before, folder, inside = path.rpartition(_FOLDER)
    if folder and (not before or before.endswith("/")):
        return inside
    return path.rsplit("/", 1)[-1] if path.startswith("/") else path


def _cites(draft: Draft) -> bool:
    texts = (draft.first.text or "", draft.second.text or "")
    return any(_CITATION.search(text) for text in texts)


def _stripped(completion: Completion) -> Completion:
    if completion.text is None:
        return completion
    text, marks = _CITATION.subn("", completion.text)
    if not marks:
        return completion
    note = "citation_stripped" if text.strip() else "completion_without_text"
    notes = (*completion.notes, note)
    return completion._replace(text=text if text.strip() else None, notes=notes)
