"""Step: the recipe's patterns of files, held against the names that are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pipelines.source_check.finding import Difference
from pipelines.source_check.globs import matching
from pipelines.source_check.kinds import Kind, folder_of, kind_of
from pipelines.source_check.moves import HOW, Move, move_of
from pipelines.source_check.runs import missing_parts, missing_shards, part_of
from pipelines.source_check.subject import Subject
from pipelines.source_check.words import counted, listed
from transforms.sources.formats.check import suffix_of

#: Names that are compared with a pattern that matches nothing.
_MOST_NAMES: Final = 1_000_000


@dataclass(frozen=True)
class FilesFound:
    """The files that the check goes on with: those that match, and those that seem to be meant.

    `moved`: container as the adapter names it -> as it is called now. `lacking`: patterns and split
    files that are not there, or not whole, and were reported.
    """

    names: tuple[str, ...]
    moved: Mapping[str, str] = field(default_factory=dict)
    lacking: frozenset[str] = frozenset()


def check_files(subject: Subject) -> tuple[FilesFound, list[Difference]]:
    """Match every pattern; of those that match nothing say where their files went."""
    names = sorted(subject.sizes)
    taken = {pattern: matching(pattern, names) for pattern in subject.corpus.files}
    used = {name for found in taken.values() for name in found}
    empty = [pattern for pattern, found in taken.items() if not found]
    kinds: dict[str, Kind] = {name: kind_of(name) for name in names[:_MOST_NAMES]}
    free = {
        kind: [name for name, own in kinds.items() if own == kind and name not in used]
        for kind in {kind_of(pattern) for pattern in empty} | {"records"}
    }
    moves = {pattern: move_of(pattern, free[kind_of(pattern)]) for pattern in empty}
    found_moves = [move for move in moves.values() if move is not None]
    used |= {name for move in found_moves for name in move.names}

    gaps = missing_parts(used) | missing_shards(used)
    differences = _moved(subject, found_moves)
    differences += [_gone(subject, pattern, kinds) for pattern in empty if moves[pattern] is None]
    differences += [_gap(subject, whole, lacking) for whole, lacking in gaps.items()]
    differences += _untaken(subject, [name for name in free["records"] if name not in used])
    lacking = {pattern for pattern in empty if moves[pattern] is None} | set(gaps)
    found = FilesFound(tuple(sorted(used)), _containers(found_moves), frozenset(lacking))
    return found, differences


def _moved(subject: Subject, moves: Sequence[Move]) -> list[Difference]:
    """One difference a wrapper folder, and one for each other pattern to write."""
    groups: dict[str, list[Move]] = {}
    for move in moves:
        groups.setdefault(_alike(move), []).append(move)
    replaced = {move.pattern: (move.instead,) for move in moves}
    return [_move(subject, group, replaced) for group in groups.values()]


def _alike(move: Move) -> str:
    """What moves have in common that are one change: a wrapper, a new suffix, the same files."""
    if move.wrapper:
        return f"{move.wrapper}/"
    if move.how == "suffix":
        return f"{suffix_of(move.pattern)} {suffix_of(move.instead)}"
    return move.instead


def _move(
    subject: Subject, group: Sequence[Move], replaced: Mapping[str, tuple[str, ...]]
) -> Difference:
    how = HOW[group[0].how]
    if group[0].how == "shards" and suffix_of(group[0].pattern) != suffix_of(group[0].instead):
        how = f"{HOW['suffix']}, {how}"
    wrapper = group[0].wrapper
    expected = listed(move.pattern for move in group)
    found = f"{how}: {listed(sorted({name for move in group for name in move.names}))}"
    lines = [subject.files_line(replaced)]
    if wrapper is not None and subject.is_mirror and len(group) == len(subject.corpus.files):
        path = f"{(subject.corpus.path or '').rstrip('/')}/{wrapper.rstrip('/')}".lstrip("/")
        return subject.differs("files", "error", expected, found, f"path: {path}")
    for old, new in _containers(group).items():
        lines += filter(None, [subject.options_line(old, new)])
    lines += _unread(subject, group)
    return subject.differs("files", "error", expected, found, "\n".join(lines))


def _unread(subject: Subject, group: Sequence[Move]) -> list[str]:
    """A word where the adapter has no reader for records of the new format."""
    known = subject.adapter.RECORD_SUFFIXES
    suffixes = {
        suffix_of(name) for move in group for name in move.names if kind_of(name) == "records"
    }
    unread = sorted(suffixes - set(known))
    if not unread or kind_of(group[0].pattern) != "records":
        return []
    return [
        f"# but {subject.module} reads {', '.join(known)}, not {', '.join(unread)}: extend it, or "
        "pin `revision:` to a commit with the old files"
    ]


def _containers(moves: Sequence[Move]) -> dict[str, str]:
    """Archives and folders of media by their old names -> by their new ones."""
    moved: dict[str, str] = {}
    for move in moves:
        kind = kind_of(move.pattern)
        if kind == "archive":
            old, new = _whole_of(move.pattern), _whole_of(move.instead)
        elif kind == "medium" and "/" in move.pattern:
            old, new = (folder_of(text).rstrip("/") for text in (move.pattern, move.instead))
        else:
            continue
        if old != new:
            moved[old] = new
    return moved


def _whole_of(pattern: str) -> str:
    """The archive that a pattern of its parts stands for; of any other pattern itself."""
    part = part_of(pattern.replace("*", "a").replace("[0-9][0-9][0-9]", "001"))
    return part[0] if part and kind_of(part[0]) == "archive" else pattern


def _gone(subject: Subject, pattern: str, kinds: Mapping[str, Kind]) -> Difference:
    kind = kind_of(pattern)
    alike = [name for name, own in kinds.items() if own == kind] or list(kinds)
    found = f"nothing like it; there is {listed(alike)}" if alike else "nothing like it"
    change = (
        "download it again, or take it out of `files`"
        if subject.is_mirror
        else "pin `revision:` to a commit that has it, or take it out of `files`"
    )
    if kind == "medium" and not subject.is_mirror:
        change = (
            "the repository holds no such media: put them beside the records in a local copy, and "
            "name it as `path:`"
        )
        if subject.corpus.needs_mirror:  # the recipe knows
            return subject.differs("files", "note", pattern, found, change)
    return subject.differs("files", "error", pattern, found, change)


def _gap(subject: Subject, whole: str, lacking: Sequence[str]) -> Difference:
    change = "download it again" if len(lacking) == 1 else "download them again"
    if not subject.is_mirror:
        change = "the repository is incomplete: pin `revision:` to a commit that has all of them"
    return subject.differs(
        "files", "error", f"all of {whole}", f"missing: {listed(lacking)}", change
    )


def _untaken(subject: Subject, free: Sequence[str]) -> list[Difference]:
    """A note on files of records that no pattern takes."""
    others = [name for name in free if not name.startswith(".")]
    if not others:
        return []
    change = "none, if they are other parts of the corpus (tests, other configs); else add to files"
    found = f"{counted(len(others), 'more file')} of records: {listed(others)}"
    return [subject.differs("files", "note", "only files that `files` takes", found, change)]
