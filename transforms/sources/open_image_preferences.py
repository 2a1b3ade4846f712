"""Open Image Preferences, binarized: two pictures of one prompt, the better one as `chosen`.

Native layout: ``data/train-*.parquet`` with ``id, prompt, chosen, rejected`` (pictures in cells),
``chosen_model, rejected_model, evolution, category, sub_category``. The release was made from the
annotation results by ``04_binarize_preference_results.ipynb`` (data-is-better-together,
``community-efforts/image_preferences``), where ties had been left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from schemas.media import MediaRef
from transforms.sources.adapter import Place, RecordAdapter, text_of
from transforms.sources.columns import Column
from transforms.sources.draft import Draft, Response, Turn
from transforms.sources.media_refs import cell


class OpenImagePreferences(RecordAdapter):
    """One record is one pair; `chosen` is preferred. The pictures stay in their cells."""

    RECORD_SUFFIXES: ClassVar = (".parquet",)
    COLUMNS: ClassVar = (
        Column.of("prompt", "text"),
        Column.of("chosen", "struct"),
        Column.of("rejected", "struct"),
        Column.of("id", "text", required=False),
        Column.of("chosen_model", "text", required=False),
        Column.of("rejected_model", "text", required=False),
    )
    # `chosen.path` and `rejected.path` are the pictures' names, read without their bytes.
    PROJECTION: ClassVar = (
        "id", "prompt", "chosen.path", "rejected.path", "chosen_model", "rejected_model",
        "evolution", "category", "sub_category",
    )  # fmt: skip

    def key(self, record: Mapping[str, Any]) -> str:
        """The id, whose uniqueness is not certain, with a digest of text, models and names."""
        content = super().key(record)
        return f"{record['id']}/{content}" if record.get("id") is not None else content

    def pairs(self, record: Mapping[str, Any], place: Place) -> Iterable[Draft]:
        """The pair of a record."""
        first, second = (
            Response(
                media=(MediaRef("image", place.file, cell(name, place)),),
                model=record.get(f"{name}_model"),
            )
            for name in ("chosen", "rejected")
        )
        yield Draft(
            key=self.key(record),
            prompt=(Turn("user", text_of(record, "prompt")),),
            first=first,
            second=second,
            preferred="first",
            where=str(place),
        )
