"""Sample corpora read back as the pipeline reads them: drafts by the adapter, bytes of media."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from transforms.sources.settings import Corpus

#: Container and member -> bytes, for media that are there.
Bytes = Mapping[tuple[str, str], bytes]


def drafts_of(name: str, corpus: Corpus, root: Path) -> pa.Table:
    """All drafts of a corpus below `root` (`DRAFT_SCHEMA`), in order of key.

    Raises:
        BuildError: a file is missing or damaged.
    """
    from pipelines.inputs import find_files
    from transforms.sources.registry import ADAPTERS

    kind: Any = ADAPTERS[corpus.adapter]
    adapter = kind(corpus, name, "")
    units = adapter.units(find_files(name, corpus, str(root)))
    drafts = pa.concat_tables([batch.drafts for unit in units for batch in adapter.read(unit)])
    return drafts.take(pc.sort_indices(drafts["key"]))


def media_of(drafts: pa.Table, root: Path) -> Bytes:
    """The bytes of the media that `drafts` refer to; what is missing is left out."""
    return dict(_found(drafts, root))


def _found(drafts: pa.Table, root: Path) -> Iterator[tuple[tuple[str, str], bytes]]:
    from transforms.media.containers import path_of, reader_of
    from transforms.media.locate import wanted_media

    for (container, _, _), members in wanted_media(drafts):
        for found in reader_of(container)(path_of(str(root), container), members):
            if isinstance(found.data, bytes):
                yield (container, found.member), found.data
