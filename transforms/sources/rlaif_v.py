"""RLAIF-V: questions about an image, two answers as text, image bytes in Parquet cells.

Native layout: ``RLAIF-V-Dataset_*.parquet``. One image serves many pairs. ``origin_split`` is a
JSON string that names the answering model, the labeller and the kind of question.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from schemas.media import MediaRef
from transforms.sources.adapter import Place, RecordAdapter, response_text, text_of
from transforms.sources.columns import Column
from transforms.sources.draft import Draft, Response, Turn
from transforms.sources.formats.json_text import parse_json
from transforms.sources.media_refs import cell


class RlaifV(RecordAdapter):
    """One record is one pair; `chosen` is preferred. The image stays in its cell."""

    COLUMNS: ClassVar = (
        Column.of("image", "struct"),
        Column.of("question", "text"),
        Column.of("chosen", "text"),
        Column.of("rejected", "text"),
        Column.of("idx", "any", required=False),
    )
    PROJECTION: ClassVar = ("question", "chosen", "rejected", "origin_split", "idx", "ds_name")

    def key(self, record: Mapping[str, Any]) -> str:
        """`idx` repeats between the parts of the corpus, so the content is part of the key."""
        content = super().key(record)
        return f"{record['idx']}/{content}" if record.get("idx") is not None else content

    def pairs(self, record: Mapping[str, Any], place: Place) -> Iterable[Draft]:
        """The pair of a record; `origin_split` names the model, if it can be read."""
        question = text_of(record, "question")
        chosen, rejected = response_text(record, "chosen"), response_text(record, "rejected")
        model, readable = _model(record.get("origin_split"))
        yield Draft(
            key=self.key(record),
            prompt=(Turn("user", question),),
            prompt_media=(MediaRef("prompt_images", place.file, cell("image", place)),),
            first=Response(text=chosen, model=model),
            second=Response(text=rejected, model=model),
            preferred="first",
            where=str(place),
            notes=() if readable else ("origin_split_unreadable",),
        )


def _model(origin_split: object) -> tuple[str | None, bool]:
    if origin_split is None:
        return None, True
    try:
        origin = parse_json(origin_split) if isinstance(origin_split, str) else None
    except ValueError:
        return None, False
    if not isinstance(origin, dict):
        return None, False
    model = origin.get("model")
    return (model if isinstance(model, str) else None), True
