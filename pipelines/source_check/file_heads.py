"""Step: whether files are what their names say, by their first and last bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pipelines.source_check.finding import Difference, What
from pipelines.source_check.kinds import kind_of
from pipelines.source_check.subject import Subject
from pipelines.source_check.words import listed
from transforms.beamkit.errors import BuildError
from transforms.beamkit.sniff import ADVICE, HEAD_BYTES, sniff
from transforms.sources.formats.check import check_file, suffix_of

#: Files of which the head is read.
MOST_FILES: Final = 64

#: How a person calls what a suffix promises.
_PROMISED: Final = {
    ".parquet": "a Parquet file",
    ".json": "a JSON list",
    ".jsonl": "JSON lines",
    ".ndjson": "JSON lines",
    ".zip": "a zip archive",
    ".tar": "a tar archive",
    ".tar.gz": "a gzipped tar archive",
    ".tgz": "a gzipped tar archive",
    ".csv": "a table",
    ".tsv": "a table",
}

_Wrong = tuple[str, str, str]  # expected, found, change


def check_heads(subject: Subject, names: Sequence[str]) -> tuple[frozenset[str], list[Difference]]:
    """Look at files of records and archives; returns those that can't be used, and why."""
    looked = [name for name in names if kind_of(name) in ("records", "archive")]
    wrong: dict[_Wrong, list[str]] = {}
    reach: dict[_Wrong, list[str]] = {}
    for name in looked[:MOST_FILES]:
        try:
            found = _wrong(subject, name)
        except OSError as error:
            said = (f"{suffix_of(name)} files that can be read", _reason(error), _access(subject))
            reach.setdefault(said, []).append(name)
            continue
        if found is not None:
            wrong.setdefault(found, []).append(name)
    steps: tuple[tuple[What, dict[_Wrong, list[str]]], ...] = (("format", wrong), ("reach", reach))
    differences = [
        subject.differs(what, "error", expected, f"{listed(files)}: {found}", change)
        for what, groups in steps
        for (expected, found, change), files in groups.items()
    ]
    bad = {name for groups in (wrong, reach) for files in groups.values() for name in files}
    return frozenset(bad), differences


def _wrong(subject: Subject, name: str) -> _Wrong | None:
    try:
        check_file(subject.path(name), subject.sizes[name])
    except BuildError as error:
        with subject.meter.exactly(subject.path(name), HEAD_BYTES) as stream:
            kind = sniff(stream.read(HEAD_BYTES) or b"")
        promised = _PROMISED.get(suffix_of(name), "a file with content")
        if kind in ADVICE:
            article = "" if kind == "empty" else "an " if kind == "html page" else "a "
            return promised, f"{article}{kind} ({subject.sizes[name]:,} bytes)", ADVICE[kind]
        if kind == suffix_of(name).lstrip("."):
            return promised, "cut short: its end is missing", _again(subject)
        complaint = str(error).removeprefix(f"{subject.path(name)}: ")
        return promised, f"its content is {kind}" if kind else complaint, _renamed(subject, kind)
    return None


def _renamed(subject: Subject, kind: str) -> str:
    return (
        f"{_again(subject)}; or if it is meant to be {kind}, give it the name of such a file"
        if subject.is_mirror
        else "pin `revision:` to a commit with the expected format"
    )


def _again(subject: Subject) -> str:
    return (
        "download it again"
        if subject.is_mirror
        else "the published file is damaged: pin `revision:` to another commit"
    )


def _reason(error: OSError) -> str:
    return f"{type(error).__name__}: {error.strerror or error}"


def _access(subject: Subject) -> str:
    if subject.is_mirror:
        return "see that the files of `path:` are there and may be read"
    return "see that the network is up, and that the token has access to the repository"
