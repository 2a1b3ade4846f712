"""audio-alpaca: two sounds for one description, both in Parquet cells.

Native layout, from the dataset card and the loader of Tango 2 (declare-lab/tango,
``tango2/tango2-train.py``): 20 Parquet files with ``prompt``, ``chosen`` and ``rejected`` (Audio
cells: bytes and path) and ``strategy``, how the worse sound was come by: from a perturbed prompt,
with fewer steps, or by a lower score of agreement between sound and text. No person judged them.
How the strategies are spelt is not confirmed, so none is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final

from schemas.media import MediaRef
from transforms.sources.adapter import Place, RecordAdapter, need, text_of
from transforms.sources.columns import Column
from transforms.sources.draft import Draft, Response, Turn
from transforms.sources.media_refs import cell

#: What made the sounds, by the paper.
MODEL: Final = "declare-lab/tango"


class AudioAlpaca(RecordAdapter):
    """One record is one pair; `chosen` is preferred. The sounds stay in their cells."""

    RECORD_SUFFIXES: ClassVar = (".parquet",)
    COLUMNS: ClassVar = (
        Column.of("prompt", "text"),
        Column.of("chosen", "struct"),
        Column.of("rejected", "struct"),
        Column.of("strategy", "text", required=False),
    )
    # `chosen.path` and `rejected.path` are the sounds' names, read without their bytes.
    PROJECTION: ClassVar = ("prompt", "chosen.path", "rejected.path", "strategy")

    def pairs(self, record: Mapping[str, Any], place: Place) -> Iterable[Draft]:
        """The pair of a record."""
        prompt = text_of(record, "prompt")
        need(bool(prompt.strip()), "empty_prompt", "prompt is empty")
        first, second = (
            Response(media=(MediaRef("audio", place.file, cell(name, place)),), model=MODEL)
            for name in ("chosen", "rejected")
        )
        yield Draft(
            key=self.key(record),
            prompt=(Turn("user", prompt),),
            first=first,
            second=second,
            preferred="first",
            where=str(place),
        )
