"""One JSON list of records, as the text of some at a time: the file is never held whole."""

from __future__ import annotations

from collections.abc import Iterator

from transforms.beamkit.errors import BuildError
from transforms.beamkit.sniff import HEAD_BYTES, sniff
from transforms.sources.formats.gzipped import unpacked
from transforms.sources.formats.json_items import (
    CutShortError,
    ItemsError,
    OtherTextError,
    Run,
    runs,
)
from transforms.sources.work_unit import WorkUnit


def units(path: str, file: str, size: int) -> list[WorkUnit]:
    """A list can't be cut without reading it, so it is one unit."""
    return [WorkUnit(path, file, "json", 0, size, size)]


def read(unit: WorkUnit) -> Iterator[Run]:
    """The list's items, in runs.

    Raises:
        BuildError: the file is cut short or holds no list, with the number of records before.
    """
    yield from runs_of(unit.path, b"[", "list")


def runs_of(path: str, opening: bytes, title: str) -> Iterator[Run]:
    """The items of a file's one list or object: see `json_items.runs`.

    Raises:
        BuildError: the file is cut short or not one list or object.
    """
    records = 0
    with unpacked(path) as stream:
        try:
            for run in runs(stream, opening):
                yield run
                records += run.items
        except OtherTextError:
            stream.seek(0)
            found = sniff(stream.read(HEAD_BYTES))
            raise BuildError(f"{path}: expected a JSON {title} of records, found {found}") from None
        except CutShortError as error:
            raise BuildError(
                f"{path}: not valid JSON: the JSON {title} ends in mid-record after "
                f"{records:,} records ({error}); download it again"
            ) from None
        except ItemsError as error:
            raise BuildError(
                f"{path}: not valid JSON after {records:,} records: {error}; "
                "mend it, or download it again"
            ) from None
