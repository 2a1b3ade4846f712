"""Which files of ``quality/`` are about the build that lies beside them, and which about another.

Each names the build that it was made of by the digest of its record as it is published. A file that
names none is of another.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import closing
from typing import Any, Final

from pipelines.layout import Layout
from pipelines.published_record import build_digest, digest_of_build
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError

GATE: Final = "gate.json"
AUDITS: Final = "audits.json"
REVIEW: Final = "review.json"
REPORT: Final = "report.html"
_FOLDER: Final = "quality"
_MADE_BY: Final = {
    GATE: "omnireward validate",
    AUDITS: "omnireward audit run",
    REVIEW: "omnireward audit sample",
    REPORT: "omnireward report",
}
#: The name of the report's ``meta`` element whose content is the digest of its build.
BUILD_META: Final = "omnireward-build"
_META: Final = re.compile(rb'<meta name="omnireward-build" content="([0-9a-f]{64})">')
#: The element stands at the head of the page, before any text of the dataset.
_HEAD: Final = 4_096


def is_current(layout: Layout, record: Mapping[str, Any], name: str) -> bool:
    """Whether a file of ``quality/`` is there and about this build.

    Raises:
        BuildError: it is there and can't be read.
    """
    if not files.exists(layout.quality(name)):
        return False
    if name == REPORT:
        with closing(files.open_read(layout.quality(name))) as stream:
            found = _META.search(stream.read(_HEAD))
        return found is not None and found.group(1).decode() == build_digest(record)
    return read_current(layout, name) is not None


def read_current(layout: Layout, name: str) -> Mapping[str, Any] | None:
    """A JSON file of ``quality/``; None where there is none, or it is about another build.

    Raises:
        BuildError: it is there, and is not JSON.
    """
    file = layout.quality(name)
    if not files.exists(file):
        return None
    try:
        told = json.loads(files.read_bytes(file))
    except ValueError as error:
        raise BuildError(f"{file} is not JSON ({error}); delete it and check again") from None
    if not isinstance(told, dict) or told.get("run") != digest_of_build(layout):
        return None
    # A review's answers may have been given to a sheet of an earlier build.
    return None if told.get("same_build") is False else told


def of_another_build(layout: Layout, record: Mapping[str, Any]) -> tuple[str, ...]:
    """Sentences about the files of ``quality/`` that are about another build, and what renews them.

    Raises:
        BuildError: one can't be read.
    """
    return tuple(
        f"{_FOLDER}/{name} is of another build: run {command} --output {layout.output}"
        for name, command in _MADE_BY.items()
        if files.exists(layout.quality(name)) and not is_current(layout, record, name)
    )
