"""Step: the adapter itself, run on the first records; which pairs it makes and what it refuses."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pipelines.source_check.excerpt import Excerpt
from pipelines.source_check.finding import Difference
from pipelines.source_check.subject import Subject
from pipelines.source_check.words import clean, counted
from schemas.media import MediaRef
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.sources.adapter import SourceFile
from transforms.sources.batch import SourceBatch
from transforms.sources.formats.check import is_medium
from transforms.sources.grouped import GroupedAdapter

#: A larger share of refused records is an error; half a dozen records are too few to say.
MOST_REFUSED: Final = 0.1
_FEWEST: Final = 6
#: Reasons that groups have which were cut by reading a part of the corpus.
_CUT: Final = frozenset({"too_few_responses", "unpaired", "index_out_of_range"})
_SEEN: Final = 100
_MOST_LINKS: Final = 1_000

#: Adapter and reason -> the option that settles it.
_SETTLED: Final[Mapping[tuple[str, str], str]] = {
    ("visionreward", "label_unknown"): "options: name the spelling in `answers`",
    ("visionreward", "clip_ambiguous"): "options: a larger `path_parts`",
    ("visionreward", "malformed_path"): "options: another number of `path_parts`",
    ("videodpo", "malformed_images"): "options: name the folders of the paths in `containers`",
    ("omnialign_v", "malformed_image"): "options: mend `strip`, which paths have to begin with",
    ("mapped", "label_unknown"): "options: name the spelling in `values`",
}


@dataclass(frozen=True)
class Refusal:
    """Records that were refused for one reason, with one of them as an example."""

    number: int
    message: str
    seen: str
    where: str


@dataclass(frozen=True)
class Tried:
    """What became of the records; `media` are the references of the pairs, in order."""

    records: int = 0
    pairs: int = 0
    refused: Mapping[str, Refusal] = field(default_factory=dict)
    dropped: Mapping[str, int] = field(default_factory=dict)
    media: tuple[MediaRef, ...] = ()


def try_records(
    subject: Subject, excerpts: Sequence[Excerpt], names: Iterable[str], folder: Path
) -> tuple[Tried, list[Difference]]:
    """Make pairs of the excerpts, which lie in `folder`, as a build would.

    `names` are all files of the corpus; plain media among them are named to the adapter too.
    """
    _link_media(subject, folder)
    try:
        sources = [SourceFile(one.name, one.path, os.path.getsize(one.path)) for one in excerpts]
        sources += [
            SourceFile(name, subject.path(name), subject.sizes[name])
            for name in names
            if is_medium(name)
        ]
        units = subject.adapter.units(sources)
        batches = [batch for unit in units for batch in subject.adapter.read(unit)]
    except BuildError as error:
        said = str(error).replace(f"{folder}{os.sep}", "")
        change = f"mend what it names, or pin `revision:`; the adapter is {subject.module}"
        return Tried(), [subject.differs("records", "error", "records to read", said, change)]
    except Exception as error:  # of code that met what nobody thought of: it is shown, not thrown
        said = f"the adapter stopped: {type(error).__name__}: {error}"
        change = f"this is a fault of {subject.module}: please report it with this line"
        return Tried(), [subject.differs("records", "error", "records to read", said, change)]
    tried = _collected(batches)
    return tried, _judged(subject, tried)


def _link_media(subject: Subject, folder: Path) -> None:
    """Let adapters that look through the media of a local mirror find them beside the excerpts."""
    if not files.is_local(subject.root):
        return
    tops = {name.split("/", 1)[0] for name in subject.sizes} - set(os.listdir(folder))
    for top in sorted(tops)[:_MOST_LINKS]:
        (folder / top).symlink_to(Path(subject.root).resolve() / top)


def _collected(batches: Iterable[SourceBatch]) -> Tried:
    records = pairs = 0
    dropped: Counter[str] = Counter()
    refused: dict[str, Refusal] = {}
    media: dict[MediaRef, None] = {}
    for batch in batches:
        records += batch.records
        pairs += batch.drafts.num_rows
        dropped.update(batch.dropped)
        for letter in batch.dead.to_pylist():
            reason = letter["reason"]
            before = refused.get(reason)
            first = before or Refusal(0, letter["message"], letter["seen"], letter["where"])
            refused[reason] = Refusal(first.number + 1, first.message, first.seen, first.where)
        for row in batch.drafts.select(["prompt_media", "first_media", "second_media"]).to_pylist():
            for refs in row.values():
                for ref in refs or ():
                    media[MediaRef(ref["slot"], ref["container"], ref["member"])] = None
    return Tried(records, pairs, refused, dict(dropped), tuple(media))


def _judged(subject: Subject, tried: Tried) -> list[Difference]:
    if tried.records == 0:
        change = "see that the files of records in `files` are the right ones"
        return [subject.differs("records", "error", "records", "none in these files", change)]
    grouped = isinstance(subject.adapter, GroupedAdapter)
    counted_in = {
        reason: refusal
        for reason, refusal in tried.refused.items()
        if not (reason in _CUT and (grouped or reason == "index_out_of_range"))
    }
    number = sum(refusal.number for refusal in counted_in.values())
    if number > MOST_REFUSED * tried.records or (tried.pairs == 0 and number):
        severity = "error" if number >= _FEWEST or number == tried.records else "warning"
        return [_refused(subject, tried, severity, *worst) for worst in _worst(counted_in)]
    if tried.pairs == 0:
        return [_no_pairs(subject, tried, grouped=grouped)]
    return []


def _worst(refused: Mapping[str, Refusal]) -> list[tuple[str, Refusal]]:
    """The reasons for most of the refusals, three at most."""
    return sorted(refused.items(), key=lambda item: (-item[1].number, item[0]))[:3]


def _refused(
    subject: Subject, tried: Tried, severity: str, reason: str, refusal: Refusal
) -> Difference:
    share = f"{refusal.number:,} of {counted(tried.records, 'record')} refused"
    found = f"{share}: {reason}: {clean(refusal.message, _SEEN)}; seen in {refusal.where}: "
    found += clean(refusal.seen, _SEEN)
    change = _SETTLED.get((subject.corpus.adapter, reason), "")
    if not change:
        change = (
            "mend `options`, or take these records out with `only`"
            if subject.is_mapped
            else f"pin `revision:` to a commit with the old records, or extend {subject.module}"
        )
    return subject.differs(
        "records", "error" if severity == "error" else "warning", "pairs", found, change
    )


def _no_pairs(subject: Subject, tried: Tried, *, grouped: bool) -> Difference:
    dropped = ", ".join(f"{rule}: {number:,}" for rule, number in sorted(tried.dropped.items()))
    lost = ", ".join(f"{reason}: {one.number:,}" for reason, one in sorted(tried.refused.items()))
    told = "; ".join(part for part in (dropped and f"left out by rule ({dropped})", lost) if part)
    change = "see `pairs` (rule, min_margin, ties) and `options` of the corpus"
    if grouped and lost:
        change += "; groups may be cut, since only the first records were read"
    found = f"none of {counted(tried.records, 'record')}: {told}"
    return subject.differs("records", "warning", "pairs", found, change)
