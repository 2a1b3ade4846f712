"""HPDv2: pairs of pictures for one prompt, judged by people.

Native layout: ``train.json``, a list of ``{prompt, image_path, human_preference}``, and the
pictures in ``train.tar.gz``. The card spells the picture key ``file_path``, loaders read
``image_path``: both occur. ``human_preference`` is one-hot, in either order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from schemas.media import MediaRef
from transforms.sources.adapter import Place, RecordAdapter, need, text_of
from transforms.sources.columns import Column
from transforms.sources.draft import Draft, Response, Turn

#: Pictures of the published archive that don't decode; public loaders skip them by name.
KNOWN_CORRUPT: Final = frozenset({"00006811.jpg", "00168743.jpg", "00331911.jpg", "00310087.jpg"})


@dataclass(frozen=True)
class Hpdv2Options:
    """Which archive holds the pictures."""

    archive: str = "train.tar.gz"


class Hpdv2(RecordAdapter):
    """One record is one pair; the picture marked 1 is preferred."""

    Options: ClassVar[type] = Hpdv2Options
    RECORD_SUFFIXES: ClassVar = (".json",)
    COLUMNS: ClassVar = (
        Column.of("prompt", "text"),
        Column(("image_path", "file_path"), "list"),
        Column.of("human_preference", "list"),
    )

    def pairs(self, record: Mapping[str, Any], place: Place) -> Iterable[Draft]:
        """The pair of a record."""
        archive = Hpdv2Options(**self.corpus.options).archive
        prompt = text_of(record, "prompt")
        names = record.get("image_path") or record.get("file_path")
        need(
            isinstance(names, list) and len(names) == 2 and all(isinstance(n, str) for n in names),
            "malformed_images",
            f"expected two picture names, found {names!r}",
        )
        label = record.get("human_preference")
        need(
            label in ([1, 0], [0, 1]),
            "label_not_one_hot",
            f"human_preference is {label!r}, expected [1, 0] or [0, 1]",
        )
        corrupt = KNOWN_CORRUPT.intersection(str(n).rsplit("/", 1)[-1] for n in names or ())
        need(not corrupt, "known_corrupt_image", f"known not to decode: {', '.join(corrupt)}")
        first, second = (
            Response(media=(MediaRef("image", archive, name),)) for name in names or ()
        )
        yield Draft(
            key=self.key(record),
            prompt=(Turn("user", prompt),),
            first=first,
            second=second,
            preferred="first" if label == [1, 0] else "second",
            where=str(place),
        )
